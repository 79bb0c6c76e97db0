"""memory.db: what is remembered of every profile, in a file that survives us.

One process writes it, and holds a lock beside it while it does; others may read. A file that is broken is put
aside, never repaired or deleted; one that a newer version wrote is left alone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.store_file import (
    BUSY_SECONDS,
    StoreError,
    broken,
    expect_known,
    identity,
    lock_path,
    locked,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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


class Store:
    """The file: open, or waiting until it can be.

    Attributes:
        opened: how often it had to be opened anew; what was stored before is not in it then.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection | None, lock: int | None) -> None:
        self.path = path
        self.opened = 0
        self._connection, self._lock = connection, lock
        self._identity = identity(path)
        self._writing = threading.Lock()

    def rows(self) -> list[Row]:
        """Return everything, or raise StoreError.

        A cell of SQLite may hold anything: facts that are no bytes become such, to be refused by who decodes them,
        a time that is none is 1970; a row without names is nobody's.
        """
        if self._connection is None:
            return []
        try:
            found = self._connection.execute(
                "SELECT home, name, device, inode, CAST(stored_at AS REAL), CAST(facts AS BLOB) FROM profile"
                " WHERE typeof(home) = 'text' AND typeof(name) = 'text'"
            )
            return [Row(*row) for row in found]
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise broken(self.path, error) from error

    def write(self, rows: Iterable[Row], gone: Iterable[Key] = ()) -> None:
        """Store rows and drop those of the homes and names that are gone, all or nothing; raise StoreError."""
        with self._writing:
            connection = self._in_place()
            try:
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany("DELETE FROM profile WHERE home = ? AND name = ?", list(gone))
                    connection.executemany("INSERT OR REPLACE INTO profile VALUES (?, ?, ?, ?, ?, ?)", list(rows))
            except (sqlite3.Error, OverflowError, UnicodeError) as error:
                if _is_damage(error):
                    self._let_go()
                raise broken(self.path, error) from error

    def _in_place(self) -> sqlite3.Connection:
        """Return the connection; raise StoreError where file or lock are not those of that name any more.

        What was taken away is opened, or made, anew where that can be: nothing of ours is stored in it yet.
        """
        ours = self._lock is not None and identity(lock_path(self.path)) == identity(self._lock)
        if self._connection is not None and ours and identity(self.path) == self._identity:
            return self._connection
        self._let_go(with_lock=not ours)
        fresh = open_to_write(self.path, self._lock)
        self._connection, self._lock, self._identity = fresh._connection, fresh._lock, fresh._identity
        self.opened += 1
        raise StoreError(f"{self.path} was removed or replaced")

    def _let_go(self, *, with_lock: bool = False) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None and with_lock:
            os.close(self._lock)
            self._lock = None

    def close(self) -> None:
        """Let go of the file and of the lock."""
        self._let_go(with_lock=True)


def _is_damage(error: Exception) -> bool:
    """Whether the file has to be looked through and put aside, rather than asked again later."""
    return type(error) is sqlite3.DatabaseError


def open_to_write(path: Path, lock: int | None = None) -> Store:
    """Open the file, which is made where there is none; raise StoreError, or StoreBusyError.

    ``lock`` is a descriptor that holds its lock already, and goes on doing so where this fails.
    """
    with contextlib.ExitStack() as undo:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if lock is None:
                lock = locked(lock_path(path))
                undo.callback(os.close, lock)
        except OSError as error:
            raise StoreError(f"{error.filename or path}: {error.strerror}") from error
        store = Store(path, opened(path), lock)
        undo.pop_all()
    return store


def waiting(path: Path) -> Store:
    """Return a file that cannot be written now: what can be read of it is known, and each write opens it again."""
    store = Store(path, None, None)
    with contextlib.suppress(StoreError):
        store = open_to_read(path) or store
    return store


def open_to_read(path: Path) -> Store | None:
    """Open the file without changing it, None where there is none; raise StoreError."""
    try:
        if not path.exists():
            return None
        uri = f"{path.absolute().as_uri()}?mode=ro{'' if _may_change(path) else '&immutable=1'}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
        expect_known(path, connection)
    except (OSError, sqlite3.Error) as error:
        raise broken(path, error) from error
    return Store(path, connection, None)


def _may_change(path: Path) -> bool:
    """Whether somebody may write the file: not where there is no log of what was written, and none can be made."""
    return os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists()
