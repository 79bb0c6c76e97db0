"""cron/executions.db as Hermes keeps it: one row a run, at most 1000 of those that ended, write-ahead logging.

While a run is in flight its database is kept open, so that the newest rows stand in the -wal alone, as they do in
the homes of a real Hermes.
"""

from __future__ import annotations

import heapq
import os
import sqlite3
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_ENDED = 1000
ENDED = frozenset({"completed", "failed", "unknown"})
COLUMNS = (
    "id TEXT PRIMARY KEY",
    "job_id TEXT NOT NULL",
    "source TEXT NOT NULL",
    "process_id TEXT NOT NULL",
    "pid INTEGER NOT NULL",
    "process_started_at INTEGER",
    "status TEXT NOT NULL CHECK(status IN ('claimed','running','completed','failed','unknown'))",
    "claimed_at TEXT NOT NULL",
    "started_at TEXT",
    "finished_at TEXT",
    "error TEXT",
)
NEWER_COLUMNS = (
    "handoff_pending INTEGER",
    "handoff_started_at TEXT",
    "delivery_outcome TEXT",
    "scheduled_instant TEXT",
)


@dataclass
class Row:
    """One row, in the order of its columns; the last four only later versions have."""

    id: str
    job_id: str
    source: str
    process_id: str
    pid: int
    process_started_at: int
    status: str
    claimed_at: str
    started_at: str | None = None
    finished_at: str | None = None
    error: str | None = None
    handoff_pending: int | None = None
    handoff_started_at: str | None = None
    delivery_outcome: str | None = None
    scheduled_instant: str | None = None


IN_ORDER = attrgetter(*(field.name for field in fields(Row)))


class Ledger:
    """The ledger of one profile; ``newer`` is whether it has the columns of 0.22."""

    def __init__(self, file: Path, *, newer: bool) -> None:
        self._file = file
        self._columns = COLUMNS + (NEWER_COLUMNS if newer else ())
        self._rows: dict[int, Row] = {}
        self._numbers: dict[str, int] = {}
        self._flying: dict[str, Row] = {}
        self._ended: list[tuple[str, str]] = []
        self._changed: set[int] = set()
        self._gone: set[int] = set()
        self._next = 1
        self._written_at: float | None = None
        self._exists = False
        self._connection: sqlite3.Connection | None = None

    def look(self, at: float) -> None:
        """Somebody looks into it at this moment, which creates it where there is none."""
        if self._written_at is None:
            self._written_at = at

    def add(self, row: Row, at: float) -> None:
        """Insert a row at a moment, Unix seconds."""
        self._rows[self._next] = row
        self._numbers[row.id] = self._next
        self._next += 1
        self.note(row, at)

    def note(self, row: Row, at: float) -> None:
        """A row was changed at this moment; if it ended, the oldest of too many ended ones goes."""
        number = self._numbers.get(row.id)
        if number is None:
            return
        self._changed.add(number)
        self._flying[row.id] = row
        self._written_at = at
        if row.status in ENDED:
            del self._flying[row.id]
            heapq.heappush(self._ended, (row.claimed_at, row.id))
            while len(self._ended) > MAX_ENDED:
                oldest = self._numbers.pop(heapq.heappop(self._ended)[1])
                del self._rows[oldest]
                self._gone.add(oldest)

    def in_flight(self) -> list[Row]:
        """Return the rows that have not ended, oldest first."""
        return list(self._flying.values())

    def flush(self, *, stay_open: bool) -> None:
        """Write what changed; ``stay_open`` leaves it in the -wal."""
        if self._written_at is not None and (self._changed or self._gone or not self._exists):
            self._write(self._written_at)
        if not stay_open:
            self.close()

    def close(self) -> None:
        """Close the database, which moves everything into its main file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            if self._written_at is not None:
                os.utime(self._file, (self._written_at, self._written_at))

    def _write(self, at: float) -> None:
        connection = self._open()
        width = len(self._columns)
        marks = ", ".join("?" * (width + 1))
        names = ", ".join(["rowid", *(column.split()[0] for column in self._columns)])
        insert = f"INSERT OR REPLACE INTO executions ({names}) VALUES ({marks})"  # noqa: S608  # constants
        changed = sorted(self._changed - self._gone)
        with connection:
            connection.executemany(insert, [(number, *IN_ORDER(self._rows[number])[:width]) for number in changed])
            connection.executemany("DELETE FROM executions WHERE rowid = ?", [(number,) for number in self._gone])
        self._changed.clear()
        self._gone.clear()
        for name in (self._file, self._file.with_name(f"{self._file.name}-wal")):
            os.utime(name, (at, at))
        self._exists = True

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._file, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=OFF")
            columns = ", ".join(self._columns)
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS executions ({columns})")
            for index, column in (("job_claimed", "job_id"), ("status_claimed", "status")):
                self._connection.execute(
                    f"CREATE INDEX IF NOT EXISTS idx_executions_{index} "
                    f"ON executions({column}, claimed_at DESC, id DESC)"
                )
        return self._connection
