"""A simulated Hermes with an exporter that looks on: one time line, and nothing in common but the files."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hermes_exporter.simulator import Process, Simulation, faults, owner

from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.discovery import Home
from hermes_exporter.gather import Gatherer
from hermes_exporter.judge.liveness import Clock
from hermes_exporter.memory import Memory
from hermes_exporter.settings import Settings
from hermes_exporter.store import open_to_write
from tests.homes import CLOCK_TICKS, Procfs

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.simulator import Profile

    from hermes_exporter.judge.job_rules import JobRule
    from hermes_exporter.judge.report import Report

QUIET_SECONDS = 290.0
"""The exporter looks at least so often; it looks on by itself every minute where nobody scrapes it."""
SETTLED_SECONDS = 5.0
"""After an event it looks so much later."""


@dataclass
class SimulatedClock:
    """The clock of the exporter."""

    boot: float
    now: float = 0.0
    slept: float = 0.0
    woke_at: float | None = None

    def read(self) -> Clock:
        """Return the moment."""
        return Clock(self.now, self.now - self.boot - self.slept, woke_at=self.woke_at)


@dataclass
class World:
    """A host with one profile, its processes, and its exporter.

    Attributes:
        fates: by job, what became of each slot as the exporter counted it, by its moment.
        overdue: by job, the moments at which its report was seen to be overdue.
    """

    directory: Path
    start: float
    zone: str = "UTC"
    version: str = "0.19"
    seed: int = 0
    rules: tuple[JobRule, ...] = ()
    fates: dict[str, dict[float, str]] = field(default_factory=dict)
    overdue: dict[str, list[float]] = field(default_factory=dict)
    last: dict[str, Report] = field(default_factory=dict)
    looks: int = 0

    def __post_init__(self) -> None:
        self.boot = self.start - 86400.0
        self.simulation = Simulation(
            self.directory / ".hermes",
            self.start,
            host_zone=self.zone,
            version=self.version,  # type: ignore[arg-type]
            seed=self.seed,
            boot_at=self.boot,
            keeps_output=False,
        )
        self.profile: Profile = self.simulation.profile("default", zone=self.zone)
        self.clock = SimulatedClock(self.boot)
        self.procfs = Procfs(self.directory / "proc", int(self.boot))
        self._rootfs = self.directory / "root"
        (self._rootfs / "etc").mkdir(parents=True)
        (self._rootfs / "etc/timezone").write_text(f"{self.zone}\n")
        self._pid = 4000
        self._loop = asyncio.new_event_loop()
        self._watcher: Gatherer | None = None
        self._memory: Memory | None = None

    def close(self) -> None:
        """Stop the exporter, and close what is open."""
        self.stop_watching()
        self._loop.close()
        self.simulation.close()

    def start_gateway(self, profile: Profile) -> None:
        """Start a gateway, played by a process of the made-up /proc; one that lives is stopped first."""
        self.end_gateway(profile)
        self._pid += 1
        ticks = round((profile.now - self.boot) * CLOCK_TICKS)
        owner.start_gateway(profile, Process(self._pid, ticks))
        self.procfs.add(self._pid, ticks)
        profile.materialise()
        self.procfs.hold(self._pid, profile.home / "gateway.lock")

    def end_gateway(self, profile: Profile, *, killed: bool = False) -> None:
        """Stop the gateway or kill it, if there is one."""
        if profile.gateway is not None and profile.gateway.alive:
            (faults.kill if killed else owner.stop_gateway)(profile)
            self.procfs.kill(profile.gateway.process.pid)

    def kill_gateway(self, profile: Profile) -> None:
        """Kill the gateway."""
        self.end_gateway(profile, killed=True)

    def sleep(self, profile: Profile, seconds: float) -> None:
        """Suspend the host, exporter and all."""
        faults.sleep(profile, seconds)
        self.clock.slept += seconds

        def wake(awake: Profile) -> None:
            self.clock.woke_at = awake.now

        profile.at(profile.now + seconds, wake)

    def watch(self) -> None:
        """Start the exporter, with what it remembers."""
        self._memory = Memory(open_to_write(self.directory / "memory.db"))
        settings = Settings(
            (Home("", self.simulation.root),),
            {},
            frozenset(COLLECTORS) - {"units"},
            procfs=self.procfs.root,
            rootfs=self._rootfs,
            job_rules=self.rules,
        )
        self._watcher = Gatherer(settings, self._memory, self.clock)

    def stop_watching(self) -> None:
        """Stop the exporter."""
        if self._watcher is not None and self._memory is not None:
            self._watcher.close()
            self._memory.close()
            self._watcher = None

    def run(self, until: float) -> None:
        """Let time pass; the exporter, where it runs, looks after each event, and often enough."""
        while self.simulation.now < until:
            event = self.simulation.next_event_at()
            now = min(
                max(event, self.simulation.now) + SETTLED_SECONDS, self.simulation.now + QUIET_SECONDS, until
            )
            eventful = event <= now
            self.simulation.advance(now)
            if self._watcher is None:
                continue
            if eventful:
                self.simulation.materialise()
            self.look()

    def look(self) -> None:
        """Let the exporter look once, and take over what it says."""
        assert self._watcher is not None
        self.clock.now = self.simulation.now
        answer = self._loop.run_until_complete(self._watcher.gather(30.0))
        self.looks += 1
        for view in answer.views:
            for job_id, report in view.reports.items():
                self._take(job_id, report)

    def _take(self, job_id: str, report: Report) -> None:
        if self.last.get(job_id) is report:
            return
        self.last[job_id] = report
        fates = self.fates.setdefault(job_id, {})
        for slot in report.history:
            assert fates.setdefault(slot.at, str(slot.fate)) == slot.fate, "a fate was revised"
        if report.overdue:
            self.overdue.setdefault(job_id, []).append(self.simulation.now)

    def truth(self, since: float) -> dict[str, dict[float, str]]:
        """Return what truly became of every slot after a moment whose fate is sealed, by job."""
        return {
            job_id: {slot.at: slot.fate for slot in self.profile.truth(job_id) if slot.fate and slot.at > since}
            for job_id in self.profile.lives
        }


def confusion(truth: dict[str, dict[float, str]], told: dict[str, dict[float, str]]) -> Counter[tuple[str, str]]:
    """Count slots by what truly became of them and what the exporter says; ``-`` where one knows of no slot."""
    matrix: Counter[tuple[str, str]] = Counter()
    for job_id in truth.keys() | told.keys():
        mine, theirs = told.get(job_id, {}), truth.get(job_id, {})
        for at in mine.keys() | theirs.keys():
            matrix[theirs.get(at, "-"), mine.get(at, "-")] += 1
    return matrix
