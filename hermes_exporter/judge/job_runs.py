"""What is known of a job's runs from its ledger and Hermes' notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.sources.executions import Execution, Executions
    from hermes_exporter.sources.job import Job
    from hermes_exporter.sources.jobs import JobStore

FAILED = ("failed", "unknown")
OF_LAST_RUN = {"ok": 0, "error": 1}
"""Failures in a row, as far as the notes on the last run reach."""


class JobRuns(Value):
    """One job with its runs. Times are Unix seconds; None is not known.

    Attributes:
        running: a run is in flight and its process lives; None where nobody can tell.
        run_started_at: when the run in flight began, or was claimed.
        orphaned: a run is in flight in the ledger, and its process is gone.
        last_success_at: end of the newest run that ended well.
        last_seconds: how long the last ended run took.
        failures: how many runs failed since one ended well, as far as the ledger reaches; without one, whether the
            last one did.
    """

    job: Job
    running: bool | None
    run_started_at: float | None
    orphaned: bool | None
    last_success_at: float | None
    last_seconds: float | None
    failures: int | None


def job_runs(
    store: JobStore, ledger: Executions | None, lives: Mapping[Execution, bool | None], *, known: bool = True
) -> tuple[JobRuns, ...]:
    """Return every job of the store; ``lives`` tells of each run in flight whether its process does.

    Without a ledger nobody can tell whether one runs, where the ledger is there and of no use (not ``known``), and
    where jobs have run without leaving one: versions before 0.19 keep none. Where none has run, none does.
    """
    if ledger is None:
        untold = not known or any(job.noted.last_run_at is not None for job in store.jobs)
        return tuple(_without_rows(job, running=None if untold else False, known=known) for job in store.jobs)
    return tuple(_one(job, ledger.rows.get(job.id, ()), lives) for job in store.jobs)


def _without_rows(job: Job, *, running: bool | None, known: bool) -> JobRuns:
    success = job.noted.last_run_at if job.noted.last_status == "ok" else None
    failures = job.noted.failure_streak
    if failures is None and known:
        failures = OF_LAST_RUN.get(job.noted.last_status or "")
    return JobRuns(job, running, None, None, success, None, failures)


def _one(job: Job, rows: tuple[Execution, ...], lives: Mapping[Execution, bool | None]) -> JobRuns:
    flying = [row for row in rows if not row.ended]
    alive = [lives[row] for row in flying]
    newest = flying[-1] if flying else None
    ended = [row for row in rows if row.ended]
    good = [row.finished_at for row in ended if row.status == "completed" and row.finished_at is not None]
    noted = job.noted.last_run_at if job.noted.last_status == "ok" else None
    return JobRuns(
        job=job,
        running=True if any(alive) else None if None in alive else False,
        run_started_at=(newest.started_at or newest.claimed_at) if newest else None,
        orphaned=None if not flying or None in alive else not any(alive),
        last_success_at=max((stamp for stamp in (*good, noted) if stamp is not None), default=None),
        last_seconds=_seconds(ended[-1]) if ended else None,
        failures=_failures(job, ended),
    )


def _seconds(row: Execution) -> float | None:
    began = row.started_at or row.claimed_at
    return None if began is None or row.finished_at is None else max(row.finished_at - began, 0.0)


def _failures(job: Job, ended: list[Execution]) -> int:
    if job.noted.failure_streak is not None:
        return job.noted.failure_streak
    count = 0
    for row in reversed(ended):
        if row.status not in FAILED:
            break
        count += 1
    return count
