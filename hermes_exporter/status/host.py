"""From the views of one gather to the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.status import severity
from hermes_exporter.status.document import SCHEMA_VERSION, ProfileStatus, Status
from hermes_exporter.status.doubts import doubts
from hermes_exporter.status.gateway import gateway
from hermes_exporter.status.jobs import jobs, last_report, next_report, reported
from hermes_exporter.status.platforms import platforms
from hermes_exporter.status.problems import Subject, problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.status.document import Severity

NAMED = 3
"""So many profiles that are not well are named in the sentence, the rest are counted."""


def status(views: Iterable[ProfileView], at: float, version: str) -> Status:
    """Return what is to be said of these profiles; ``at`` in Unix seconds, ``version`` is our own."""
    profiles = tuple(profile(view) for view in views)
    worst = severity.worst(each.severity for each in profiles)
    return Status(SCHEMA_VERSION, version, at, worst, _sentence(profiles, worst), profiles)


def profile(view: ProfileView) -> ProfileStatus:
    """Return what is to be said of one profile."""
    state, known = gateway(view), reported(view)
    subject = Subject(view, state, known)
    wrong = (*problems(subject), *doubts(subject))
    worst = severity.worst(problem.severity for problem in wrong)
    named = wrong[0].condition if wrong and worst != "unknown" else None
    return ProfileStatus(
        label=view.profile.label,
        present=view.profile.present,
        severity=worst,
        headline=named or worst,
        gateway=state,
        platforms=platforms(view),
        last_report=last_report(view, known),
        next_report=next_report(known),
        zone=view.timezone,
        zone_mismatch=view.timezone_mismatch,
        problems=wrong,
        unread=tuple(name for name, succeeded in view.succeeded.items() if not succeeded),
        jobs_known=view.profile.present and view.succeeded.get("cron", False),
        jobs=tuple(jobs(view)),
    )


def _sentence(profiles: Sequence[ProfileStatus], worst: Severity) -> str:
    """Return it all in one line, the worst profile first."""
    if worst == "ok":
        return f"{profiles[0].label} is well" if len(profiles) == 1 else f"all {len(profiles)} profiles are well"
    unwell = sorted(
        (each for each in profiles if each.problems),
        key=lambda each: severity.rank(each.severity, each.problems[0].condition),
    )
    named = [f"{each.label}: {each.problems[0].sentence}" for each in unwell[:NAMED]]
    if len(profiles) == 1:
        return named[0]
    more = [f"and {len(unwell) - NAMED} more"] if len(unwell) > NAMED else []
    unknown = sum(each.severity == "unknown" for each in unwell)
    known = len(unwell) - unknown
    verdicts = [f"{'is' if known == 1 else 'are'} not well"] if known else []
    verdicts += [f"{unknown} cannot be judged" if known else "cannot be judged"] if unknown else []
    verdict = ", ".join(verdicts)
    return f"{known or unknown} of {len(profiles)} profiles {verdict}: {'; '.join([*named, *more])}"
