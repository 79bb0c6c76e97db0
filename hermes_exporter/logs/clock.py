"""What moment a log's stamp means: it is the wall clock of the process that wrote it, without zone or offset.

That process' zone is its own ``TZ`` or ``/etc/localtime``; Hermes' configured timezone has no part in it. In a
container it is often UTC where the host is elsewhere. The file itself tells: its last record was written when the
file was.

A *stamp* is in seconds from 1970-01-01 00:00 to it, both on the writer's wall clock; a *moment* in Unix seconds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

STEP_SECONDS = 15 * 60
"""Offsets in use are multiples of it."""
DELAY_SECONDS = 2 * 60.0
"""A record is written within so long after its stamp, or the file was changed by something else."""
SLACK_SECONDS = 1.0
"""How far a stamp may lie behind the time of the file, whose clock goes in ticks."""
_EARLIEST, _LATEST = -12 * 3600, 14 * 3600


def offset_seconds(last_stamp: float, modified_at: float) -> int | None:
    """Return the writer's offset from UTC, positive east of it; None where the file does not tell.

    Args:
        last_stamp: the newest stamp in the file, which was read to its end.
        modified_at: the moment of the last write, when the file has been quiet since (``Portion.ended_at``).
    """
    offset = round((last_stamp - modified_at) / STEP_SECONDS) * STEP_SECONDS
    delay = modified_at - (last_stamp - offset)
    if not -SLACK_SECONDS <= delay <= DELAY_SECONDS or not _EARLIEST <= offset <= _LATEST:
        return None
    return offset


def writers_clock(zone: tzinfo, last_stamp: float, modified_at: float) -> tzinfo:
    """Return the zone where the end of the file does not contradict it, else the offset that the file tells.

    ``zone`` is what the writer's zone should be; the other arguments are those of ``offset_seconds``.
    """
    offset = offset_seconds(last_stamp, modified_at)
    if offset is None:
        return zone
    expected = datetime.fromtimestamp(modified_at, zone).utcoffset()
    return zone if expected == timedelta(seconds=offset) else timezone(timedelta(seconds=offset))


def readings(stamp: float, clock: tzinfo, not_after: float = math.inf) -> tuple[float, float]:
    """Return the earliest and the latest moment that a stamp can mean.

    They differ in the hour that comes twice when a clock goes back: evidence that something happened is as old as
    the earlier one, and what came too late came at the later one. ``not_after`` is when the file was last written
    to: what was in it by then, was written by then. In the hour that a clock leaves out no stamp is written; if
    one is met, the zone is wrong by that much, and so far apart are the two.
    """
    wall = datetime(1970, 1, 1, tzinfo=clock) + timedelta(seconds=stamp)
    times = (time(wall.hour, wall.minute, wall.second, wall.microsecond, clock, fold=fold) for fold in (0, 1))
    earlier, later = sorted((datetime.combine(wall, each) - _EPOCH).total_seconds() for each in times)
    return earlier, later if later <= not_after + SLACK_SECONDS else earlier


def ahead(latest: float, clock: tzinfo) -> Callable[[float], bool]:
    """Return what says of a stamp whether it is of a moment beyond ``latest``, whatever it means.

    After a clock went back, what was written before lies ahead on it, and is still of the past.
    """
    shown = latest + (datetime.fromtimestamp(latest, clock).utcoffset() or timedelta()).total_seconds()
    return lambda stamp: stamp > shown and readings(stamp, clock)[0] > latest


def goes_back(first: float, last: float, clock: tzinfo) -> bool:
    """Whether the clock may have gone back between two stamps, or just before or after."""
    return first - readings(first, clock)[0] > last - readings(last, clock)[1]


def second_hour(
    stamps: Iterable[tuple[int, float]], clock: tzinfo, since: float, until: float, ended_at: float | None
) -> int | None:
    """Return where the second of the hours begins that a clock shows twice; None where nothing shows that.

    There a stamp that is taken for the first hour is older than what came before it, by more than a delay; from
    there on each means the later moment. The last record is known by the time of its file as well.

    Args:
        stamps: of records in the order of their file, each with its place.
        clock: of the writer.
        since: what had been written by then is not among them, Unix seconds.
        until: all of them had been written by then.
        ended_at: when the last of them was written, None where that is not known.
    """
    newest, last = since, None
    for place, stamp in stamps:
        earlier, later = readings(stamp, clock, until)
        if earlier < min(later, newest - DELAY_SECONDS):
            return place
        newest = max(newest, earlier) if earlier <= until else newest
        last = place, stamp, later
    if last is None or ended_at is None:
        return None
    place, stamp, later = last
    told = offset_seconds(stamp, ended_at)
    return place if readings(stamp, clock)[0] < later and told == round(stamp - later) else None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
