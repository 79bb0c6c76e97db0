"""Which slots a job owes: by its cron expression, one interval after its last run, or once. Unix seconds."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from hermes_exporter.judge.cron_times import ScheduleError
from hermes_exporter.judge.deadline import EARLY_SECONDS
from hermes_exporter.judge.run_outcome import NOTED_SECONDS
from hermes_exporter.judge.schedule import cron_schedule
from hermes_exporter.judge.wall_clock import wall_clock
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hermes_exporter.judge.run_outcome import Run
    from hermes_exporter.judge.wall_clock import WallClock
    from hermes_exporter.sources.job import Job


ONCE_SECONDS = 86400.0
"""So long after its deadline the report of a job that is not to run again may still be late, or overdue."""


class Slots(Protocol):
    """When a job should run."""

    def newest(self, at: float) -> float | None:
        """Return the newest slot that has come by then."""

    def next(self, after: float) -> float | None:
        """Return the first slot after that moment."""

    def between(self, after: float, until: float) -> Iterator[float]:
        """Yield the slots after the one and up to the other moment."""

    def offset_change(self, slot: float) -> float:
        """Return by how many seconds the clocks were changed since the slot before."""


class Moments(Value):
    """Slots that are known one by one: of a one-shot, or of an interval as its runs came.

    Attributes:
        patience_seconds: how long after its deadline the last one may still be late.
        step_seconds: the interval.
        clock: that Hermes adds the interval to; None for a one-shot.
    """

    moments: tuple[float, ...]
    patience_seconds: float = ONCE_SECONDS
    step_seconds: float = 0.0
    clock: WallClock | None = None

    def newest(self, at: float) -> float | None:
        """Return the newest slot that has come by then."""
        return max((moment for moment in self.moments if moment <= at), default=None)

    def next(self, after: float) -> float | None:
        """Return the first slot after that moment."""
        return min((moment for moment in self.moments if moment > after), default=None)

    def between(self, after: float, until: float) -> Iterator[float]:
        """Yield the slots after the one and up to the other moment."""
        yield from sorted(moment for moment in self.moments if after < moment <= until)

    def offset_change(self, slot: float) -> float:
        """Return by how many seconds the clock was changed while the interval ran."""
        if self.clock is None:
            return 0.0
        return float(abs(self.clock.offset(slot) - self.clock.offset(slot - self.step_seconds)))


class Until(Value):
    """The slots of a job that left its store at a moment: nothing runs it any more."""

    slots: Slots
    end: float

    def newest(self, at: float) -> float | None:
        """Return the newest slot that has come by then."""
        return self.slots.newest(min(at, self.end))

    def next(self, after: float) -> float | None:
        """Return the first slot after that moment."""
        following = self.slots.next(after)
        return following if following is not None and following <= self.end else None

    def between(self, after: float, until: float) -> Iterator[float]:
        """Yield the slots after the one and up to the other moment."""
        return self.slots.between(after, min(until, self.end))

    def offset_change(self, slot: float) -> float:
        """Return by how many seconds the clocks were changed since the slot before."""
        return self.slots.offset_change(slot)


UNREADABLE = Moments(())
"""Of a schedule that nobody can read."""


def final(slots: Slots, slot: float, deadline: float) -> float:
    """Return when the fate of a slot with that deadline is decided, whatever comes later.

    Hermes removes a job when its last run ends; the end of that run is known a little later.
    """
    following = slots.next(slot)
    if following is not None:
        return max(deadline, following)
    return max(deadline, slots.end + NOTED_SECONDS) if isinstance(slots, Until) else expiry(slots, deadline)


def expiry(slots: Slots, deadline: float) -> float:
    """Return until when the report of a last slot is overdue."""
    return deadline + (slots.patience_seconds if isinstance(slots, Moments) else ONCE_SECONDS)


def of_job(  # noqa: PLR0913, PLR0917  # all that moves an interval
    job: Job, zone: str, since: float, last_ended: float | None, runs: Sequence[Run], now: float
) -> Slots:
    """Return the slots of a job; UNREADABLE where its schedule cannot be read.

    Args:
        job: as the store has it.
        zone: that its expression is read in.
        since: since when it is there and on, with this schedule.
        last_ended: end of its newest run before ``runs``.
        runs: those that ended since, oldest first.
        now: when this is asked; what Hermes stamped later is not believed.
    """
    if job.kind == "once":
        return UNREADABLE if job.once_at is None else Moments((job.once_at,))
    if job.kind == "interval":
        noted = job.noted.last_run_at
        noted_at = noted if noted is not None and noted <= now else since
        return _interval(job.minutes, wall_clock(zone), max(since, last_ended or since), runs, noted_at)
    if job.kind != "cron":
        return UNREADABLE
    try:
        return cron_schedule(job.schedule, zone)
    except ScheduleError:
        return UNREADABLE


def _interval(minutes: int | None, clock: WallClock, base: float, runs: Sequence[Run], noted_at: float) -> Slots:
    """Return one slot after each run, unless the next run came before it was due.

    The next one counts from when Hermes noted the last: a run that it stopped itself is not heard of until then.
    """
    if not minutes or minutes < 0:
        return UNREADABLE
    spans = [(base, base), *((run.began, run.ended) for run in runs if run.ended > base)]
    step = minutes * 60.0
    owed = [ended + step for (_, ended), (began, _) in pairwise(spans) if ended + step <= began + EARLY_SECONDS]
    return Moments((*owed, max(spans[-1][1], noted_at) + step), math.inf, step, clock)
