"""The jobs of a profile, and the reports at either side of now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge.report import Report
from hermes_exporter.metric import clean
from hermes_exporter.status.document import JobStatus, LastReport, NextReport, SlotStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.judge.job_runs import JobRuns
    from hermes_exporter.judge.report import Slot

UNJUDGED = Report()
"""Of a job of which nobody could say anything."""


class Reported(NamedTuple):
    """A job as it may be shown, with the verdict on its reports."""

    job_id: str
    job_name: str
    enabled: bool
    report: Report


def reported(view: ProfileView) -> list[Reported]:
    """Return every job, those included that no limit lets through, and those that are gone and still judged."""
    known = {runs.job.id: runs.job for runs in (*view.jobs, *view.jobs_held_back)}
    there = [
        Reported(clean(job.id), clean(view.name_of(job)), job.enabled, view.reports.get(job.id, UNJUDGED))
        for job in known.values()
    ]
    gone = [
        Reported(clean(job_id), clean(job_id), enabled=False, report=report)
        for job_id, report in view.reports.items()
        if job_id not in known
    ]
    return there + gone


def jobs(view: ProfileView) -> Iterator[JobStatus]:
    """Yield every job that the limit allows."""
    for runs in view.jobs:
        yield _job(view, runs, view.reports.get(runs.job.id, UNJUDGED))


def last_report(view: ProfileView, known: list[Reported]) -> LastReport | None:
    """Return the newest report that arrived."""
    newest: LastReport | None = None
    for each in known:
        at = view.past(each.report.last_delivery_at)
        if at is not None and (newest is None or at > newest.at):
            newest = LastReport(each.job_id, each.job_name, at, each.report.last_delivery_evidence)
    return newest


def next_report(known: list[Reported]) -> NextReport | None:
    """Return the first report to come."""
    first: NextReport | None = None
    for each in known:
        at = each.report.next_slot
        if each.enabled and at is not None and (first is None or at < first.at):
            first = NextReport(each.job_id, each.job_name, at)
    return first


def _job(view: ProfileView, runs: JobRuns, report: Report) -> JobStatus:
    job = runs.job
    return JobStatus(
        id=clean(job.id),
        name=clean(view.name_of(job)),
        schedule=clean(job.schedule),
        zone=view.timezone,
        enabled=job.enabled,
        last_slot=report.last_slot,
        next_slot=report.next_slot,
        owed_slot=report.owed_slot,
        deadline=report.deadline,
        overdue=report.overdue,
        judged=report.judged,
        last_run=view.past(job.noted.last_run_at),
        last_success=view.past(runs.last_success_at),
        last_delivery=view.past(report.last_delivery_at),
        last_delivery_evidence=report.last_delivery_evidence,
        last_outcome=report.last_outcome,
        consecutive_failures=runs.failures,
        history=tuple(_slot(slot) for slot in report.history),
    )


def _slot(slot: Slot) -> SlotStatus:
    return SlotStatus(slot.at, slot.deadline, slot.fate, slot.outcome, slot.evidence, slot.began)
