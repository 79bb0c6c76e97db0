"""The jobs of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.judge.job_runs import JobRuns

LABELS = ("job_id", "job_name")
STATUSES = ("ok", "error", "delivery_failed", "delivery_queued", "blocked_config", "other")

INFO = Family(
    "hermes_cron_job_info",
    "gauge",
    "Always 1. deliver: platforms its report goes to; runner: agent, script, or provider (fired from elsewhere); "
    "timezone: the zone its schedule is read in. Source: cron/jobs.json.",
    (*LABELS, "schedule", "kind", "timezone", "deliver", "runner"),
)
ENABLED = Family("hermes_cron_job_enabled", "gauge", "1 if the job is meant to run again.", LABELS)
RUNNING = Family(
    "hermes_cron_job_running",
    "gauge",
    "1 while a run is in flight whose process lives. Source: cron/executions.db. Absent: nobody can tell.",
    LABELS,
)
SCHEDULABLE = Family(
    "hermes_cron_job_schedulable",
    "gauge",
    "0 if the job is enabled and Hermes could not compute its next run.",
    LABELS,
)
CREATED = Family("hermes_cron_job_created_timestamp_seconds", "gauge", "When it was created, Unix time.", LABELS)
LAST_RUN = Family(
    "hermes_cron_job_last_run_timestamp_seconds",
    "gauge",
    "End of the last run as Hermes noted it, Unix time. Absent: it never ran.",
    LABELS,
)
LAST_SUCCESS = Family(
    "hermes_cron_job_last_success_timestamp_seconds",
    "gauge",
    "End of the last run that ended well, Unix time; whether its report arrived is another question. "
    "Absent: none known.",
    LABELS,
)
NEXT_RUN = Family(
    "hermes_cron_job_next_run_timestamp_seconds",
    "gauge",
    "When Hermes says that it will run next, Unix time: a claim.",
    LABELS,
)
LAST_STATUS = Family(
    "hermes_cron_job_last_status",
    "gauge",
    "Always 1; status is Hermes' own word for the last run.",
    (*LABELS, "status"),
)
FAILURES = Family(
    "hermes_cron_job_consecutive_failures",
    "gauge",
    "Runs that failed since one ended well, as far as Hermes' ledger reaches; before 0.19 there is none, and "
    "it is 1 if the last run failed.",
    LABELS,
)
DURATION = Family("hermes_cron_job_last_duration_seconds", "gauge", "Seconds the last ended run took.", LABELS)
RUN_START = Family(
    "hermes_cron_job_run_start_timestamp_seconds",
    "gauge",
    "When the run in flight began, Unix time. Absent: none is in flight.",
    LABELS,
)
ORPHANED = Family(
    "hermes_cron_job_run_orphaned",
    "gauge",
    "1 if the process of the run in flight is gone. Absent: none is in flight, or nobody can tell.",
    LABELS,
)
HELD_UNTIL = Family(
    "hermes_cron_job_held_until_timestamp_seconds",
    "gauge",
    "Until when the job waits for its provider's quota, Unix time. Absent: it does not.",
    LABELS,
)


def _inputs(view: ProfileView) -> object:
    future = view.past(view.jobs_newest) is None
    return view.jobs, view.timezone, view.job_names, _external(view), view.files.cron.notes_known, future


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield every job that the limit allows."""
    for runs in view.jobs:
        yield from series(view, runs)


def labels(view: ProfileView, runs: JobRuns) -> dict[str, str]:
    """Return what names a job in every one of its series."""
    job = runs.job
    return {"job_id": job.id, "job_name": view.name_of(job)}


def series(view: ProfileView, runs: JobRuns) -> Iterator[Sample]:
    """Yield the series of one job."""
    job, noted = runs.job, runs.job.noted
    names = labels(view, runs)
    runner = "provider" if _external(view) else "script" if job.script else "agent"
    yield INFO(
        1,
        **names,
        schedule=job.schedule,
        kind=job.kind,
        timezone=view.timezone,
        deliver=",".join(job.deliver),
        runner=runner,
    )
    yield ENABLED(job.enabled, **names)
    if job.schedulable or view.files.cron.notes_known:
        yield SCHEDULABLE(job.schedulable, **names)
    if noted.last_status is not None:
        yield LAST_STATUS(1, **names, status=noted.last_status if noted.last_status in STATUSES else "other")
    figures = (
        (RUNNING, runs.running),
        (CREATED, view.past(job.created_at)),
        (LAST_RUN, view.past(noted.last_run_at)),
        (LAST_SUCCESS, view.past(runs.last_success_at)),
        (NEXT_RUN, noted.next_run_at),
        (FAILURES, runs.failures),
        (DURATION, runs.last_seconds),
        (RUN_START, view.past(runs.run_started_at)),
        (ORPHANED, runs.orphaned),
        (HELD_UNTIL, noted.held_until),
    )
    for family, value in figures:
        if value is not None:
            yield family(value, **names)


def _external(view: ProfileView) -> bool:
    return view.scheduler is not None and not view.scheduler.built_in


COLLECTOR = Collector(
    "Job",
    "cron",
    (
        INFO,
        ENABLED,
        RUNNING,
        SCHEDULABLE,
        CREATED,
        LAST_RUN,
        LAST_SUCCESS,
        NEXT_RUN,
        LAST_STATUS,
        FAILURES,
        DURATION,
        RUN_START,
        ORPHANED,
        HELD_UNTIL,
    ),
    _inputs,
    collect,
)
