"""Provider and messengers by the decision table: each line with the neighbour that must stay silent."""

from __future__ import annotations

from typing import Any

import pytest

from hermes_exporter.judge import credentials
from hermes_exporter.judge.provider_health import (
    FRESH_SECONDS,
    TWICE_SECONDS,
    PlatformSigns,
    ProviderSigns,
    Trouble,
    degraded,
    platform_auth,
    provider_auth,
    provider_quota,
    provider_unreachable,
)
from hermes_exporter.sources.auth_store import AuthStore, Credential, ProviderAuth
from hermes_exporter.values import replace

NOW = 1795330000.0
HOUR = 3600.0
STAMPS = ("job_succeeded_at", "fell_back_at", "fell_back_alike_at", "stood_in_at")


def noted(*pool: Credential, login: tuple[Credential, ...] | None = None) -> credentials.ProviderCredentials:
    """What auth.json says of a provider at NOW."""
    (verdict,) = credentials.judge(AuthStore((ProviderAuth("nous", pool, login),)), None, NOW)
    return verdict


def mark(status: str, ago: float, code: int | None = 401) -> Credential:
    """A mark made some seconds before NOW."""
    return Credential(status, NOW - ago, code)


def met(*ago: float, job: float | None = None) -> Trouble:
    """Trouble met some seconds before NOW, the last run of a job failing for it among that."""
    return Trouble(tuple(NOW - each for each in ago), None if job is None else NOW - job)


def signs(accepted: float | None = 2 * HOUR, **more: Any) -> ProviderSigns:
    """Signs of a provider that last answered some seconds before NOW."""
    stamps = {key: NOW - more.pop(key) for key in STAMPS if key in more}
    return ProviderSigns(None if accepted is None else NOW - accepted, **stamps, **more)


ALL = (provider_auth, provider_quota, provider_unreachable)
KINDS = {"refused": provider_auth, "quota": provider_quota, "unreachable": provider_unreachable}
EVIDENCE: dict[str, tuple[dict[str, float], Trouble, bool | None]] = {
    "nothing": ({}, met(), False),
    "one failure": ({}, met(60), False),
    "two in a quarter of an hour": ({}, met(60, 60 + TWICE_SECONDS), True),
    "two far apart": ({}, met(60, 61 + TWICE_SECONDS), False),
    "two before it answered": ({}, met(3 * HOUR, 3 * HOUR + 9), False),
    "one before it answered, one after": ({}, met(60, 2 * HOUR + 1), False),
    "a job failed for it": ({}, met(60, job=50), True),
    "a job failed for it, no line": ({}, met(job=50), True),
    "the job failed before it answered": ({}, met(3 * HOUR, job=3 * HOUR), False),
    "it answered since": ({"accepted": 30}, met(60, 70, job=50), False),
    "a job went well since": ({"job_succeeded_at": 30}, met(60, 70), False),
    "another provider took over, and answered": ({"stood_in_at": 59}, met(60, 70), False),
    "a job failed nevertheless": ({"stood_in_at": 59}, met(60, 70, job=50), True),
    "another provider was turned to, and never answered": ({"fell_back_at": 59}, met(60, 70), True),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", EVIDENCE)
def test_trouble_is_confirmed(case: str, kind: str) -> None:
    """It takes a failed job, or two failures close together, newer than every proof that turns go well."""
    more, trouble, expected = EVIDENCE[case]
    judged = signs(**more, **{kind: trouble})

    assert KINDS[kind](judged, NOW) is expected
    assert [KINDS[other](judged, NOW) for other in KINDS if other != kind] == [False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_it_stands_until_there_is_evidence(kind: str) -> None:
    """Days later, with nothing heard since, it still holds; the first answer ends it."""
    broken = signs(**{kind: met(60, 70)})
    for later in (0.0, TWICE_SECONDS, HOUR, FRESH_SECONDS, 90 * 24 * HOUR):
        assert KINDS[kind](broken, NOW + later) is True

    assert KINDS[kind](replace(broken, accepted_at=NOW + HOUR), NOW + HOUR) is False


@pytest.mark.parametrize("judge", ALL)
def test_an_idle_profile_is_unknown(judge: Any) -> None:
    """Without evidence, or with old evidence only, nobody can tell; absence of errors proves nothing."""
    assert judge(ProviderSigns(), NOW) is None
    assert judge(signs(FRESH_SECONDS), NOW) is False
    assert judge(signs(FRESH_SECONDS + 1), NOW) is None
    assert judge(signs(None, job_succeeded_at=60), NOW) is False
    assert judge(signs(None, refused=met(60), quota=met(60), unreachable=met(60)), NOW) is None


GONE = (Credential("dead", NOW - 60),)
MARKS: dict[str, tuple[credentials.ProviderCredentials, float | None, tuple[bool | None, bool | None]]] = {
    "dead": (noted(mark("dead", 60)), 2 * HOUR, (True, False)),
    "dead, never answered": (noted(mark("dead", 60)), None, (True, None)),
    "login needed": (noted(login=GONE), 2 * HOUR, (True, False)),
    "login needed, a key is left": (noted(Credential("ok"), login=GONE), 2 * HOUR, (False, False)),
    "one of two dead": (noted(mark("dead", 60), Credential("ok")), 2 * HOUR, (False, False)),
    "cooling down after one 401": (noted(mark("exhausted", 60)), 2 * HOUR, (False, False)),
    "402": (noted(mark("exhausted", 60, 402)), 2 * HOUR, (False, True)),
    "429": (noted(mark("exhausted", 60, 429)), 2 * HOUR, (False, True)),
    "429, one left": (noted(mark("exhausted", 60, 429), Credential("ok")), 2 * HOUR, (False, False)),
    "429, over": (noted(mark("exhausted", HOUR, 429)), 2 * HOUR, (False, False)),
    "dead, and accepted since": (noted(mark("dead", 60)), 30, (False, False)),
    "402, and accepted since": (noted(mark("exhausted", 60, 402)), 30, (False, False)),
    "never marked": (noted(Credential("ok")), 2 * HOUR, (False, False)),
}


@pytest.mark.parametrize("case", MARKS)
def test_marks_of_auth_json(case: str) -> None:
    """Marks that no time ends are believed until the provider accepts something; quota while it cools down."""
    verdict, accepted, expected = MARKS[case]
    judged = signs(accepted, credentials=verdict)

    assert (provider_auth(judged, NOW), provider_quota(judged, NOW)) == expected
    assert provider_unreachable(judged, NOW) is (None if accepted is None else False)


def test_one_401_and_its_mark_are_one_refusal() -> None:
    """A refusal that exhausts the only key is no condition; with the job that failed for it, it is."""
    cooling = noted(mark("exhausted", 60))

    assert provider_auth(signs(credentials=cooling, refused=met(60)), NOW) is False
    assert provider_auth(signs(credentials=cooling, refused=met(60, job=59)), NOW) is True


FALLBACKS: dict[str, tuple[ProviderSigns, bool | None]] = {
    "never": (signs(), False),
    "nothing known": (ProviderSigns(), None),
    "since it last answered": (signs(fell_back_at=60), True),
    "it never answered": (signs(None, fell_back_at=60), True),
    "it answered again": (signs(30, fell_back_at=60), False),
    "the jobs go well": (signs(fell_back_at=60, job_succeeded_at=50), True),
}


@pytest.mark.parametrize("case", FALLBACKS)
def test_degraded(case: str) -> None:
    """The hidden fault: jobs go well by another provider, and only that one's own answer ends it."""
    judged, expected = FALLBACKS[case]

    assert degraded(judged) is expected


FOUND: dict[str, tuple[ProviderSigns, dict[str, bool | None]]] = {
    "a custom provider refuses, auth.json is never marked": (
        signs(refused=met(60, job=59), credentials=noted(Credential("ok"))),
        {"provider_auth": True, "degraded": False},
    ),
    "two keys, the first revoked, the job went well": (
        signs(59, refused=met(60), credentials=noted(mark("dead", 60), Credential("ok")), job_succeeded_at=58),
        {"provider_auth": False, "degraded": False},
    ),
    "one key revoked, works again, the mark stays": (
        signs(10, refused=met(70, job=69), credentials=noted(mark("dead", 70))),
        {"provider_auth": False},
    ),
    "refused at every run, a fallback answers": (
        signs(24 * HOUR, refused=met(60, 660), fell_back_at=59, job_succeeded_at=50),
        {"provider_auth": False, "degraded": True},
    ),
    "credits used up": (
        signs(quota=met(60, job=59), credentials=noted(mark("exhausted", 60, 402))),
        {"provider_auth": False, "provider_quota": True},
    ),
    "never logged in": (signs(None, refused=met(60, job=59)), {"provider_auth": True, "provider_quota": None}),
    "a wall before the provider, which marks the key": (
        signs(unreachable=met(60, job=59), credentials=noted(mark("exhausted", 60, 403))),
        {"provider_auth": False, "provider_unreachable": True},
    ),
    "no answer": (signs(unreachable=met(60, job=59)), {"provider_auth": False, "provider_unreachable": True}),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_a_real_hermes_left(case: str) -> None:
    """What was found when a real Hermes met each fault is judged as what it was."""
    judged, expected = FOUND[case]
    said = {
        "provider_auth": provider_auth(judged, NOW),
        "provider_quota": provider_quota(judged, NOW),
        "provider_unreachable": provider_unreachable(judged, NOW),
        "degraded": degraded(judged),
    }

    assert {name: said[name] for name in expected} == expected


PLATFORMS: dict[str, tuple[list[PlatformSigns], bool | None]] = {
    "none": ([], None),
    "configured, nothing known": ([PlatformSigns()], None),
    "connected": ([PlatformSigns(proved_at=NOW - 9)], False),
    "noted as connected": ([PlatformSigns(live=True)], False),
    "refused": ([PlatformSigns(refused_at=NOW - 9)], True),
    "refused, noted as connected": ([PlatformSigns(refused_at=NOW - 9, proved_at=NOW - 99, live=True)], True),
    "connected since": ([PlatformSigns(refused_at=NOW - 99, proved_at=NOW - 9)], False),
    "one of two": ([PlatformSigns(live=True), PlatformSigns(refused_at=NOW - 9)], True),
    "not paired": ([PlatformSigns(live=True, error_code="whatsapp_not_paired")], True),
    "no token": ([PlatformSigns(live=True, error_code="weixin_missing_token")], True),
    "no credentials": ([PlatformSigns(live=True, error_code="yuanbao_missing_credentials")], True),
    "a dead gateway's note": ([PlatformSigns(error_code="whatsapp_not_paired", proved_at=NOW - 9)], False),
    "another poller": ([PlatformSigns(live=True, error_code="telegram_polling_conflict")], False),
    "network": ([PlatformSigns(live=True, error_code="telegram_connect_error")], False),
}


@pytest.mark.parametrize("case", PLATFORMS)
def test_platform_auth(case: str) -> None:
    """The log decides until the messenger is heard of again, whatever its state; so does a live gateway's code."""
    platforms, expected = PLATFORMS[case]

    assert platform_auth(platforms) is expected
