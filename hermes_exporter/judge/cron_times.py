"""A cron expression as Hermes reads it, and the wall times that match it, whatever the zone.

croniter reads it, as it does for Hermes: ranges that wrap around (``22-2``), a day of the month *or* of the week
where both are given, seconds as the sixth field, years as the seventh. Its version 7 reads ``59/15`` and others in
another way than 6.0, which Hermes pins. Which days and times match is found here: croniter's own steps cost twenty
times more, and for an expression that never fires it searches fifty years.

Wall times are whole seconds from 1970-01-01 00:00 on the wall.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from datetime import date
from typing import TYPE_CHECKING, Any

from hermes_exporter.judge.wall_clock import DAY, EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

RANGES = (range(60), range(24), range(1, 32), range(1, 13), range(7), range(60), range(1970, 2100))
"""What * stands for: minute, hour, day, month, day of the week (0 is Sunday), second, year."""
LEFT_OUT: tuple[Sequence[object], ...] = ([0], ["*"])
"""Second and year where they are not given."""
UNREADABLE = re.compile(r"(^|\s)[hr]|\dw|w\d", re.IGNORECASE)
"""What some versions of croniter take and Hermes' does not, or what means another time whenever it is read."""
FIRST_MONTH, LAST_MONTH = 1970 * 12, 2099 * 12 + 11


class ScheduleError(ValueError):
    """A schedule that cannot be evaluated."""


class CronTimes:
    """The wall times of one expression within the years 1970 to 2099; ScheduleError for what is none."""

    def __init__(self, expression: str) -> None:
        fields, self._ordinals = _read(expression)
        values = [
            tuple(every) if "*" in field else tuple(value for value in every if value in field)
            for field, every in zip(fields, RANGES, strict=True)
        ]
        minutes, hours, days, months, weekdays, seconds, years = values
        self._clock = (hours, minutes, seconds)
        self._daily = len(hours) * len(minutes) * len(seconds)
        self._last_day = "l" in fields[2]
        self._both = "*" not in fields[2] and "*" not in fields[4]
        self._days, self._weekdays = frozenset(days), frozenset(weekdays)
        self._months, self._years = frozenset(months), frozenset(years)

    def since(self, wall: int) -> Iterator[int]:
        """Yield every wall time from ``wall`` on, ascending."""
        day, second = divmod(wall, DAY)
        for each in self._dates(day, 1):
            for number in range(self._before(second) if each == day else 0, self._daily):
                yield each * DAY + self._time(number)

    def back_from(self, wall: int) -> Iterator[int]:
        """Yield every wall time up to ``wall``, the newest first."""
        day, second = divmod(wall, DAY)
        for each in self._dates(day, -1):
            for number in reversed(range(self._before(second + 1) if each == day else self._daily)):
                yield each * DAY + self._time(number)

    def _before(self, second: int) -> int:
        """Return how many times of a day are earlier than ``second``, seconds from midnight."""
        count, same = 0, True
        for values, value in zip(self._clock, (second // 3600, second // 60 % 60, second % 60), strict=True):
            place = bisect_left(values, value) if same else 0
            same = same and value in values[place : place + 1]
            count = count * len(values) + place
        return count

    def _time(self, number: int) -> int:
        """Return the time of a day with that number, in seconds from midnight."""
        hours, minutes, seconds = self._clock
        rest, second = divmod(number, len(seconds))
        hour, minute = divmod(rest, len(minutes))
        return hours[hour] * 3600 + minutes[minute] * 60 + seconds[second]

    def _dates(self, day: int, step: int) -> Iterator[int]:
        """Yield the days from ``day`` on or, where ``step`` is -1, back; days count from the epoch."""
        first, last = date.fromordinal(EPOCH + day), LAST_MONTH if step > 0 else FIRST_MONTH
        for month in range(first.year * 12 + first.month - 1, last + step, step):
            for each in self._month(month // 12, month % 12 + 1)[::step]:
                if (each - day) * step >= 0:
                    yield each

    def _month(self, year: int, month: int) -> list[int]:
        if year not in self._years or month not in self._months:
            return []
        weekday, length = calendar.monthrange(year, month)
        before = date(year, month, 1).toordinal() - EPOCH - 1
        return [before + day for day in range(1, length + 1) if self._fits(day, (weekday + day) % 7, length)]

    def _fits(self, day: int, weekday: int, length: int) -> bool:
        by_day = day in self._days or (self._last_day and day == length)
        by_week = weekday in self._weekdays
        if self._ordinals:
            nth = self._ordinals.get(weekday, ())
            by_week = (day + 6) // 7 in nth or ("l" in nth and day + 7 > length)
        if self._both:
            return by_week or (by_day and not self._ordinals)
        return by_day and by_week


def _read(expression: str) -> tuple[list[Sequence[object]], Mapping[int, Collection[object]]]:
    """Return the seven fields, and by day of the week which of a month's count, where only some do."""
    # not at the start of a program that may have no job to judge
    from hermes_exporter.judge.quiet_croniter import croniter  # noqa: PLC0415

    if UNREADABLE.search(expression):
        raise ScheduleError("not a cron expression that Hermes takes")
    ordinals: Any  # by number of the day, which the library's own types take for text
    try:
        fields, ordinals = croniter.expand(expression)
    except ValueError:
        raise ScheduleError("not a cron expression") from None
    return [*fields, *LEFT_OUT[len(fields) - 5 :]], ordinals
