"""The disk below a home, and the state database by its traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import HostView, ProfileView

AVAILABLE = Family(
    "hermes_home_filesystem_avail_bytes",
    "gauge",
    "Bytes left for the home's owner on the file system that the home lies on; home is its alias.",
    ("home",),
    host=True,
)
SIZE = Family(
    "hermes_home_filesystem_size_bytes",
    "gauge",
    "Bytes of the file system that the home lies on; home is its alias.",
    ("home",),
    host=True,
)
WAL = Family(
    "hermes_state_db_wal_bytes",
    "gauge",
    "Size of the state database's write-ahead log, bytes; it keeps its high-water mark. Absent: no database.",
)
DAMAGED = Family(
    "hermes_state_db_damaged",
    "gauge",
    "1 if a repair left copies beside the state database, or the gateway says that it is not usable. The database "
    "itself is not opened. Absent: no database.",
)
HOST_FAMILIES = (AVAILABLE, SIZE)


def _inputs(view: ProfileView) -> object:
    return view.files.database, view.files.state and view.files.state.store_damaged


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the traces of the profile's state database."""
    database = view.files.database
    if database is None or database.wal_bytes is None:
        return
    said = view.files.state.store_damaged if view.files.state else None
    yield WAL(database.wal_bytes)
    yield DAMAGED(database.copies > 0 or said is True)


def collect_host(view: HostView) -> Iterator[Sample]:
    """Yield the space of every home."""
    for home, space in view.spaces.items():
        yield AVAILABLE(space.available, home=home)
        yield SIZE(space.size, home=home)


COLLECTOR = Collector("Storage", "storage", (WAL, DAMAGED), _inputs, collect)
