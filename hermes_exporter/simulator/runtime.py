"""The store of some later versions: jobs.json holds what a job is, cron/runtime.db what is noted of its runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.simulator.clock import Clock
    from hermes_exporter.simulator.jobs import Job

PATH = "cron/runtime.db"
NOTED = ("next_run_at", "state", "fire_claim", "run_claim", "failure_streak", "quota_hold_until")


def definitions(jobs: Iterable[Job], clock: Clock, at: float) -> bytes:
    """Return jobs.json as it was saved at a moment, without what is noted of runs."""
    records = [{key: value for key, value in job.record.items() if not _is_noted(key)} for job in jobs]
    return json.dumps({"jobs": records, "updated_at": clock.iso(at)}, indent=2).encode()


def notes(jobs: Iterable[Job]) -> bytes:
    """Return runtime.db."""
    rows = [
        (job.id, json.dumps({key: value for key, value in job.record.items() if _is_noted(key)})) for job in jobs
    ]
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE job_runtime (job_id TEXT PRIMARY KEY, state_json TEXT NOT NULL)")
        database.executemany("INSERT INTO job_runtime VALUES (?, ?)", rows)
        database.commit()
        return database.serialize()


def _is_noted(key: str) -> bool:
    return key in NOTED or key.startswith("last_")
