"""The cron ticker's traces: cron/ticker_heartbeat, ticker_last_success, ticker_last_error, catch_up_occurrences.

The heartbeat moves with every turn of the loop, once a minute, the success only when the turn raised nothing; both
stay fresh while a job is skipped. Plain ``hermes cron tick`` writes none of them, another cron provider neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.artefact import UnusableError
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

HEARTBEAT = "cron/ticker_heartbeat"
SUCCESS = "cron/ticker_last_success"
ERROR = "cron/ticker_last_error"
CATCH_UP = "cron/catch_up_occurrences"
MAX_BYTES = 64 << 10


def parse_time(data: bytes, notes: Notes) -> float:
    """Return the moment that a marker holds, Unix seconds."""
    try:
        seconds = unix_seconds(float(data))
    except ValueError:
        raise UnusableError("expected a time") from None
    notes.stamp("file", seconds)
    return seconds


def parse_error(data: bytes, notes: Notes) -> float:
    """Return when the last tick failed, Unix seconds; what it failed of is on the lines below and not read."""
    return parse_time(data.split(b"\n", 1)[0], notes)


def parse_count(data: bytes, _notes: Notes) -> int:
    """Return how many occurrences were caught up."""
    text = data.strip()
    if not text.isdigit() or len(text) > 15:
        raise UnusableError("expected a count")
    return int(text)
