"""A simulated Hermes with an exporter that looks on: one time line, and nothing in common but the files."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hermes_exporter.assessor import Assessor
from hermes_exporter.cases import Gathered
from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.discovery import Discovery, Home
from hermes_exporter.home_reader import HomeReader
from hermes_exporter.judge.liveness import Clock
from hermes_exporter.memory import Memory
from hermes_exporter.problems import ProblemLog
from hermes_exporter.settings import Policy
from hermes_exporter.simulator import Model, Process, Simulation, faults, owner
from hermes_exporter.store import open_to_write
from hermes_exporter.witness import Witness
from tests.homes import CLOCK_TICKS, Procfs

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.judge.job_rules import JobRule
    from hermes_exporter.judge.report import Report
    from hermes_exporter.simulator import Profile, SlotTruth

MESSENGERS = ("mattermost", "telegram")
COLLECTED = frozenset(COLLECTORS) - {"units"}
QUIET_SECONDS = 3600.0
"""While nothing happens the exporter looks so often; in between it would see the same, every minute."""
PACE_SECONDS = 60.0
"""It looks no more often than this; nobody needs to scrape it for that."""
MATCH_SECONDS = 2 * PACE_SECONDS + 1.0
"""An interval counts from when the job was switched on, or its last run ended: that is seen within two."""

EITHER = "settled or late"


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


@dataclass(frozen=True)
class Exporter:
    """All of the exporter but what serves its answers."""

    memory: Memory
    reader: HomeReader
    assessor: Assessor

    def look(self, clock: Clock) -> tuple[ProfileView, ...]:
        """Gather once."""
        gathered = Gathered([self.reader.look(clock.now)], (), units_failed=False, problems=())
        views = self.assessor.assess(gathered, clock).views
        changes = self.memory.changes((view.profile.label for view in views), clock.now)
        if changes:
            self.memory.write(changes)
            self.memory.stored(changes)
        return views

    def close(self) -> None:
        """Let go of the memory."""
        self.memory.close()


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
    model: Model = field(default_factory=Model)
    messengers: tuple[str, ...] = MESSENGERS
    rules: tuple[JobRule, ...] = ()
    keeps_output: bool = False
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
            keeps_output=self.keeps_output,
        )
        self.profile: Profile = self.simulation.profile(
            "default", zone=self.zone, model=self.model, messengers=self.messengers
        )
        self.clock = SimulatedClock(self.boot)
        self.procfs = Procfs(self.directory / "proc", int(self.boot))
        self._rootfs = self.directory / "root"
        (self._rootfs / "etc").mkdir(parents=True)
        (self._rootfs / "etc/timezone").write_text(f"{self.zone}\n")
        self._pid = 4000
        self._starting: dict[int, Path] = {}
        self._exporter: Exporter | None = None
        self._asleep_until, self._watched_since = 0.0, math.inf

    def close(self) -> None:
        """Stop the exporter, and close what is open."""
        self.stop_watching()
        self.simulation.close()

    def start_gateway(self, profile: Profile) -> None:
        """Start a gateway, played by a process of the made-up /proc; one that lives is stopped first."""
        self.end_gateway(profile)
        self._pid += 1
        ticks = round((profile.now - self.boot) * CLOCK_TICKS)
        owner.start_gateway(profile, Process(self._pid, ticks))
        self.procfs.add(self._pid, ticks)
        self._starting[self._pid] = profile.home / "gateway.lock"

    def end_gateway(self, profile: Profile, *, killed: bool = False) -> None:
        """Stop the gateway or kill it, if there is one."""
        if profile.gateway is not None and profile.gateway.alive:
            (faults.kill if killed else owner.stop_gateway)(profile)
            self._starting.pop(profile.gateway.process.pid, None)
            self.procfs.kill(profile.gateway.process.pid)

    def kill_gateway(self, profile: Profile) -> None:
        """Kill the gateway."""
        self.end_gateway(profile, killed=True)

    def take_locks(self) -> None:
        """Let every gateway that has come so far hold its lock."""
        for pid, lock in list(self._starting.items()):
            if lock.exists():
                self.procfs.hold(pid, lock)
                del self._starting[pid]

    def drain(self, profile: Profile, *, on: bool) -> None:
        """Hold the cron back by the marker that Hermes looks at, or let it go on."""
        faults.drain(profile, on=on)
        marker = profile.home / ".drain_request.json"
        if on:
            marker.write_text(json.dumps({"requested_at": profile.iso()}))
            os.utime(marker, (profile.now, profile.now))
        else:
            marker.unlink()

    def sleep(self, profile: Profile, seconds: float) -> None:
        """Suspend the host, exporter and all."""
        faults.sleep(profile, seconds)
        self._asleep_until = profile.now + seconds

        def wake(awake: Profile) -> None:
            self.clock.slept += seconds
            self.clock.woke_at = awake.now

        profile.at(profile.now + seconds, wake)

    def watch(self) -> None:
        """Start the exporter, with what it remembers; what serves its answer is left out."""
        memory = Memory(open_to_write(self._stored()))
        home = Home("", self.simulation.root)
        names = memory.names(str(home.root), 0.0)
        discovery = Discovery(home, frozenset(), frozenset(), names)
        reader = HomeReader(home, discovery, memory, COLLECTED, self._rootfs)
        policy = Policy(
            COLLECTED, {}, 500, job_names=True, host_zone=self.zone, timezones={}, job_rules=self.rules
        )
        assessor = Assessor(Witness(self.procfs.root, memory.seen_here), memory, ProblemLog(), policy)
        self._exporter = Exporter(memory, reader, assessor)
        self._watched_since = min(self._watched_since, self.simulation.now)

    def _stored(self) -> Path:
        """Return where the memory is kept, of which all is as old as the true present: what is old is dropped."""
        path = self.directory / "memory.db"
        if path.exists():
            with closing(sqlite3.connect(path)) as database, database:
                database.execute("UPDATE profile SET stored_at = ?", (time.time(),))
        return path

    def stop_watching(self) -> None:
        """Stop the exporter."""
        if self._exporter is not None:
            self._exporter.close()
            self._exporter = None

    def run(self, until: float) -> None:
        """Let time pass; the exporter, where it runs, looks within a minute before and after each event."""
        while self.simulation.now < until:
            event = self.simulation.next_event_at()
            before = self.simulation.now
            soon = max(event, before) + PACE_SECONDS if event - before < 2 * PACE_SECONDS else event - 1
            now = min(soon, before + QUIET_SECONDS, until)
            self.simulation.advance(now)
            if self._exporter is None or now < self._asleep_until:
                continue
            self.look()

    def come_to_rest(self) -> None:
        """Let the runs in flight end: nobody knows yet of a report that has just arrived."""
        while self.profile.gateway is not None and self.profile.gateway.alive and self.profile.gateway.runs:
            self.run(self.simulation.now + PACE_SECONDS)

    def look(self) -> None:
        """Let the exporter look once, and take over what it says."""
        assert self._exporter is not None
        self.simulation.materialise()
        self.clock.now = self.simulation.now
        self.take_locks()
        for view in self._exporter.look(self.clock.read()):
            for job_id, report in view.reports.items():
                self._take(job_id, report)
        self.looks += 1

    def _take(self, job_id: str, report: Report) -> None:
        if self.last.get(job_id) is report:
            return
        self.last[job_id] = report
        fates = self.fates.setdefault(job_id, {})
        for slot in (slot for slot in report.history if slot.at > self._watched_since):
            assert fates.setdefault(slot.at, str(slot.fate)) == slot.fate, "a fate was revised"
        if report.overdue:
            self.overdue.setdefault(job_id, []).append(self.simulation.now)

    def truth(self) -> dict[str, dict[float, str]]:
        """Return what truly became of every slot since the exporter was first there, by job, if that is sealed.

        Where a report came within a minute of its deadline it is both: when something ticked again, which the
        deadline may count from, is seen within a minute.
        """
        return {
            job_id: {
                slot.at: _fate(slot)
                for slot in self.profile.truth(job_id)
                if slot.fate and slot.at > self._watched_since
            }
            for job_id in self.profile.lives
        }


def _fate(slot: SlotTruth) -> str:
    close = slot.arrived_at is not None and abs(slot.arrived_at - slot.deadline) <= PACE_SECONDS
    return EITHER if close and slot.fate in EITHER else str(slot.fate)


def confusion(truth: dict[str, dict[float, str]], told: dict[str, dict[float, str]]) -> Counter[tuple[str, str]]:
    """Count slots by what truly became of them and what the exporter says; ``-`` where one knows of no slot."""
    matrix: Counter[tuple[str, str]] = Counter()
    for job_id in truth.keys() | told.keys():
        mine = dict(told.get(job_id, {}))
        for at, fate in truth.get(job_id, {}).items():
            same = min(mine, key=lambda slot: abs(slot - at), default=math.inf)  # used at once
            said = mine.pop(same) if abs(same - at) <= MATCH_SECONDS else "-"
            matrix[said if fate == EITHER and said in EITHER else fate, said] += 1
        matrix.update(("-", fate) for fate in mine.values())
    return matrix
