"""What could not be judged and matters: nothing of it is ever called ok."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.status import advice
from hermes_exporter.status.document import Problem
from hermes_exporter.status.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.status.problems import Subject


def doubts(subject: Subject) -> Iterator[Problem]:
    """Yield what nobody can tell: whether the gateway lives, whether reports arrived, what could not be read.

    A profile without jobs of which nobody expects a gateway is idle: what runs there matters to nobody.
    """
    view = subject.view
    unread = [name for name, succeeded in view.succeeded.items() if not succeeded]
    idle = not view.expected and not any(each.enabled for each in subject.reports)
    if not view.profile.present:
        yield _doubt(None, "the profile's directory does not exist", advice.of_all(view, "profile", "list"))
    elif unread:
        yield _doubt(None, f"not everything could be read: {', '.join(unread)}", advice.OURSELVES)
    if idle or not view.profile.present:
        return
    if "gateway" not in view.succeeded:
        yield _doubt("gateway_dead", "the gateway is not judged: its collector is switched off")
    elif view.liveness.up is None:
        yield _doubt("gateway_dead", "whether the gateway lives cannot be told")
    if view.conditions.get("report_missing"):
        return
    if unjudged := _unjudged(subject):
        yield _doubt("report_missing", f"whether {count(unjudged, 'report')} arrived cannot be told")


def _unjudged(subject: Subject) -> int:
    """Return of how many jobs it cannot be told whether they owe a report."""
    return sum(each.enabled and not each.report.judged for each in subject.reports)


def _doubt(condition: str | None, sentence: str, command: str | None = None) -> Problem:
    return Problem(condition, "unknown", sentence, None, command)
