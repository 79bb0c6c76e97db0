"""When a cron job is due, found by looking at the clock on the wall again and again.

An oracle for the judge: it shares no code with it, nor with croniter. It reads the fields by itself, asks the zone
what its clock shows at every minute (or second), and calls a job due when the clock, for the first time, shows its
time or one behind it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (0, 59), (1970, 2099))
LEAD_SECONDS = 26 * 3600
"""So long before a window the clock is looked at: whatever it showed last, it showed then."""


class Expression:
    """A cron expression of five fields, with seconds six, with years seven: numbers and ``* - , /``."""

    def __init__(self, text: str) -> None:
        words = text.split()
        self.in_seconds = len(words) > 5
        words += ["0", "*"][len(words) - 5 :]
        fields = [
            _values(word, low, high, seven_is_sunday=place == 4)
            for place, (word, (low, high)) in enumerate(zip(words, BOUNDS, strict=True))
        ]
        self.minutes, self._hours, self._days, self._months, self._weekdays, self._seconds, self._years = fields
        free_day, free_weekday = (_free(words[place], words[6 - place], fields[place]) for place in (2, 4))
        self._either = not free_day and not free_weekday

    def matches(self, wall: datetime) -> bool:
        """Whether the job is due when the clock shows this."""
        if wall.hour not in self._hours or wall.minute not in self.minutes or wall.second not in self._seconds:
            return False
        if wall.month not in self._months or wall.year not in self._years:
            return False
        by_day, by_weekday = wall.day in self._days, wall.isoweekday() % 7 in self._weekdays
        return by_day or by_weekday if self._either else by_day and by_weekday


def _free(word: str, other: str, values: set[int]) -> bool:
    """Whether the day, or the day of the week, is left open: as a star, or in full where the other has a star."""
    full = len(values) in (7, 31)
    return "*" in word.split(",") or (full and "*" in other)


def _values(word: str, low: int, high: int, *, seven_is_sunday: bool) -> set[int]:
    values: set[int] = set()
    for item in word.split(","):
        base, _, step = item.partition("/")
        first, _, last = base.partition("-")
        begin = low if base == "*" else int(first)
        end = int(last) if last else high if base == "*" or step else begin
        if seven_is_sunday:
            begin, end = begin % 7, end % 7
        single = base != "*" and not last and not step
        values |= {begin} if single else _cycle(begin, end, int(step or 1), low, high)
    return values


def _cycle(begin: int, end: int, step: int, low: int, high: int) -> set[int]:
    if begin == end:  # a range from a value to itself is the whole round, in Hermes' dialect
        return set(range(low, high + 1, step))
    if begin < end:
        return set(range(begin, end + 1, step))
    late = set(range(begin, high + 1, step))
    over = max(late) + step - high - 1
    return late | set(range(low + (over + 1 if over else 0), end + 1, step))  # one later than a round would be


def slots(texts: Sequence[str], zone: tzinfo, first: int, last: int) -> dict[str, list[float]]:
    """Return when each job is due after ``first`` up to ``last``, all Unix seconds."""
    jobs = {text: Expression(text) for text in texts}
    step = 1 if any(job.in_seconds for job in jobs.values()) else 60
    found: dict[str, list[float]] = {text: [] for text in texts}
    at_minute = [[text for text, job in jobs.items() if minute in job.minutes] for minute in range(60)]
    for moment, times in _shown(zone, first, last, step):
        due = {text for wall in times for text in at_minute[wall.minute] if jobs[text].matches(wall)}
        for text in due:
            found[text].append(float(moment))
    return found


def _shown(zone: tzinfo, first: int, last: int, step: int) -> Iterator[tuple[int, list[datetime]]]:
    """Yield the moments at which the clock shows something new, and all that is new."""
    tick = timedelta(seconds=step)
    begin = first - LEAD_SECONDS
    newest = max(_wall(zone, moment) for moment in range(begin, first + 1, 60))
    for moment in range(first + step, last + 1, step):
        wall = _wall(zone, moment)
        if wall > newest:
            new = [wall - tick * back for back in range((wall - newest) // tick)]
            newest = wall
            yield moment, new


def _wall(zone: tzinfo, moment: int) -> datetime:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None)


@lru_cache(maxsize=100)
def changes(zone: tzinfo, year: int, years: int = 2) -> list[int]:
    """Return the hours (Unix seconds) before which the zone's offset changed."""
    begin, end = (int(datetime(each, 1, 1, tzinfo=UTC).timestamp()) for each in (year, year + years))
    offsets = [
        (moment, datetime.fromtimestamp(moment, zone).utcoffset()) for moment in range(begin, end + 3600, 3600)
    ]
    return [later[0] for before, later in pairwise(offsets) if before[1] != later[1]]
