"""cron/deliveries.db: reports on their way, in versions that queue them. Only states and times are read.

The table holds the reports themselves; those columns are never selected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.sources.sqlite_copy import columns
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    import sqlite3

FILENAME = "cron/deliveries.db"
PENDING = ("pending", "delivering")


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What is still under way; ``oldest`` in Unix seconds, None where nothing is."""

    pending: int
    oldest: float | None


def query(connection: sqlite3.Connection) -> Deliveries | None:
    """Read the queue from a copy of the database; None where it has another shape."""
    if not columns(connection, "deliveries") >= {"status", "created_at"}:
        return None
    statement = "SELECT created_at FROM deliveries WHERE status IN (?, ?)"
    stamps = []
    pending = 0
    for (created_at,) in connection.execute(statement, PENDING):
        pending += 1
        try:
            stamps.append(unix_seconds(created_at))
        except ValueError:
            continue
    return Deliveries(pending, min(stamps, default=None))
