"""cron/deliveries.db of later versions: reports that wait to be sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.simulator.ledger import Row
    from hermes_exporter.simulator.profile import Profile

PATH = "cron/deliveries.db"
TABLE = (
    "CREATE TABLE deliveries (execution_id TEXT PRIMARY KEY, job_json TEXT, content TEXT, for_failure INTEGER, "
    "status TEXT, owner_pid INTEGER, created_at TEXT, finished_at TEXT, error TEXT)"
)


def add(profile: Profile, row: Row) -> None:
    """Put a run's report into the queue, under way by the process that ran it."""
    profile.queued.append((row.id, "{}", "The report.", 0, "delivering", row.pid, profile.iso(), None, None))
    reports = tuple(profile.queued)
    profile.disk.put(PATH, lambda: _database(reports), profile.now, 0o644)


def _database(reports: tuple[tuple[object, ...], ...]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(TABLE)
        database.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", reports)
        database.commit()
        return database.serialize()
