"""Which zone a profile's schedules are read in: what Hermes is told, and what it writes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hermes_exporter.judge.zone import Zone, checked, exists, resolve


@pytest.mark.parametrize(
    ("told", "local", "zone"),
    [
        (("Asia/Seoul", "Europe/Berlin"), ("UTC",), "Asia/Seoul"),
        ((None, "Europe/Berlin"), ("UTC",), "Europe/Berlin"),
        (("Mars/Olympus", "Europe/Berlin"), ("Asia/Kolkata",), "Asia/Kolkata"),
        (("../etc/passwd",), (None, "Asia/Kolkata"), "Asia/Kolkata"),
        (("",), (":America/New_York", "UTC"), "America/New_York"),
        ((None,), ("/usr/share/zoneinfo/Europe/Berlin", "UTC"), "Europe/Berlin"),
        ((None,), ("CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin"), "Europe/Berlin"),
        ((None,), (None, "nowhere"), "UTC"),
    ],
)
def test_the_first_name_counts_and_a_bad_one_is_local_time(
    told: tuple[str | None, ...], local: tuple[str | None, ...], zone: str
) -> None:
    """As in Hermes: a name that is no zone means local time (TZ, then the host's), not the next name."""
    assert resolve(told, local) == zone


@pytest.mark.parametrize(
    "name",
    ["Europe", "", ".", "/etc/localtime", "UTC+5:30", "UTC+24:00", "utc+05:30", "x" * 999, "UTC\0", "Ünder"],
)
def test_what_is_no_zone(name: str) -> None:
    """Directories, paths, offsets in another spelling."""
    assert not exists(name)


def stamp(text: str) -> tuple[float, int]:
    """A stamp as it is read from jobs.json."""
    when = datetime.fromisoformat(text)
    offset = when.utcoffset()
    assert offset is not None
    return when.timestamp(), int(offset.total_seconds())


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Europe/Berlin", "2026-07-01T09:00:00+02:00"),
        ("Europe/Berlin", "2026-12-01T09:00:00+01:00"),
        ("Europe/Berlin", "2026-10-25T02:30:00+02:00"),
        ("Europe/Berlin", "2026-10-25T02:30:00+01:00"),
        ("Europe/Berlin", "2026-03-29T03:00:00+02:00"),
        ("Asia/Kathmandu", "2026-03-29T03:00:00+05:45"),
        ("Australia/Lord_Howe", "2026-07-01T03:00:00+10:30"),
        ("Australia/Lord_Howe", "2026-12-01T03:00:00+11:00"),
        ("America/Caracas", "2007-12-01T03:00:00-04:00"),
        ("America/Caracas", "2015-12-01T03:00:00-04:30"),
        ("America/Caracas", "2026-12-01T03:00:00-04:00"),
        ("UTC", "2026-12-01T03:00:00+00:00"),
        ("UTC+05:30", "2026-12-01T03:00:00+05:30"),
    ],
)
def test_the_offset_of_that_moment_is_right(name: str, written: str) -> None:
    """It is the stamp's own moment that decides: summer or winter, before or after the zone's rules changed."""
    assert checked(name, [stamp(written)]) == Zone(name, mismatch=False)


@pytest.mark.parametrize(
    ("name", "written", "own"),
    [
        ("Europe/Berlin", "2026-07-01T09:00:00+00:00", "UTC"),
        ("Europe/Berlin", "2026-12-01T09:00:00+02:00", "UTC+02:00"),
        ("Europe/Berlin", "2026-07-01T09:00:00-03:30", "UTC-03:30"),
        ("Asia/Kolkata", "2026-07-01T09:00:00+05:45", "UTC+05:45"),
        ("Australia/Lord_Howe", "2026-12-01T03:00:00+10:30", "UTC+10:30"),
        ("UTC", "2026-12-01T03:00:00+05:30:15", "UTC+05:30:15"),
    ],
)
def test_another_offset_is_hermes_own(name: str, written: str, own: str) -> None:
    """Hermes goes by another clock than it is told to: its offset counts, by a name that is a zone itself."""
    assert checked(name, [stamp(written)]) == Zone(own, mismatch=True)
    assert exists(own)


def test_one_stamp_that_agrees_will_do() -> None:
    """A command in another environment writes its own offset; where none agrees the newest is Hermes' own."""
    ours, utc, tokyo = (stamp(f"2026-12-01T09:00:00{offset}") for offset in ("+01:00", "+00:00", "+09:00"))

    assert checked("Europe/Berlin", [utc, ours]) == Zone("Europe/Berlin", mismatch=False)
    assert checked("Europe/Berlin", [tokyo, utc]) == Zone("UTC+09:00", mismatch=True)


def test_nothing_written_tells_nothing() -> None:
    """No stamp, or one of a year that is no time of writing."""
    assert checked("Europe/Berlin", []) == Zone("Europe/Berlin", None)
    assert checked("Pacific/Kiritimati", [(253402300799.0, 0)]) == Zone("Pacific/Kiritimati", None)


def test_a_year_of_stamps_agrees_with_the_zone_that_wrote_them() -> None:
    """Every hour of a year, in a zone with half an hour of summer time: never a mismatch."""
    zone = ZoneInfo("Australia/Lord_Howe")
    begin = int(datetime(2026, 1, 1, tzinfo=zone).timestamp())

    for moment in range(begin, begin + 365 * 86400, 3600):
        text = datetime.fromtimestamp(moment, zone).isoformat()
        assert checked("Australia/Lord_Howe", [stamp(text)]).mismatch is False, text
