"""Simulated months and years of everything that goes wrong: each slot's fate is told as it truly was."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter import report_assessor
from hermes_exporter.judge import settlement
from tests.year.faulty_year import ACTS, DAY, HOUR, Year, furnish
from tests.year.world import QUIET_SECONDS, World, confusion

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

FATES = ("settled", "late", "missed", "unknown", "-")


@pytest.fixture(autouse=True)
def _every_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time in which nothing happens is not looked at minute by minute; a report tells of every slot it had."""
    monkeypatch.setattr(report_assessor, "GAP_SECONDS", 2 * QUIET_SECONDS)
    monkeypatch.setattr(settlement, "HISTORY", 1000)


@pytest.fixture
def make_world() -> Iterator[type[World]]:
    """Make a world, which ends with the test; in memory if possible: a disk spends its time on renames."""
    worlds: list[World] = []
    memory = Path("/dev/shm")
    place = tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)

    def make(day: str, **options: object) -> World:
        world = World(Path(place.name), datetime.fromisoformat(f"{day}T00:00:00Z").timestamp(), **options)  # type: ignore[arg-type]
        worlds.append(world)
        return world

    yield make  # type: ignore[misc]
    for world in worlds:
        world.close()
    place.cleanup()


def lived(world: World, days: float) -> Counter[tuple[str, str]]:
    """Let the exporter watch from the tenth minute on, and return the matrix, which is printed too."""
    world.run(world.start + 600)
    world.watch()
    world.run(world.start + days * DAY)
    world.come_to_rest()
    matrix = confusion(world.truth(), world.fates)
    lines = [f"{'truth':>10} {' '.join(f'{fate:>8}' for fate in FATES)}   looks: {world.looks}"]
    lines += [f"{fate:>10} {' '.join(f'{matrix[fate, told]:8}' for told in FATES)}" for fate in FATES]
    sys.stderr.write("\n" + "\n".join(lines) + "\n")
    return matrix


def assert_diagonal(matrix: Counter[tuple[str, str]], least: int) -> None:
    """Every slot is told as it was, and there were many."""
    assert {pair: count for pair, count in matrix.items() if pair[0] != pair[1]} == {}
    assert sum(matrix.values()) >= least


def test_a_fortnight_of_mishaps(make_world: type[World]) -> None:
    """Killed, refused, silent, paused, asleep, over a change of the clocks: no slot is hidden, none invented."""
    world = make_world("2026-03-22", zone="Europe/Berlin", seed=5)
    world.start_gateway(world.profile)
    year = Year(world, furnish(world, frequent=False), 5)
    for number, act in enumerate(("_killed", "_messenger_refuses", "_answers", "_paused", "_asleep", "_one_shot")):
        year.act(act, world.start + (1.1 + 2 * number) * DAY + 5 * HOUR)

    assert_diagonal(lived(world, 14), least=100)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("zone", "version", "seed"), [("Europe/Berlin", "0.19", 1), ("America/New_York", "0.22", 2)]
)
def test_every_mishap(make_world: type[World], zone: str, version: str, seed: int) -> None:
    """Each of them once, with jobs that run all the time, the exporter itself going down and coming back."""
    world = make_world("2026-02-20", zone=zone, version=version, seed=seed)
    world.start_gateway(world.profile)
    year = Year(world, furnish(world, frequent=True), seed)
    year.each()
    year.blind(2 * len(ACTS))

    assert_diagonal(lived(world, 2 * len(ACTS) + 2), least=4000)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_year(make_world: type[World]) -> None:
    """A mishap every third day for a year, both changes of the clocks, the exporter down every month or so."""
    world = make_world("2026-01-01", zone="Europe/Berlin", seed=11)
    world.start_gateway(world.profile)
    year = Year(world, furnish(world, frequent=False), 11)
    year.plan(365)
    year.blind(365)

    assert_diagonal(lived(world, 365), least=3000)
