"""Judging provider and messengers of each profile: the logs' news are taken over, and weighed with what is noted.

Of a profile that another one's gateway serves nothing is said: what befalls it stands in its host's logs, where a
provider's records name no profile. The host itself answers for all that its logs tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hermes_exporter import known_names
from hermes_exporter.collectors.view import LogFacts
from hermes_exporter.judge import credentials, provider_health
from hermes_exporter.judge.platforms import SERVING
from hermes_exporter.judge.provider_health import PlatformSigns, ProviderSigns, Trouble
from hermes_exporter.logs.tally import DELIVERED
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hermes_exporter.cases import Case
    from hermes_exporter.home_reader import HomeLook
    from hermes_exporter.judge.credentials import ProviderCredentials
    from hermes_exporter.judge.job_runs import JobRuns
    from hermes_exporter.judge.platforms import Platform
    from hermes_exporter.logs.news import LogMemory
    from hermes_exporter.memory import Memory

CONDITIONS = ("provider_auth", "provider_quota", "provider_unreachable", "platform_auth", "degraded")
REFUSED = ("auth",)
QUOTA = ("billing", "rate_limit")
PASSING = ("rate_limit",)
"""Of these one is no sign of a used-up quota."""
UNREACHABLE = ("transport", "server", "overloaded", "edge_block")
A_PROVIDER_OF_ITS_OWN = "custom"
"""What records call any ``custom:<name>``."""
JUST_AFTER_SECONDS = 0.001


class Health(Value):
    """Verdicts by condition, and moments (Unix seconds) that time alone brings a change with."""

    conditions: dict[str, bool | None]
    moments: tuple[float, ...] = ()


class Told(Value):
    """What is noted elsewhere: jobs, credentials, messengers; ``platforms`` is None if not looked at."""

    jobs: tuple[JobRuns, ...]
    credentials: tuple[ProviderCredentials, ...]
    platforms: tuple[Platform, ...] | None


NOT_JUDGED = Health({})
UNKNOWN = Health(dict.fromkeys(CONDITIONS))


def take(looks: Iterable[HomeLook], memory: Memory) -> None:
    """Take over what is new in the logs of every home."""
    for look in looks:
        for label, news in look.logs.items():
            memory.of(label).logs.apply(news)


def facts(case: Case, memory: LogMemory) -> LogFacts | None:
    """Return what the logs tell of a profile; None where they, or its home, cannot be read."""
    if case.looks is None or not case.profile.present or memory.refused:
        return None
    return LogFacts(
        counts=memory.counts,
        times=memory.times,
        read_bytes=dict(memory.read_bytes),
        lost_bytes=dict(memory.lost_bytes),
        providers=known_names.providers_in_use(case.files),
    )


def judge(case: Case, memory: LogMemory, told: Told, now: float) -> Health:
    """Return the verdicts on a profile.

    Until its logs are read to their ends nobody can tell. Where one cannot be read, what was read before and what
    is noted elsewhere may still show that something is wrong, but not that all is well.
    """
    if case.looks is None or case.host or not case.profile.present or memory.behind or not memory.seen:
        return UNKNOWN
    signs = _provider(case, memory, told, now)
    verdicts = {
        "provider_auth": provider_health.provider_auth(signs, now),
        "provider_quota": provider_health.provider_quota(signs, now),
        "provider_unreachable": provider_health.provider_unreachable(signs, now),
        "platform_auth": None,
        "degraded": provider_health.degraded(signs),
    }
    if told.platforms is not None:
        verdicts["platform_auth"] = provider_health.platform_auth(
            _platform(platform, memory) for platform in told.platforms
        )
    if memory.refused:
        verdicts = {name: verdict or None for name, verdict in verdicts.items()}
    ran = (runs.job.noted.last_run_at for runs in told.jobs)
    ahead = [stamp for stamp in ran if stamp is not None and stamp > now]
    lone = _met_a_limit_once(told.jobs)
    if lone is not None and lone.job.noted.last_run_at is not None:
        ahead.append(lone.job.noted.last_run_at + credentials.COOL_DOWN_SECONDS + JUST_AFTER_SECONDS)
    return Health(verdicts, (signs.well_at + provider_health.FRESH_SECONDS + JUST_AFTER_SECONDS, *ahead))


class Verdicts:
    """Judges credentials and health of every profile, again only when something or the time changed them."""

    def __init__(self) -> None:
        self._credentials: dict[str, tuple[object, float, tuple[ProviderCredentials, ...]]] = {}
        self._health: dict[str, tuple[object, float, Health]] = {}

    def credentials(self, case: Case, now: float) -> tuple[ProviderCredentials, ...]:
        """Return the verdicts on a profile's credentials."""
        label, stores = case.profile.label, (case.files.auth, case.files.root_auth)
        kept = self._credentials.get(label)
        if kept is None or kept[0] != stores or now >= kept[1]:
            kept = (stores, _first(credentials.moments(*stores), now), credentials.judge(*stores, now))
            self._credentials[label] = kept
        return kept[2]

    def health(self, case: Case, memory: LogMemory, told: Told, now: float) -> Health:
        """Return the verdicts on a profile, and when time alone may change them."""
        label, settings = case.profile.label, case.files.settings
        known = (told, settings, memory.changes, case.looks is None, case.host is None, case.profile.present)
        kept = self._health.get(label)
        if kept is None or kept[0] != known or now >= kept[1]:
            health = judge(case, memory, told, now)
            ahead = (moment - early for moment in health.moments for early in (0.0, FUTURE_TOLERANCE_SECONDS))
            kept = self._health[label] = (known, _first(ahead, now), health)
        return kept[2]


def _first(moments: Iterable[float], now: float) -> float:
    return min((moment for moment in moments if moment > now), default=math.inf)


def _provider(case: Case, memory: LogMemory, told: Told, now: float) -> ProviderSigns:
    """Return the signs of the provider that is configured; where none is, Hermes chooses, and all are as one."""
    settings = case.files.settings
    named = settings.provider if settings else None
    aliases = (
        {named, A_PROVIDER_OF_ITS_OWN} if named and named.startswith(f"{A_PROVIDER_OF_ITS_OWN}:") else {named}
    )

    def ours(name: str | None) -> bool:
        return named is None or name in aliases

    asking = [
        runs
        for runs in told.jobs
        if not runs.job.script and (runs.job.provider is None or ours(runs.job.provider))
    ]
    latest = now + FUTURE_TOLERANCE_SECONDS
    succeeded = [
        runs.last_success_at for runs in asking if not runs.job.gated and runs.last_success_at is not None
    ]

    lone = _met_a_limit_once(asking)

    def trouble(classes: tuple[str, ...]) -> Trouble:
        met = [
            at
            for key, stamps in memory.met.items()
            if _class(key) in classes and ours(_name(key))
            for at in stamps
        ]
        failed = [
            runs.job.noted.last_run_at
            for runs in asking
            if _failed(runs, classes) and not _passed(lone, runs, now)
        ]
        return Trouble(tuple(met), _newest((at for at in failed if at is not None), latest))

    return ProviderSigns(
        accepted_at=_newest(_times(memory, "answered", ours)),
        job_succeeded_at=_newest(succeeded, latest),
        fell_back_at=_newest(_times(memory, "fallback", lambda _name: True)),
        refused=trouble(REFUSED),
        quota=trouble(QUOTA),
        unreachable=trouble(UNREACHABLE),
        credentials=next((each for each in told.credentials if each.provider == named), None),
    )


def _failed(runs: JobRuns, classes: tuple[str, ...]) -> bool:
    return runs.job.noted.last_status == "error" and runs.job.noted.error in classes


def _met_a_limit_once(jobs: Iterable[JobRuns]) -> JobRuns | None:
    """Return the job whose last run alone, of all of them, met a rate limit; None where none or more did."""
    met = [runs for runs in jobs if _failed(runs, PASSING)]
    return met[0] if len(met) == 1 and (met[0].failures or 0) <= 1 else None


def _passed(lone: JobRuns | None, runs: JobRuns, now: float) -> bool:
    """Whether what a run failed of is over by itself: a rate limit that nothing else met, after its cool-down."""
    ended = runs.job.noted.last_run_at
    return runs is lone and ended is not None and now - ended > credentials.COOL_DOWN_SECONDS


def _platform(platform: Platform, memory: LogMemory) -> PlatformSigns:
    name, entry = platform.name, platform.entry
    proofs = [at for key, at in memory.times.items() if key == ("connected", name) or _delivered(key) == name]
    if entry and entry.state in SERVING and entry.updated_at is not None:
        proofs.append(entry.updated_at)
    return PlatformSigns(
        refused_at=memory.times.get(("auth", "platform", name)),
        proved_at=_newest(proofs),
        live=entry is not None,
        error_code=entry.error_code if entry else None,
    )


def _delivered(key: tuple[str, ...]) -> str | None:
    return key[2] if key[0] == DELIVERED else None


def _class(key: tuple[str, ...]) -> str:
    """Return the class of a failure by its key, ``(auth, provider, name)`` or ``(provider, name, class)``."""
    return "auth" if key[0] == "auth" else key[2]


def _name(key: tuple[str, ...]) -> str:
    return key[2] if key[0] == "auth" else key[1]


def _times(memory: LogMemory, kind: str, wanted: Callable[[str], bool]) -> list[float]:
    return [at for key, at in memory.times.items() if key[0] == kind and wanted(key[1])]


def _newest(stamps: Iterable[float], latest: float = float("inf")) -> float | None:
    return max((stamp for stamp in stamps if stamp <= latest), default=None)
