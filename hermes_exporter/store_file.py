"""Opening memory.db: the lock beside it, the schema and its migrations, and what to do with a broken file."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

APPLICATION_ID = 0x4865526D
"""Says in the file's header whose it is."""
BUSY_SECONDS = 1.0
FORGET_SECONDS = 90 * 86400.0
"""What was stored last so long before the newest is dropped: that no wrong clock of ours can tell."""


class StoreError(Exception):
    """The file cannot be used; the message says which and why."""


class StoreBusyError(StoreError):
    """Another process writes the file."""


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(
        "CREATE TABLE profile (home TEXT NOT NULL, name TEXT NOT NULL, device INTEGER NOT NULL,"
        " inode INTEGER NOT NULL, stored_at REAL NOT NULL, facts BLOB NOT NULL, PRIMARY KEY (home, name))"
    )


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create,)
"""Each brings the schema from the version of its place to the next."""


def identity(file: Path | int) -> tuple[int, int] | None:
    """Return device and inode of a path or a descriptor, None where there is no such file."""
    try:
        status = os.stat(file)  # noqa: PTH116  # a path or a descriptor
    except OSError:
        return None
    return status.st_dev, status.st_ino


def lock_path(path: Path) -> Path:
    """Return where the lock of a memory lies."""
    return path.with_name(f"{path.name}.lock")


def locked(path: Path) -> int:
    """Return a descriptor that holds the lock, with our pid in the file; raise StoreBusyError."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.ExitStack() as undo:
        undo.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
            raise StoreBusyError(f"{path.with_suffix('')} is written by another exporter, pid {holder}") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        undo.pop_all()
    return lock


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection that writes; what is broken is put aside; raise StoreError where that is no help."""
    try:
        return _ready(path)
    except OSError as error:
        raise broken(path, error) from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise broken(path, error) from error
    aside = path.with_name(f"{path.name}.broken-{time.time():.0f}")
    log.warning("%s is broken: it is kept as %s, and a new one is begun", path, aside.name)
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(f"{path.name}{suffix}").rename(f"{aside}{suffix}")
        return _ready(path)
    except (OSError, sqlite3.Error) as error:
        raise broken(path, error) from error


def _ready(path: Path) -> sqlite3.Connection:
    """Return a connection to a file of the present schema."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check")
        version = expect_known(path, connection)
        for number, migrate in enumerate(MIGRATIONS[version:], version + 1):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                migrate(connection)
                connection.execute(f"PRAGMA user_version = {number}")
        with connection:
            newest = "(SELECT max(stored_at) FROM profile)"
            connection.execute(f"DELETE FROM profile WHERE stored_at < {newest} - ?", (FORGET_SECONDS,))  # noqa: S608
        undo.pop_all()
    return connection


def expect_known(path: Path, connection: sqlite3.Connection) -> int:
    """Return the schema's version; raise StoreError for one of a newer exporter, or of somebody else."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(f"{path} was written by a newer version of this exporter")
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if owner != (APPLICATION_ID if version else 0):
        raise StoreError(f"{path} is a database of somebody else")
    return version


def broken(path: Path, error: Exception) -> StoreError:
    """Return what to raise where the file cannot be used."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StoreError(f"{path}: {reason}")
