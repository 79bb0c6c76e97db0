"""Everything a profile's cron directory says, in the order that loses nothing.

Hermes writes the delivered line to its log, then jobs.json, then the row: reading goes the other way round.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from hermes_exporter.sources import executions, jobs, runtime_store, ticker
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hermes_exporter.sources.desk import Desk
    from hermes_exporter.sources.executions import Executions
    from hermes_exporter.sources.jobs import JobStore


JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""Ids that are a name of a directory and nothing else."""


class Ownership(Value):
    """Who may do what with a file: owner and permission bits."""

    uid: int
    mode: int


class CronFiles(Value):
    """The records of one profile's cron; None where the artefact is absent or of no use.

    Attributes:
        jobs_valid: jobs.json parses; None where there is none, or nobody may read it.
        directory, store: who owns the cron directory, and jobs.json in it.
        heartbeat, success, error: of the ticker, Unix seconds.
        ledger_known, notes_known, beat_known, outcome_known, store_known: False where executions.db, runtime.db,
            the ticker's heartbeat, what its last turn came to, or jobs.json is there and of no use: that it is
            None says nothing.
        left_over: jobs that are gone and whose output is not: whoever removes a job removes both.
    """

    executions: Executions | None = None
    jobs: JobStore | None = None
    jobs_valid: bool | None = None
    directory: Ownership | None = None
    store: Ownership | None = None
    heartbeat: float | None = None
    success: float | None = None
    error: float | None = None
    catch_up: int | None = None
    ledger_known: bool = True
    notes_known: bool = True
    beat_known: bool = True
    outcome_known: bool = True
    store_known: bool = True
    left_over: frozenset[str] = frozenset()


def read(desk: Desk, gone: Iterable[str] = ()) -> CronFiles:
    """Read a profile's cron; never raises for what is wrong with one artefact.

    ``gone`` are ids of jobs that the store has no more: whether their output is still there is looked at.
    """
    ledger = desk.query("cron", executions.FILENAME, executions.query)
    store = desk.take("cron", jobs.FILENAME, jobs.parse, jobs.MAX_BYTES)
    runtime = desk.query("cron", runtime_store.FILENAME, runtime_store.query)
    return CronFiles(
        executions=ledger,
        jobs=store if store is None or not runtime else store.with_runtime(runtime),
        jobs_valid=desk.usable(jobs.FILENAME),
        directory=_ownership(desk, "cron", stat.S_ISDIR),
        store=_ownership(desk, jobs.FILENAME, stat.S_ISREG),
        heartbeat=desk.take("cron", ticker.HEARTBEAT, ticker.parse_time, ticker.MAX_BYTES),
        success=desk.take("cron", ticker.SUCCESS, ticker.parse_time, ticker.MAX_BYTES),
        error=desk.take("cron", ticker.ERROR, ticker.parse_error, ticker.MAX_BYTES),
        catch_up=desk.take("cron", ticker.CATCH_UP, ticker.parse_count, ticker.MAX_BYTES),
        ledger_known=desk.known(executions.FILENAME),
        notes_known=desk.known(runtime_store.FILENAME),
        beat_known=desk.known(ticker.HEARTBEAT),
        outcome_known=desk.known(ticker.SUCCESS) and desk.known(ticker.ERROR),
        store_known=desk.known(jobs.FILENAME),
        left_over=frozenset(name for name in gone if _left_over(desk, name)),
    )


def renewed(cron: CronFiles, desk: Desk) -> CronFiles:
    """Return the records of a cron of which nothing changed but the ticker's marks, or the directory for them."""
    return replace(
        cron,
        directory=_ownership(desk, "cron", stat.S_ISDIR),
        heartbeat=desk.take("cron", ticker.HEARTBEAT, ticker.parse_time, ticker.MAX_BYTES),
        success=desk.take("cron", ticker.SUCCESS, ticker.parse_time, ticker.MAX_BYTES),
    )


def _left_over(desk: Desk, job_id: str) -> bool:
    return bool(JOB_ID.fullmatch(job_id)) and os.path.isdir(desk.path(f"cron/output/{job_id}"))  # noqa: PTH112


def _ownership(desk: Desk, name: str, wanted: Callable[[int], bool]) -> Ownership | None:
    try:
        status = os.stat(desk.path(name))  # noqa: PTH116  # the path is text
    except OSError:
        return None
    return Ownership(status.st_uid, status.st_mode) if wanted(status.st_mode) else None
