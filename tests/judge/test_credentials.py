"""What credentials are worth at a moment, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from hermes_exporter.judge import credentials
from hermes_exporter.judge.credentials import STATUSES, ProviderCredentials
from hermes_exporter.sources.auth_store import AuthStore, Credential, ProviderAuth

NOW = 1795330000.0
OK = Credential("ok")
DEAD = Credential("dead", NOW - 50, 401)


def exhausted(code: int | None, ago: float = 10.0, reset_at: float | None = None) -> Credential:
    """A credential that was exhausted some seconds ago."""
    return Credential("exhausted", NOW - ago, code, reset_at)


def oauth(expires_in: float | None, *, refreshable: bool | None, status: str = "ok") -> Credential:
    """A credential that expires some seconds from now."""
    end = None if expires_in is None else NOW + expires_in
    return Credential(status, expires_at=end, refreshable=refreshable)


def store(*pool: Credential, login: tuple[Credential, ...] | None = None, provider: str = "nous") -> AuthStore:
    """A store of one provider."""
    return AuthStore((ProviderAuth(provider, pool, login),))


def judge(*pool: Credential, login: tuple[Credential, ...] | None = None, now: float = NOW) -> ProviderCredentials:
    """The verdict on the only provider."""
    (verdict,) = credentials.judge(store(*pool, login=login), None, now)
    return verdict


def counts(verdict: ProviderCredentials) -> dict[str, int]:
    """How many have which status, but for none."""
    return {status: count for status, count in zip(STATUSES, verdict.counts, strict=True) if count}


COOL_DOWNS: dict[str, tuple[Credential, float | None]] = {
    "401": (exhausted(401), 290.0),
    "403": (exhausted(403), 3590.0),
    "402": (exhausted(402), 3590.0),
    "429": (exhausted(429), 3590.0),
    "no code": (exhausted(None), 3590.0),
    "reset said": (exhausted(429, reset_at=NOW + 9000), 9000.0),
    "reset said for a 401": (exhausted(401, reset_at=NOW + 9000), 9000.0),
    "reset sooner": (exhausted(429, reset_at=NOW + 5), 5.0),
    "reset over": (exhausted(429, reset_at=NOW - 5), None),
    "no time": (Credential("exhausted", None, 429), None),
    "long ago": (exhausted(429, ago=3600.0), None),
}


@pytest.mark.parametrize("case", COOL_DOWNS)
def test_cool_downs_end(case: str) -> None:
    """An exhausted credential is ok from the end of its cool-down on, and that end is told beforehand."""
    credential, left = COOL_DOWNS[case]
    end = NOW if left is None else NOW + left

    assert counts(judge(credential, now=end)) == {"ok": 1}
    if left is not None:
        assert counts(judge(credential, now=end - 0.001)) == {"exhausted": 1}
        assert [moment for moment in credentials.moments(store(credential), None) if moment > NOW] == [end]
        assert [moment for moment in credentials.moments(store(), store(credential)) if moment > NOW] == [end]


def test_the_dead_stay_dead() -> None:
    """No time brings a dead credential back, and it gives no moment to wait for."""
    assert counts(judge(DEAD, now=NOW + 1e8)) == {"dead": 1}
    assert list(credentials.moments(store(DEAD), None)) == []


def test_counts() -> None:
    """Each entry is counted under its status now."""
    verdict = judge(OK, OK, DEAD, exhausted(429), exhausted(401, ago=301.0), Credential("other"))

    assert verdict.counts == (3, 1, 1, 1)
    assert not (verdict.refused or verdict.out_of_quota)


UNUSABLE: dict[str, tuple[tuple[Credential, ...], bool, bool]] = {
    "dead": ((DEAD,), True, False),
    "401": ((exhausted(401),), True, False),
    "403": ((exhausted(403),), True, False),
    "dead and 401": ((DEAD, exhausted(401)), True, False),
    "402": ((exhausted(402),), False, True),
    "429": ((exhausted(429),), False, True),
    "dead and 429": ((DEAD, exhausted(429)), False, True),
    "500": ((exhausted(500),), False, False),
    "dead and 500": ((DEAD, exhausted(500)), False, False),
    "one is left": ((DEAD, exhausted(401), OK), False, False),
    "one is unheard of": ((exhausted(429), Credential("other")), False, False),
    "over": ((exhausted(401, ago=300.0),), False, False),
    "one is over": ((DEAD, exhausted(429, ago=3600.0)), False, False),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_nothing_left(case: str) -> None:
    """Refused: every entry is, and none only waits. Out of quota: none is left, and one waits for its quota."""
    pool, refused, out_of_quota = UNUSABLE[case]
    verdict = judge(*pool)

    assert (verdict.refused, verdict.out_of_quota) == (refused, out_of_quota)


def test_when_they_were_marked() -> None:
    """The newest mark of those that cannot be used: what the provider accepted later is newer evidence."""
    assert judge(DEAD, exhausted(429, ago=7.0), OK).marked_at == NOW - 7
    assert judge(exhausted(401, ago=999.0)).marked_at is None


EXPIRIES: dict[str, tuple[tuple[Credential, ...], float | None, bool | None]] = {
    "one": ((oauth(60, refreshable=True),), 60, True),
    "expired and renewed by Hermes": ((oauth(-9e5, refreshable=True),), -9e5, True),
    "no renewal": ((oauth(60, refreshable=False),), 60, False),
    "the last one counts": ((oauth(60, refreshable=False), oauth(90, refreshable=False)), 90, False),
    "one is renewed": ((oauth(60, refreshable=True), oauth(90, refreshable=False)), 90, True),
    "the dead do not count": (
        (oauth(60, refreshable=False), oauth(90, refreshable=True, status="dead")),
        60,
        False,
    ),
    "cooling down counts": ((oauth(60, refreshable=False, status="exhausted"),), 60, False),
    "a key does not expire": ((oauth(60, refreshable=False), OK), None, None),
    "nothing is known": ((OK,), None, None),
    "opaque": ((oauth(None, refreshable=False),), None, False),
    "all dead": ((DEAD,), None, None),
}


@pytest.mark.parametrize("case", EXPIRIES)
def test_expiry(case: str) -> None:
    """The moment from which nothing works without a human, unless something is renewed by Hermes."""
    pool, expires_in, refreshable = EXPIRIES[case]
    verdict = judge(*pool)

    assert verdict.expires_at == (None if expires_in is None else NOW + expires_in)
    assert verdict.refreshable == refreshable


def test_a_login_stands_for_its_pool() -> None:
    """Without a pool the login is counted; beside one only its expiry counts, which is fresher there."""
    alive, gone = (oauth(90, refreshable=True),), (Credential("dead", NOW - 5),)

    assert counts(judge(login=alive)) == {"ok": 1}
    assert judge(oauth(-60, refreshable=True), login=alive).expires_at == NOW + 90
    assert counts(judge(OK, OK, login=alive)) == {"ok": 2}

    assert counts(judge(login=gone)) == {"dead": 1}
    assert (judge(login=gone).refused, judge(login=gone).login_needed, judge(login=gone).marked_at) == (
        True,
        True,
        NOW - 5,
    )
    assert (judge(OK, login=gone).refused, judge(OK, login=gone).login_needed) == (False, True)
    assert credentials.judge(store(login=()), None, NOW) == ()


INHERITED: dict[str, tuple[AuthStore | None, AuthStore | None, dict[str, Any]]] = {
    "own pool": (store(OK), store(DEAD, DEAD), {"nous": {"ok": 1}}),
    "empty pool": (store(), store(DEAD), {"nous": {"dead": 1}}),
    "nothing of its own": (AuthStore(), store(DEAD, OK), {"nous": {"dead": 1, "ok": 1}}),
    "another provider": (store(OK, provider="zai"), store(DEAD), {"nous": {"dead": 1}, "zai": {"ok": 1}}),
    "own login, root's pool": (store(login=(OK,)), store(DEAD), {"nous": {"dead": 1}}),
    "root's login": (AuthStore(), store(login=(OK,)), {"nous": {"ok": 1}}),
    "logged out here": (store(login=()), store(login=(OK,)), {}),
    "no root": (store(OK), None, {"nous": {"ok": 1}}),
    "unreadable": (None, store(OK), {}),
}


@pytest.mark.parametrize("case", INHERITED)
def test_inheritance(case: str) -> None:
    """By provider the root's pool and login are used where there is no own; of the unknown nothing is said."""
    own, root, expected = INHERITED[case]

    verdicts = credentials.judge(own, root, NOW)

    assert {verdict.provider: counts(verdict) for verdict in verdicts} == expected


def test_root_of_an_inheriting_profile_ends_its_cool_down() -> None:
    """A cool-down in the root's store ends for the profile that uses it as well."""
    (before,) = credentials.judge(AuthStore(), store(exhausted(401)), NOW)
    (after,) = credentials.judge(AuthStore(), store(exhausted(401)), NOW + 290)

    assert (counts(before), counts(after)) == ({"exhausted": 1}, {"ok": 1})
