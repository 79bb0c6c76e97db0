"""cron/executions.db: the runs of every job, at most 1000 ended ones, and incidents where Hermes keeps them.

Written by whoever runs a job: the gateway, or the command line. A row stays claimed or running when its process
dies, until a gateway starts the next time. That a report was delivered is in no row before 0.20. The column
``error`` is never read: it quotes prompts and output.
"""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, Any

from hermes_exporter.sources.sqlite_copy import columns
from hermes_exporter.times import unix_seconds
from hermes_exporter.values import Value

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

FILENAME = "cron/executions.db"
ENDED = frozenset({"completed", "failed", "unknown"})
INCIDENT_STATES = ("detected", "alerted", "resolved", "closed")
MAX_ROWS = 5000
KEPT_ROWS = 1000
"""Hermes drops the oldest ended ones beyond so many."""
BY_HAND = "direct"
RUN_ID = re.compile(r"[0-9a-f-]{1,64}")
NEEDED = (
    "id",
    "job_id",
    "source",
    "pid",
    "process_started_at",
    "status",
    "claimed_at",
    "started_at",
    "finished_at",
)
LATER = ("delivery_outcome", "scheduled_instant")
"""Columns that only later versions have."""


class Execution(Value):
    """One run. Times are Unix seconds.

    Attributes:
        pid, start_ticks: the process that owns the run; start in clock ticks since boot.
        status: claimed, running, completed, failed, unknown.
        number: of the row: later runs have higher ones.
        id: Hermes' own name of the run; of the row where that is no such thing, as it is remembered.
        by_hand: its owner asked for it, no slot did.
        delivery_outcome, scheduled_at: where versions note them.
    """

    job_id: str
    pid: int | None
    start_ticks: int | None
    status: str
    claimed_at: float | None
    started_at: float | None
    finished_at: float | None
    number: int = 0
    id: str = ""
    by_hand: bool = False
    delivery_outcome: str | None = None
    scheduled_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the run is over, as Hermes sees it."""
        return self.status in ENDED


class Executions(Value):
    """The ledger.

    Attributes:
        rows: by job, oldest first.
        in_flight: those that have not ended, whatever became of their processes.
        incidents: how many are in which state; None where Hermes keeps none.
        complete_since: every run that ended after it is among the rows, Unix seconds; 0 where none was dropped.
    """

    rows: dict[str, tuple[Execution, ...]]
    in_flight: tuple[Execution, ...]
    incidents: dict[str, int] | None
    complete_since: float = 0.0


def query(connection: sqlite3.Connection) -> Executions:
    """Read the ledger from a copy of the database."""
    rows: dict[str, list[Execution]] = {}
    there = columns(connection, "executions")
    if there >= set(NEEDED):
        wanted = ", ".join(name if name in there else "NULL" for name in (*NEEDED, *LATER))
        statement = f"SELECT rowid, {wanted} FROM executions ORDER BY rowid DESC LIMIT {MAX_ROWS}"  # noqa: S608
        for found in connection.execute(statement):
            row = _row(*found)
            rows.setdefault(row.job_id, []).append(row)
    in_flight = tuple(row for runs in rows.values() for row in runs if not row.ended)
    by_job = {job: tuple(reversed(runs)) for job, runs in rows.items()}
    return Executions(by_job, in_flight, _incidents(connection), _complete_since(rows.values()))


def _row(*found: Any) -> Execution:
    number, name, job_id, source, pid, ticks, status, claimed, started, finished, outcome, scheduled = found
    return Execution(
        job_id=intern(str(job_id)),
        pid=_whole(pid),
        start_ticks=_whole(ticks),
        status=intern(str(status)),
        claimed_at=_time(claimed),
        started_at=_time(started),
        finished_at=_time(finished),
        number=number,
        id=name if isinstance(name, str) and RUN_ID.fullmatch(name) else f"row {number}",
        by_hand=source == BY_HAND,
        delivery_outcome=outcome if isinstance(outcome, str) else None,
        scheduled_at=_time(scheduled),
    )


def _complete_since(rows: Iterable[list[Execution]]) -> float:
    """Return since when no row is missing; before Hermes' limit is reached none was ever dropped."""
    ended = [row.claimed_at or 0.0 for runs in rows for row in runs if row.ended]
    return min(ended) if len(ended) >= KEPT_ROWS else 0.0


def _incidents(connection: sqlite3.Connection) -> dict[str, int] | None:
    if "state" not in columns(connection, "cron_incidents"):
        return None
    counts = dict.fromkeys(INCIDENT_STATES, 0)
    for state, count in connection.execute("SELECT state, count(*) FROM cron_incidents GROUP BY state"):
        if state in counts:
            counts[state] = count
    return counts


def _time(value: object) -> float | None:
    if value is None:
        return None
    try:
        return unix_seconds(value)
    except ValueError:
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
