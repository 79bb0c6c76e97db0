"""The cron of a profile as a whole."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

STATES = ("enabled", "paused", "disabled", "completed", "error", "other")

HEARTBEAT = Family(
    "hermes_cron_scheduler_heartbeat_timestamp_seconds",
    "gauge",
    "When the cron's loop last turned, Unix time; due every minute. Source: cron/ticker_heartbeat. "
    "Absent: never, or another cron provider fires the jobs.",
)
LAST_SUCCESS = Family(
    "hermes_cron_scheduler_last_success_timestamp_seconds",
    "gauge",
    "When a turn of the loop last raised nothing, Unix time. Source: cron/ticker_last_success. Absent: as above.",
)
ERROR = Family(
    "hermes_cron_scheduler_error",
    "gauge",
    "1 if the last tick failed: cron/ticker_last_error stands, or the loop turns and does not succeed.",
)
CATCH_UP = Family(
    "hermes_cron_scheduler_catch_up_occurrences",
    "gauge",
    "Runs that were caught up after their time. Source: cron/catch_up_occurrences. Absent: not kept.",
)
TICKED = Family(
    "hermes_cron_scheduler_ticked",
    "gauge",
    "1 if a live process ticks this profile's jobs, 0 if none does. Absent: no job is enabled, or "
    "another provider fires them.",
)
STORE_VALID = Family(
    "hermes_cron_store_valid",
    "gauge",
    "1 if jobs.json parses, 0 if Hermes cannot use it. Absent: there is none, or it may not be read.",
)
STORE_WRITABLE = Family(
    "hermes_cron_store_writable",
    "gauge",
    "1 if owner and mode of the cron directory and jobs.json let the gateway write them.",
)
TIMEZONE_MISMATCH = Family(
    "hermes_cron_timezone_mismatch",
    "gauge",
    "1 if Hermes writes its stamps at another offset from UTC than that of the zone it is told to use; schedules "
    "are then read at Hermes' own offset. Source: cron/jobs.json. Absent: nothing to compare, or the exporter's "
    "configuration names the zone.",
)
JOBS = Family(
    "hermes_cron_jobs",
    "gauge",
    "Jobs by state. Source: cron/jobs.json.",
    ("state",),
)
RUNNING = Family(
    "hermes_cron_jobs_running",
    "gauge",
    "Jobs with a run in flight whose process lives. Source: cron/executions.db. Absent: nobody can tell.",
)
OVERDUE = Family(
    "hermes_cron_jobs_overdue",
    "gauge",
    "Jobs whose next run, as Hermes planned it, is past by more than half their period (2 minutes to 2 hours). "
    "Absent: the jobs cannot be read.",
)
VANISHED = Family(
    "hermes_cron_jobs_vanished",
    "gauge",
    "Recurring jobs that were on and left jobs.json within a day, though their output shows that nobody removed "
    "them. Absent: the jobs cannot be read.",
)
INCIDENTS = Family(
    "hermes_cron_incidents",
    "gauge",
    "Incidents by state. Source: cron/executions.db. Absent: versions that keep none.",
    ("state",),
)


def _inputs(view: ProfileView) -> object:
    cron = view.files.cron
    ledger = cron.executions
    stamps = view.past(cron.heartbeat), view.past(cron.success)
    return (
        view.scheduler,
        view.timezone_mismatch,
        cron.jobs,
        cron.jobs_valid,
        cron.catch_up,
        ledger and ledger.incidents,
        stamps,
        _running(view),
        view.jobs_overdue,
        view.jobs_vanished,
    )


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the cron's life, its store, and its jobs in numbers."""
    cron, scheduler = view.files.cron, view.scheduler
    if scheduler is None:
        return
    stamps = ((HEARTBEAT, cron.heartbeat), (LAST_SUCCESS, cron.success))
    for family, stamp in stamps:
        if scheduler.built_in and (past := view.past(stamp)) is not None:
            yield family(past)
    facts = (
        (ERROR, scheduler.error if scheduler.built_in else None),
        (TICKED, scheduler.ticked),
        (CATCH_UP, cron.catch_up),
        (STORE_VALID, cron.jobs_valid),
        (STORE_WRITABLE, scheduler.store_writable),
        (TIMEZONE_MISMATCH, view.timezone_mismatch),
    )
    for family, fact in facts:
        if fact is not None:
            yield family(fact)
    yield from _in_numbers(view)
    if view.jobs_vanished is not None:
        yield VANISHED(view.jobs_vanished)
    if cron.executions is not None and cron.executions.incidents is not None:
        for state, count in cron.executions.incidents.items():
            yield INCIDENTS(count, state=state)


def _in_numbers(view: ProfileView) -> Iterator[Sample]:
    store = view.files.cron.jobs
    if store is None:
        return
    counts = Counter(job.state for job in store.jobs)
    for state in STATES:
        yield JOBS(counts[state], state=state)
    if (running := _running(view)) is not None:
        yield RUNNING(running)
    if view.jobs_overdue is not None:
        yield OVERDUE(view.jobs_overdue)


def _running(view: ProfileView) -> int | None:
    """How many run, those that the limit holds back too; None where that cannot be told of each."""
    running = [runs.running for runs in (*view.jobs, *view.jobs_held_back)]
    return None if None in running else running.count(True)


COLLECTOR = Collector(
    "Scheduler",
    "cron",
    (
        HEARTBEAT,
        LAST_SUCCESS,
        ERROR,
        CATCH_UP,
        TICKED,
        STORE_VALID,
        STORE_WRITABLE,
        TIMEZONE_MISMATCH,
        JOBS,
        RUNNING,
        OVERDUE,
        VANISHED,
        INCIDENTS,
    ),
    _inputs,
    collect,
)
