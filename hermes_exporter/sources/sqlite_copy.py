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

from hermes_exporter.sources.artefact import SourceError, contents, no_memory, refused, settled, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermes_exporter.sources.artefact import Signature

T = TypeVar("T")

MAX_BYTES = 64 << 20
ATTEMPTS = 3
"""How often a copy is taken anew because the database changed meanwhile."""

MAX_STEPS = 20_000_000
"""Instructions of SQLite's machine that a query takes at most; the largest ledger takes a few hundred thousand.
A table may be a view, and a view may have no end."""
STEPS_BETWEEN_LOOKS = 10_000
OURS = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM})
"""Errors that say nothing of the database: our own host has no place, no descriptor or no memory."""

Signs = tuple[tuple[int, ...] | None, tuple[int, ...] | None]


class DatabaseReader:
    """Reads databases, each only when it or its log changed. One per thread."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Signs, object]] = {}

    def read(self, path: str, query: Callable[[sqlite3.Connection], T], signs: Signs = (None, None)) -> T | None:
        """Return what ``query`` makes of a copy, None where there is no database, or raise SourceError.

        ``signs`` are the signatures of the database and of its log where the caller has just looked.
        """
        main, wal = signs if signs[0] is not None else _signs(path)
        if main is None:
            self._kept.pop(path, None)
            return None
        kept = self._kept.get(path)
        if kept is None or kept[0] != (main, wal):
            kept = _ask(path, query)
            if settled(*kept[0]) and not (isinstance(kept[1], SourceError) and kept[1].denied):
                self._kept[path] = kept
            else:
                self._kept.pop(path, None)
        outcome = kept[1]
        if isinstance(outcome, SourceError):
            raise outcome.with_traceback(None)  # it grows at each raise, and keeps what it has passed
        return outcome  # type: ignore[return-value]  # the same path is always asked the same


def _ask(path: str, query: Callable[[sqlite3.Connection], T]) -> tuple[Signs, T | SourceError]:
    error = SourceError(Path(path), "changes faster than it can be copied", denied=True, passing=True)
    signs = _signs(path)
    for _attempt in range(ATTEMPTS):
        try:
            with _directory(Path(path)) as directory:
                copy = Path(directory) / "copy.db"
                _copy(Path(path), copy)
                _copy(Path(f"{path}-wal"), copy.with_name("copy.db-wal"))
                before, signs = signs, _signs(path)
                if before != signs:
                    continue
                with contextlib.closing(sqlite3.connect(f"{copy.as_uri()}?vfs=unix-none", uri=True)) as connection:
                    _bound(connection)
                    connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # a log can be read without a lock
                    connection.execute("PRAGMA trusted_schema = OFF")
                    connection.execute("PRAGMA synchronous = OFF")  # nobody needs the copy after a crash
                    return signs, query(connection)
        except SourceError as refusal:
            return signs, refusal
        except FileNotFoundError:
            error = SourceError(Path(path), "vanished while it was copied", denied=True, passing=True)
        except MemoryError:
            error = no_memory(Path(path))
        except (sqlite3.Error, OverflowError, UnicodeDecodeError) as failure:
            error = _unusable(Path(path), failure)
    return signs, error


def _bound(connection: sqlite3.Connection) -> None:
    """Let a query end with sqlite3.OperationalError where it takes too many steps, or makes too long a value."""
    looks = iter(range(MAX_STEPS // STEPS_BETWEEN_LOOKS))
    connection.set_progress_handler(lambda: next(looks, None) is None, STEPS_BETWEEN_LOOKS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)


def _unusable(path: Path, failure: Exception) -> SourceError:
    """Return what stands for a database of which a copy could not be asked, by no fault of its own perhaps."""
    if isinstance(failure, sqlite3.Error) and getattr(failure, "sqlite_errorcode", 0) & 0xFF in OURS:
        return SourceError(path, f"a copy of it cannot be read ({failure})", denied=True, passing=True)
    return SourceError(path, f"is not a usable database ({type(failure).__name__})")


@contextlib.contextmanager
def _directory(path: Path) -> Iterator[str]:
    """Make a private directory for copies of ``path``, or raise SourceError where there is no place for one."""
    try:
        made = tempfile.TemporaryDirectory(prefix="hermes-exporter-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _no_copy(path, error) from error
    with made as directory:
        yield directory


def _no_copy(path: Path, error: OSError) -> SourceError:
    return SourceError(path, f"no copy of it can be made: {error.strerror or error}", denied=True, passing=True)


def _copy(source: Path, target: Path) -> None:
    try:
        status = source.stat()
    except FileNotFoundError:
        if target.name.endswith("-wal"):
            return
        raise
    data = contents(source, status, MAX_BYTES)
    try:
        target.write_bytes(data)
    except OSError as error:
        raise _no_copy(source, error) from error


def _signs(path: str) -> Signs:
    return _sign(path), _sign(f"{path}-wal")


def _sign(path: str) -> Signature | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # one of very many
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refused(path, error) from error
    return signature(status)


def columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """Return the names of a table's columns, none where there is no such table."""
    return frozenset(row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))
