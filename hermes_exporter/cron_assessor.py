"""Judging the cron of each profile: which runs in flight live, what became of each job, whether anything ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.judge import scheduler
from hermes_exporter.judge.job_runs import job_runs
from hermes_exporter.sources.jobs import JobStore
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.judge.job_runs import JobRuns
    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.judge.scheduler import Scheduler
    from hermes_exporter.sources.executions import Execution, Executions
    from hermes_exporter.sources.job import Job
    from hermes_exporter.sources.profile_files import ProfileFiles
    from hermes_exporter.witness import Witness


class _Kept(Value):
    """Verdicts on jobs with the records that they were made from: the same records make the same verdicts."""

    store: JobStore
    ledger: Executions | None
    ledger_known: bool
    lives: dict[Execution, bool | None]
    jobs: tuple[JobRuns, ...]
    newest: float
    running_since: float | None


class CronAssessor:
    """Judges the cron of every profile, gather after gather."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._kept: dict[str, _Kept] = {}

    def jobs(self, label: str, files: ProfileFiles, *, complete: bool) -> tuple[JobRuns, ...]:
        """Return the profile's jobs; ``complete`` where a process that is not seen does not exist."""
        store, ledger = files.cron.jobs, files.cron.executions
        if store is None:
            self._kept.pop(label, None)
            return ()
        lives = {row: self._lives(row, complete=complete) for row in ledger.in_flight} if ledger else {}
        known = files.cron.ledger_known
        kept = self._kept.get(label)
        same = kept is not None and kept.store is store and kept.ledger is ledger and kept.ledger_known == known
        if kept is None or not same or kept.lives != lives:
            jobs = job_runs(store, ledger, lives, known=known)
            kept = _Kept(store, ledger, known, lives, jobs, _newest(jobs), _running_since(jobs))
            self._kept[label] = kept
        return kept.jobs

    @staticmethod
    def ended(jobs: Sequence[Job], files: ProfileFiles) -> tuple[JobRuns, ...]:
        """Return jobs that the store has no more, with what the ledger still has of their runs."""
        done = [replace(job, switched_on=False, noted=replace(job.noted, state="completed")) for job in jobs]
        if not done:
            return ()
        ledger = files.cron.executions
        lives = dict.fromkeys(ledger.in_flight) if ledger else {}
        return job_runs(JobStore(tuple(done)), ledger, lives, known=files.cron.ledger_known)

    def newest(self, label: str) -> float:
        """Return the latest time stamp of any of the profile's jobs, Unix seconds; 0 without jobs."""
        kept = self._kept.get(label)
        return kept.newest if kept else 0.0

    def scheduler(self, label: str, files: ProfileFiles, liveness: Liveness, now: float) -> Scheduler:
        """Return the verdict on the profile's cron as a whole."""
        kept = self._kept.get(label)
        return scheduler.judge(
            files.cron,
            files.settings,
            liveness,
            draining=files.drain is not None,
            oldest_run=kept.running_since if kept else None,
            now=now,
        )

    def _lives(self, row: Execution, *, complete: bool) -> bool | None:
        if row.pid is None:
            return None
        if row.start_ticks is None:
            return None if self._witness.process(row.pid) else False
        return True if self._witness.recorded(row.pid, row.start_ticks) else False if complete else None


def _newest(jobs: tuple[JobRuns, ...]) -> float:
    stamps = (
        stamp
        for runs in jobs
        for stamp in (runs.job.noted.last_run_at, runs.last_success_at, runs.job.created_at, runs.run_started_at)
    )
    return max((stamp for stamp in stamps if stamp is not None), default=0.0)


def _running_since(jobs: tuple[JobRuns, ...]) -> float | None:
    since = [runs.run_started_at for runs in jobs if runs.running and runs.run_started_at is not None]
    return min(since, default=None)
