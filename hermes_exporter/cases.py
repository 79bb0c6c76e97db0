"""One gather's records, sorted into a case per profile: what is its own, what is its host's, what went wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter.judge import liveness, ownership, serving
from hermes_exporter.judge.liveness import Evidence
from hermes_exporter.problems import Problem
from hermes_exporter.values import Value, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hermes_exporter.discovery import Profile
    from hermes_exporter.home_reader import HomeLook
    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.judge.ownership import Ownership
    from hermes_exporter.sources.env_file import EnvFile
    from hermes_exporter.sources.procfs import Process
    from hermes_exporter.sources.profile_files import ProfileFiles
    from hermes_exporter.sources.unit import Unit
    from hermes_exporter.witness import Testimony


class Gathered(Value):
    """The raw records of one gather.

    Attributes:
        units_failed: ``units`` are not all there are.
        real_homes: the homes that units set, links followed, by what they are set to.
    """

    looks: Sequence[HomeLook]
    units: Sequence[Unit]
    units_failed: bool
    problems: Sequence[Problem]
    real_homes: Mapping[str, str] = field(default_factory=dict)


NO_EVIDENCE = Evidence()
NOTHING: Counter[str] = Counter()


class Case(Value):
    """One profile with everything it is judged by; ``host`` is the one whose gateway serves it."""

    profile: Profile
    files: ProfileFiles
    units: tuple[Unit, ...]
    liveness: Liveness
    host: Case | None = None
    env: EnvFile | None = None
    evidence: Evidence = NO_EVIDENCE
    looks: object = None

    @property
    def starts(self) -> tuple[float, ...] | None:
        """When its gateway was started by its own records, Unix seconds; None where they cannot be read."""
        known = self.files.starts_known and self.looks is not None
        return self.files.starts or () if known else None

    @property
    def never_ran(self) -> bool:
        """Whether it is there and no gateway has left a state in it: the rest may be a clone's source's."""
        read = self.looks is not None and self.profile.present
        return read and self.files.state is None and self.files.state_known

    @property
    def bare(self) -> bool:
        """Whether it is there and nothing in it tells of any gateway: it was made anew."""
        files = self.files
        traces = (files.lock, files.heartbeat, files.starts, files.lifecycle, *files.pid_records)
        return self.never_ran and not files.lock_hidden and not any(traces)

    @property
    def serving_units(self) -> tuple[Unit, ...]:
        """Its own units, then those of its host."""
        return self.units if self.host is None else (*self.units, *self.host.units)


def owned_units(gathered: Gathered, testimonies: Mapping[str, Testimony]) -> Ownership:
    """Return which unit belongs to which profile."""
    holders = {
        label: frozenset(process.unit for process in testimony.holders if process.unit)
        for label, testimony in testimonies.items()
    }
    found = [look.found for look in gathered.looks]
    return ownership.assign(gathered.units, found, holders, gathered.real_homes)


def all_problems(
    gathered: Gathered, files: Mapping[str, ProfileFiles], owned: Ownership, failure: OSError | None
) -> list[Problem]:
    """Return everything that is wrong; ``failure`` is why no lock could be looked at."""
    problems = list(gathered.problems)
    for look in gathered.looks:
        problems += (*look.found.problems, *look.problems)
    for record in files.values():
        problems += record.problems
    for profile in owned.missing:
        reason = "does not exist, and a unit names it"
        problems.append(Problem(profile.label, "discovery", str(profile.path), reason, "unreadable"))
    if failure is not None:
        reason = failure.strerror or "cannot be read"
        problems.append(Problem("", "gateway", str(failure.filename), reason, "unreadable"))
    return problems


def scopes(profile: Profile) -> tuple[str, str, str]:
    """Return what problems that concern a profile are filed under."""
    return "", profile.home.key, profile.label


def counted(profile: Profile, counts: Mapping[tuple[str, str], int]) -> Counter[str]:
    """Return what concerns a profile of counts by scope and collector, by collector."""
    if not counts:
        return NOTHING
    found: Counter[str] = Counter()
    for (scope, collector), count in counts.items():
        if scope in scopes(profile):
            found[collector] += count
    return found


def with_hosts(own: Mapping[str, Case], multiplexes: Callable[[Process], bool | None]) -> list[Case]:
    """Return every case; the verdict on a served profile, and the units, are those of its host.

    ``multiplexes`` returns whether a process' environment tells it to serve others.
    """
    listing = {label: case for label, case in own.items() if case.files.state and case.files.state.served}
    hosts = serving.hosts(
        [case.profile for case in own.values()],
        {label: case.files for label, case in own.items()},
        {label: case.liveness for label, case in own.items()},
        {label: _told(case, multiplexes) for label, case in listing.items()},
    )
    cases = []
    for label, case in own.items():
        if label not in hosts:
            cases.append(case)
            continue
        host = own[hosts[label]]
        cases.append(replace(case, liveness=liveness.served(case.liveness, host.liveness), host=host))
    return cases


def _told(case: Case, multiplexes: Callable[[Process], bool | None]) -> bool | None:
    """Return whether the environment tells a gateway to serve others; the first that says so counts."""
    process = case.liveness.process
    told = (
        *(env.multiplex for env in (case.env, case.files.env) if env),
        multiplexes(process) if process else None,
        *(unit.multiplex for unit in case.units),
    )
    return next((each for each in told if each is not None), None)
