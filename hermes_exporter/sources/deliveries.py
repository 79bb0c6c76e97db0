"""cron/deliveries.db: reports on their way, in versions that queue them. Only states and times are read.

The table holds the reports themselves; those columns are never selected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.sqlite_copy import columns
from hermes_exporter.times import unix_seconds
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

FILENAME = "cron/deliveries.db"
PENDING = ("pending", "delivering")
MAX_ROWS = 1000


class Deliveries(Value):
    """What is still under way; ``oldest`` in Unix seconds, None where nothing is.

    Attributes:
        states: of the newest reports, by the id of the run that made them.
        ended: when they left the queue, the same; Unix seconds.
    """

    pending: int
    oldest: float | None
    states: Mapping[str, str] = field(default_factory=dict)
    ended: Mapping[str, float] = field(default_factory=dict)


def query(connection: sqlite3.Connection) -> Deliveries | None:
    """Read the queue from a copy of the database; None where it has another shape."""
    there = columns(connection, "deliveries")
    if not there >= {"status", "created_at"}:
        return None
    statement = "SELECT created_at FROM deliveries WHERE status IN (?, ?)"
    created = [_time(created_at) for (created_at,) in connection.execute(statement, PENDING)]
    states: dict[str, str] = {}
    ended: dict[str, float] = {}
    for run, state, finished_at in _newest(connection, there):
        if isinstance(run, str) and isinstance(state, str) and run not in states:
            states[run] = state
            if (at := _time(finished_at)) is not None:
                ended[run] = at
    return Deliveries(len(created), min((at for at in created if at is not None), default=None), states, ended)


def _newest(connection: sqlite3.Connection, there: frozenset[str]) -> Iterable[tuple[object, object, object]]:
    if "execution_id" not in there:
        return ()
    finished = "finished_at" if "finished_at" in there else "NULL"
    statement = f"SELECT execution_id, status, {finished} FROM deliveries ORDER BY rowid DESC LIMIT ?"  # noqa: S608
    return connection.execute(statement, (MAX_ROWS,))


def _time(value: object) -> float | None:
    try:
        return unix_seconds(value)
    except ValueError:
        return None
