"""Who holds which gateway.lock, from /proc and without touching a lock.

A lock is found in /proc/locks by its inode; its device number there is the file system's own, which on overlayfs
and btrfs is not the st_dev that stat reports. So the holder's open files decide, and the device numbers only where
those may not be read. A lock file that was deleted and made anew leaves two gateways with two locks: both are
found.

/proc/locks makes the kernel wait for every processor, milliseconds each time, while /proc/PID/fdinfo tells in
microseconds whether a known holder still holds. So the table is read again only when something may have changed: a
holder let go, a lock file or what the caller names is different, or a minute went by.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.sources.kept_open import KeptOpen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FULL_SECONDS = 60.0

FileId = tuple[int, int]
"""st_dev and st_ino."""


class LockFile(NamedTuple):
    """A lock file to look for.

    Attributes:
        identity: None where it does not exist now.
        changed_at: its mtime and ctime in nanoseconds; a gateway writes its record into it when it takes it.
    """

    path: str
    identity: FileId | None
    changed_at: tuple[int, int] = (0, 0)


class _Lock(NamedTuple):
    pid: int
    device: int
    inode: int


class _Kept(NamedTuple):
    at: float
    asked: object
    held: dict[str, frozenset[int]]
    locks: tuple[_Lock, ...]


class Flocks:
    """Reads one /proc; keeps who held what, as long as that can be confirmed."""

    def __init__(self, procfs: Path) -> None:
        self._procfs = str(procfs)
        self._files = KeptOpen()
        self._descriptors: dict[_Lock, str] = {}
        self._kept: _Kept | None = None

    def holders(self, files: Mapping[str, LockFile], hint: object = None) -> dict[str, frozenset[int]]:
        """Return the pids that hold each of ``files``, by the same keys; raise OSError where nobody can tell.

        ``hint`` is whatever changes when a new holder is likely, such as the main processes of the units.
        """
        asked = (dict(files), hint)
        kept = self._kept
        recent = kept is not None and kept.asked == asked and time.monotonic() - kept.at < FULL_SECONDS
        if kept is not None and recent and all(map(self._still_held, kept.locks)):
            return kept.held
        held, locks = self._look(files)
        self._kept = _Kept(time.monotonic(), asked, held, locks)
        return held

    def keeps_another(self, pid: int, file: LockFile) -> bool:
        """Whether a process has another home's lock file open, and not this one.

        The other is proved by the way to it, as the process has it: in a container that may lead somewhere else.
        """
        directory, name = f"{self._procfs}/{pid}/fd", os.path.basename(file.path)  # noqa: PTH119
        another = False
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(directory):  # noqa: PTH208
                target = _link(f"{directory}/{descriptor}")
                if target.removesuffix(" (deleted)").rpartition("/")[2] != name:
                    continue
                opened = _file_id(f"{directory}/{descriptor}")
                if opened == file.identity or target.removesuffix(" (deleted)") == file.path:
                    return False
                another |= opened is not None and opened == _file_id(target)
        return another

    def _look(self, files: Mapping[str, LockFile]) -> tuple[dict[str, frozenset[int]], tuple[_Lock, ...]]:
        with open(f"{self._procfs}/locks", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            locks = _parse(file.read())
        self._descriptors = {lock: name for lock, name in self._descriptors.items() if lock in locks}
        by_inode: dict[int, list[str]] = {}
        by_deleted: dict[str, list[str]] = {}
        for key, file_ in files.items():
            if file_.identity:
                by_inode.setdefault(file_.identity[1], []).append(key)
            by_deleted.setdefault(f"{file_.path} (deleted)", []).append(key)
        held: dict[str, set[int]] = {key: set() for key in files}
        found = []
        for lock in locks:
            keys = [key for key in by_inode.get(lock.inode, ()) if self._identity(lock) == files[key].identity]
            if lock.inode not in by_inode:
                keys = by_deleted.get(self._target(lock), [])
            for key in keys:
                held[key].add(lock.pid)
            if keys:
                found.append(lock)
        return {key: frozenset(pids) for key, pids in held.items()}, tuple(found)

    def _still_held(self, lock: _Lock) -> bool:
        name = self._descriptors.get(lock)
        if name is None:
            return False
        try:
            lines = self._files.read(f"{self._procfs}/{lock.pid}/fdinfo/{name}").splitlines()
        except OSError:
            return False
        end = f":{lock.inode}".encode()
        return any(line.startswith(b"lock:") and b" FLOCK " in line and end in line for line in lines)

    def _identity(self, lock: _Lock) -> FileId | None:
        """Return the locked file as the holder has it open, None where it has no such file open."""
        try:
            name = self._descriptor(lock)
            status = os.stat(f"{self._procfs}/{lock.pid}/fd/{name}") if name else None  # noqa: PTH116
        except FileNotFoundError:
            return None
        except OSError:
            return lock.device, lock.inode
        return (status.st_dev, status.st_ino) if status else None

    def _target(self, lock: _Lock) -> str:
        try:
            name = self._descriptor(lock)
            return _link(f"{self._procfs}/{lock.pid}/fd/{name}") if name else ""
        except OSError:
            return ""

    def _descriptor(self, lock: _Lock) -> str | None:
        directory = f"{self._procfs}/{lock.pid}/fd"
        known = self._descriptors.get(lock)
        if known is not None and _inode(f"{directory}/{known}") == lock.inode:
            return known
        names = os.listdir(directory)  # noqa: PTH208  # only names are wanted
        found = next((name for name in names if _inode(f"{directory}/{name}") == lock.inode), None)
        if found is not None:
            self._descriptors[lock] = found
        return found


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return ""


def _file_id(path: str) -> FileId | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _inode(path: str) -> int | None:
    found = _file_id(path)
    return found[1] if found else None


def _parse(text: str) -> set[_Lock]:
    locks = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 6 or words[1] != "FLOCK" or words[3] != "WRITE":
            continue
        with contextlib.suppress(ValueError):  # a lock of no file
            major, minor, inode = words[5].split(":")
            locks.add(_Lock(int(words[4]), os.makedev(int(major, 16), int(minor, 16)), int(inode)))
    return locks
