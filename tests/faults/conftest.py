"""Twins for every fault."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.faults.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Iterator


class MakeTwins(Protocol):
    """Makes twins."""

    def __call__(self, *wrapper: str) -> Twins:
        """Return them; in ``wrapper``, the disturbed exporter's, STATE is its state directory and HERE its own."""


@pytest.fixture
def make_twins() -> Iterator[MakeTwins]:
    """Make twins that end with the test; in memory if possible."""
    made: list[Twins] = []
    memory = Path("/dev/shm")
    place = tempfile.TemporaryDirectory(
        prefix="hermes-exporter-", dir=memory if os.access(memory, os.W_OK) else None
    )

    def make(*wrapper: str) -> Twins:
        directory = Path(place.name) / str(len(made))
        directory.mkdir()
        here = str(directory / "disturbed")
        words = (word.replace("STATE", f"{here}/state").replace("HERE", here) for word in wrapper)
        made.append(Twins(directory, tuple(words)))
        return made[-1]

    yield make
    for twins in made:
        twins.close()
    place.cleanup()
