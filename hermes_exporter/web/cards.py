"""What the page shows of a profile and of a job, as its templates want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.status.words import count, plain
from hermes_exporter.web import job_wording, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.status.document import JobStatus, ProfileStatus, Severity
    from hermes_exporter.web.job_wording import Mark, Told

SIGNS: dict[Severity, tuple[str, str]] = {
    "ok": ("well", "✓"),
    "warning": ("late", "!"),
    "critical": ("bad", "✕"),
    "unknown": ("unknown", "?"),
}
"""By severity: the kind, which is a class of the style, and a sign for those who do not see its colour."""


class Line(NamedTuple):
    """A profile in one line."""

    label: str
    kind: str
    sign: str
    headline: str
    link: str


class Wrong(NamedTuple):
    """A problem, with the command to run first; empty where there is none."""

    kind: str
    word: str
    sentence: str
    command: str


class Card(NamedTuple):
    """A profile with all that is told of it but its single jobs."""

    line: Line
    wrong: Sequence[Wrong]
    facts: Sequence[tuple[str, Sequence[str]]]
    jobs: str


class JobCard(NamedTuple):
    """A job; ``facts`` and the words of its slots are shown where it is ``opened``."""

    name: str
    state: Mark
    brief: str
    facts: Sequence[tuple[str, str]]
    slots: Sequence[Told]
    strip: str
    opened: bool
    link: str
    anchor: str


def line(profile: ProfileStatus, link: str) -> Line:
    """Return a profile in one line."""
    kind, sign = SIGNS[profile.severity]
    idle = profile.severity == "ok" and profile.gateway.state == "none" and profile.jobs_known
    said = "idle" if idle and not any(job.enabled for job in profile.jobs) else wording.HEADLINES[profile.headline]
    return Line(profile.label, kind, sign, said, link)


def full(profile: ProfileStatus, now: float, link: str) -> Card:
    """Return a profile with what is wrong and what is known; ``now`` in Unix seconds."""
    wrong = [
        Wrong(SIGNS[each.severity][0], each.severity.capitalize(), each.sentence, each.command or "")
        for each in profile.problems
    ]
    facts: list[tuple[str, Sequence[str]]] = [
        ("Gateway", [wording.gateway(profile, now)]),
        ("Unit", [wording.unit(each) for each in profile.gateway.units]),
        ("Messengers", wording.platforms(profile, now)),
        ("Last report", [wording.last_report(profile, now)]),
        ("Next report", [wording.next_report(profile, now)]),
        ("Time zone", [wording.zone(profile)]),
        ("Not read", [", ".join(profile.unread)] if profile.unread else []),
    ]
    return Card(line(profile, link), wrong, [(name, texts) for name, texts in facts if texts], _jobs(profile))


def worst_jobs_first(profile: ProfileStatus) -> list[JobStatus]:
    """Return the jobs: overdue, not judged, the others, those that are off; otherwise in their order."""
    return sorted(profile.jobs, key=lambda job: (not job.overdue, not job.enabled, job.judged))


def job(status: JobStatus, now: float, link: str, anchor: str, *, opened: bool) -> JobCard:
    """Return a job; ``link`` opens or closes it."""
    told = job_wording.slots(status, now)
    return JobCard(
        name=plain(status.name),
        state=job_wording.state(status, now),
        brief=job_wording.brief(status, now),
        facts=job_wording.facts(status, now) if opened else (),
        slots=told,
        strip=job_wording.strip(told),
        opened=opened,
        link=link,
        anchor=anchor,
    )


def _jobs(profile: ProfileStatus) -> str:
    if not profile.jobs:
        return "No jobs" if profile.jobs_known else "Jobs: unknown"
    return count(len(profile.jobs), "job")
