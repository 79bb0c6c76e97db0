"""What one gather saw of one job, as its judge wants it: the job, its runs, and what is remembered of it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hermes_exporter.judge import slots, zone
from hermes_exporter.judge.reports import Seen
from hermes_exporter.judge.settlement import Circumstances

if TYPE_CHECKING:
    from hermes_exporter.job_evidence import Ended
    from hermes_exporter.judge.deadline import Terms
    from hermes_exporter.judge.slots import Slots
    from hermes_exporter.report_look import Look
    from hermes_exporter.report_memory import Kept
    from hermes_exporter.sources.job import Job

MAX_MINUTES = 5_256_000
"""Ten years."""


def seen(  # noqa: PLR0913  # a job, and what decides beside it
    job: Job,
    kept: Kept | None,
    ended: Ended,
    look: Look,
    terms: Terms,
    *,
    flying: bool,
    watched_since: float,
    recorded_since: float | None,
) -> Seen:
    """Return what one look saw of a job; the arguments are those of ``Circumstances``."""
    return Seen(
        schedule=f"{job.kind} {job.schedule} {look.zone}",
        owing=_owing(job, kept, look.now) and not terms.ignored,
        slots=_slots(job, kept, ended, look),
        runs=ended.runs,
        created_at=job.created_at,
        at=Circumstances(
            now=look.now,
            watched_since=watched_since,
            ticking=look.ticking,
            recorded_since=recorded_since,
            flying_since=ended.since if flying or ended.told_at < math.inf else None,
            terms=terms,
            zone=zone.of(look.zone),
            owed_by_hermes=job.noted.next_run_at,
            looked_at=look.looked_at,
        ),
        plan=None if flying or ended.waiting else _plan(job, look.zone),
    )


def _plan(job: Job, zone_name: str) -> tuple[float, float] | None:
    """Return when Hermes means to run an interval next, and what that counts from, the later by either clock."""
    planned, minutes = job.noted.next_run_at, job.minutes or 0
    if job.kind != "interval" or not 0 < minutes <= MAX_MINUTES or planned is None or planned > zone.LATEST:
        return None
    step = timedelta(minutes=minutes)
    by_the_wall = (datetime.fromtimestamp(planned, zone.of(zone_name)) - step).timestamp()
    return planned, max(planned - step.total_seconds(), by_the_wall)


def until(job: Job, ended: Ended, now: float) -> float:
    """Return the first moment after now at which time alone changes what is seen of a job, Unix seconds."""
    moments = (ended.told_at, job.noted.held_until)
    return min((moment for moment in moments if moment is not None and moment > now), default=math.inf)


def _slots(job: Job, kept: Kept | None, ended: Ended, look: Look) -> Slots:
    """Return the slots of a job; of one that is gone those until then."""
    since = kept.facts.since if kept else min(job.created_at or look.now, look.now)
    owed = slots.of_job(job, look.zone, since, kept.facts.last_ended if kept else None, ended.runs, look.now)
    return owed if kept is None or kept.gone_at is None else slots.Until(owed, kept.gone_at)


def _owing(job: Job, kept: Kept | None, now: float) -> bool:
    """Whether the job owes reports; one that ended owes what it owed when it was last there."""
    if kept is not None and kept.gone_at is not None:
        return kept.facts.owing
    return job.enabled and not (job.noted.held_until is not None and job.noted.held_until > now)
