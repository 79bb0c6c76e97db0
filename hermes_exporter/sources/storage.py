"""The space below a home, and the state database by its traces: it is never opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermes_exporter.sources.artefact import refused, settled, signature
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Signature

DATABASE = "state.db"


class Space(Value):
    """Bytes of the file system that a home lies on; ``available`` is what is left for its owner."""

    available: int
    size: int


class StateDatabase(Value):
    """The state database from outside.

    Attributes:
        wal_bytes: size of its write-ahead log, 0 where there is none; None without a database.
        copies: copies that a repair left beside it.
    """

    wal_bytes: int | None
    copies: int


def space(root: str) -> Space:
    """Return the space, or raise SourceError."""
    try:
        status = os.statvfs(root)
    except OSError as error:
        raise refused(root, error) from error
    return Space(status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize)


class DatabaseTraces:
    """Looks at one profile's state database; its directory is listed only when it changed."""

    def __init__(self) -> None:
        self._listing: tuple[Signature, int] | None = None

    def look(self, directory: str) -> StateDatabase:
        """Return the traces, or raise SourceError."""
        try:
            sign = signature(os.stat(directory))  # noqa: PTH116  # one of very many
            if self._listing is not None and self._listing[0] == sign:
                copies = self._listing[1]
            else:
                names = os.listdir(directory)  # noqa: PTH208  # only names are wanted
                copies = sum(name.startswith(DATABASE) and "malformed" in name for name in names)
                self._listing = (sign, copies) if settled(sign) else None
            return StateDatabase(_wal_bytes(directory), copies)
        except OSError as error:
            raise refused(directory, error) from error


def _wal_bytes(directory: str) -> int | None:
    if _size(f"{directory}/{DATABASE}") is None:
        return None
    return _size(f"{directory}/{DATABASE}-wal") or 0


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:
        return None
