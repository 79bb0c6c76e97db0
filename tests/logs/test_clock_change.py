"""The night in which a clock goes back: what the logs tell of it, read at once, later, or by another process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from hermes_exporter.logs.follower import Asked, Follower
from hermes_exporter.logs.names import Names
from hermes_exporter.logs.news import LogMemory
from tests.log_home import refused

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()
"""Three o'clock in Berlin, and two again."""
MINUTE, HOUR = 60.0, 3600.0
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
