"""What the logs, the jobs and auth.json tell of a profile's provider and messengers: signs to be weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.judge import credentials
from hermes_exporter.judge.platforms import SERVING
from hermes_exporter.judge.provider_health import PlatformSigns, ProviderSigns, Trouble
from hermes_exporter.logs.tally import DELIVERED
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hermes_exporter.cases import Case
    from hermes_exporter.judge.credentials import ProviderCredentials
    from hermes_exporter.judge.job_runs import JobRuns
    from hermes_exporter.judge.platforms import Platform
    from hermes_exporter.logs.news import LogMemory
    from hermes_exporter.sources.hermes_config import HermesConfig

REFUSED = ("auth",)
QUOTA = ("billing", "rate_limit")
PASSING = ("rate_limit",)
"""Of these one is no sign of a used-up quota."""
UNREACHABLE = ("transport", "server", "overloaded", "edge_block")
A_PROVIDER_OF_ITS_OWN = "custom"
"""What records call any ``custom:<name>``."""


class Told(Value):
    """What is noted elsewhere: jobs, credentials, messengers; ``platforms`` is None if not looked at.

    Nobody uses a profile that is ``dormant``: its gateway neither lives nor is expected to.
    """

    jobs: tuple[JobRuns, ...]
    credentials: tuple[ProviderCredentials, ...]
    platforms: tuple[Platform, ...] | None
    dormant: bool = False


def of_provider(case: Case, memory: LogMemory, told: Told, now: float) -> ProviderSigns:
    """Return the signs of the provider that is configured; where none is, Hermes chooses, and all are as one."""
    settings = case.files.settings
    named = settings.provider if settings else None
    names = _called(settings, memory, told.jobs)

    def ours(name: str) -> bool:
        return not names or name in names

    asking = [
        runs
        for runs in told.jobs
        if not runs.job.script and (runs.job.provider is None or ours(runs.job.provider))
    ]
    latest = now + FUTURE_TOLERANCE_SECONDS
    succeeded = [
        runs.last_success_at for runs in asking if not runs.job.gated and runs.last_success_at is not None
    ]

    lone = met_a_limit_once(asking)

    def trouble(classes: tuple[str, ...]) -> Trouble:
        met = [
            at
            for key, stamps in memory.met.items()
            if _class(key) in classes and ours(_name(key))
            for at in stamps
            if _class(key) not in PASSING or now - at <= credentials.COOL_DOWN_SECONDS
        ]
        failed = [
            runs.job.noted.last_run_at
            for runs in asking
            if _failed(runs, classes) and not _passed(lone, runs, now)
        ]
        return Trouble(tuple(met), _newest((at for at in failed if at is not None), latest))

    stood_in = {name for name in _told_of(memory, "fallback") if not ours(name)}
    return ProviderSigns(
        accepted_at=_newest(_times(memory, "answered", ours)),
        job_succeeded_at=_newest(succeeded, latest),
        fell_back_at=_newest(_times(memory, "fallback", stood_in.__contains__)),
        fell_back_alike_at=_newest(_times(memory, "fallback", ours)),
        stood_in_at=_newest(_times(memory, "answered", stood_in.__contains__)),
        hidden=bool(settings and settings.hides_info and not asking),
        refused=trouble(REFUSED),
        quota=trouble(QUOTA),
        unreachable=trouble(UNREACHABLE),
        credentials=next((each for each in told.credentials if each.provider == named), None),
    )


def _called(settings: HermesConfig | None, memory: LogMemory, jobs: Iterable[JobRuns]) -> frozenset[str]:
    """Return what records call the provider that is configured; nothing where none is.

    Where they do not know its name, it is whichever of them neither stands in nor is a job's own.
    """
    named = settings.provider if settings else None
    if settings is None or named is None:
        return frozenset()
    own = named.startswith(f"{A_PROVIDER_OF_ITS_OWN}:") or f"{A_PROVIDER_OF_ITS_OWN}:{named}" in settings.custom
    names = {named, A_PROVIDER_OF_ITS_OWN} if own else {named}
    known = _told_of(memory, "answered") | {_name(key) for key in memory.met}
    if names & known:
        return frozenset(names)
    others = _told_of(memory, "fallback") | {*settings.fallbacks, *(runs.job.provider for runs in jobs)}
    return frozenset(names | (known - others))


def _failed(runs: JobRuns, classes: tuple[str, ...]) -> bool:
    return runs.job.noted.last_status == "error" and runs.job.noted.error in classes


def met_a_limit_once(jobs: Iterable[JobRuns]) -> JobRuns | None:
    """Return the job whose last run alone, of all of them, met a rate limit; None where none or more did."""
    met = [runs for runs in jobs if _failed(runs, PASSING)]
    return met[0] if len(met) == 1 and (met[0].failures or 0) <= 1 else None


def _passed(lone: JobRuns | None, runs: JobRuns, now: float) -> bool:
    """Whether what a run failed of is over by itself: a rate limit that nothing else met, after its cool-down."""
    ended = runs.job.noted.last_run_at
    return runs is lone and ended is not None and now - ended > credentials.COOL_DOWN_SECONDS


def of_platform(platform: Platform, memory: LogMemory) -> PlatformSigns:
    """Return the signs of one messenger."""
    name, entry = platform.name, platform.entry
    served = (("connected", name), ("served", name))
    proofs = [at for key, at in memory.times.items() if key in served or _delivered(key) == name]
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


def _told_of(memory: LogMemory, kind: str) -> set[str]:
    return {key[1] for key in memory.times if key[0] == kind}


def _times(memory: LogMemory, kind: str, wanted: Callable[[str], bool]) -> list[float]:
    return [at for key, at in memory.times.items() if key[0] == kind and wanted(key[1])]


def _newest(stamps: Iterable[float], latest: float = float("inf")) -> float | None:
    return max((stamp for stamp in stamps if stamp <= latest), default=None)
