"""When schedules want a run: by the wall clock, which is the truth, and as Hermes computes it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_exporter.simulator.clock import Clock
from hermes_exporter.simulator.plan import grace_seconds, next_cron, parse
from hermes_exporter.simulator.slots import scan

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
ANSWERS = Path(__file__).parent / "croniter_6_0_0.json"
"""What croniter 6.0.0, which Hermes 0.19 is bound to, said of an expression in a zone after a moment."""


def walls(expr: str, zone: ZoneInfo, first: str, last: str) -> list[str]:
    """The slots between two wall times of a zone, as its wall clock shows them, with the offset."""
    after, until = (datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() for text in (first, last))
    found = scan(expr, zone, after, until)
    return [datetime.fromtimestamp(at, zone).isoformat(timespec="minutes") for at in found]


STEPS = ("", "/2", "/3", "/5", "/7")


def field(low: int, high: int, steps: tuple[str, ...] = STEPS) -> st.SearchStrategy[str]:
    """A field within bounds: a star, a number or a range, each with a step or without, and several of them."""
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda ends: f"{ends[0]}-{ends[1]}")
    part = st.tuples(st.one_of(st.just("*"), number.map(str), span), st.sampled_from(steps)).map("".join)
    return st.lists(part, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(
    st.integers(0, 59).map(str), field(0, 23), field(1, 28, steps=("",)), field(1, 12), field(0, 7)
).map(" ".join)
"""Of the days of a month no steps: over the end of a February croniter takes some of them wrong."""


@settings(deadline=None)
@given(expr=EXPRESSIONS, start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001
def test_the_walk_reads_the_dialect_of_croniter(expr: str, start: datetime) -> None:
    """Where no clock changes the slots of a month are croniter's, whatever the expression."""
    until = start + timedelta(days=31)
    wanted = []
    found = croniter(expr, start).get_next(datetime)
    while found <= until and len(wanted) < 40:
        wanted.append(found.replace(tzinfo=UTC).timestamp())
        found = croniter(expr, found).get_next(datetime)

    last = until.replace(tzinfo=UTC).timestamp() if len(wanted) < 40 else wanted[-1]
    assert scan(expr, UTC, start.replace(tzinfo=UTC).timestamp(), last) == wanted


def test_the_walk_knows_what_croniter_forgets() -> None:
    """The first of March is a slot of */15, though croniter leaps over it from a February of 28 days."""
    assert walls("0 9 */15 * *", UTC, "2026-02-16T10:00", "2026-03-17T00:00") == [
        "2026-03-01T09:00+00:00",
        "2026-03-16T09:00+00:00",
    ]


def test_a_wall_time_that_is_left_out_is_the_end_of_the_gap() -> None:
    """In the night of the change to summer time 02:30 is 03:00, and what falls together counts once."""
    assert walls("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-30T12:00") == [
        "2026-03-29T03:00+02:00",
        "2026-03-30T02:30+02:00",
    ]
    quarters = walls("*/15 * * * *", BERLIN, "2026-03-29T01:30", "2026-03-29T03:20")
    assert quarters == ["2026-03-29T01:45+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:15+02:00"]


def test_a_wall_time_that_comes_twice_is_its_first_coming() -> None:
    """In the night of the change back 02:30 is that of summer time."""
    assert walls("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-26T12:00") == [
        "2026-10-25T02:30+02:00",
        "2026-10-26T02:30+01:00",
    ]
    half_hours = walls("*/30 1-3 * * *", BERLIN, "2026-10-25T02:00", "2026-10-25T04:00")
    assert half_hours == ["2026-10-25T02:30+02:00", "2026-10-25T03:00+01:00", "2026-10-25T03:30+01:00"]


def test_seconds_and_years_are_fields_six_and_seven() -> None:
    """A sixth field says at which seconds, a seventh in which years."""
    after = datetime(2026, 12, 31, 9, tzinfo=UTC).timestamp()
    assert [at - after for at in scan("0 9 * * * 15,45", UTC, after, after + 3600)] == [15.0, 45.0]
    assert scan("0 9 * * * 0 2027", UTC, after - 86400, after + 3600) == []


@pytest.mark.parametrize("case", json.loads(ANSWERS.read_text()), ids=lambda case: f"{case[1]} {case[0]}")
def test_hermes_plans_as_its_croniter_does(case: tuple[str, str, float, str]) -> None:
    """The next run is what croniter 6.0.0 said, an hour off after a clock change where it was."""
    zone_name, expr, at, answer = case
    zone = timezone(timedelta(hours=2)) if zone_name == "+02:00" else ZoneInfo(zone_name)

    assert next_cron(expr, datetime.fromtimestamp(at, zone)).isoformat() == answer


@pytest.mark.parametrize(
    ("text", "seconds"), [("*/5 * * * *", 150), ("0 * * * *", 1800), ("0 9 * * *", 7200), ("every 3m", 120)]
)
def test_hermes_grace_is_half_a_period_within_bounds(text: str, seconds: int) -> None:
    """Between two minutes and two hours."""
    clock = Clock(UTC)
    at = 1795329000.0

    assert grace_seconds(parse(text, clock, at), clock, at) == seconds
