"""Whatever befalls a log, in any order: what was written is what was read, was counted as lost, or never seen."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.logs.log_directory import BACKUPS, Follower, Log, numbers, record


@dataclass
class Truth:
    """One file as it truly is, whatever its name and inode.

    Attributes:
        complete: bytes up to its last newline.
        size: bytes.
        read: how much of it was read.
        seen: how large it was at the last reading.
    """

    complete: int = 0
    size: int = 0
    read: int = 0
    seen: int = 0


class LogMachine(RuleBasedStateMachine):
    """A log, its truth, and a follower."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.log = Log(Path(self.directory.name))
        self.follower = Follower(self.log)
        self.files: dict[int, Truth] = {}
        self.known_lost = self.vanished = 0
        self.current: Truth | None = None
        self.torn = b""

    def teardown(self) -> None:
        self.directory.cleanup()

    def truth(self, number: int = 0) -> Truth:
        """The truth of a file that is there now."""
        return self.files.setdefault(number, Truth())

    def gone(self, number: int) -> None:
        """What is unread of it is gone, and known to be where the cursor stands in it."""
        file = self.files.pop(number, None)
        if file is None:
            return
        self.vanished += file.size - file.read
        if file is self.current:
            self.known_lost += max(0, file.seen - file.read)

    def shifted(self) -> None:
        """The backups move up."""
        self.torn = b""
        self.gone(BACKUPS)
        self.files = {number + 1: file for number, file in self.files.items()}

    @rule(count=st.integers(1, 30), size=st.integers(12, 90))
    def append(self, count: int, size: int) -> None:
        file = self.truth()
        if self.torn:
            self.log.write(self.torn)
            file.size += len(self.torn)
            self.torn = b""
        self.log.append(count, size)
        file.size += count * size
        file.complete = file.size

    @rule(cut=st.integers(9, 39))
    def append_half_a_line(self, cut: int) -> None:
        """Its number is in it: files that begin with the same bytes cannot be told apart."""
        if self.torn:
            return
        line = record(self.log.next)
        self.log.next += 1
        self.log.write(line[:cut])
        self.torn = line[cut:]
        self.truth().size += cut

    @precondition(lambda self: 1 in self.files and self.files[1].complete == self.files[1].size)
    @rule()
    def write_late(self) -> None:
        self.log.append(to=1)
        self.files[1].size += 40
        self.files[1].complete += 40

    @precondition(lambda self: 0 in self.files)
    @rule()
    def rotate(self) -> None:
        self.shifted()
        self.log.rotate()
        self.truth()

    @precondition(lambda self: 0 in self.files)
    @rule()
    def copytruncate(self) -> None:
        self.shifted()
        self.log.copytruncate()
        self.truth()

    @precondition(lambda self: 0 in self.files)
    @rule()
    def truncate(self) -> None:
        self.torn = b""
        self.gone(0)
        self.log.base.write_bytes(b"")
        self.truth()

    @precondition(lambda self: 0 in self.files)
    @rule(rename=st.booleans())
    def remove(self, rename: bool) -> None:
        self.torn = b""
        self.gone(0)
        if rename:
            self.log.base.rename(self.log.base.with_name(f"agent.log-{self.log.next}"))
        else:
            self.log.base.unlink()

    @precondition(lambda self: 0 not in self.files)
    @rule()
    def create(self) -> None:
        self.log.base.touch()
        self.truth()

    @rule()
    def restart(self) -> None:
        self.follower.restart()

    @rule(budget=st.integers(100, 3000))
    def read(self, budget: int) -> None:
        self.take(self.follower.read(budget).read_bytes)

    @rule()
    def catch_up(self) -> None:
        before = self.follower.read_bytes
        self.follower.catch_up()
        self.take(self.follower.read_bytes - before)
        for number, file in self.files.items():
            assert file.read == (file.size if number else file.complete)
        if 0 in self.files:
            assert self.follower.lost_bytes == self.known_lost

    def take(self, size: int) -> None:
        """What was read was read of the oldest files first, and the cursor stands in one of them."""
        cursor = self.follower.cursor
        for number in sorted(self.files, reverse=True):
            file = self.files[number]
            if cursor is not None and cursor.inode == self.log.backup(number).stat().st_ino:
                self.current = file
            taken = min(size, (file.size if number else file.complete) - file.read)
            file.read += taken
            size -= taken
            file.seen = file.size
        assert size == 0

    @invariant()
    def every_byte_is_somewhere(self) -> None:
        left = sum(file.size - file.read for file in self.files.values())
        assert self.log.written == self.follower.read_bytes + self.vanished + left
        assert self.follower.lost_bytes <= self.known_lost <= self.vanished

    @invariant()
    def nothing_is_read_twice(self) -> None:
        found = numbers(self.follower.data)
        assert len(set(found)) == len(found)


TestLog = LogMachine.TestCase
TestLog.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
