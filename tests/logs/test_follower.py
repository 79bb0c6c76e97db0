"""Looks at logs and the memory that takes them over: each record once, whatever becomes of a look."""

from __future__ import annotations

import copy
import os
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.logs.follower import Asked, Brought, Follower
from hermes_exporter.logs.names import Names
from hermes_exporter.logs.news import LogMemory
from hermes_exporter.logs.tally import MAX_MET, ONE_CALL_SECONDS, Tally
from tests.log_home import Logs, answered, refused
from tests.odd_homes import AT

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = ("auth", "provider", "nous")
ANSWERED = ("answered", "nous")


class Reader:
    """A follower of one profile, with what it remembers."""

    def __init__(self, directory: Path, memory: LogMemory | None = None, seconds: float = 10.0) -> None:
        self.memory = memory or LogMemory()
        self._directory = str(directory)
        self._follower = Follower(UTC, seconds)

    def look(self) -> Brought:
        """One look, which nobody has taken over yet."""
        return self._follower.look([Asked("default", self._directory, self.memory, Names())], AT)["default"]

    def read(self) -> LogMemory:
        """One look, taken over."""
        self.memory.apply(self.look().news)
        return self.memory


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    """The logs of a profile that was refused and answered before anybody looked."""
    logs = Logs(tmp_path)
    logs.write(900, refused(), answered())
    return logs


def test_a_look_changes_nothing(logs: Logs, tmp_path: Path) -> None:
    """What a look read is read again by the next one, until it is taken over; then once, and not twice."""
    reader = Reader(tmp_path)
    reader.read()
    logs.write(600, refused())
    before = copy.deepcopy(reader.memory)

    late, again = reader.look(), reader.look()
    assert reader.memory == before
    assert late == again
    for _ in range(2):
        reader.memory.apply(again.news)
    reader.memory.apply(late.news)

    assert reader.memory.counts == {REFUSED: 1, ("records", "WARNING"): 1}
    assert reader.memory.read_bytes["errors"] == logs.path("errors").stat().st_size


def test_nothing_new_changes_nothing(logs: Logs, tmp_path: Path) -> None:
    """A memory that took over nothing new is the same, so that verdicts made of it may stand."""
    reader = Reader(tmp_path)
    before = copy.deepcopy(reader.read())

    assert reader.read() == before
    logs.write(600, "INFO gateway.run: nothing that counts")
    assert reader.read().changes == before.changes + 1


def test_history_that_is_refused_at_first_stays_history(logs: Logs, tmp_path: Path) -> None:
    """A log that was there at the first look and could not be read gives no counts when it can."""
    reader = Reader(tmp_path)
    kept = logs.path("errors").rename(tmp_path / "kept")
    logs.path("errors").mkdir()
    assert reader.read().refused
    logs.path("errors").rmdir()
    kept.rename(logs.path("errors"))

    memory = reader.read()

    assert (memory.refused, memory.counts, memory.times[REFUSED]) == (False, {}, AT - 900)
    logs.write(600, refused())
    assert reader.read().counts[REFUSED] == 1


def test_history_that_vanishes_is_over(tmp_path: Path) -> None:
    """A log that was refused at the first look and then removed: the one that comes later is counted."""
    logs = Logs(tmp_path)
    logs.path("errors").mkdir()
    reader = Reader(tmp_path)
    reader.read()
    logs.path("errors").rmdir()
    assert reader.read().history == set()

    logs.write(60, refused())

    assert reader.read().counts[REFUSED] == 1


def test_one_refused_log_does_not_hold_up_the_other(logs: Logs, tmp_path: Path) -> None:
    """The readable one goes on being read, and nothing of the other is lost meanwhile."""
    reader = Reader(tmp_path)
    reader.read()
    kept = logs.path("agent").rename(tmp_path / "kept")
    logs.path("agent").mkdir()
    with logs.path("errors").open("a") as errors:
        errors.write(f"2026-11-22 06:40:00,000 {refused()}\n")
    os.utime(logs.path("errors"), (AT - 400, AT - 400))
    assert (reader.read().counts[REFUSED], reader.memory.refused) == (1, True)
    logs.path("agent").rmdir()
    kept.rename(logs.path("agent"))
    logs.write(300, answered())

    assert reader.read().times[ANSWERED] == AT - 300


def test_a_memory_that_was_kept_is_read_on_from(logs: Logs, tmp_path: Path) -> None:
    """Another follower goes on where the last one stood, in the middle of a history as well."""
    with logs.path("agent").open("a") as agent:
        agent.write(f"2026-11-22 06:40:00,000 INFO gateway.run: {'x' * 200}\n" * 6000)
    os.utime(logs.path("agent"), (AT - 800, AT - 800))
    first = Reader(tmp_path, seconds=0.0)
    assert first.read().behind

    second = Reader(tmp_path, copy.deepcopy(first.memory))
    second.read()

    assert (second.memory.behind, second.memory.counts) == (False, {})
    assert second.memory.read_bytes["agent"] == logs.path("agent").stat().st_size
    logs.write(60, refused())
    assert second.read().counts[REFUSED] == 1


def test_a_writers_clock_is_remembered(tmp_path: Path) -> None:
    """While a log goes on being written its end tells nothing: the clock that it told before holds."""
    logs = Logs(tmp_path)
    logs.write(900, refused(), offset=5 * 3600)
    reader = Reader(tmp_path)
    assert reader.read().offsets == {"agent": 18000, "errors": 18000}
    logs.write(600, refused(), refused(), offset=5 * 3600)
    for file in ("agent", "errors"):
        os.utime(logs.path(file))

    assert reader.read().times[REFUSED] == AT - 600


def test_a_writers_clock_is_known_before_all_is_read(tmp_path: Path) -> None:
    """The end of a log tells whose clock its beginning was written by."""
    logs = Logs(tmp_path)
    logs.write(9000, answered(), offset=-7 * 3600)
    with logs.path("agent").open("a") as agent:
        agent.write(f"2026-11-21 23:00:00,000 INFO gateway.run: {'x' * 200}\n" * 6000)
    logs.write(60, "INFO gateway.run: the last one", offset=-7 * 3600)
    reader = Reader(tmp_path, seconds=0.0)

    memory = reader.read()

    assert memory.behind
    assert memory.times[ANSWERED] == AT - 9000


def test_the_newest_failures_are_told_apart() -> None:
    """What fails within a minute is one call; of the others the newest few are kept, in any order."""
    stamps = [0.0, 1.0, ONE_CALL_SECONDS - 1, *(100.0 * number for number in range(1, 10))]
    whole = Tally(met={REFUSED: ()})
    for stamp in stamps:
        whole += Tally(met={REFUSED: (stamp,)})

    assert whole.met[REFUSED] == tuple(100.0 * number for number in range(10 - MAX_MET, 10))
    early = Tally(met={REFUSED: (200.0,)}) + Tally(met={REFUSED: (0.0, 150.0)})
    assert early.met[REFUSED] == (0.0, 150.0)
