"""Simulated hosts for the failures from the field."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.field.host import FieldHost

if TYPE_CHECKING:
    from collections.abc import Iterator


class MakeHost(Protocol):
    """Makes a host at the beginning of a day, UTC."""

    def __call__(self, day: str = "2026-05-04", **options: object) -> FieldHost:
        """Return it, with nothing running."""


@pytest.fixture
def make_host() -> Iterator[MakeHost]:
    """Make hosts that end with the test; in memory if possible."""
    hosts: list[FieldHost] = []
    memory = Path("/dev/shm")
    place = tempfile.TemporaryDirectory(
        prefix="hermes-exporter-", dir=memory if os.access(memory, os.W_OK) else None
    )

    def make(day: str = "2026-05-04", **options: object) -> FieldHost:
        directory = Path(place.name) / str(len(hosts))
        directory.mkdir()
        start = datetime.fromisoformat(f"{day}T00:00:00Z").timestamp()
        hosts.append(FieldHost(directory, start, **options))  # type: ignore[arg-type]
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()
    place.cleanup()
