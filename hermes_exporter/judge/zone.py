"""Which time zone a profile's schedules are read in."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable


def resolve(named: Iterable[str | None], host: str) -> str:
    """Return the first zone that is named; a name that is none falls back to the host's, as in Hermes."""
    first = next((name for name in named if name), None)
    return first if first is not None and _exists(first) else host


@lru_cache(maxsize=1024)
def _exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def of(name: str) -> ZoneInfo:
    """Return the zone."""
    return ZoneInfo(name)


def offset_at(where: object, moment: float) -> int:
    """Return the offset."""
    return int(datetime.fromtimestamp(moment, where).utcoffset().total_seconds())
