"""What ``check`` prints: a line for monitoring, then what a person understands."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.judge.report import Report
from hermes_exporter.status.host import status
from hermes_exporter.status.text import lines
from hermes_exporter.status.words import moment, plain, span
from hermes_exporter.values import replace
from tests.views import ALIVE, DEAD, HIDDEN, HOUR, NOW, SETTLED, holding, job, process, unit, view

DAY = 24 * HOUR
FIGURE = re.compile(r"[a-z_]+=(\d+|U);;;0")
"""'label'=value;warn;crit;min of the monitoring plugins' guidelines."""
LATE = Report(judged=True, overdue=True, owed_slot=NOW - 1500, deadline=NOW - 600)


def printed(*views: Any, width: int = 80, paint: Any = lambda word, _severity: word) -> list[str]:
    """What is printed of these views."""
    return list(lines(status(views, NOW, "1"), width, paint))


def test_first_line_is_for_monitoring() -> None:
    """The verdict, the sentence, and after a bar the figures."""
    dead = view("coder", liveness=DEAD, conditions=holding("gateway_dead"))
    late = view(jobs=(job("a"),), reports={"a": LATE}, conditions=holding("report_missing"))

    first = printed(dead, late, view("x", liveness=HIDDEN), view("y", conditions=holding("degraded")), view("z"))[
        0
    ]

    said, _, figures = first.partition(" | ")
    assert said == (
        "HERMES CRITICAL - 3 of 5 profiles are not well, 1 cannot be judged: coder: gateway dead; "
        "default: 1 report missing: Brief, due 07:35 UTC, 25 min overdue; "
        "y: the model provider fails, and another model provider stands in for it; and 1 more"
    )
    assert figures == "profiles=5;;;0 critical=2;;;0 warning=1;;;0 unknown=1;;;0 jobs_overdue=1;;;0"
    assert all(FIGURE.fullmatch(figure) for figure in figures.split())


def test_a_number_that_is_not_known_is_no_zero() -> None:
    """Where no report is judged, nobody can tell how many are overdue."""
    unjudged, settled = view(jobs=(job("a"),)), view(jobs=(job("a"),), reports={"a": SETTLED})

    assert printed(unjudged)[0].endswith("jobs_overdue=U;;;0")
    assert printed(settled)[0].endswith("jobs_overdue=0;;;0")


def test_a_profile_that_is_well_is_one_line() -> None:
    """Gateway, last report and next one, in the profile's zone."""
    came = replace(
        SETTLED, last_delivery_at=NOW - 3600, last_delivery_evidence="log", next_slot=NOW + 3 * HOUR + 60
    )
    well = view(
        jobs=(job("a"),),
        reports={"a": came},
        timezone="America/New_York",
        liveness=replace(ALIVE, process=process(started_at=NOW - 3 * DAY)),
    )

    assert printed(well)[1:] == ["default  OK  gateway up 3 d; last report 02:00 EST; next 06:01 EST, in 3 h"]


def test_jobs_that_nobody_could_read_are_not_none() -> None:
    """Without its cron nobody knows whether a profile has jobs, nor whether it is idle."""
    dark = view(liveness=DEAD, expected=False, succeeded={"gateway": True, "cron": False})

    assert printed(dark)[1] == "default  UNKNOWN  no gateway; jobs unknown"
    assert printed(replace(dark, succeeded={"gateway": True, "cron": True}))[1].endswith(
        "idle: no gateway expected, no jobs to run"
    )


def test_what_is_wrong_comes_below_with_its_command() -> None:
    """Indented, the command on a line of its own, whole and ready to be copied."""
    dead = view(
        "coder",
        liveness=DEAD,
        conditions=holding("gateway_dead"),
        units=(unit("hermes-gateway-coder.service", active_state="failed", exit_status=203),),
    )

    assert printed(dead)[1:] == [
        "coder  CRITICAL  gateway dead; no jobs",
        "  critical: gateway dead: hermes-gateway-coder.service is failed, exit status",
        "    203: its Python interpreter is gone",
        "      systemctl --user status hermes-gateway-coder.service",
    ]


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"liveness": DEAD, "expected": False}, "idle: no gateway expected, no jobs to run"),
        ({}, "gateway up; no jobs"),
        ({"host": "default"}, "gateway of default up; no jobs"),
        ({"liveness": HIDDEN}, "gateway unknown; no jobs"),
        ({"jobs": (job("a", enabled=False),)}, "gateway up; no enabled jobs"),
        ({"jobs": (job("a"),)}, "gateway up; last report unknown; next unknown"),
        ({"jobs": (job("a"),), "reports": {"a": SETTLED}}, "gateway up; no report came yet; none is due"),
        (
            {
                "jobs": (job("a"),),
                "reports": {
                    "a": replace(SETTLED, last_delivery_at=NOW - 90, last_delivery_evidence="claim"),
                },
            },
            "gateway up; last report 07:58 UTC (Hermes says); none is due",
        ),
    ],
)
def test_the_facts_of_a_profile(fields: dict[str, Any], facts: str) -> None:
    """What is not known is called so; what only Hermes says is said to be its word."""
    assert printed(view(**fields), width=100)[1].split(maxsplit=2)[2] == facts


def test_a_line_ends_between_facts() -> None:
    """Where the facts do not fit into one line, none of them is torn apart."""
    came = replace(SETTLED, last_delivery_at=NOW - 3600, last_delivery_evidence="log", next_slot=NOW + 23 * HOUR)

    assert printed(view("a-longer-name", jobs=(job("a"),), reports={"a": came}))[1:] == [
        "a-longer-name  OK  gateway up; last report 07:00 UTC;",
        "    next Sat 07:00 UTC, in 23 h",
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    """But for the first, which monitoring reads, and for commands, which nobody could copy otherwise."""
    jobs = tuple(job(name, f"Report of {name}") for name in "abcde")
    ill = view(
        "a-profile-of-a-team",
        jobs=jobs,
        reports=dict.fromkeys("abcde", LATE),
        conditions=holding("report_missing"),
    )

    body = [line for line in printed(ill, width=width)[1:] if not line.startswith("      ")]

    assert max(map(len, body)) <= width
    assert len(body) > 2


def test_columns_stand_below_each_other() -> None:
    """The states of all profiles begin in the same column."""
    body = printed(view(), view("a-longer-name"), view("x", liveness=HIDDEN))[1:]

    assert {line.index(word) for line in body for word in ("  OK ", "  UNKNOWN") if word in line} == {13}


def test_only_verdicts_are_painted() -> None:
    """Colours add nothing and move nothing: without them the lines are the same."""
    views = (view("OK"), view("critical", conditions=holding("gateway_dead")))

    painted = printed(*views, paint=lambda word, severity: f"<{severity}:{word}>")

    assert [re.sub(r"<\w+:(\w+)>", r"\1", line) for line in painted] == printed(*views)
    assert painted[0].startswith("HERMES <critical:CRITICAL> - ")
    assert painted[1].startswith("OK        <ok:OK>  ")
    assert painted[2].startswith("critical  <critical:CRITICAL>  ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (2 * DAY - 1, "47 h"),
        (2 * DAY, "2 d"),
        (400 * DAY, "400 d"),
    ],
)
def test_spans(seconds: float, said: str) -> None:
    """The largest unit that tells enough, rounded down."""
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        (NOW, "UTC", "08:00 UTC"),
        (NOW, "Asia/Seoul", "17:00 KST"),
        (NOW - 9 * HOUR, "UTC", "Thu 23:00 UTC"),
        (NOW + 20 * HOUR, "America/New_York", "23:00 EST"),
        (NOW + 21 * HOUR, "America/New_York", "Sat 00:00 EST"),
        (NOW - 7 * DAY, "UTC", "2027-01-08 08:00 UTC"),
        (NOW + 180 * DAY, "Europe/Berlin", "2027-07-14 10:00 CEST"),
        (NOW, "Nowhere/At_All", "08:00 UTC"),
        (253402300799.0, "Pacific/Kiritimati", "9999-12-30 13:59 +14"),
    ],
)
def test_moments(at: float, zone: str, said: str) -> None:
    """As a clock in the zone shows it, with its abbreviation; the day where it is not today."""
    assert moment(at, NOW, zone) == said


@given(st.text())
def test_plain_text_is_one_short_line(text: str) -> None:
    """Whatever somebody calls a job: nothing in it acts on a terminal or on monitoring."""
    said = plain(text)

    assert len(said) <= 60
    assert said.isprintable()
    assert "|" not in said
