"""Moments and spans in words, and text that comes from elsewhere in a form that no terminal acts upon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hermes_exporter.judge import zone as zones

if TYPE_CHECKING:
    from datetime import tzinfo

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LATEST = 253402300799.0 - 2 * DAY
"""The end of the year 9999 with room for any offset: no later date can be written."""
MAX_NAME = 60


def moment(at: float, now: float, zone: str) -> str:
    """Return a moment (as ``now`` in Unix seconds) as a clock in that zone shows it, dated as far as it takes."""
    there = zone_of(zone)
    then, today = (datetime.fromtimestamp(min(each, LATEST), there) for each in (at, now))
    days = abs((then.date() - today.date()).days)
    if days == 0:
        return f"{then:%H:%M %Z}"
    return f"{then:%a %H:%M %Z}" if days < 7 else f"{then:%Y-%m-%d %H:%M %Z}"


def span(seconds: float) -> str:
    """Return how long that is, in the largest unit that tells enough."""
    for unit, name, limit in ((1.0, "s", MINUTE), (MINUTE, "min", HOUR), (HOUR, "h", 2 * DAY)):
        if seconds < limit:
            return f"{int(max(seconds, 0.0) // unit)} {name}"
    return f"{int(seconds // DAY)} d"


def zone_of(name: str) -> tzinfo:
    """Return the zone of that name, UTC where there is none."""
    return zones.of(name) if zones.exists(name) else UTC


def plain(text: str) -> str:
    """Return a name that somebody chose, short, on one line, without control characters and monitoring's ``|``."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(visible.replace("|", "/").split())
    return line if len(line) <= MAX_NAME else f"{line[: MAX_NAME - 1]}…"


def count(number: int, noun: str) -> str:
    """Return so many of something."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
