"""What is remembered from one gather to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hermes_exporter.judge.conditions import LOOP_STARTS, LOOP_WINDOW_SECONDS
from hermes_exporter.memory import Memory
from hermes_exporter.profile_memory import ProfileMemory
from hermes_exporter.store import Row
from hermes_exporter.values import replace
from tests.judge.test_ownership import UNIT

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0
DAY = 86_400.0


def test_starts_of_the_first_look_are_history() -> None:
    """Only starts that were not there before count, each once, whatever falls out of the ring."""
    memory = ProfileMemory()

    for ring in ((1.0, 2.0), (1.0, 2.0), (2.0, 3.0, 4.0), (3.0, 4.0), ()):
        memory.count_starts(ring, NOW)

    assert memory.starts == 2


def test_restarts_are_what_the_count_grew_by() -> None:
    """A first count is history, a count that fell is a restart by hand, old ones are forgotten."""
    memory = ProfileMemory()

    seen = [
        len(memory.restarts_within_window([replace(UNIT, restarts=count)], NOW + after))
        for count, after in ((500, 0), (501, 10), (503, 20), (0, 30), (1, 40), (1, 25 + LOOP_WINDOW_SECONDS))
    ]

    assert seen == [0, 1, 3, 3, 4, 1]


def test_a_jump_of_the_count_is_a_loop_and_no_more() -> None:
    """A thousand restarts between two looks are kept as what a loop takes."""
    memory = ProfileMemory()
    memory.restarts_within_window([replace(UNIT, restarts=0)], NOW)

    assert len(memory.restarts_within_window([replace(UNIT, restarts=1000)], NOW)) == LOOP_STARTS


def test_restarts_that_nobody_watched_are_history() -> None:
    """What the count grew by while the exporter was away for hours is no loop; later restarts count."""
    memory = ProfileMemory()

    seen = [
        len(memory.restarts_within_window([replace(UNIT, restarts=count)], NOW + after))
        for count, after in ((2, 0), (6, 7 * DAY), (7, 7 * DAY + 15))
    ]

    assert seen == [0, 0, 1]


def test_a_count_that_stands_is_watched() -> None:
    """A unit that nothing happened to for a day was looked at all the time: what it does then counts."""
    memory = ProfileMemory()
    memory.restarts_within_window([replace(UNIT, restarts=2)], NOW)
    for hour in range(24):
        memory.watches([UNIT], NOW + hour * 3600)

    assert len(memory.restarts_within_window([replace(UNIT, restarts=6)], NOW + DAY)) == LOOP_STARTS


def test_a_restart_is_not_later_than_what_the_unit_is_in() -> None:
    """A unit that changed its state last so long ago was not started again since."""
    memory = ProfileMemory()
    memory.restarts_within_window([replace(UNIT, restarts=2)], NOW)
    stable = replace(UNIT, restarts=6, state_changed_at=NOW + 100)

    assert memory.restarts_within_window([stable], NOW + 600) == [NOW + 100] * 4


def test_a_memory_of_an_older_exporter_counts_on(tmp_path: Path) -> None:
    """What was stored without the hour of the counts is taken over, and its restarts are history."""
    memory = ProfileMemory()
    memory.restarts_within_window([replace(UNIT, restarts=2)], NOW)
    older = {
        name: fact
        for name, fact in msgspec.msgpack.decode(Memory.encoded(memory)).items()
        if name != "_counted_at"
    }
    row = Row(str(tmp_path), "default", 0, 0, NOW, msgspec.msgpack.encode(older))

    assert Memory.decoded(row).restarts_within_window([replace(UNIT, restarts=6)], NOW + 15) == []


def test_a_life_that_ends_counts_once() -> None:
    """A gateway seen alive and then dead died once; one that was dead at the first look is history."""
    memory = ProfileMemory()

    for pid, dead in ((1, True), (2, False), (2, True), (2, True), (3, False), (3, True)):
        memory.count_death(pid, dead=dead)

    assert memory.deaths == 2


def test_each_profile_has_its_own_memory() -> None:
    """The same label is the same memory, another label another."""
    memory = Memory()

    assert memory.of("a") is memory.of("a")
    assert memory.of("a") is not memory.of("b")
