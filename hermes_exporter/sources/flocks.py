"""Who holds which gateway.lock, from /proc/locks and without touching a lock.

A lock is found by its inode; its device number there is the file system's own, which on overlayfs and btrfs is not
the st_dev that stat reports. So the holder's open files decide, and the device numbers only where those may not be
read. A lock file that was deleted and made anew leaves two gateways with two locks: both are found.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FileId = tuple[int, int]
"""st_dev and st_ino."""


class LockFile(NamedTuple):
    """A lock file to look for; ``identity`` is None where it does not exist now."""

    path: Path
    identity: FileId | None


class _Lock(NamedTuple):
    pid: int
    device: int
    inode: int


class Flocks:
    """Reads one /proc/locks; keeps which descriptor of a holder is its lock as long as it holds it."""

    def __init__(self, procfs: Path) -> None:
        self._procfs = procfs
        self._descriptors: dict[_Lock, str] = {}

    def holders(self, files: Mapping[str, LockFile]) -> dict[str, frozenset[int]]:
        """Return the pids that hold each of ``files``, by the same keys; raise OSError where nobody can tell."""
        locks = _parse((self._procfs / "locks").read_text("ascii", "replace"))
        self._descriptors = {lock: name for lock, name in self._descriptors.items() if lock in locks}
        by_inode: dict[int, list[str]] = {}
        by_deleted: dict[str, list[str]] = {}
        for key, file in files.items():
            if file.identity:
                by_inode.setdefault(file.identity[1], []).append(key)
            by_deleted.setdefault(f"{file.path} (deleted)", []).append(key)
        held: dict[str, set[int]] = {key: set() for key in files}
        for lock in locks:
            candidates = by_inode.get(lock.inode, [])
            for key in candidates:
                if self._identity(lock) == files[key].identity:
                    held[key].add(lock.pid)
            if not candidates:
                for key in by_deleted.get(self._target(lock), ()):
                    held[key].add(lock.pid)
        return {key: frozenset(pids) for key, pids in held.items()}

    def _identity(self, lock: _Lock) -> FileId | None:
        """Return the locked file as the holder has it open, None where it has no such file open."""
        try:
            name = self._descriptor(lock)
            status = (self._procfs / str(lock.pid) / "fd" / name).stat() if name else None
        except FileNotFoundError:
            return None
        except OSError:
            return lock.device, lock.inode
        return (status.st_dev, status.st_ino) if status else None

    def _target(self, lock: _Lock) -> str:
        try:
            name = self._descriptor(lock)
            return str((self._procfs / str(lock.pid) / "fd" / name).readlink()) if name else ""
        except OSError:
            return ""

    def _descriptor(self, lock: _Lock) -> str | None:
        directory = self._procfs / str(lock.pid) / "fd"
        known = self._descriptors.get(lock)
        if known is not None and _inode(directory / known) == lock.inode:
            return known
        names = os.listdir(directory)  # noqa: PTH208  # only names are wanted
        found = next((name for name in names if _inode(directory / name) == lock.inode), None)
        if found is not None:
            self._descriptors[lock] = found
        return found


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


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
