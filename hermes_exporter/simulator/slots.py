"""The truth about when a cron expression wants a job to run: every minute of the wall clock, looked at in turn.

Shares nothing with croniter, nor with whoever judges: it reads the five fields (a sixth are seconds, a seventh
years), walks the calendar day by day and minute by minute, and places each wall time on the time line. A wall time
that a clock change leaves out is the end of the gap; one that comes twice is its first coming.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (0, 59), (1970, 2099))


@dataclass(frozen=True)
class Fields:
    """What an expression allows; None for a field that restricts nothing."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    seconds: tuple[int, ...]
    years: frozenset[int] | None

    def has(self, day: date) -> bool:
        """Whether the job runs on this day. Two restricted kinds of day mean either of them."""
        if day.month not in self.months or (self.years is not None and day.year not in self.years):
            return False
        by_day = self.days is not None and day.day in self.days
        by_weekday = self.weekdays is not None and day.isoweekday() % 7 in self.weekdays
        if self.days is None or self.weekdays is None:
            return (self.days is None or by_day) and (self.weekdays is None or by_weekday)
        return by_day or by_weekday


def read(expr: str) -> Fields:
    """Return what an expression of five, six or seven fields allows."""
    texts = expr.split()
    allowed = [_values(text, index) for index, text in enumerate(texts)]
    return Fields(
        minutes=tuple(sorted(allowed[0])),
        hours=tuple(sorted(allowed[1])),
        days=None if _is_free(texts[2], allowed[2], texts[4], 31) else allowed[2],
        months=allowed[3],
        weekdays=None if _is_free(texts[4], allowed[4], texts[2], 7) else allowed[4],
        seconds=tuple(sorted(allowed[5])) if len(texts) > 5 else (0,),
        years=allowed[6] if len(texts) > 6 else None,
    )


def _is_free(text: str, values: frozenset[int], other: str, everything: int) -> bool:
    """Whether a kind of day restricts nothing: by a star, or by naming every day beside a star in the other."""
    return "*" in text.split(",") or (len(values) == everything and "*" in other)


def _values(text: str, index: int) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _part(part, index))


def _part(text: str, index: int) -> Sequence[int]:
    low, high = BOUNDS[index]
    span, _, step_text = text.partition("/")
    if span.isdigit() and not step_text:
        return (_number(span, index),)
    step = int(step_text or 1)
    ends = (str(low), str(high)) if span == "*" else span.split("-")
    first, last = _number(ends[0], index), _number(ends[1], index) if len(ends) > 1 else high
    if first == last:
        first, last = low, high
    if first <= last:
        return range(first, last + 1, step)
    before = range(first, high + 1, step)
    left = high - before[-1]
    # A step over the end of the range comes down one too far, in every croniter; it is part of the dialect.
    again = low + (step - left if left < step and before[-1] - low + step > high - low + 1 else 0)
    return (*before, *range(again, last + 1, step))


def _number(text: str, index: int) -> int:
    value = int(text)
    return 0 if index == 4 and value == 7 else value


def scan(expr: str, zone: ZoneInfo, after: float, until: float) -> list[float]:
    """Return every slot later than ``after`` and not later than ``until``, in order, Unix seconds."""
    fields = read(expr)
    day = datetime.fromtimestamp(after, zone).date() - DAY
    last = datetime.fromtimestamp(until, zone).date()
    found: set[float] = set()
    while day <= last:
        if fields.has(day):
            found.update(moment for moment in _of_day(fields, day, zone) if after < moment <= until)
        day += DAY
    return sorted(found)


def _of_day(fields: Fields, day: date, zone: ZoneInfo) -> Iterator[float]:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # wall-clock time
    walls = (
        midnight + timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in fields.hours
        for minute in fields.minutes
        for second in fields.seconds
    )
    if _wall_offset(midnight, zone) == _wall_offset(midnight + DAY, zone):
        base = midnight.replace(tzinfo=zone).timestamp()
        return (base + (wall - midnight).total_seconds() for wall in walls)
    return (place(wall, zone) for wall in walls)


def _wall_offset(wall: datetime, zone: ZoneInfo) -> timedelta | None:
    return wall.replace(tzinfo=zone).utcoffset()


def offset(at: float, zone: ZoneInfo) -> timedelta:
    """Return how far a zone's wall clock is ahead of UTC at a moment."""
    return datetime.fromtimestamp(at, zone).utcoffset() or timedelta(0)


def place(wall: datetime, zone: ZoneInfo) -> float:
    """Return when the wall clock of a zone shows this time first, or passes over it, Unix seconds."""
    first = wall.replace(tzinfo=zone, fold=0).timestamp()
    if datetime.fromtimestamp(first, zone).replace(tzinfo=None) == wall:
        return first
    later = wall.replace(tzinfo=zone, fold=1).timestamp()
    low, high = sorted((int(first), int(later)))
    before = offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset(middle, zone) != before else (middle, high)
    return float(high)
