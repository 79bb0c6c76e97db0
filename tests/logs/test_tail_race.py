"""Two processes write and rotate at full speed, and one reads: each record once and in order, or counted."""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.logs.log_directory import Follower, Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("anna", "bert")
RECORDS = 12_000
MAX_BYTES = 60_000
RECORD = re.compile(rb"^[-\d]{10} [:,\d]{12} INFO (?:anna|bert): (anna|bert)-(\d{6}) \xc3?", re.MULTILINE)
REPO = Path(__file__).parents[2]


Record = tuple[bytes, int]


@dataclass
class Writers:
    """The processes, and in the end what they say.

    Attributes:
        written: bytes.
        failed: records that were not written.
        buried: records written so late that their file was removed by then, with their bytes.
    """

    processes: list[subprocess.Popen[bytes]]
    written: int = 0
    failed: set[Record] = field(default_factory=set)
    buried: dict[Record, int] = field(default_factory=dict)

    def busy(self) -> bool:
        """Whether one of them still writes."""
        return any(process.poll() is None for process in self.processes)

    def finish(self) -> None:
        """Take over what they say."""
        for process in self.processes:
            out, err = process.communicate()
            assert process.returncode == 0, err
            said = json.loads(out)
            self.written += said["written"]
            self.failed |= {_named(text) for text in said["failed"]}
            self.buried |= {_named(text): size for text, size in said["buried"].items()}


def _named(text: str) -> Record:
    name, number = text.split("-")
    return name.encode(), int(number)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    (tmp_path / "logs").mkdir()
    return Log(tmp_path / "logs")


@pytest.fixture
def start(log: Log) -> Iterator[Callable[..., Writers]]:
    """Starts the writers; in the end none is left."""
    processes: list[subprocess.Popen[bytes]] = []

    def started(max_bytes: int, lock: str = "-", progress: str = "-") -> Writers:
        common = [str(RECORDS), str(max_bytes), lock, progress]
        for name in NAMES:
            command = [sys.executable, "-m", "tests.logs.writer", str(log.base), name, *common]
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPO))
        return Writers(processes)

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def found(data: bytes) -> list[Record]:
    """The records, in order."""
    return [(name, int(number)) for name, number in RECORD.findall(data)]


def assert_once_and_in_order(read: list[Record]) -> None:
    """No record twice, and those of a writer ascending."""
    for writer in NAMES:
        numbers = [number for name, number in read if name == writer.encode()]
        assert numbers == sorted(set(numbers))


def budgets(dice: random.Random) -> Iterator[int]:
    """Small and large ones."""
    while True:
        yield dice.choice([1_000, 20_000, 1 << 20])


@pytest.mark.parametrize("seed", [1, 2])
def test_every_record_is_read_once_while_a_backup_overlaps(
    log: Log, start: Callable[..., Writers], tmp_path: Path, seed: int
) -> None:
    """A reader never more than two backups behind gets each record once, in its writer's order.

    But for those that nobody could read: a writer that slept from before one record until its file was removed.
    """
    progress = tmp_path / "progress"
    progress.write_bytes(b"0")
    dice = random.Random(seed)
    writers = start(MAX_BYTES, str(tmp_path / "lock"), str(progress))
    follower = Follower(log)
    while writers.busy():
        if dice.random() < 0.1:
            follower.restart()
        follower.read(next(budgets(dice)))
        (tmp_path / "new").write_bytes(b"%d" % follower.read_bytes)
        (tmp_path / "new").replace(progress)
    writers.finish()
    log.age()
    follower.catch_up()

    read = found(follower.data)
    missing = {(name.encode(), number) for name in NAMES for number in range(RECORDS)} - set(read)
    assert writers.failed == set()
    assert missing <= writers.buried.keys()
    assert_once_and_in_order(read)
    assert follower.read_bytes == writers.written - sum(writers.buried[record] for record in missing)
    assert follower.lost_bytes == 0
    assert log.backup(3).exists()


def test_what_was_rotated_away_unread_is_never_made_up(log: Log, start: Callable[..., Writers]) -> None:
    """Where processes rotate each other's files away, nothing is read twice, nor more counted than is missing."""
    dice = random.Random(3)
    writers = start(MAX_BYTES // 10)
    follower = Follower(log)
    while writers.busy():
        follower.read(next(budgets(dice)))
    writers.finish()
    log.age()
    follower.catch_up()

    read = found(follower.data)
    assert_once_and_in_order(read)
    assert not writers.failed & set(read)
    assert writers.written - follower.read_bytes >= follower.lost_bytes
    for number in range(4):
        if log.backup(number).exists():
            assert set(found(log.backup(number).read_bytes())) <= set(read)


@pytest.mark.parametrize("copy", [True, False], ids=["copytruncate", "truncate"])
def test_a_log_cut_at_random_is_counted_to_the_byte(
    log: Log, start: Callable[..., Writers], tmp_path: Path, copy: bool
) -> None:
    """What was written is what was read and what was cut off; of that, what had been seen is counted as lost."""
    dice = random.Random(copy)
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    writers = start(0, str(tmp_path / "lock"))
    follower = Follower(log)
    read_before_cut = cut_off = known = cuts = 0
    while writers.busy():
        if dice.random() < 0.8:
            follower.read(next(budgets(dice)))
            continue
        if copy:
            follower.catch_up()
        fcntl.flock(lock, fcntl.LOCK_EX)
        if copy and log.base.exists():
            log.copytruncate()
        elif follower.cursor is not None:
            follower.read(next(budgets(dice)))
            unread = log.base.stat().st_size - (follower.read_bytes - read_before_cut)
            cut_off += unread
            known += follower.cursor.size - follower.cursor.offset
            read_before_cut = follower.read_bytes
            os.truncate(log.base, 0)
            cuts += unread > 0
        fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)
    writers.finish()
    log.age()
    follower.catch_up()

    assert_once_and_in_order(found(follower.data))
    assert writers.written == follower.read_bytes + cut_off
    assert follower.lost_bytes == known == cut_off
    assert copy or cuts > 0
