"""The ticker of a gateway: once a minute it looks which jobs are due, plans their next runs, and starts them.

A recurring job's next run is planned before the job is started, from that moment; what had piled up is one run.
Ticks with nothing to do are not acted out: only their marks are there for whoever looks.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from hermes_exporter.simulator import due
from hermes_exporter.simulator.ledger import Row
from hermes_exporter.simulator.logs import Line
from hermes_exporter.simulator.runs import Run
from hermes_exporter.simulator.steps import Beat

if TYPE_CHECKING:
    from hermes_exporter.simulator.gateway import Gateway
    from hermes_exporter.simulator.jobs import Job
    from hermes_exporter.simulator.profile import Profile

PERIOD_SECONDS = 60.012
LOGGER = "cron.scheduler_provider"
HEARTBEAT = "cron/ticker_heartbeat"
SUCCESS = "cron/ticker_last_success"
ERROR = "cron/ticker_last_error"
ORPHANED = (
    "Scheduler restarted after this execution's owner exited before a durable terminal state; "
    "whether side effects ran is unknown."
)
LOCKED = "database is locked"


class Ticker:
    """The ticker of one gateway, from when it is ready.

    Attributes:
        dead: its thread is gone, or never began to turn; its gateway lives on.
        failing: every tick fails of this; None while they do not.
        locked: the ledger is locked when the next job is started, as by somebody who reads it in place.
    """

    def __init__(self, gateway: Gateway, profile: Profile) -> None:
        self.dead, self.locked = profile.recovery_crashes, False
        self.failing: str | None = None
        self._profile = profile
        self._beat = Beat(inf if self.dead else profile.now, PERIOD_SECONDS)
        self._failed_at, self._succeeded_at = -inf, -inf
        if self.dead:
            return
        if profile.cron_provider is None:
            profile.log(Line("INFO", LOGGER, "In-process cron scheduler started (interval=60s)"))
        self._recover(gateway)
        profile.ticking.begin(profile.now)

    def next_at(self, gateway: Gateway) -> float:
        """Return when a tick has something to do next, infinity for never."""
        if gateway.draining or self.dead:
            return inf
        wanted = self._profile.now if self.failing else self._profile.next_due()
        return self._beat.after(max(wanted, self._profile.now))

    def tick(self, gateway: Gateway) -> None:
        """Look after the jobs, now."""
        profile = self._profile
        error = self.failing or self._start(gateway, due.collect(profile, gateway))
        if error is not None:
            profile.log(Line("ERROR", LOGGER, f"Cron tick error: {_with_traceback(error)}"))
            if self._failed_at < (before := self._beat.last(profile.now - 1) or -inf):
                self._succeeded_at = before
            self._failed_at = profile.now
        self._beat.done(profile.now, took=0.03)

    def die(self) -> None:
        """Let the thread be gone."""
        self.hold()
        self.dead = True
        self._profile.ticking.stop(self._profile.now)

    def hold(self) -> None:
        """Let the thread stand still."""
        self._beat.hold(self._profile.now)

    def start(self, gateway: Gateway, job: Job) -> None:
        """Claim a run of a job, and start it."""
        gateway.start_run(Run(self._profile, job, self.claim(gateway, job), gateway))

    def claim(self, gateway: Gateway, job: Job) -> Row:
        """Insert the row of a run that is about to begin, and return it."""
        return _claim(self._profile, job, gateway)

    def resume(self, gateway: Gateway, *, waits: bool) -> None:
        """Let it go on; ``waits`` is whether its clock stood still too."""
        if not self.dead:
            self._beat.resume(self._profile.now, waits=waits)
            if not gateway.draining:
                self._profile.ticking.begin(self._profile.now)

    def refresh(self) -> None:
        """Write the marks of the last tick."""
        profile = self._profile
        last = self._beat.last(profile.now)
        if last is None or profile.cron_provider is not None:
            return
        good = last if last > self._failed_at else self._succeeded_at
        for each in (profile, *profile.ticks_for):
            _mark(each, HEARTBEAT, last + 0.006)
            if good > 0:
                _mark(each, SUCCESS, good + 0.008)
        if profile.newer and last <= self._failed_at and self.failing is not None:
            profile.disk.put(ERROR, f"{last + 0.007}\n{self.failing}".encode(), last + 0.007)
        elif profile.newer:
            profile.disk.take_away(ERROR)

    def _recover(self, gateway: Gateway) -> None:
        """Mark what died with an earlier process; what a living one still runs stays."""
        profile = self._profile
        profile.ledger.look(profile.now)
        left = [row for row in profile.ledger.in_flight() if row.process_id not in profile.living(gateway)]
        for row in left:
            row.status, row.finished_at, row.error = "unknown", profile.iso(), ORPHANED
            profile.ledger.note(row, profile.now)
        if left:
            told = f"Marked {len(left)} interrupted cron execution(s) unknown after restart"
            profile.log(Line("WARNING", LOGGER, told))

    def _start(self, gateway: Gateway, jobs: list[Job]) -> str | None:
        """Start the jobs that are due, and return what that failed of."""
        profile = self._profile
        for job in jobs:
            if job.skips:
                job.skips -= 1
            elif job.id in gateway.runs or job.id in gateway.leaked:
                told = f"Job '{job.name}' already running — skipping"
                profile.log(Line("INFO", "cron.scheduler", told))
            elif self.locked:
                self.locked = False
                gateway.leaked.add(job.id)
                return LOCKED
            else:
                self.start(gateway, job)
        return None


def _mark(profile: Profile, path: str, at: float) -> None:
    profile.disk.put(path, str(at).encode(), at)


def _claim(profile: Profile, job: Job, gateway: Gateway) -> Row:
    """Insert the row of a run that is about to begin, and return it."""
    process = gateway.process
    row = Row(
        profile.new_id(32),
        job.id,
        profile.cron_provider or "builtin",
        gateway.process_id,
        process.pid,
        process.start_ticks,
        "claimed",
        profile.iso(),
        scheduled_instant=profile.clock.iso(job.planned_at) if job.planned_at is not None else None,
    )
    profile.ledger.add(row, profile.now)
    return row


def _with_traceback(error: str) -> str:
    return (
        f"{error}\nTraceback (most recent call last):\n"
        '  File "/home/user/.hermes/hermes-agent/venv/lib/python3.11/site-packages/cron/scheduler_provider.py", '
        f"line 199, in start\n    cron_tick(\nsqlite3.OperationalError: {error}"
    )
