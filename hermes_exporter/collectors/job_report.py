"""The reports of each job: what its schedule owed, what came of it, and on what evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.collectors.job import LABELS, labels
from hermes_exporter.judge.report import FATES, Report
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.judge.job_runs import JobRuns

STATUSES = ("completed", "failed", "unknown")

LAST_SLOT = Family(
    "hermes_cron_job_last_slot_timestamp_seconds",
    "gauge",
    "The newest moment at which its schedule wanted it to run, Unix time, by our own reading of the schedule. "
    "Absent: none yet, or the schedule cannot be read.",
    LABELS,
)
NEXT_SLOT = Family(
    "hermes_cron_job_next_slot_timestamp_seconds",
    "gauge",
    "The next moment at which its schedule wants it to run, Unix time, by our own reading. Absent: "
    "it is not to run.",
    LABELS,
)
OWED_SLOT = Family(
    "hermes_cron_job_owed_slot_timestamp_seconds",
    "gauge",
    "The slot whose report is still owed, Unix time: the newest past its deadline, else the newest. "
    "Absent: nothing is owed.",
    LABELS,
)
DEADLINE = Family(
    "hermes_cron_job_report_deadline_timestamp_seconds",
    "gauge",
    "Until when the report of the owed slot is not late, Unix time. Absent: nothing is owed.",
    LABELS,
)
OVERDUE = Family(
    "hermes_cron_job_report_overdue",
    "gauge",
    "1 while the newest slot past its deadline has neither a delivered report nor a reason to have none. "
    "Absent: nobody can tell, see hermes_cron_job_judged.",
    LABELS,
)
JUDGED = Family(
    "hermes_cron_job_judged",
    "gauge",
    "0 while the verdict on its reports is withheld: a source was missing or behind, or nothing proves either "
    "way.",
    LABELS,
)
SLOTS = Family(
    "hermes_cron_job_slots_total",
    "counter",
    "Slots by what became of them, each counted once: settled, late (after its deadline), missed, or unknown.",
    (*LABELS, "result"),
)
OUTCOME = Family(
    "hermes_cron_job_last_delivery_outcome",
    "gauge",
    "Always 1; outcome is what became of the last run's report by evidence: delivered, partial, notice (the run "
    "failed, and word of that arrived), unverified, suppressed, queued, failed, not_configured, local, none.",
    (*LABELS, "outcome"),
)
LAST_DELIVERY = Family(
    "hermes_cron_job_last_delivery_timestamp_seconds",
    "gauge",
    "When a report of it was last proved delivered, Unix time. Absent: never, as far as anything tells.",
    LABELS,
)
EVIDENCE = Family(
    "hermes_cron_job_last_delivery_evidence",
    "gauge",
    "Always 1; evidence is what proves the last delivery: ledger, log, or claim (Hermes' own word alone).",
    (*LABELS, "evidence"),
)
RUNS = Family(
    "hermes_cron_job_runs_total",
    "counter",
    "Runs that ended: completed, failed, or unknown (their process died). Source: cron/executions.db.",
    (*LABELS, "status"),
)
DELIVERIES = Family(
    "hermes_cron_job_deliveries_total",
    "counter",
    "Reports by what became of them; delivered and failed exist from the start.",
    (*LABELS, "outcome"),
)
DUPLICATES = Family(
    "hermes_cron_job_duplicate_runs_total",
    "counter",
    "Runs for a slot that had already had one; those started by hand do not count.",
    LABELS,
)
START_DELAY = Family(
    "hermes_cron_job_start_delay_seconds",
    "gauge",
    "Seconds from its slot to the start of its last run. Absent: not known when that began.",
    LABELS,
)


def _inputs(view: ProfileView) -> object:
    return view.jobs, view.reports, view.job_names


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the verdict on every job that the limit allows."""
    for runs in view.jobs:
        yield from series(view, runs)


def series(view: ProfileView, runs: JobRuns) -> Iterator[Sample]:
    """Yield the series of one job."""
    report = view.reports.get(runs.job.id, Report())
    names = labels(view, runs)
    figures = (
        (JUDGED, report.judged),
        (OVERDUE, report.overdue),
        (LAST_SLOT, report.last_slot),
        (NEXT_SLOT, report.next_slot),
        (OWED_SLOT, report.owed_slot),
        (DEADLINE, report.deadline),
        (LAST_DELIVERY, report.last_delivery_at),
        (START_DELAY, report.start_delay_seconds),
        (DUPLICATES, report.duplicates),
    )
    for family, value in figures:
        if value is not None:
            yield family(value, **names)
    if report.last_outcome is not None:
        yield OUTCOME(1, **names, outcome=report.last_outcome)
    if report.last_delivery_evidence is not None:
        yield EVIDENCE(1, **names, evidence=report.last_delivery_evidence)
    for fate in FATES:
        yield SLOTS(report.slots.get(fate, 0), **names, result=fate)
    for status in STATUSES:
        yield RUNS(report.runs.get(status, 0), **names, status=status)
    for outcome in dict.fromkeys(("delivered", "failed", *sorted(report.deliveries))):
        yield DELIVERIES(report.deliveries.get(outcome, 0), **names, outcome=outcome)


COLLECTOR = Collector(
    "Report",
    "cron",
    (
        OVERDUE,
        JUDGED,
        OWED_SLOT,
        DEADLINE,
        LAST_SLOT,
        NEXT_SLOT,
        OUTCOME,
        LAST_DELIVERY,
        EVIDENCE,
        SLOTS,
        RUNS,
        DELIVERIES,
        DUPLICATES,
        START_DELAY,
    ),
    _inputs,
    collect,
)
