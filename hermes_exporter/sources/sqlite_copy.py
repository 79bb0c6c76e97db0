"""Reading a SQLite database of Hermes without touching it.

Opening one in place, even read-only, takes locks and leaves files behind, and a lock held at the wrong moment has
stopped a Hermes job for ever. So the database and its write-ahead log are copied to a private directory, and the
copy is opened.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hermes_exporter.sources.artefact import SourceError, contents

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_BYTES = 64 << 20
ATTEMPTS = 3
"""How often a copy is taken anew because the database changed meanwhile."""

Signature = tuple[tuple[int, int, int, int, int] | None, ...]


class DatabaseReader:
    """Reads databases, each only when it or its log changed. One per thread."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Signature, object]] = {}

    def read(self, path: str, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return what ``query`` makes of a copy, None where there is no database, or raise SourceError."""
        main = _identity(path)
        if main is None:
            self._kept.pop(path, None)
            return None
        kept = self._kept.get(path)
        if kept is None or kept[0] != (main, _identity(f"{path}-wal")):
            kept = _ask(path, query)
            if isinstance(kept[1], SourceError) and kept[1].denied:
                self._kept.pop(path, None)
            else:
                self._kept[path] = kept
        outcome = kept[1]
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome  # type: ignore[return-value]  # the same path is always asked the same


def _ask(path: str, query: Callable[[sqlite3.Connection], T]) -> tuple[Signature, T | SourceError]:
    error = SourceError(Path(path), "changes faster than it can be copied", denied=True)
    signature = _signature(path)
    for _attempt in range(ATTEMPTS):
        try:
            with tempfile.TemporaryDirectory(prefix="hermes-exporter-") as directory:
                copy = Path(directory) / "copy.db"
                _copy(Path(path), copy)
                _copy(Path(f"{path}-wal"), copy.with_name("copy.db-wal"))
                before, signature = signature, _signature(path)
                if before != signature:
                    continue
                with contextlib.closing(sqlite3.connect(copy)) as connection:
                    connection.execute("PRAGMA trusted_schema = OFF")
                    return signature, query(connection)
        except SourceError as refusal:
            return signature, refusal
        except FileNotFoundError:
            error = SourceError(Path(path), "vanished while it was copied", denied=True)
        except (sqlite3.Error, OverflowError, UnicodeDecodeError) as failure:
            error = SourceError(Path(path), f"is not a usable database ({type(failure).__name__})")
    return signature, error


def _copy(source: Path, target: Path) -> None:
    try:
        status = source.stat()
    except FileNotFoundError:
        if target.name.endswith("-wal"):
            return
        raise
    target.write_bytes(contents(source, status, MAX_BYTES))


def _signature(path: str) -> Signature:
    return _identity(path), _identity(f"{path}-wal")


def _identity(path: str) -> tuple[int, int, int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # one of very many
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SourceError(Path(path), error.strerror or "cannot be read", denied=True) from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """Return the names of a table's columns, none where there is no such table."""
    return frozenset(row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))
