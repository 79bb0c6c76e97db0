"""Stamps without a zone: what the file tells, what the zone tells, and the two odd hours of a year."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.logs.clock import (
    DELAY_SECONDS,
    ahead,
    goes_back,
    offset_seconds,
    readings,
    second_hour,
    writers_clock,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    *(BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Seoul"), ZoneInfo("UTC")),
    *(ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")),
    *(ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue"), ZoneInfo("Africa/Casablanca")),
]
"""Offsets of whole hours, halves and quarters, changes by half an hour, and one that changes for Ramadan."""
JAN_2000, JAN_2037 = 946684800, 2114380800


def stamp_of(moment: float, zone: ZoneInfo) -> float:
    """What the wall clock shows, counted as the stamps are."""
    return (datetime.fromtimestamp(moment, zone).replace(tzinfo=UTC)).timestamp()


def changes(zone: ZoneInfo) -> list[int]:
    """The hours of 2026 and 2027 during which the zone's offset changes."""
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    hours = range(start, start + 2 * 366 * 86400, 3600)
    offsets = [datetime.fromtimestamp(hour, zone).utcoffset() for hour in hours]
    return [hour for hour, now, then in zip(hours, offsets, offsets[1:], strict=False) if now != then]


def goes_back_in(zone: ZoneInfo, since: int, seconds: int = 3600) -> bool:
    """Whether the offset falls within so long."""
    return stamp_of(since + seconds, zone) < stamp_of(since, zone) + seconds


NEAR_CHANGES = [(zone, hour) for zone in ZONES for hour in changes(zone)]
anywhere = st.tuples(st.sampled_from(ZONES), st.integers(JAN_2000, JAN_2037))
near_a_change = st.tuples(st.sampled_from(NEAR_CHANGES), st.integers(-7200, 10800)).map(
    lambda drawn: (drawn[0][0], drawn[0][1] + drawn[1])
)


@given(anywhere | near_a_change, st.floats(0, DELAY_SECONDS - 1))
def test_the_end_of_a_file_tells_the_offset(drawn: tuple[ZoneInfo, int], delay: float) -> None:
    """In every zone, also next to a change, stamp and time of the file give the offset at that moment."""
    zone, moment = drawn
    offset = datetime.fromtimestamp(moment, zone).utcoffset()

    assert offset is not None
    assert offset_seconds(stamp_of(moment, zone), moment + delay) == offset.total_seconds()


@pytest.mark.parametrize("later", [DELAY_SECONDS + 2, 7 * 60, 14 * 60])
def test_a_file_touched_later_tells_nothing(later: float) -> None:
    """A file whose time is not that of its last record says nothing about the offset."""
    assert offset_seconds(1_800_000_000 + 3600, 1_800_000_000 + later) is None


def test_a_stamp_of_another_day_tells_nothing() -> None:
    """No clock on earth is more than 14 hours ahead or 12 behind."""
    assert offset_seconds(1_800_000_000 + 15 * 3600, 1_800_000_000) is None
    assert offset_seconds(1_800_000_000 - 13 * 3600, 1_800_000_000) is None


@given(anywhere | near_a_change)
def test_the_true_moment_is_among_the_readings(drawn: tuple[ZoneInfo, int]) -> None:
    """A stamp of the zone means the moment it was made at: as the only reading, or as one of two."""
    zone, moment = drawn
    earlier, later = readings(stamp_of(moment, zone), zone)

    assert moment in {earlier, later}
    assert earlier <= later
    assert (earlier != later) == (stamp_of(earlier, zone) == stamp_of(later, zone) and earlier < later)


@given(anywhere | near_a_change)
def test_nothing_was_written_after_its_file(drawn: tuple[ZoneInfo, int]) -> None:
    """What the file held at that moment is never read as later than it."""
    zone, moment = drawn
    earlier, later = readings(stamp_of(moment, zone), zone, not_after=moment)

    assert earlier <= later == moment


@given(anywhere | near_a_change, st.sampled_from(ZONES))
def test_the_writers_clock_reads_the_last_stamp_right(drawn: tuple[ZoneInfo, int], supposed: ZoneInfo) -> None:
    """Whatever zone is supposed, the stamp at the end of the file means the moment it was written."""
    zone, moment = drawn
    stamp = stamp_of(moment, zone)
    clock = writers_clock(supposed, stamp, moment)

    assert readings(stamp, clock, not_after=moment)[1] == moment


def test_a_right_zone_is_kept() -> None:
    """The zone goes on to know its changes; a writer elsewhere is known by its offset alone."""
    july = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()

    assert writers_clock(BERLIN, july + 7200, july) is BERLIN
    assert writers_clock(BERLIN, july, july) == UTC
    assert writers_clock(BERLIN, july + 7200, july + 500) is BERLIN


def test_the_hour_that_comes_twice() -> None:
    """When the clock goes back, 02:30 is an hour earlier or later; 01:30 and 03:30 are not."""
    half_past_two = datetime(2026, 10, 25, 2, 30, tzinfo=UTC).timestamp()
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()

    assert readings(half_past_two, BERLIN) == (first, first + 3600)
    assert readings(half_past_two, BERLIN, not_after=first + 60) == (first, first)
    assert readings(half_past_two - 3600, BERLIN) == (first - 3600, first - 3600)
    assert readings(half_past_two + 3600, BERLIN) == (first + 7200, first + 7200)


@given(
    st.sampled_from([(zone, hour) for zone, hour in NEAR_CHANGES if goes_back_in(zone, hour)]),
    st.lists(st.tuples(st.integers(0, 10800), st.integers(0, 5)), min_size=1, max_size=8),
    st.none() | st.integers(0, 10800),
    st.booleans(),
)
def test_the_second_of_two_hours_is_told_by_what_came_before(
    change: tuple[ZoneInfo, int], written: list[tuple[int, int]], looked: int | None, known_end: bool
) -> None:
    """Nothing of the first hour is taken for the second; what is seen to go back a delay or more is told.

    Records come a few seconds out of order, though not across the change, after the last look where there was one.
    """
    zone, hour = change
    since = -math.inf if looked is None else float(hour + looked)
    came = sorted(hour + at for at, _ in written if looked is None or at >= looked)
    if not came:
        return
    late = [0 if goes_back_in(zone, at - 5, 5) else late for at, (_, late) in zip(came, written, strict=False)]
    made = [at - seconds for at, seconds in zip(came, late, strict=True)]
    shown = [stamp_of(at, zone) for at in made]
    ended_at = float(came[-1]) if known_end else None

    begin = second_hour(enumerate(shown), zone, since, came[-1], ended_at)

    twice = [at for at in range(len(made)) if len(set(readings(shown[at], zone, came[-1]))) == 2]
    second = {at for at in twice if made[at] == readings(shown[at], zone)[1]}
    told = {at for at in twice if begin is not None and at >= begin}
    assert told <= second
    assert not told or goes_back(shown[0], shown[-1], zone)
    first = [readings(stamp, zone)[0] for stamp in shown]
    for at in second - told:
        assert all(first[at] >= before - DELAY_SECONDS for before in (since, *first[:at]))
    assert ended_at is None or made.index(made[-1]) not in second or len(made) - 1 in told


def test_the_hour_that_never_comes() -> None:
    """When the clock goes forward, 02:30 is written by nobody; it is read as no more than an hour off."""
    half_past_two = datetime(2026, 3, 29, 2, 30, tzinfo=UTC).timestamp()
    change = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()

    assert readings(half_past_two, BERLIN) == (change - 1800, change + 1800)


@given(anywhere | near_a_change, st.integers(0, 7200), st.integers(1, 3600))
def test_what_was_written_never_lies_ahead(drawn: tuple[ZoneInfo, int], since: int, early: int) -> None:
    """Whatever the clock did since: a stamp is of the future only where every moment that it can mean is."""
    zone, moment = drawn
    stamp = stamp_of(moment, zone)

    assert not ahead(moment + since, zone)(stamp)
    assert ahead(moment - early, zone)(stamp) == (readings(stamp, zone)[0] > moment - early)


@given(st.datetimes(timezones=st.sampled_from([None])), st.sampled_from(ZONES))
def test_any_date_can_be_read(wall: datetime, zone: ZoneInfo) -> None:
    """A stamp of any year, however wrong, has a reading and raises nothing."""
    earlier, later = readings((wall - datetime(1970, 1, 1)) / timedelta(seconds=1), zone)  # noqa: DTZ001

    assert 0 <= later - earlier <= 86400
