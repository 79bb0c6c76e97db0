"""The night in which a clock goes back: what the logs tell of it, read at once, later, or by another process."""

from __future__ import annotations

import copy
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from hermes_exporter.logs.follower import Asked, Follower
from hermes_exporter.logs.names import Names
from hermes_exporter.logs.news import LogMemory
from tests.log_home import answered, refused

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()
"""Three o'clock in Berlin, and two again."""
MINUTE, HOUR = 60.0, 3600.0
ANSWERED = ("answered", "nous")
REFUSED = ("auth", "provider", "nous")
DELIVERED = ("cron_delivered", "e42cddfadd1b", "mattermost")
DELIVERY = "INFO cron.scheduler: Job 'e42cddfadd1b': delivered to mattermost:abc via live adapter"
OTHER = "INFO gateway.run: nothing that counts"


class Night:
    """The logs of a profile in Berlin, and an exporter; all times are seconds after the clock goes back."""

    def __init__(self, directory: Path) -> None:
        self.memory = LogMemory()
        self._directory = directory
        self._follower = Follower(BERLIN, 10.0)
        (directory / "logs").mkdir()

    def write(self, at: float, *lines: str) -> None:
        """Append records as Hermes does: to agent.log, and what is no INFO to errors.log as well."""
        for line in lines:
            for file in ("agent",) if line.startswith("INFO") else ("agent", "errors"):
                path = self._directory / f"logs/{file}.log"
                with path.open("a") as log:
                    log.write(f"{datetime.fromtimestamp(BACK + at, BERLIN):%Y-%m-%d %H:%M:%S},000 {line}\n")
                os.utime(path, (BACK + at, BACK + at))

    def rotate(self) -> None:
        """What Hermes does with each log."""
        for file in ("agent", "errors"):
            path = self._directory / f"logs/{file}.log"
            path.replace(path.with_name(f"{file}.log.1"))

    def restart(self) -> None:
        """Go on as another process, with what was stored."""
        self.memory, self._follower = copy.deepcopy(self.memory), Follower(BERLIN, 10.0)

    def look(self, at: float) -> LogMemory:
        """Read on."""
        asked = Asked("default", str(self._directory), self.memory, Names())
        self.memory.apply(self._follower.look([asked], BACK + at)["default"].news)
        return self.memory


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A profile whose logs were read two hours before."""
    night = Night(tmp_path)
    night.write(-2 * HOUR, OTHER, refused())
    night.look(-2 * HOUR + 5)
    return night


@pytest.mark.parametrize("late", [5, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR - MINUTE])
def test_what_was_logged_before_is_of_the_past_afterwards(night: Night, late: float) -> None:
    """A record of a minute to three, read in the hour that comes again, is believed."""
    night.write(-MINUTE, DELIVERY, refused(), OTHER)

    memory = night.look(late)

    assert memory.future == 0
    assert memory.times[REFUSED] == memory.times[DELIVERED] == memory.told[DELIVERED][0] == BACK - MINUTE


def test_what_lies_ahead_in_that_hour_is_still_disbelieved(night: Night) -> None:
    """A stamp of five past three has one meaning, and at half past two again it is not here yet."""
    night.write(65 * MINUTE, DELIVERY)

    memory = night.look(30 * MINUTE)

    assert (memory.future, DELIVERED in memory.times) == (1, False)


def test_what_happened_in_the_second_hour_is_dated_there(night: Night) -> None:
    """A refusal of twenty past two, an answer of twenty to three before it: the refusal is the newer one."""
    night.write(-20 * MINUTE, answered(), DELIVERY)
    night.look(-19 * MINUTE)
    for minute in range(-18, 20):
        night.look(minute * MINUTE)
    night.write(20 * MINUTE, refused(), DELIVERY)

    memory = night.look(21 * MINUTE)

    assert memory.times[ANSWERED] == BACK - 20 * MINUTE
    assert memory.times[REFUSED] == memory.times[DELIVERED] == BACK + 20 * MINUTE
    assert memory.told[DELIVERED] == (BACK - 20 * MINUTE, BACK + 20 * MINUTE)
    assert memory.met[REFUSED][-1] == memory.newest["errors"] == BACK + 20 * MINUTE


def test_each_hour_is_told_when_it_is_read(night: Night) -> None:
    """One record and one look a minute, through both hours: each has its own moment, and no other."""
    written = [minute * MINUTE for minute in range(-90, 90, 10)]
    for at in written:
        night.write(at, DELIVERY)
        told = night.look(at + 30).told[DELIVERED]

        assert told == tuple(BACK + before for before in written if before <= at)


@pytest.mark.parametrize("rotated", [False, True])
def test_a_night_that_nobody_looked_at_is_told_by_its_order(night: Night, *, rotated: bool) -> None:
    """What falls back behind what was written before it is of the second hour, also in the file that came next."""
    night.write(-10 * MINUTE, DELIVERY)
    if rotated:
        night.rotate()
    night.write(5 * MINUTE, OTHER)
    night.write(20 * MINUTE, answered())
    night.write(55 * MINUTE, DELIVERY)
    night.write(3 * HOUR, OTHER)

    memory = night.look(4 * HOUR)

    assert memory.times[ANSWERED] == BACK + 20 * MINUTE
    assert memory.times[DELIVERED] == BACK + 55 * MINUTE
    assert BACK - 10 * MINUTE in memory.told[DELIVERED]


def test_another_process_goes_on_in_the_second_hour(night: Night) -> None:
    """What was read of the night is remembered by the moment of its newest record."""
    night.write(-10 * MINUTE, DELIVERY)
    night.look(-9 * MINUTE)
    night.restart()
    night.write(40 * MINUTE, answered())
    night.write(3 * HOUR, OTHER)

    assert night.look(4 * HOUR).times[ANSWERED] == BACK + 40 * MINUTE


def test_the_time_of_the_file_dates_its_last_record(night: Night) -> None:
    """A process that looks for the first time, while nothing was logged since: not an hour early."""
    night.write(20 * MINUTE, refused())
    night.restart()

    assert night.look(30 * MINUTE).times[REFUSED] == BACK + 20 * MINUTE


def test_where_nothing_tells_the_hour_evidence_is_as_old_as_it_may_be(night: Night) -> None:
    """Read hours later by a process that saw nothing of the night: the first hour, or for a report either."""
    night.write(20 * MINUTE, DELIVERY)
    night.write(3 * HOUR, OTHER)
    night.restart()

    memory = night.look(4 * HOUR)

    assert memory.times[DELIVERED] == BACK - 40 * MINUTE
    assert memory.told[DELIVERED] == (BACK - 40 * MINUTE, BACK + 20 * MINUTE)


@pytest.mark.parametrize("read_at", [-29 * MINUTE, 5 * MINUTE, 4 * HOUR])
def test_records_out_of_order_are_no_change_of_the_clock(night: Night, read_at: float) -> None:
    """Two processes that overtake each other by a second or two, in the first hour: it stays the first."""
    night.look(-31 * MINUTE)
    night.write(-30 * MINUTE + 2, OTHER)
    night.write(-30 * MINUTE, answered())
    night.write(-30 * MINUTE + 1, refused())

    memory = night.look(read_at)

    assert memory.times[ANSWERED] == BACK - 30 * MINUTE
    assert memory.times[REFUSED] == BACK - 30 * MINUTE + 1
