"""cron/executions.db: the runs of every job, at most 1000 ended ones, and incidents where Hermes keeps them.

Written by whoever runs a job: the gateway, or the command line. A row stays claimed or running when its process
dies, until a gateway starts the next time. That a report was delivered is in no row before 0.20. The column
``error`` is never read: it quotes prompts and output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.sources.sqlite_copy import columns
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    import sqlite3

FILENAME = "cron/executions.db"
ENDED = frozenset({"completed", "failed", "unknown"})
INCIDENT_STATES = ("detected", "alerted", "resolved", "closed")
MAX_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Execution:
    """One run. Times are Unix seconds.

    Attributes:
        pid, start_ticks: the process that owns the run; start in clock ticks since boot.
        status: claimed, running, completed, failed, unknown.
    """

    job_id: str
    pid: int | None
    start_ticks: int | None
    status: str
    claimed_at: float | None
    started_at: float | None
    finished_at: float | None

    @property
    def ended(self) -> bool:
        """Whether the run is over, as Hermes sees it."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Executions:
    """The ledger.

    Attributes:
        rows: by job, oldest first.
        in_flight: those that have not ended, whatever became of their processes.
        incidents: how many are in which state; None where Hermes keeps none.
    """

    rows: dict[str, tuple[Execution, ...]]
    in_flight: tuple[Execution, ...]
    incidents: dict[str, int] | None


def query(connection: sqlite3.Connection) -> Executions:
    """Read the ledger from a copy of the database."""
    wanted = "job_id, pid, process_started_at, status, claimed_at, started_at, finished_at"
    rows: dict[str, list[Execution]] = {}
    if columns(connection, "executions") >= set(wanted.split(", ")):
        statement = f"SELECT {wanted} FROM executions ORDER BY rowid DESC LIMIT {MAX_ROWS}"  # noqa: S608  # constants
        for job_id, pid, ticks, status, *stamps in connection.execute(statement):
            times = [_time(stamp) for stamp in stamps]
            row = Execution(str(job_id), _whole(pid), _whole(ticks), str(status), *times)
            rows.setdefault(row.job_id, []).append(row)
    in_flight = tuple(row for runs in rows.values() for row in runs if not row.ended)
    by_job = {job: tuple(reversed(runs)) for job, runs in rows.items()}
    return Executions(by_job, in_flight, _incidents(connection))


def _incidents(connection: sqlite3.Connection) -> dict[str, int] | None:
    if "state" not in columns(connection, "cron_incidents"):
        return None
    counts = dict.fromkeys(INCIDENT_STATES, 0)
    for state, count in connection.execute("SELECT state, count(*) FROM cron_incidents GROUP BY state"):
        if state in counts:
            counts[state] = count
    return counts


def _time(value: object) -> float | None:
    try:
        return unix_seconds(value)
    except ValueError:
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
