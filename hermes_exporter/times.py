"""Time stamps as Hermes writes them, in several shapes, to Unix seconds."""

from __future__ import annotations

import math
from datetime import datetime

FUTURE_TOLERANCE_SECONDS = 60.0
"""Stamps further ahead than this are ignored and counted."""

_LATEST = 253402300799.0  # the last second of the year 9999


def unix_seconds(value: object) -> float:
    """Return a stamp as Unix seconds.

    Accepts ISO 8601 text (with offset, with ``Z``, or naive, which means the host's local time) and a number
    of seconds since the epoch. Raises ValueError for anything else, NaN and times outside the years 1970 to 9999.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"expected a time, got {type(value).__name__}")
    try:
        seconds = datetime.fromisoformat(value.strip()).timestamp() if isinstance(value, str) else float(value)
    except (ValueError, OverflowError, OSError):
        raise ValueError("expected a time") from None
    if not math.isfinite(seconds) or not 0 <= seconds <= _LATEST:
        raise ValueError("a time outside the years 1970 to 9999")
    return seconds


def zoned(value: object) -> tuple[float, int] | None:
    """Return a stamp in Unix seconds, and by how many its clock is ahead of UTC; None where it does not say."""
    try:
        offset = datetime.fromisoformat(value.strip()).utcoffset() if isinstance(value, str) else None
        return None if offset is None else (unix_seconds(value), int(offset.total_seconds()))
    except ValueError:
        return None
