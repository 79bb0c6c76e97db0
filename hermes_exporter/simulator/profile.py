"""One profile of a simulated Hermes: its store, its gateway, its owner's acts and its mishaps, on a time line.

Everything happens at the profile's present, which ``advance`` moves on from event to event; nothing reaches the
disk before ``materialise``.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from hermes_exporter.simulator import jobs, runtime, truth
from hermes_exporter.simulator.book import Life, Ticking
from hermes_exporter.simulator.connections import Messenger
from hermes_exporter.simulator.credentials import Credentials
from hermes_exporter.simulator.disk import Disk
from hermes_exporter.simulator.ledger import Ledger
from hermes_exporter.simulator.logs import Logs
from hermes_exporter.simulator.provider import Model, State
from hermes_exporter.simulator.setup import furnish
from hermes_exporter.simulator.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hermes_exporter.simulator.book import End
    from hermes_exporter.simulator.clock import Clock
    from hermes_exporter.simulator.gateway import Gateway, Process
    from hermes_exporter.simulator.jobs import Job
    from hermes_exporter.simulator.logs import Line

Version = Literal["0.19", "0.22"]
KEPT_OUTPUTS = 50


@dataclass(frozen=True)
class Settings:
    """What a profile is.

    Attributes:
        version: of Hermes; 0.22 writes more than 0.19.
        messengers: those it is configured for, by name: mattermost, telegram.
        log_level: the least that its agent.log takes.
        boot_at: when its host booted, Unix seconds; a process' start counts from then.
        keeps_output: whether cron/output is written, which takes most of the time of a long simulation.
    """

    name: str
    clock: Clock
    version: Version = "0.19"
    model: Model = field(default_factory=Model)
    messengers: tuple[str, ...] = ("mattermost",)
    log_level: str = "INFO"
    boot_at: float = 0.0
    keeps_output: bool = True
    host: str = "demohost"


class Profile:
    """One profile below ``home``, as it is at a moment, ``now``, Unix seconds.

    Attributes:
        jobs: its store, by id, in order.
        lives: what truly happened to every job there ever was; ticking: when its store was ticked.
        provider: how its model provider is.
        starts: when its gateways started.
        slept: how long its host slept.
        crashed: its last gateway died without a word.
        commands: the processes that run a job for its owner, by their ids in the ledger.
        config_broken: its config.yaml is no YAML.
        serves: the profiles that its gateway serves, itself among them; empty where it serves nobody else.
        wedges: its gateways hang while they start.
        session_store: how its state database is, as a gateway of a later version says.
        notes: what its gateways noted of messengers, which outlives them.
        recovery_crashes: a ticker that starts dies of what it finds, before its first turn.
        splits_notes: what is noted of runs stands in cron/runtime.db, as some later versions have it.
        cron_provider: what fires its jobs instead of Hermes' own ticker.
        queue_stands: reports are put into the delivery queue, and nobody works it off; ``queued`` are those.
        ticks_for: other profiles whose stores its gateway ticks, though nothing falls due there.
    """

    def __init__(self, home: Path, settings: Settings, now: float, seed: str) -> None:
        self.home, self.settings, self.now = home, settings, now
        self.name, self.clock, self.host = settings.name, settings.clock, settings.host
        self.newer = settings.version != "0.19"
        self.model, self.boot_at, self.slept = settings.model, settings.boot_at, 0.0
        self.random = random.Random(f"{seed}/{settings.name}")  # noqa: S311  # nothing secret
        self.disk = Disk(home)
        self.logs = Logs(self.disk, self.clock, settings.log_level)
        furnish(home, settings, now)
        self.ledger = Ledger(home / "cron/executions.db", newer=self.newer)
        self.jobs: dict[str, Job] = {}
        self.lives: dict[str, Life] = {}
        self.ticking = Ticking()
        self.provider: State = "ok"
        self.credentials = Credentials(self.disk, self.model, now)
        self.messengers = {name: Messenger(name, f"home{settings.name}channel") for name in settings.messengers}
        self.starts: list[float] = []
        self.crashed = self.config_broken = self.wedges = False
        self.serves: tuple[str, ...] = ()
        self.session_store = "ok"
        self.notes: dict[str, dict[str, Any]] = {}
        self.gateway: Gateway | None = None
        self.commands: dict[str, Process] = {}
        self.recovery_crashes = self.splits_notes = False
        self.cron_provider: str | None = None
        self.ticks_for: tuple[Profile, ...] = ()
        self.queue_stands = False
        self.queued: list[tuple[object, ...]] = []
        self._acts = Steps()
        self._outputs: dict[str, deque[str]] = {}
        self._due: float | None = None

    def at(self, when: float, act: Callable[..., object], *args: Any) -> None:
        """Let an act take place at a moment: it is called with this profile and the arguments."""

        def play() -> Iterator[float]:
            yield max(0.0, when - self.now)
            act(self, *args)

        self._acts.add(self.now, play())

    def beside(self, steps: Iterator[float]) -> None:
        """Let something go on that is no gateway's affair."""
        self._acts.add(self.now, steps)

    def next_event_at(self) -> float:
        """Return when something happens next, infinity for never."""
        return min(self._acts.next_at(), self.gateway.next_at() if self.gateway else inf)

    def advance(self, until: float) -> None:
        """Let everything happen up to a moment, which is the present then. Nothing is written yet."""
        while (when := self.next_event_at()) <= until:
            self.now = max(self.now, when)
            if self._acts.next_at() <= self.now or self.gateway is None:
                self._acts.run(self.now)
            else:
                self.gateway.step()
        self.now = max(self.now, until)

    def materialise(self) -> None:
        """Write all that is not on the disk yet, with the times at which Hermes would have written it."""
        if self.gateway:
            self.gateway.refresh()
        self.logs.flush()
        self.disk.flush()
        self.ledger.flush(stay_open=any(row.status == "running" for row in self.ledger.in_flight()))

    def close(self) -> None:
        """Close what is open."""
        self.ledger.close()

    def truth(self, job_id: str, rules: truth.Rules = truth.RULES) -> list[truth.SlotTruth]:
        """Return what became of every slot that a job owed until now, by the rules."""
        return truth.judge(self.lives[job_id], self.ticking, self.clock.wall, self.now, rules)

    def log(self, line: Line) -> None:
        """Log a record now."""
        self.logs.write(self.now, line)

    def iso(self) -> str:
        """Return the present as Hermes' stores have it."""
        return self.clock.iso(self.now)

    def new_id(self, digits: int) -> str:
        """Return an id of so many hex digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def add(self, job: Job) -> None:
        """Put a new job into the store."""
        self.jobs[job.id] = job
        self.lives[job.id] = job.life
        self.save_jobs()

    def drop(self, job: Job, end: End) -> None:
        """Take a job out of the store."""
        del self.jobs[job.id]
        job.life.leave(self.now, end)
        self.save_jobs()

    def save_jobs(self) -> None:
        """Save jobs.json now."""
        self._due = None
        saved_at = self.now
        kept = runtime.definitions if self.splits_notes else jobs.store
        self.disk.put("cron/jobs.json", lambda: kept(self.jobs.values(), self.clock, saved_at), saved_at)
        if self.splits_notes:
            self.disk.put(runtime.PATH, lambda: runtime.notes(self.jobs.values()), saved_at, 0o644)

    def next_due(self) -> float:
        """Return when the next job is due, infinity if none ever is."""
        if self._due is None:
            waits = (job.waits_for() for job in self.jobs.values())
            self._due = min((wait for wait in waits if wait is not None), default=inf)
        return self._due

    def processes(self) -> list[Process]:
        """Return the processes that live now, the gateway first."""
        gateways = [self.gateway.process] if self.gateway and self.gateway.alive else []
        return [*gateways, *self.commands.values()]

    def living(self, gateway: Gateway) -> set[str]:
        """Return the ids of the processes that live and may own a run."""
        return {gateway.process_id, *self.commands}

    def keep_output(self, job: Job, text: str) -> None:
        """Write a run's output, and let the oldest of too many go."""
        if not self.settings.keeps_output:
            return
        path = f"cron/output/{job.id}/{self.clock.output(self.now)}.md"
        kept = self._outputs.setdefault(job.id, deque())
        kept.append(path)
        self.disk.put(path, text.encode(), self.now)
        while len(kept) > KEPT_OUTPUTS:
            self.disk.take_away(kept.popleft())

    def lose_output(self, job: Job) -> None:
        """Take a job's output away."""
        self._outputs.pop(job.id, None)
        self.disk.take_tree_away(f"cron/output/{job.id}")
