"""cron/runtime.db: what later versions note of each job's runs, moved out of jobs.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources import lenient_json
from hermes_exporter.sources.artefact import UnusableError
from hermes_exporter.sources.sqlite_copy import columns

if TYPE_CHECKING:
    import sqlite3

FILENAME = "cron/runtime.db"
MAX_JOBS = 10_000


def query(connection: sqlite3.Connection) -> dict[str, dict[str, object]]:
    """Return the noted fields of each job, by its id; a job whose note is not understood has none."""
    if not columns(connection, "job_runtime") >= {"job_id", "state_json"}:
        return {}
    notes = {}
    for job_id, state in connection.execute("SELECT job_id, state_json FROM job_runtime LIMIT ?", (MAX_JOBS,)):
        try:
            fields = lenient_json.decode(state.encode() if isinstance(state, str) else b"")
        except UnusableError:
            continue
        if isinstance(fields, dict):
            notes[str(job_id)] = fields
    return notes
