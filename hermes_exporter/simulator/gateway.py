"""A gateway process: how it starts, what it writes while it lives, and the ways in which it ends.

What it does goes on step by step; a process that dies takes the steps that were left with it, one that is stopped
takes none until it goes on. Which process plays it, its pid and its start, is the caller's affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

from hermes_exporter.simulator import connections, gateway_files
from hermes_exporter.simulator.connections import GATEWAY, Connection
from hermes_exporter.simulator.logs import Line
from hermes_exporter.simulator.notes import mark_run
from hermes_exporter.simulator.steps import Beat, Steps
from hermes_exporter.simulator.ticker import Ticker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.simulator.profile import Profile
    from hermes_exporter.simulator.runs import Run

How = Literal["planned", "signal"]
BEAT_SECONDS = 30.02
RESTAMP_SECONDS = 60.0
INTERRUPTED = "Gateway shutdown (final-cleanup) killed the job's tool subprocess before the run finished."
UNEXPECTED = (
    "Gateway stopped by an unexpected signal — persisting gateway_state=running so container_boot auto-starts on "
    "the next boot (issue #42675)"
)
NO_YAML = (
    "while parsing a block mapping\nexpected <block end>, but found '-'. Falling back to default config — "
    "every user override (auxiliary providers, fallback chain, model settings) is being IGNORED. "
    "Fix the YAML and restart."
)
EXIT_1 = (
    "Exiting with code 1 (signal-initiated shutdown without restart request) so systemd Restart=on-failure can "
    "revive the gateway."
)


@dataclass(frozen=True)
class Process:
    """The process that plays a gateway, or a command: its pid, and its start in clock ticks since the boot."""

    pid: int
    start_ticks: int


class Gateway:
    """One gateway process of a profile, from its start to its end.

    Attributes:
        alive, frozen: it exists; it is held by a signal, or its host sleeps.
        runs: the runs in flight in it, by job.
        leaked: jobs that it takes for running though they are not.
        draining: it lets nothing begin.
    """

    def __init__(self, profile: Profile, process: Process) -> None:
        self.process = process
        self.process_id = profile.new_id(32)
        self.alive, self.frozen, self.draining = True, False, False
        self.runs: dict[str, Run] = {}
        self.leaked: set[str] = set()
        self.connections = {each.name: Connection(each) for each in profile.messengers.values()}
        self.ticker: Ticker | None = None
        self._profile = profile
        self._steps = Steps()
        self._claim = "starting"
        self._saved_at = self._running_since = profile.now
        self._beat = Beat(inf, BEAT_SECONDS)
        self.spawn(self._boot())

    @property
    def now(self) -> float:
        """The present moment, Unix seconds."""
        return self._profile.now

    def spawn(self, steps: Iterator[float]) -> None:
        """Let the process do this beside what it does already."""
        self._steps.add(self.now, steps)

    def start_run(self, run: Run) -> None:
        """Let the process run a job."""
        self.runs[run.job.id] = run
        self.spawn(self._run(run))

    def log(self, logger: str, message: str, level: str = "INFO") -> None:
        """Log a line without a session."""
        self._profile.log(Line(level, logger, message))

    def next_at(self) -> float:
        """Return when it does something next that is more than a beat, infinity for never."""
        if not self.alive or self.frozen:
            return inf
        return min(self._steps.next_at(), self.ticker.next_at(self) if self.ticker else inf)

    def step(self) -> None:
        """Do the next thing, now."""
        if self._steps.next_at() <= self.now:
            self._steps.run(self.now)
        elif self.ticker:
            self.ticker.tick(self)

    def is_live(self, messenger: str) -> bool:
        """Whether it can send through a messenger's adapter."""
        return messenger in self.connections and self.connections[messenger].live

    def save_state(self) -> None:
        """Write gateway_state.json."""
        self._save_state(self.now)

    def refresh(self) -> None:
        """Write what the process repeats without anything else happening: its beats."""
        profile = self._profile
        at = self._beat.last(self.now)
        if at is not None:
            monotonic = at - profile.boot_at - profile.slept
            gateway_files.beat(profile.disk, self.process, at, monotonic=monotonic, since=self._running_since)
        stamp = Beat(self._running_since, RESTAMP_SECONDS).last(self.now)
        if profile.newer and self.alive and not self.frozen and stamp is not None and stamp > self._saved_at:
            self._save_state(stamp)
        if self.ticker:
            self.ticker.refresh()

    def freeze(self) -> None:
        """A signal, or the host's sleep, holds the process."""
        self._hold()
        self.frozen = True

    def thaw(self, slept: float) -> None:
        """The process goes on; for ``slept`` seconds its own clock stood still, as on a host that slept."""
        self.frozen = False
        self._steps.shift(slept)
        if self._claim != "starting":
            self._beat.resume(self.now, waits=slept > 0)
        if self.ticker:
            self.ticker.resume(self, waits=slept > 0)

    def die(self) -> None:
        """The process is gone without a word: killed, out of memory, or its host lost power."""
        self._hold()
        self.alive = False
        for run in self.runs.values():
            run.interrupted()
        self.runs.clear()

    def stop(self, how: How) -> None:
        """End the process in order, as its owner planned, or by a signal that Hermes does not expect."""
        profile = self._profile
        planned = how == "planned"
        how_it_came = "as a planned gateway stop — exiting cleanly" if planned else "— initiating shutdown"
        self.log(GATEWAY, f"Received SIGTERM {how_it_came}")
        self.log(GATEWAY, "Stopping gateway...")
        interrupted = list(self.runs)
        for job_id in interrupted:
            mark_run(profile, self.runs[job_id].job, INTERRUPTED)
        if interrupted:
            which = f"marked {len(interrupted)} in-flight cron job(s) interrupted: {', '.join(interrupted)}"
            self.log(GATEWAY, f"Shutdown (final-cleanup): {which}", "WARNING")
        else:
            profile.disk.put(gateway_files.CLEAN, b"", self.now, 0o644)
        for name, connection in self.connections.items():
            if connection.live:
                self.log(GATEWAY, f"✓ {name} disconnected (0.02s)")
        if not planned:
            self.log(GATEWAY, UNEXPECTED)
        self._claim = "stopped" if planned else "running"
        self.save_state()
        self.log(GATEWAY, "Gateway stopped (total teardown 0.04s)")
        if not planned:
            self.log(GATEWAY, EXIT_1)
        gateway_files.ended(profile.disk, self.process, self.now, success=planned)
        profile.disk.take_away(gateway_files.PID)
        self.die()
        self._lifecycle(0 if planned else 1)

    def _hold(self) -> None:
        self._beat.hold(self.now)
        if self.ticker:
            self.ticker.hold()
        self._profile.ticking.stop(self.now)

    def _run(self, run: Run) -> Iterator[float]:
        yield from run.steps()
        self.runs.pop(run.job.id, None)

    def _save_state(self, at: float) -> None:
        self._saved_at = at
        platforms = {name: each.note for name, each in self.connections.items() if each.note}
        newer = self._profile.newer
        served = self._profile.serves
        data = gateway_files.state(self.process, self._claim, platforms, at, served=served, newer=newer)
        self._profile.disk.put(gateway_files.STATE, data, at)

    def _lifecycle(self, exit_code: int | None) -> None:
        profile = self._profile
        if profile.newer:
            since, unclean = self._running_since, profile.crashed
            data = gateway_files.lifecycle(
                self.process, self.now, since=since, exit_code=exit_code, unclean=unclean
            )
            profile.disk.put(gateway_files.LIFECYCLE, data, self.now)

    def _boot(self) -> Iterator[float]:
        profile = self._profile
        yield 0.85
        gateway_files.born(profile.disk, self.process, self.now)
        profile.starts.append(self.now)
        gateway_files.starts(profile.disk, profile.starts, self.now)
        yield 0.54
        profile.disk.take_away(gateway_files.CLEAN)
        gateway_files.claim_home(profile.disk, self.process, self.now)
        self.save_state()
        self._lifecycle(None)
        if profile.config_broken:
            self.log("hermes_cli.config", f"Failed to parse {profile.home}/config.yaml: {NO_YAML}", "WARNING")
        self.log(GATEWAY, "Starting Hermes Gateway...")
        if profile.name != "default":
            self.log(GATEWAY, f"Active profile: {profile.name}")
        self._connect()
        self._claim = "running"
        self._running_since = self.now
        self._beat.resume(self.now)
        self.save_state()
        yield 1.02
        self.log(GATEWAY, "Press Ctrl+C to stop")
        self.ticker = Ticker(self, profile)

    def _connect(self) -> None:
        standing = [name for name, each in self.connections.items() if connections.connect(self, each)]
        if standing:
            self.log(GATEWAY, f"Gateway running with {len(standing)} platform(s)")
        elif self.connections:
            count = len(self.connections)
            reasons = "; ".join(f"{name}: failed to connect" for name in self.connections)
            none = f"Gateway started with no connected platforms — {count} platform(s) queued for retry: {reasons}"
            self.log(GATEWAY, none, "WARNING")
        else:
            self.log(GATEWAY, "No messaging platforms enabled.", "WARNING")
            self.log(GATEWAY, "Gateway will continue running for cron job execution.")
