"""Which jobs are overdue by Hermes' own rule: their next run is past, by more than half a period. Unix seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.judge.cron_times import ScheduleError
from hermes_exporter.judge.schedule import cron_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.sources.job import Job

LEAST_GRACE_SECONDS = 120.0
MOST_GRACE_SECONDS = 7200.0
CLAIM_SECONDS = 1800.0
"""A one-shot that is being run says so at least so often."""


def due_at(job: Job, zone: str, now: float) -> float | None:
    """Return from when on the job is overdue; None where Hermes does not wait for it."""
    planned = job.noted.next_run_at
    if planned is None or not job.enabled or (job.noted.held_until or 0.0) > now:
        return None
    if job.noted.claimed_at is not None and 0 <= now - job.noted.claimed_at < CLAIM_SECONDS:
        return job.noted.claimed_at + CLAIM_SECONDS
    if now <= planned + LEAST_GRACE_SECONDS:
        return planned + LEAST_GRACE_SECONDS
    return planned + min(max(_period(job, zone, now) / 2, LEAST_GRACE_SECONDS), MOST_GRACE_SECONDS)


def count(jobs: Iterable[Job], zone: str, now: float) -> tuple[int, tuple[float, ...]]:
    """Return how many are overdue, and the moments at which more may be."""
    moments = [moment for job in jobs if (moment := due_at(job, zone, now)) is not None]
    return sum(moment < now for moment in moments), tuple(moment for moment in moments if moment >= now)


def _period(job: Job, zone: str, now: float) -> float:
    if job.kind == "interval":
        return (job.minutes or 0) * 60.0
    if job.kind != "cron":
        return 0.0
    try:
        schedule = cron_schedule(job.schedule, zone)
    except ScheduleError:
        return 0.0
    first = schedule.next(now)
    second = None if first is None else schedule.next(first)
    return 0.0 if first is None or second is None else second - first
