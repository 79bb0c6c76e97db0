"""Which time zone a profile's schedules are read in, and whether Hermes agrees."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIXED = re.compile(r"UTC[+-][01]\d:[0-5]\d(:[0-5]\d)?")
"""How a zone is spelled of which only its offset is known."""
UNKNOWN = "UTC"
LATEST = 4_102_444_800.0
"""The year 2100: nothing was written after it."""


class Zone(Value):
    """The zone of a profile.

    Attributes:
        name: an IANA name, or an offset such as ``UTC+05:30`` where that is all that is known.
        mismatch: the offsets that Hermes wrote are not those of the zone it is told to use, and its own is used
            instead. None where there is nothing to compare.
    """

    name: str
    mismatch: bool | None


def of(name: str) -> tzinfo:
    """Return the zone of that name: IANA, or an offset such as ``UTC+05:30``; ValueError where it is none."""
    found = _of(name)
    if found is None:
        raise ValueError("no time zone")
    return found


def exists(name: str) -> bool:
    """Whether there is a zone of that name."""
    return _of(name) is not None


def offset_at(where: tzinfo, moment: float) -> int:
    """Return how many seconds a zone is ahead of UTC at a moment (Unix seconds)."""
    offset = datetime.fromtimestamp(moment, where).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def resolve(told: Iterable[str | None], local: Iterable[str | None]) -> str:
    """Return the name of the zone that Hermes is told to use, ``told`` and ``local`` in order of precedence.

    As in Hermes, the first name of ``told`` counts, and if it is none its local time does: the first of ``local``
    that is one.
    """
    first = next((name for name in told if name), None)
    candidates = (first, *(_plain(name) for name in local if name), UNKNOWN)
    return next(name for name in candidates if name and exists(name))


def checked(name: str, written: Sequence[tuple[float, int]]) -> Zone:
    """Return the zone, held against stamps of Hermes: when (Unix seconds) at which offset (seconds), newest first.

    One stamp that agrees will do: a command that was run in another environment writes its own offset.
    """
    stamps = [stamp for stamp in written if stamp[0] < LATEST]
    if not stamps:
        return Zone(name, None)
    where = of(name)
    if any(offset_at(where, moment) == offset for moment, offset in stamps):
        return Zone(name, mismatch=False)
    return Zone(str(timezone(timedelta(seconds=stamps[0][1]))), mismatch=True)


def _plain(variable: str) -> str:
    """Return the name in the variable TZ, which may begin with a colon, and be the path of the zone's file."""
    return variable.lstrip(":").rpartition("zoneinfo/")[2]


@lru_cache(maxsize=1024)
def _of(name: str) -> tzinfo | None:
    if FIXED.fullmatch(name):
        return datetime.fromisoformat(f"1970-01-01T00:00:00{name.removeprefix('UTC')}").tzinfo
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None
