"""Slots against the oracle: none invented, none lost, in zones that change their clocks in every way there is."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_exporter.judge.cron_times import CronTimes
from hermes_exporter.judge.schedule import CronSchedule, cron_schedule
from hermes_exporter.judge.wall_clock import wall_clock
from tests.judge import cron_oracle

if TYPE_CHECKING:
    from datetime import tzinfo

HOUR = 3600
ZONES = {
    "Africa/Cairo": 2025,  # at midnight
    "Africa/Casablanca": 2025,  # back for Ramadan
    "America/Caracas": 2007,  # half an hour back, for good
    "America/Havana": 2025,  # at midnight, and back at one
    "America/New_York": 2026,
    "America/Sao_Paulo": 2018,  # at midnight, for the last time
    "America/Scoresbysund": 2023,  # another zone on the day of the change
    "Antarctica/Troll": 2026,  # two hours
    "Asia/Beirut": 2025,  # at midnight
    "Asia/Gaza": 2026,
    "Asia/Kathmandu": 1985,  # a quarter of an hour forward, at New Year
    "Asia/Kolkata": 2026,
    "Asia/Pyongyang": 2015,
    "Asia/Tehran": 2021,  # the last year with summer time
    "Atlantic/Azores": 2026,
    "Australia/Lord_Howe": 2026,  # half an hour
    "Australia/Sydney": 2026,
    "Europe/Berlin": 2026,
    "Europe/Dublin": 2026,  # winter is the exception there
    "Europe/London": 2026,
    "Pacific/Apia": 2011,  # no 30 December
    "Pacific/Chatham": 2026,
    "Pacific/Kwajalein": 1993,  # no 21 August
    "UTC": 2026,
    "UTC+05:30": 2026,
}
"""By zone, the first of two years in which it did something."""
EXPRESSIONS = (
    "*/10 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "15 0 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "30 1-4 * * *",
    "5,35 22-2 * * 5-7",
    "0 12 31 * *",
    "45 */3 1-7 * 1",
    "0 3 29 2 *",
    "* 2 * * 0",
    "7 */2 */2 3,4,10,11 */2",
)


def zone_of(name: str) -> tzinfo:
    return timezone(timedelta(hours=5, minutes=30)) if name == "UTC+05:30" else ZoneInfo(name)


def fresh(expression: str, zone: str) -> CronSchedule:
    """A schedule that has answered nothing yet."""
    return CronSchedule(CronTimes(expression), wall_clock(zone))


def assert_right(expression: str, zone: str, first: int, last: int, due: list[float]) -> None:
    """Assert that every way of asking a schedule for its slots gives those, and no others."""
    assert list(fresh(expression, zone).between(first, last)) == due
    assert all(one < other for one, other in pairwise(due))
    kept = fresh(expression, zone)
    some = slice(0, None, len(due) // 30 + 1)
    for before, slot in list(pairwise(due))[some]:
        for schedule in (kept, fresh(expression, zone)):
            assert schedule.next(before) == slot
            assert schedule.newest(slot - 0.5) == before
            assert schedule.newest(slot) == slot
            assert schedule.next(slot - 0.5) == slot
    for slot in due[::-1][some]:
        assert kept.newest(slot + 0.5) == slot


def assert_enclosed(expression: str, zone: str, due: list[float], moments: range) -> None:
    """Assert that at each moment the slots before and after it are the nearest of those."""
    for moment in moments:
        schedule, place = fresh(expression, zone), bisect_right(due, moment)
        assert place == 0 or schedule.newest(moment) == due[place - 1]
        assert place == len(due) or schedule.next(moment) == due[place]


@pytest.mark.parametrize("name", ZONES)
def test_around_every_change_slots_are_those_of_the_oracle(name: str) -> None:
    """A day and a half around each change within two years, minute by minute; without a change, a New Year."""
    zone = zone_of(name)
    new_year = int(datetime(ZONES[name] + 1, 1, 1, tzinfo=UTC).timestamp())

    for change in cron_oracle.changes(zone, ZONES[name]) or [new_year]:
        first, last = change - 36 * HOUR, change + 36 * HOUR
        for expression, due in cron_oracle.slots(EXPRESSIONS, zone, first, last).items():
            assert_right(expression, name, first, last, due)
            assert_enclosed(expression, name, due, range(change - 4 * HOUR, change + 4 * HOUR, 777))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ZONES)
def test_for_two_years_slots_are_those_of_the_oracle(name: str) -> None:
    """Two years, minute by minute."""
    zone = zone_of(name)
    first, last = (int(datetime(ZONES[name] + years, 1, 1, tzinfo=UTC).timestamp()) for years in (0, 2))

    for expression, due in cron_oracle.slots(EXPRESSIONS, zone, first, last).items():
        assert list(cron_schedule(expression, name).between(first, last)) == due


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """A field of a cron expression."""
    value, step = st.integers(low, high), st.integers(1, high - low)
    item = st.one_of(
        st.just("*"),
        value.map(str),
        st.builds("{}-{}".format, value, value),
        st.builds("{}-{}/{}".format, value, value, step),
        st.builds("*/{}".format, step),
        st.builds("{}/{}".format, value, step),
    )
    return st.lists(item, min_size=1, max_size=3).map(",".join)


FIVE = (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
OFTEN = (st.just("*"), field(0, 23), st.just("*"), st.just("*"), st.just("*"))
WITH_SECONDS = (field(0, 59), st.sampled_from(["*", "0-4", "23,0-3"]), *(st.just("*"),) * 3, field(0, 59))
WITH_YEARS = (*WITH_SECONDS, field(2024, 2030))


def expressions(*fields: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions of those fields."""
    return st.tuples(*fields).map(" ".join)


@st.composite
def windows(draw: st.DrawFn, hours: int) -> tuple[str, int, int]:
    """A zone, and so many hours around a change of its clocks, or anywhere where it has none."""
    name = draw(st.sampled_from(sorted(ZONES)))
    found = cron_oracle.changes(zone_of(name), ZONES[name], 1) or [
        int(datetime(ZONES[name], 2, 28, tzinfo=UTC).timestamp())
    ]
    first = draw(st.sampled_from(found)) - draw(st.integers(1, hours - 1)) * HOUR
    return name, first, first + hours * HOUR


@settings(deadline=None, max_examples=80)
@given(st.one_of(expressions(*FIVE), expressions(*OFTEN)), windows(30))
def test_any_expression_is_due_when_the_oracle_says(expression: str, window: tuple[str, int, int]) -> None:
    """Thirty hours that hold a change of the clocks, minute by minute, for whatever five fields."""
    name, first, last = window

    due = cron_oracle.slots([expression], zone_of(name), first, last)[expression]
    assert_right(expression, name, first, last, due)


@settings(deadline=None, max_examples=60)
@given(st.one_of(expressions(*WITH_SECONDS), expressions(*WITH_YEARS)), windows(3))
def test_seconds_and_years_are_due_when_the_oracle_says(expression: str, window: tuple[str, int, int]) -> None:
    """Three hours that hold a change of the clocks, second by second, for six and seven fields."""
    name, first, last = window

    due = cron_oracle.slots([expression], zone_of(name), first, last)[expression]
    assert list(cron_schedule(expression, name).between(first, last)) == due


@settings(deadline=None)
@given(
    st.one_of(expressions(*FIVE), expressions(*WITH_YEARS)),
    st.sampled_from(sorted(ZONES)),
    st.lists(st.floats(0, 4e9), min_size=1, max_size=8),
)
def test_newest_and_next_enclose_every_moment(expression: str, name: str, moments: list[float]) -> None:
    """Whatever was asked before: newest is at or before, next after, and between them lies no slot."""
    schedule = cron_schedule(expression, name)

    for moment in moments:
        newest, following = schedule.newest(moment), schedule.next(moment)
        unasked = fresh(expression, name)
        assert newest is None or newest <= moment
        assert following is None or following > moment
        assert (newest, following) == (unasked.newest(moment), unasked.next(moment))
        if newest is not None:
            assert next(schedule.between(newest - 0.5, newest), None) == newest
            assert next(schedule.between(newest, moment), None) is None
        if following is not None:
            assert next(schedule.between(moment, following)) == following
