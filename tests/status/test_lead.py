"""What the page says first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.judge.report import Report
from hermes_exporter.status.host import status
from hermes_exporter.status.lead import found, lead, worst_first
from hermes_exporter.values import replace
from tests.views import DEAD, HIDDEN, NOW, holding, job, view

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView

MINUTE = 60.0
DEAD_VIEW = {"liveness": DEAD, "conditions": holding("gateway_dead")}


def late(minutes: float) -> Report:
    """A report that was due so many minutes ago and is overdue."""
    due = NOW - minutes * MINUTE
    return Report(owed_slot=due, deadline=due + 60, overdue=True, judged=True)


def missing(label: str, **minutes: float) -> ProfileView:
    """A profile with reports that are missing, by name and since when."""
    jobs = tuple(job(name, f"Report {name}") for name in minutes)
    reports = {name: late(since) for name, since in minutes.items()}
    return view(label, jobs=jobs, reports=reports, conditions=holding("report_missing"))


def gone(label: str = "default") -> ProfileView:
    """A profile whose directory does not exist."""
    empty = view(label, liveness=DEAD, expected=False)
    return replace(empty, profile=replace(empty.profile, present=False))


@pytest.mark.parametrize(
    ("views", "verdict", "worst"),
    [
        ((view(),), "default is well.", ""),
        ((view("a"), view("b"), view("c")), "All 3 profiles are well.", ""),
        (
            (view("a"), missing("coder", x=25.0), view("c")),
            "2 of 3 profiles are well.",
            "The report “Report x” of coder is 25 min overdue.",
        ),
        (
            (missing("default", x=25.0, y=180.0),),
            "default is not well.",
            "The report “Report y” of default is 3 h overdue, and 1 more report is missing.",
        ),
        (
            (missing("a", x=1.0, y=3.0, z=2.0), view("b")),
            "1 of 2 profiles is well.",
            "The report “Report y” of a is 3 min overdue, and 2 more reports are missing.",
        ),
        ((view("a"), view("b", **DEAD_VIEW)), "1 of 2 profiles is well.", "b: gateway dead."),
        (
            (view("a", conditions=holding("platform_down")), view("b", **DEAD_VIEW), view("c", liveness=HIDDEN)),
            "None of 3 profiles is well.",
            "b: gateway dead. Not well either: a. Cannot be judged: c.",
        ),
        (
            tuple(view(label, **DEAD_VIEW) for label in "abcdefg"),
            "None of 7 profiles is well.",
            "a: gateway dead. Not well either: b, c, d, 3 more.",
        ),
        (
            (view("a", liveness=HIDDEN), view("b")),
            "1 of 2 profiles cannot be judged.",
            "a: whether the gateway lives cannot be told.",
        ),
        (
            (view(succeeded={"gateway": False}, liveness=HIDDEN),),
            "default cannot be judged.",
            "default: not everything could be read: gateway.",
        ),
        ((gone(),), "No Hermes home was found.", ""),
        ((), "No Hermes home was found.", ""),
    ],
)
def test_lead(views: tuple[ProfileView, ...], verdict: str, worst: str) -> None:
    """How many are well, then the worst of it; who else is ill is named, who is unknown is not called ill."""
    assert lead(status(views, NOW, "1")) == (verdict, worst)


def test_a_report_that_no_shown_job_owes_is_told_as_check_tells_it() -> None:
    """Where the limit holds the job back, the sentence of the problem stands."""
    held = replace(missing("default", x=25.0), jobs=(), jobs_held_back=(job("x", "Report x"),))

    said = lead(status((held,), NOW, "1"))

    assert said.worst == "default: 1 report missing: Report x, due 07:35 UTC, 25 min overdue."


def test_a_profile_that_is_gone_and_expected_is_a_failure() -> None:
    """A home that somebody expects a gateway in is not simply absent."""
    lost = replace(gone(), expected=True, conditions=holding("gateway_dead"))

    assert found(status((lost,), NOW, "1"))


def test_the_worst_comes_first() -> None:
    """Critical, warning, unknown, well; among equals as they came."""
    views = (
        view("well"),
        view("dark", liveness=HIDDEN),
        view("lost", conditions=holding("platform_down")),
        view("dead", **DEAD_VIEW),
        view("dead too", **DEAD_VIEW),
    )

    assert [each.label for each in worst_first(status(views, NOW, "1"))] == [
        *("dead", "dead too", "lost", "dark", "well"),
    ]
