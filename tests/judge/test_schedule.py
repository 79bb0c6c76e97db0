"""When a job is due: examples from the field, on the nights when clocks change and on ordinary days."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.judge.schedule import CronSchedule, ScheduleError, cron_schedule

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> float:
    """A moment by what a clock in the zone shows."""
    wall = datetime.fromisoformat(text)
    return (wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(zone))).timestamp()


def shown(moments: list[float], zone: str = BERLIN) -> list[str]:
    """What a clock in the zone shows at the moments, with its offset."""
    return [datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%m-%d %H:%M%z") for moment in moments]


def due(expression: str, since: str, until: str, zone: str = BERLIN) -> list[str]:
    """When a job is due between two wall times, as the clock shows it."""
    schedule = cron_schedule(expression, zone)
    return shown(list(schedule.between(at(since, zone), at(until, zone))), zone)


def test_a_time_that_clocks_skip_is_due_at_the_jump() -> None:
    """02:30 does not come on 29 March: due at 03:00, when it would have been; the next day as ever."""
    assert due("30 2 * * *", "2026-03-28", "2026-03-31") == [
        "03-28 02:30+0100",
        "03-29 03:00+0200",
        "03-30 02:30+0200",
    ]


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    """02:30 comes twice on 25 October: due once, in summer time."""
    assert due("30 2 * * *", "2026-10-24", "2026-10-27") == [
        "10-24 02:30+0200",
        "10-25 02:30+0200",
        "10-26 02:30+0100",
    ]


def test_everything_that_is_skipped_is_due_once() -> None:
    """Six times of the skipped hour and the one at its end are one moment."""
    assert due("*/10 * * * *", "2026-03-29 01:45", "2026-03-29 03:15") == [
        "03-29 01:50+0100",
        "03-29 03:00+0200",
        "03-29 03:10+0200",
    ]


def test_the_second_hour_of_two_is_silent() -> None:
    """Of the hour that comes twice the first counts, also for a job that runs every half hour."""
    assert due("*/30 * * * *", "2026-10-25 01:45", "2026-10-25 03:15") == [
        "10-25 02:00+0200",
        "10-25 02:30+0200",
        "10-25 03:00+0100",
    ]


def test_in_the_second_hour_the_slots_of_the_first_are_over() -> None:
    """When the clock shows 02:10 again, the slot of 02:30 came forty minutes before; the next is tomorrow's."""
    schedule = cron_schedule("30 2 * * *", BERLIN)
    again = at("2026-10-25T02:10+01:00")
    newest, following = schedule.newest(again), schedule.next(again)

    assert newest is not None
    assert following is not None
    assert (again - newest, shown([following])) == (40 * 60, ["10-26 02:30+0100"])


def test_a_day_that_was_skipped_is_due_at_the_jump() -> None:
    """Samoa had no 30 December 2011: what is due in the course of that day is due at the jump, once."""
    assert due("0 0,12 * * *", "2011-12-29", "2011-12-31 18:00", "Pacific/Apia") == [
        "12-29 12:00-1000",
        "12-31 00:00+1400",
        "12-31 12:00+1400",
    ]


def test_midnight_may_be_skipped() -> None:
    """In Havana clocks go from 23:59 to 01:00: the job of midnight is due then."""
    assert due("0 0 * * *", "2026-03-07", "2026-03-09 12:00", "America/Havana") == [
        "03-08 01:00-0400",
        "03-09 00:00-0400",
    ]


@pytest.mark.parametrize(
    ("expression", "zone", "since", "changes"),
    [
        ("0 7 * * *", BERLIN, "2026-10-24 12:00", [3600, 0]),
        ("0 7 * * *", BERLIN, "2026-03-28 12:00", [3600, 0]),
        ("30 2 * * *", BERLIN, "2026-03-28 12:00", [3600, 0]),
        ("30 2 * * *", BERLIN, "2026-10-24 12:00", [0, 3600, 0]),
        ("0 7 * * 1", BERLIN, "2026-10-20", [3600, 0]),
        ("0 7 31 * *", BERLIN, "2026-08-30", [0, 3600, 0]),
        ("0 7 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", [1800, 0]),
        ("0 7 * * *", "Antarctica/Troll", "2026-03-28 12:00", [7200, 0]),
        ("0 7 * * *", "Pacific/Apia", "2011-12-29 12:00", [86400, 0]),
        ("0 7 29 2 *", BERLIN, "2024-01-01", [0, 0]),
        ("0 7 * * *", "UTC", "2026-03-28 12:00", [0, 0]),
        ("0 7 * * *", "UTC+05:30", "2026-03-28 12:00+05:30", [0, 0]),
    ],
)
def test_the_first_slot_after_a_change_says_by_how_much(
    expression: str, zone: str, since: str, changes: list[float]
) -> None:
    """Between the slot before and this one the offset changed, whenever that was; one there and back is none."""
    schedule = cron_schedule(expression, zone)
    slots = schedule.between(at(since, zone), at("2040-01-01T00:00+00:00"))

    assert [schedule.offset_change(slot) for slot, _ in zip(slots, changes, strict=False)] == changes


def test_the_very_first_slot_follows_no_change() -> None:
    """Before the first slot there is none to compare with."""
    schedule = cron_schedule("0 0 1 1 * 0 2026", BERLIN)

    assert schedule.offset_change(at("2026-01-01")) == 0


@pytest.mark.parametrize(
    ("expression", "since", "slots"),
    [
        ("0 9 31 * *", "2026-01-01", ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31"]),
        ("0 9 30 * *", "2026-01-01", ["01-30", "03-30", "04-30", "05-30"]),
        ("0 9 29 2 *", "2026-01-01", ["02-29", "02-29"]),
        ("0 9 1 */3 *", "2026-01-01", ["01-01", "04-01", "07-01", "10-01"]),
        ("0 9 13 * 5", "2026-02-01", ["02-06", "02-13", "02-20", "02-27", "03-06", "03-13"]),
        ("0 9 */10 * 1", "2026-06-01", ["06-01", "06-08", "06-11", "06-15", "06-21", "06-22"]),
        ("0 9 1-7 * *", "2026-06-05", ["06-05", "06-06", "06-07", "07-01"]),
        ("0 9 * * 7", "2026-06-01", ["06-07", "06-14"]),
        ("0 9 * * 0", "2026-06-01", ["06-07", "06-14"]),
        ("0 9 * * 5-7", "2026-06-01", ["06-05", "06-06", "06-07", "06-12"]),
        ("0 9 * * 6-1", "2026-06-01", ["06-01", "06-06", "06-07", "06-08"]),
        ("0 9 * 11-2 1", "2026-02-20", ["02-23", "11-02", "11-09"]),
        ("0 9 * * mon-fri", "2026-06-05", ["06-05", "06-08", "06-09"]),
        ("0 9 * * l5", "2026-06-01", ["06-26", "07-31"]),
        ("0 9 * * tue#2", "2026-06-01", ["06-09", "07-14"]),
        ("0 9 l * *", "2026-01-20", ["01-31", "02-28", "03-31"]),
        ("0 9 1 jan *", "2026-01-01", ["01-01", "01-01"]),
    ],
)
def test_days_of_a_schedule(expression: str, since: str, slots: list[str]) -> None:
    """Months without that day, leap years, a day of the month or of the week, ranges around the end, names."""
    schedule = cron_schedule(expression, BERLIN)
    found = schedule.between(at(since), at("2060-01-01"))

    assert [text[:5] for text in shown([slot for slot, _ in zip(found, slots, strict=False)])] == slots


@pytest.mark.parametrize(
    ("expression", "slots"),
    [
        ("0 22-2 * * *", ["00:00:00", "01:00:00", "02:00:00", "22:00:00", "23:00:00"]),
        ("15,45 8-10/2 * * *", ["08:15:00", "08:45:00", "10:15:00", "10:45:00"]),
        ("50/4 5 * * *", ["05:50:00", "05:54:00", "05:58:00"]),
        ("59/15 5 * * *", ["05:00:00", "05:15:00", "05:30:00", "05:45:00"]),
        ("55-5/5 0 * * *", ["00:00:00", "00:05:00", "00:55:00"]),
        ("0 9 * * * 30", ["09:00:30"]),
        ("0 9 * * * */20", ["09:00:00", "09:00:20", "09:00:40"]),
        ("0 9 * * * 0 2026", ["09:00:00"]),
        ("0 9 * * * 0 2027-2030", []),
        ("0 9 * * * 0 1999", []),
        ("@daily", ["00:00:00"]),
        ("@midnight", ["00:00:00"]),
    ],
)
def test_times_of_a_day(expression: str, slots: list[str]) -> None:
    """Ranges around midnight, lists, steps, the seconds in the sixth field and the year in the seventh."""
    schedule = cron_schedule(expression, "UTC")
    found = schedule.between(at("2026-06-01T00:00+00:00") - 1, at("2026-06-01T23:59:59+00:00"))

    assert [f"{datetime.fromtimestamp(slot, ZoneInfo('UTC')):%H:%M:%S}" for slot in found] == slots


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30 2 * 0 2026-2090"])
def test_a_schedule_that_never_comes_has_no_slots(expression: str) -> None:
    """30 February: no error, and no slot, however long one waits."""
    schedule = cron_schedule(expression, BERLIN)

    assert (schedule.newest(at("2026-06-01")), schedule.next(at("2026-06-01"))) == (None, None)
    assert list(schedule.between(0, at("2099-01-01"))) == []


def test_years_that_are_over_or_to_come() -> None:
    """A last slot in the past has no next one, a first one in the future no newest."""
    over, to_come = (cron_schedule(f"0 9 1 1 * 0 {year}", "UTC") for year in ("1999", "2050"))
    now = at("2026-06-01")

    assert (over.newest(now), over.next(now)) == (at("1999-01-01T09:00+00:00"), None)
    assert (to_come.newest(now), to_come.next(now)) == (None, at("2050-01-01T09:00+00:00"))


@pytest.mark.parametrize("moment", [-1e18, -1.0, 0.0, 4.2e9, 1e18, float("inf"), float("-inf")])
def test_any_moment_may_be_asked_about(moment: float) -> None:
    """Before all slots there is no newest, after all none is next, and nothing breaks."""
    schedule = cron_schedule("0 9 * * *", BERLIN)

    assert (schedule.newest(moment) is None) == (moment < at("1970-01-01 09:00"))
    assert (schedule.next(moment) is None) == (moment >= at("2099-12-31 09:00"))


@pytest.mark.parametrize(
    "expression",
    [
        *("", "*", "* * * *", "* * * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *"),
        *("* * * 13 *", "* * * * 8", "*/0 * * * *", "5-5/0 * * * *", "-1 * * * *", "1-2-3 * * * *", "a b c d e"),
        *("* * * * mon*", "0 0 * * * 60", "0 0 * * * 0 1969", "0 0 * * * 0 2100", "@reboot", "@never"),
        *("0 9 * * * R", "h h * * *", "0 9 15w * *", "0 9 w1 * *", "\0 * * * *", "1," * 9000, "9" * 5000),
    ],
)
def test_what_is_no_schedule_is_an_error(expression: str) -> None:
    """Nonsense, values out of range, steps of nothing, and what means another time whenever it is read."""
    for _ in range(2):
        with pytest.raises(ScheduleError):
            cron_schedule(expression, BERLIN)


@given(st.text(st.sampled_from("0123456789*,-/ lLwWhHrR#?@monfrijan\n\0é"), max_size=60))
def test_no_text_does_worse_than_an_error(text: str) -> None:
    """Whatever a jobs.json says: a schedule, or a clear error."""
    try:
        schedule = cron_schedule(text, BERLIN)
    except ScheduleError:
        return
    newest, following = schedule.newest(at("2026-06-01")), schedule.next(at("2026-06-01"))
    assert newest is None or following is None or newest < following


def test_an_unknown_zone_is_an_error() -> None:
    """A schedule in a zone that is none cannot be evaluated."""
    for zone in ("Mars/Olympus", "", "../etc/passwd", "UTC+5:30", "UTC+25:00", "+05:30"):
        with pytest.raises(ScheduleError):
            cron_schedule("0 9 * * *", zone)


@pytest.mark.parametrize(
    ("name", "hours"), [("UTC+05:30", 5.5), ("UTC-03:00", -3), ("UTC+12:45", 12.75), ("UTC", 0)]
)
def test_a_zone_may_be_an_offset(name: str, hours: float) -> None:
    """Where only an offset is known, it is one all the year."""
    schedule = cron_schedule("30 2 * * *", name)
    fixed = timezone(timedelta(hours=hours))

    for month in (1, 3, 7, 10):
        wall = datetime(2026, month, 29, 2, 30, tzinfo=fixed)
        assert schedule.newest(wall.timestamp() + 60) == wall.timestamp()


def test_the_same_schedule_is_made_once() -> None:
    """An expression in a zone is read once, however many jobs have it."""
    one: CronSchedule = cron_schedule("1 2 3 4 *", BERLIN)

    assert cron_schedule("1 2 3 4 *", BERLIN) is one
    assert cron_schedule("1 2 3 4 *", "UTC") is not one
