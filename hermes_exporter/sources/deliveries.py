"""cron/deliveries.db: reports on their way, in versions that queue them. Only states and times are read.

The table holds the reports themselves; those columns are never selected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hermes_exporter.sources.sqlite_copy import columns
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

FILENAME = "cron/deliveries.db"
PENDING = ("pending", "delivering")
MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What is still under way; ``oldest`` in Unix seconds, None where nothing is.

    Attributes:
        states: of the newest reports, by the id of the run that made them.
    """

    pending: int
    oldest: float | None
    states: Mapping[str, str] = field(default_factory=dict)


def query(connection: sqlite3.Connection) -> Deliveries | None:
    """Read the queue from a copy of the database; None where it has another shape."""
    there = columns(connection, "deliveries")
    if not there >= {"status", "created_at"}:
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
    return Deliveries(pending, min(stamps, default=None), _states(connection, there))


def _states(connection: sqlite3.Connection, there: frozenset[str]) -> dict[str, str]:
    if "execution_id" not in there:
        return {}
    statement = "SELECT execution_id, status FROM deliveries ORDER BY rowid DESC LIMIT ?"
    found = reversed(connection.execute(statement, (MAX_ROWS,)).fetchall())  # of two of a run the newer counts
    return {run: state for run, state in found if isinstance(run, str) and isinstance(state, str)}
