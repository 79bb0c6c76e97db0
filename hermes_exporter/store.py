"""memory.db: what is remembered of every profile, in a file that survives us.

One process writes it, and holds a lock beside it while it does; others may read. A file that is broken is put
aside, never repaired or deleted; one that a newer version wrote is left alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

log = logging.getLogger(__name__)

APPLICATION_ID = 0x4865526D
"""Says in the file's header whose it is."""
BUSY_SECONDS = 1.0
FORGET_SECONDS = 90 * 86400.0
"""What nobody has stored anew for so long is dropped."""


Key = tuple[str, str]
"""Root of the home, and name of the profile."""


class Row(NamedTuple):
    """What is remembered of one profile.

    Attributes:
        home: root of its home.
        device, inode: of its directory, by which it is known under a new name.
        stored_at: Unix seconds.
        facts: as ``Memory`` encodes them.
    """

    home: str
    name: str
    device: int
    inode: int
    stored_at: float
    facts: bytes

    @property
    def key(self) -> Key:
        """Home and name."""
        return self.home, self.name


class StoreError(Exception):
    """The file cannot be used; the message says which and why."""


class StoreReplacedError(StoreError):
    """The file was taken away; a new one is open, and nothing is stored in it yet."""


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


class Store:
    """An open file."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: int | None) -> None:
        self.path = path
        self._connection, self._lock = connection, lock
        self._identity = _identity(path)
        self._writing = threading.Lock()

    def rows(self) -> list[Row]:
        """Return everything, or raise StoreError."""
        try:
            found = self._connection.execute("SELECT home, name, device, inode, stored_at, facts FROM profile")
            return [Row(*row) for row in found]
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise _broken(self.path, error) from error

    def write(self, rows: Iterable[Row], gone: Iterable[Key] = ()) -> None:
        """Store rows and drop those of the homes and names that are gone, all or nothing; raise StoreError."""
        try:
            with self._writing:
                self._expect_in_place()
            with self._writing, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("DELETE FROM profile WHERE home = ? AND name = ?", list(gone))
                self._connection.executemany(
                    "INSERT OR REPLACE INTO profile VALUES (?, ?, ?, ?, ?, ?)", list(rows)
                )
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise _broken(self.path, error) from error

    def _expect_in_place(self) -> None:
        """Raise StoreReplacedError where our file is not the one of that name any more."""
        if _identity(self.path) != self._identity:
            self._connection.close()
            self._connection = _opened(self.path)
            self._identity = _identity(self.path)
            raise StoreReplacedError(f"{self.path} was removed or replaced")

    def close(self) -> None:
        """Let go of the file and of the lock."""
        self._connection.close()
        if self._lock is not None:
            os.close(self._lock)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_to_write(path: Path) -> Store:
    """Open the file, which is made where there is none; raise StoreError, or StoreBusyError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _locked(path.with_name(f"{path.name}.lock"))
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror}") from error
    with contextlib.ExitStack() as undo:
        undo.callback(os.close, lock)
        store = Store(path, _opened(path), lock)
        undo.pop_all()
    return store


def open_to_read(path: Path) -> Store | None:
    """Open the file without changing it, None where there is none; raise StoreError."""
    try:
        if not path.exists():
            return None
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        _expect_known(path, connection)
    except (OSError, sqlite3.Error) as error:
        raise _broken(path, error) from error
    return Store(path, connection, None)


def _locked(path: Path) -> int:
    """Return a descriptor that holds the lock, with our pid in the file; raise StoreBusyError."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        os.close(lock)
        raise StoreBusyError(f"{path.with_suffix('')} is written by another exporter, pid {holder}") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _ready(path)
    except OSError as error:
        raise _broken(path, error) from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise _broken(path, error) from error
    aside = path.with_name(f"{path.name}.broken-{time.time():.0f}")
    log.warning("%s is broken: it is kept as %s, and counters begin anew", path, aside.name)
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(f"{path.name}{suffix}").rename(f"{aside}{suffix}")
        return _ready(path)
    except (OSError, sqlite3.Error) as error:
        raise _broken(path, error) from error


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
        version = _expect_known(path, connection)
        for number, migrate in enumerate(MIGRATIONS[version:], version + 1):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                migrate(connection)
                connection.execute(f"PRAGMA user_version = {number}")
        with connection:
            connection.execute("DELETE FROM profile WHERE stored_at < ?", (time.time() - FORGET_SECONDS,))
        undo.pop_all()
    return connection


def _expect_known(path: Path, connection: sqlite3.Connection) -> int:
    """Return the schema's version; raise StoreError for one of a newer exporter, or of somebody else."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(f"{path} was written by a newer version of this exporter")
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if owner != (APPLICATION_ID if version else 0):
        raise StoreError(f"{path} is a database of somebody else")
    return version


def _broken(path: Path, error: Exception) -> StoreError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StoreError(f"{path}: {reason}")
