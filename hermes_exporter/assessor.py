"""From the records of one gather to a view of every profile: asks the kernel, then the judges."""

from __future__ import annotations

from collections import ChainMap, Counter
from dataclasses import dataclass
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
    from hermes_exporter.sources.systemd import Unit
    from hermes_exporter.witness import Witness

GONE_SECONDS = 2.0
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
        problems = [*gathered.problems, *(problem for look in gathered.looks for problem in look.found.problems)]
        files = dict(ChainMap(*(dict(look.files) for look in gathered.looks)))
        profiles = [profile for look in gathered.looks for profile in look.found.profiles]
        stalled = {profile.label for look in gathered.looks if look.unread for profile in look.found.profiles}
        try:
            testimonies = self._witness.testify(profiles, files)
        except OSError as error:
            place, reason = str(error.filename), error.strerror or "cannot be read"
            problems.append(Problem("", "gateway", place, reason, "unreadable"))
            testimonies = {}
        owned = self._ownership(gathered, testimonies)
        problems += [
            Problem(
                profile.label, "discovery", str(profile.path), "does not exist, and a unit names it", "unreadable"
            )
            for profile in owned.missing
        ]
        profiles += owned.missing
        files |= {profile.label: ProfileFiles() for profile in owned.missing}
        own = self._liveness(profiles, files, testimonies, owned, stalled, clock)
        hosts = serving.hosts(profiles, files, own)
        problems += [problem for record in files.values() for problem in record.problems]
        self._log.update(problems)
        verdicts = {
            label: liveness.served(verdict, own[hosts[label]]) if label in hosts else verdict
            for label, verdict in own.items()
        }
        views = []
        for profile in profiles:
            host = hosts.get(profile.label)
            units = (*owned.units.get(profile.label, ()), *(owned.units.get(host, ()) if host else ()))
            if not gathered.units_failed:
                self._memory.of(profile.label).enabled = any(unit.enabled for unit in units)
            record = _Case(profile, files[profile.label], units, verdicts[profile.label], host)
            views.append(self._view(record, problems, clock))
        return Assessment(tuple(views), owned.elsewhere)

    def _ownership(self, gathered: Gathered, testimonies: Mapping[str, Testimony]) -> Ownership:
        holders = {
            label: frozenset(process.unit for process in testimony.holders if process.unit)
            for label, testimony in testimonies.items()
        }
        return ownership.assign(gathered.units, [look.found for look in gathered.looks], holders)

    def _liveness(  # noqa: PLR0913, PLR0917  # the six things a verdict stands on
        self,
        profiles: Sequence[Profile],
        files: Mapping[str, ProfileFiles],
        testimonies: Mapping[str, Testimony],
        owned: Ownership,
        stalled: set[str],
        clock: Clock,
    ) -> dict[str, Liveness]:
        complete = self._witness.sees_every_process()
        verdicts = {}
        for profile in profiles:
            label = profile.label
            if label in stalled or (profile.present and label not in testimonies):
                verdicts[label] = Liveness(up=None, proof="none")
                continue
            testimony = testimonies.get(label, Testimony())
            units = owned.units.get(label, ())
            evidence = Evidence(
                lock_holders=testimony.holders,
                recorded=testimony.recorded,
                unit_processes=self._witness.main_processes(units),
                heartbeat=files[label].heartbeat,
                complete=complete or bool(units) or self._memory.of(label).alive_at is not None,
                hidden=files[label].lock_hidden,
            )
            verdicts[label] = liveness.judge(evidence, clock)
        return verdicts

    def _view(self, case: _Case, problems: Sequence[Problem], clock: Clock) -> ProfileView:
        label, now = case.profile.label, clock.now
        memory = self._memory.of(label)
        ring = case.files.starts
        if ring is not None:
            memory.count_starts(stamp for stamp in ring if stamp <= now)
        self._count_deaths(case)
        if case.liveness.up:
            memory.alive_at = now
        setting = self._gateways.get(label)
        alive_at = max(filter(None, (memory.alive_at, expectation.last_alive(case.files, now))), default=None)
        expected = expectation.expected(
            setting, alive_at, enabled=memory.enabled, served=case.host is not None, now=now
        )
        judged = self._conditions(case, expected=expected, now=now) if "gateway" in self._collectors else {}
        process = case.liveness.process
        return ProfileView(
            profile=case.profile,
            now=now,
            files=case.files,
            units=case.units,
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

    def _conditions(self, case: _Case, *, expected: bool, now: float) -> dict[str, bool | None]:
        own_units = () if case.host else case.units
        restarted = self._memory.of(case.profile.label).restarts_within_window(own_units, now)
        return {
            "gateway_dead": conditions.gateway_dead(case.liveness, expected=expected),
            "gateway_frozen": conditions.gateway_frozen(case.liveness),
            "gateway_crash_looping": conditions.gateway_crash_looping(
                case.files.starts or (), own_units, restarted, now
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
            another = process is not None and (process.started_at or 0) > started_at + GONE_SECONDS
            if process is None or another:
                diagnostics.died(pid)

    def _succeeded(self, profile: Profile, problems: Sequence[Problem]) -> dict[str, bool]:
        scopes = _scopes(profile)
        failed = {problem.collector for problem in problems if problem.fails and problem.profile in scopes}
        return {name: name not in failed for name in ("discovery", "units", "gateway") if name in self._collectors}


@dataclass(frozen=True, slots=True)
class _Case:
    profile: Profile
    files: ProfileFiles
    units: tuple[Unit, ...]
    liveness: Liveness
    host: str | None


def _scopes(profile: Profile) -> tuple[str, str, str]:
    """Return what problems that concern a profile are filed under."""
    return "", profile.home.key, profile.label


def _of(profile: Profile, counts: Counter[tuple[str, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (scope, collector), count in counts.items():
        if scope in _scopes(profile):
            found[collector] += count
    return found
