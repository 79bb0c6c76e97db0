"""The clock on the wall of a zone: when it shows a time, and what it has shown by a moment.

Moments are Unix seconds. A wall time is a whole number of seconds too, from 1970-01-01 00:00 on the wall, as a
clock would count them that is never put forward or back.

A zone is a row of spans, each with one offset from UTC. A wall time belongs to the first span that ends after it.
So one that comes twice, where clocks are put back, is its first occurrence; one that is skipped, where they are
put forward, is the moment of the jump.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

DAY = 86_400
EPOCH = date(1970, 1, 1).toordinal()
MARGIN = 2 * DAY
"""More than any zone is away from UTC: a wall time of a year is a moment of that year give or take so much."""


class Span(NamedTuple):
    """From one change of the offset (seconds) to the next, in Unix seconds; ``end`` is no longer in it."""

    start: int
    end: int
    offset: int


class WallClock:
    """One zone's clock. Good for the years 1970 to 2099, and two days more."""

    def __init__(self, where: tzinfo) -> None:
        self._zone = where
        self._years: dict[int, tuple[Span, ...]] = {}

    def moment(self, wall: int) -> int:
        """Return the first moment at which the clock shows ``wall``, or jumps over it."""
        span = next(span for span in self._spans(wall) if wall < span.end + span.offset)
        return max(wall - span.offset, span.start)

    def reached(self, at: float) -> int:
        """Return the newest wall time whose moment is not after ``at``."""
        newest = -MARGIN
        for span in self._spans(at):
            if at < span.end:
                break
            newest = max(newest, span.end + span.offset - 1)
        return max(newest, math.floor(at) + span.offset)

    def offset(self, at: float) -> int:
        """Return how many seconds the clock is ahead of UTC at a moment."""
        return next(span.offset for span in self._spans(at) if at < span.end)

    def _spans(self, moment_or_wall: float) -> tuple[Span, ...]:
        year = date.fromordinal(EPOCH + int(moment_or_wall // DAY)).year
        spans = self._years.get(year)
        if spans is None:
            spans = self._years[year] = tuple(self._made(year))
        return spans

    def _made(self, year: int) -> Iterator[Span]:
        """Look at the offset day by day: since 1970 no zone has changed its own twice within six days."""
        first, end = (((date(each, 1, 1).toordinal() - EPOCH) * DAY) for each in (year, year + 1))
        since = first - MARGIN
        offset = self._offset(since)
        for day in range(since + DAY, end + MARGIN + 1, DAY):
            new = self._offset(day)
            if new != offset:
                change = self._change(day, new)
                yield Span(since, change, offset)
                since, offset = change, new
        yield Span(since, end + MARGIN, offset)

    def _change(self, day: int, offset: int) -> int:
        """Return the moment at which the zone came to an offset, within the 24 hours before ``day``."""
        seconds = range(day - DAY, day + 1)
        return seconds[bisect_left(seconds, True, key=lambda each: self._offset(each) == offset)]

    def _offset(self, moment: int) -> int:
        return zone.offset_at(self._zone, moment)


@lru_cache(maxsize=1024)
def wall_clock(name: str) -> WallClock:
    """Return the clock of a zone by its name, or raise ValueError where it is none."""
    return WallClock(zone.of(name))
