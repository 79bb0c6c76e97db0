"""A log with its backups in a directory, what befalls it, and somebody who follows it."""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import TYPE_CHECKING

from hermes_exporter.logs.tail import BUDGET_BYTES, LogTail

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.logs.cursor import Cursor
    from hermes_exporter.logs.tail import Boundary, Portion

BACKUPS = 3
RECORD = re.compile(rb"^(\d{8}) =*\.$", re.MULTILINE)


def whole_lines(data: bytes, *, quiet: bool) -> int:
    """A boundary behind the last newline."""
    return data.rfind(b"\n") + 1


def record(number: int, size: int = 40) -> bytes:
    """A line of so many bytes that no other line is like."""
    return b"%08d %s.\n" % (number, b"=" * (size - 11))


def numbers(data: bytes) -> list[int]:
    """The records in some data, in order; torn ones are none."""
    return [int(number) for number in RECORD.findall(data)]


class Log:
    """The files of one log."""

    def __init__(self, directory: Path) -> None:
        self.base = directory / "agent.log"
        self.written = 0
        self.next = 0

    def backup(self, number: int) -> Path:
        """The path of a backup, 0 for the base."""
        return self.base.with_name(f"agent.log.{number}") if number else self.base

    def append(self, count: int = 1, size: int = 40, to: int = 0) -> None:
        """Append new records."""
        self.write(b"".join(record(number, size) for number in range(self.next, self.next + count)), to)
        self.next += count

    def write(self, data: bytes, to: int = 0) -> None:
        """Append anything."""
        with self.backup(to).open("ab") as file:
            file.write(data)
        self.written += len(data)

    def shift(self) -> None:
        """Rename the backups upwards, the last one over the edge."""
        for number in range(BACKUPS - 1, 0, -1):
            if self.backup(number).exists():
                self.backup(number).replace(self.backup(number + 1))

    def rotate(self) -> None:
        """What a RotatingFileHandler does."""
        self.shift()
        self.base.replace(self.backup(1))
        self.base.touch()

    def copytruncate(self) -> None:
        """What logrotate does so that the writers notice nothing."""
        self.shift()
        shutil.copyfile(self.base, self.backup(1))
        os.truncate(self.base, 0)

    def age(self, seconds: float = 60.0, number: int = 0) -> float:
        """Make the last write so long ago; return when it was, Unix seconds."""
        at = time.time() - seconds
        os.utime(self.backup(number), (at, at))
        return at


class Follower:
    """Reads a log and keeps what it was given; a new process knows the cursor only."""

    def __init__(self, log: Log, boundary: Boundary = whole_lines) -> None:
        self.log = log
        self.boundary = boundary
        self.tail = LogTail(str(log.base), boundary)
        self.cursor: Cursor | None = None
        self.data = b""
        self.read_bytes = self.lost_bytes = 0

    def restart(self) -> None:
        """Go on as a new process."""
        self.tail = LogTail(str(self.log.base), self.boundary)

    def read(self, budget: int = BUDGET_BYTES) -> Portion:
        """Read once."""
        portion = self.tail.read(self.cursor, budget)
        assert portion.data.endswith(b"\n") or not portion.data
        assert portion.read_bytes <= budget
        self.cursor = portion.cursor
        self.data += portion.data
        self.read_bytes += portion.read_bytes
        self.lost_bytes += portion.lost_bytes
        return portion

    def catch_up(self, budget: int = BUDGET_BYTES) -> list[int]:
        """Read until there is no more; return the records that came."""
        before = len(self.data)
        while self.read(budget).behind:
            pass
        return numbers(self.data[before:])
