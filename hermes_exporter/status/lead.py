"""What the page says first: how many profiles are well, and the worst of it, made of the document alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.status import severity
from hermes_exporter.status.words import count, plain, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hermes_exporter.status.document import ProfileStatus, Status

NAMED = 3
"""So many other profiles that are not well are named, the rest are counted."""


class Lead(NamedTuple):
    """A verdict of one sentence, and the worst that is behind it; empty where all is well."""

    verdict: str
    worst: str


def lead(status: Status) -> Lead:
    """Return what to say first."""
    profiles = status.profiles
    if not found(status):
        return Lead("No Hermes home was found.", "")
    unwell = worst_first(status)[: sum(bool(each.problems) for each in profiles)]
    if not unwell:
        all_of_them = (
            f"All {len(profiles)} profiles are well." if len(profiles) > 1 else f"{profiles[0].label} is well."
        )
        return Lead(all_of_them, "")
    return Lead(_verdict(status), " ".join([_worst(unwell[0], status.at), *_others(unwell[1:])]))


def found(status: Status) -> bool:
    """Whether there is a Hermes home at all, or somebody expects one."""
    return any(profile.present or profile.gateway.expected for profile in status.profiles)


def worst_first(status: Status) -> list[ProfileStatus]:
    """Return the profiles, the worst first, otherwise in their order."""
    return sorted(
        status.profiles,
        key=lambda each: severity.rank(each.severity, each.problems[0].condition if each.problems else None),
    )


def _verdict(status: Status) -> str:
    profiles = status.profiles
    unknown = sum(profile.severity == "unknown" for profile in profiles)
    if len(profiles) == 1:
        return f"{profiles[0].label} {'cannot be judged' if unknown else 'is not well'}."
    if status.severity == "unknown":
        return f"{unknown} of {len(profiles)} profiles cannot be judged."
    well = sum(profile.severity == "ok" for profile in profiles)
    return f"{well or 'None'} of {len(profiles)} profiles {'is' if well < 2 else 'are'} well."


def _worst(profile: ProfileStatus, now: float) -> str:
    problem = profile.problems[0]
    if problem.condition == "report_missing" and (missing := _missing(profile, now)):
        return missing
    return f"{profile.label}: {problem.sentence}."


def _missing(profile: ProfileStatus, now: float) -> str:
    """Return which report is missing for longest; nothing where it is of none of the jobs that are shown."""
    late = [(job.owed_slot, job.name) for job in profile.jobs if job.overdue and job.owed_slot is not None]
    if not late:
        return ""
    due, name = min(late)
    others = len(late) - 1
    more = f", and {count(others, 'more report')} {'is' if others == 1 else 'are'} missing" if others else ""
    return f"The report “{plain(name)}” of {profile.label} is {span(now - due)} overdue{more}."


def _others(unwell: Sequence[ProfileStatus]) -> Iterator[str]:
    """Yield who else is not well, and of whom nobody can tell."""
    ill = [profile.label for profile in unwell if profile.severity != "unknown"]
    dark = [profile.label for profile in unwell if profile.severity == "unknown"]
    for said, labels in (("Not well either", ill), ("Cannot be judged", dark)):
        if labels:
            more = [f"{len(labels) - NAMED} more"] if len(labels) > NAMED else []
            yield f"{said}: {', '.join([*labels[:NAMED], *more])}."
