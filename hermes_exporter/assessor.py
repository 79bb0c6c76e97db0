"""From the records of one gather to a view of every profile: asks the kernel, then the judges."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hermes_exporter.collectors.view import ProfileView
from hermes_exporter.judge import conditions, expectation, liveness, ownership, serving
from hermes_exporter.judge.liveness import Evidence, Liveness
from hermes_exporter.problems import Problem
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.witness import Testimony

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hermes_exporter.discovery import Profile
    from hermes_exporter.home_reader import HomeLook
    from hermes_exporter.judge.liveness import Clock
    from hermes_exporter.judge.ownership import Ownership
    from hermes_exporter.memory import Memory
    from hermes_exporter.problems import ProblemLog
    from hermes_exporter.sources.unit import Unit
    from hermes_exporter.witness import Witness

ANOTHER_SECONDS = 2.0
"""A process that started so long after a recorded start is another one with the same pid."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The raw records of one gather; ``units_failed`` where ``units`` are not all there are."""

    looks: Sequence[HomeLook]
    units: Sequence[Unit]
    units_failed: bool
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Every profile as it stands, and the units that belong to none of them."""

    views: tuple[ProfileView, ...]
    elsewhere: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One profile with everything it is judged by; ``units`` are its own, a served one has its host's besides."""

    profile: Profile
    files: ProfileFiles
    units: tuple[Unit, ...]
    liveness: Liveness
    host: str | None = None
    host_units: tuple[Unit, ...] = ()


class Assessor:
    """Judges gather after gather; what it must remember is in ``memory``."""

    def __init__(
        self,
        witness: Witness,
        memory: Memory,
        log: ProblemLog,
        collectors: frozenset[str],
        gateways: Mapping[str, str],
    ) -> None:
        self._witness, self._memory, self._log = witness, memory, log
        self._collectors, self._gateways = collectors, gateways

    def assess(self, gathered: Gathered, clock: Clock) -> Assessment:
        """Judge every profile."""
        profiles = [profile for look in gathered.looks for profile in look.found.profiles]
        files = {label: record for look in gathered.looks for label, record in look.files.items()}
        testimonies, failure = self._witness.testify(profiles, files)
        owned = _ownership(gathered, testimonies)
        files |= {profile.label: ProfileFiles() for profile in owned.missing}
        problems = _problems(gathered, files, owned, failure)
        self._log.update(problems)

        complete = failure is None and self._witness.sees_every_process()
        unread = {profile.label for look in gathered.looks if look.unread for profile in look.found.profiles}
        own: dict[str, _Case] = {}
        for profile in (*profiles, *owned.missing):
            label = profile.label
            case = _Case(profile, files[label], owned.units.get(label, ()), Liveness(up=None, proof="none"))
            if label not in unread:
                case = self._judged(case, testimonies.get(label, Testimony()), clock, complete=complete)
            own[label] = case
        views = [self._view(case, problems, clock.now, gathered) for case in _with_hosts(own)]
        return Assessment(tuple(views), owned.elsewhere)

    def _judged(self, case: _Case, testimony: Testimony, clock: Clock, *, complete: bool) -> _Case:
        seen_here = bool(case.units) or self._memory.of(case.profile.label).alive_at is not None
        evidence = Evidence(
            lock_holders=testimony.holders,
            recorded=testimony.recorded,
            unit_processes=self._witness.main_processes(case.units),
            heartbeat=case.files.heartbeat,
            complete=complete or seen_here,
            hidden=case.files.lock_hidden,
        )
        return replace(case, liveness=liveness.judge(evidence, clock))

    def _view(self, case: _Case, problems: Sequence[Problem], now: float, gathered: Gathered) -> ProfileView:
        label = case.profile.label
        memory = self._memory.of(label)
        if case.files.starts is not None:
            memory.count_starts(stamp for stamp in case.files.starts if stamp <= now)
        if case.liveness.up:
            memory.alive_at = now
        units = (*case.units, *case.host_units)
        if not gathered.units_failed:
            memory.enabled = any(unit.enabled for unit in units)
        self._count_deaths(case)
        expected = self._expected(case, now)
        judged = self._conditions(case, expected=expected, now=now) if "gateway" in self._collectors else {}
        process = case.liveness.process
        return ProfileView(
            profile=case.profile,
            now=now,
            files=case.files,
            units=units,
            liveness=case.liveness,
            figures=self._witness.figures(process) if process else None,
            host=case.host,
            expected=expected,
            conditions=judged,
            headline=conditions.headline(judged, case.liveness.up),
            succeeded=self._succeeded(case.profile, problems),
            starts=memory.starts,
            unclean_exits=memory.diagnostics.unclean,
            parse_errors=_of(case.profile, self._log.parse_errors),
            future_stamps=_of(case.profile, self._log.future_stamps),
        )

    def _expected(self, case: _Case, now: float) -> bool:
        label = case.profile.label
        memory = self._memory.of(label)
        stamps = (memory.alive_at, expectation.last_alive(case.files, now))
        return expectation.expected(
            self._gateways.get(label),
            max((stamp for stamp in stamps if stamp is not None), default=None),
            enabled=memory.enabled,
            served=case.host is not None,
            now=now,
        )

    def _conditions(self, case: _Case, *, expected: bool, now: float) -> dict[str, bool | None]:
        restarts = self._memory.of(case.profile.label).restarts_within_window(case.units, now)
        return {
            "gateway_dead": conditions.gateway_dead(case.liveness, expected=expected),
            "gateway_frozen": conditions.gateway_frozen(case.liveness),
            "gateway_crash_looping": conditions.gateway_crash_looping(
                (case.files.starts or ()) if case.files.starts_known else None, case.units, restarts, now
            ),
        }

    def _count_deaths(self, case: _Case) -> None:
        """Close the recorded starts whose processes are gone."""
        if case.liveness.up is None:
            return
        diagnostics = self._memory.of(case.profile.label).diagnostics
        live = case.liveness.process
        for pid, started_at in list(diagnostics.open.items()):
            if live is not None and pid in (live.pid, live.own_pid):
                continue
            process = self._witness.process(pid)
            if process is None or (process.started_at or 0.0) > started_at + ANOTHER_SECONDS:
                diagnostics.died(pid)

    def _succeeded(self, profile: Profile, problems: Sequence[Problem]) -> dict[str, bool]:
        scopes = _scopes(profile)
        failed = {problem.collector for problem in problems if problem.fails and problem.profile in scopes}
        return {name: name not in failed for name in ("discovery", "units", "gateway") if name in self._collectors}


def _ownership(gathered: Gathered, testimonies: Mapping[str, Testimony]) -> Ownership:
    holders = {
        label: frozenset(process.unit for process in testimony.holders if process.unit)
        for label, testimony in testimonies.items()
    }
    return ownership.assign(gathered.units, [look.found for look in gathered.looks], holders)


def _problems(
    gathered: Gathered, files: Mapping[str, ProfileFiles], owned: Ownership, failure: OSError | None
) -> list[Problem]:
    problems = list(gathered.problems)
    for look in gathered.looks:
        problems += look.found.problems
    for record in files.values():
        problems += record.problems
    for profile in owned.missing:
        reason = "does not exist, and a unit names it"
        problems.append(Problem(profile.label, "discovery", str(profile.path), reason, "unreadable"))
    if failure is not None:
        reason = failure.strerror or "cannot be read"
        problems.append(Problem("", "gateway", str(failure.filename), reason, "unreadable"))
    return problems


def _with_hosts(own: Mapping[str, _Case]) -> list[_Case]:
    """Return every case; the verdict on a served profile, and the units, are those of its host."""
    hosts = serving.hosts(
        [case.profile for case in own.values()],
        {label: case.files for label, case in own.items()},
        {label: case.liveness for label, case in own.items()},
    )
    cases = []
    for label, case in own.items():
        if label not in hosts:
            cases.append(case)
            continue
        host = own[hosts[label]]
        verdict = liveness.served(case.liveness, host.liveness)
        cases.append(replace(case, liveness=verdict, host=hosts[label], host_units=host.units))
    return cases


def _scopes(profile: Profile) -> tuple[str, str, str]:
    """Return what problems that concern a profile are filed under."""
    return "", profile.home.key, profile.label


def _of(profile: Profile, counts: Counter[tuple[str, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (scope, collector), count in counts.items():
        if scope in _scopes(profile):
            found[collector] += count
    return found
