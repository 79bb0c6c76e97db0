"""Verdicts that stand: as long as nothing is different and time has not changed them, they are not made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import horizon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.cases import Case
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.judge.liveness import Clock
    from hermes_exporter.profile_memory import ProfileMemory
    from hermes_exporter.sources.procfs import Process


class _Stood(NamedTuple):
    case: Case
    view: ProfileView
    since: float
    until: float


class Standing:
    """Keeps the last case and view of every profile, with the moment until which time alone cannot change them."""

    def __init__(self) -> None:
        self._stood: dict[str, _Stood] = {}

    def case(self, label: str, looks: object, now: float) -> Case | None:
        """Return the case as it was judged before, if it looks the same and still stands."""
        stood = self._stood.get(label)
        return stood.case if stood and stood.since <= now < stood.until and stood.case.looks == looks else None

    def view(self, case: Case) -> ProfileView | None:
        """Return the view of a case that stands, None for one that was judged anew."""
        stood = self._stood.get(case.profile.label)
        return stood.view if stood and stood.case is case else None

    def keep(
        self, case: Case, view: ProfileView, memory: ProfileMemory, moments: Iterable[float], clock: Clock
    ) -> None:
        """Take over a view that was made anew, unless something besides the case and time decides it.

        ``moments`` are further ones at which time alone may change it, Unix seconds.
        """
        if not clock.trusted or not _alone(case, memory):
            self._stood.pop(case.profile.label, None)
            return
        until = horizon.next_change(case.files, _processes(case), (*memory.moments(), *moments), clock)
        self._stood[case.profile.label] = _Stood(case, view, clock.now, until)


def _alone(case: Case, memory: ProfileMemory) -> bool:
    """Whether nothing but the case and time decides its verdict: no host, no run and no start in flight."""
    if case.looks is None or case.host is not None:
        return False
    ledger, live = case.files.cron.executions, case.liveness.process
    starting = any(live is None or not live.goes_by(pid) for pid in memory.diagnostics.open)
    return not starting and not (ledger and ledger.in_flight)


def _processes(case: Case) -> tuple[Process, ...]:
    evidence = case.evidence
    recorded = (evidence.recorded,) if evidence.recorded else ()
    return (*evidence.lock_holders, *recorded, *evidence.unit_processes)
