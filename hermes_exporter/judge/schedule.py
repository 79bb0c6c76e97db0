"""When a cron job is due, by our own evaluation: its slots, in Unix seconds.

An expression says what the clock on the wall shows when the job is due, and a slot is the first moment at which
it does. So where clocks are put back and an hour comes twice, slots lie in the first of the two, and for a job
that runs every ten minutes the second is silent. Hermes 0.19 does the same; a version that runs on through both
hours does more than is owed. A slot too few is no false alarm, one too many would be. Where clocks are put
forward, what would be due at the times that are skipped is due at the moment of the jump, once.

Hermes itself adds to zoned times: its first run after a change of the clocks may come early or late by the
change, or at the skipped time. That is what ``offset_change`` is for.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from hermes_exporter.judge.cron_times import CronTimes, ScheduleError
from hermes_exporter.judge.wall_clock import DAY, WallClock, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LENGTH = 1024
BEGINNING, END = -2.0 * DAY, 4_102_617_600.0
"""Two days before 1970 and after 2099: no zone's clock is further away from UTC."""


class CronSchedule:
    """One expression in one zone. Its slots lie in the years 1970 to 2099; it may have none."""

    def __init__(self, times: CronTimes, clock: WallClock) -> None:
        self._times, self._clock = times, clock
        self._kept = (math.inf, -math.inf)

    def newest(self, at: float) -> float | None:
        """Return the newest slot at or before ``at`` (Unix seconds), None where there is none."""
        slot = self._around(at)[0]
        return slot if slot > -math.inf else None

    def next(self, after: float) -> float | None:
        """Return the first slot after ``after`` (Unix seconds), None where there is none."""
        slot = self._around(after)[1]
        return slot if slot < math.inf else None

    def between(self, after: float, until: float) -> Iterator[float]:
        """Yield every slot after ``after`` up to ``until`` (Unix seconds), ascending, each once."""
        newest = after
        for wall in self._times.since(self._clock.reached(_within(after)) + 1):
            slot = float(self._clock.moment(wall))
            if slot > until:
                return
            if slot > newest:
                newest = slot
                yield slot

    def offset_change(self, slot: float) -> float:
        """Return by how many seconds the zone's offset at a slot differs from that at the slot before it."""
        before = next(self._times.back_from(self._clock.reached(slot - 1)), None)
        if before is None:
            return 0.0
        return float(abs(self._clock.offset(slot) - self._clock.offset(self._clock.moment(before))))

    def _around(self, at: float) -> tuple[float, float]:
        """Return the newest slot at ``at`` and the next one, which stand until the next one has come."""
        kept = self._kept
        if not kept[0] <= at < kept[1]:
            reached = self._clock.reached(_within(at))
            newest = next(self._times.back_from(reached), None)
            following = next(self._times.since(reached + 1), None)
            kept = self._kept = (
                -math.inf if newest is None else float(self._clock.moment(newest)),
                math.inf if following is None else float(self._clock.moment(following)),
            )
        return kept


def cron_schedule(expression: str, zone: str) -> CronSchedule:
    """Return the schedule of an expression in a zone (an IANA name, or ``UTC+05:30``); ScheduleError for none."""
    if len(expression) > MAX_LENGTH:
        raise ScheduleError(f"longer than {MAX_LENGTH} characters")
    made = _made(expression, zone)
    if isinstance(made, str):
        raise ScheduleError(made)
    return made


@lru_cache(maxsize=8192)
def _made(expression: str, zone: str) -> CronSchedule | str:
    """Return the schedule, or why there is none: what cannot be understood is not read again and again."""
    try:
        return CronSchedule(CronTimes(expression), wall_clock(zone))
    except ValueError as error:
        return str(error)


def _within(moment: float) -> float:
    return min(max(moment, BEGINNING), END)
