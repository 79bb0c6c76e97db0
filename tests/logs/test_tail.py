"""Following a log: one test for each thing that may befall it between two readings."""

from __future__ import annotations

import os
import shutil
import sys
import tracemalloc
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from hermes_exporter.logs.cursor import Cursor
from hermes_exporter.logs.files import BACKUPS, look
from hermes_exporter.logs.tail import LogTail
from hermes_exporter.sources.artefact import SETTLED_SECONDS, SourceError
from tests.lab.waiting import until
from tests.logs.log_directory import Follower, Log, numbers, record, whole_lines
from tests.scraping import unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.logs.tail import Portion


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


@pytest.fixture
def follower(log: Log) -> Follower:
    return Follower(log)


def whole_records(data: bytes, *, quiet: bool) -> int:
    """A boundary that holds the last record back while it may go on: with lines that begin with a space."""
    end = data.rfind(b"\n") + 1
    while not quiet and end:
        end = data.rfind(b"\n", 0, end - 1) + 1
        if data[end : end + 1] != b" ":
            break
    return end


def settle(follower: Follower) -> None:
    """Read until the files were left alone for so long that nothing new is known to be nothing new."""
    until(lambda: follower.read() is follower.read(), SETTLED_SECONDS + 5, "the same portion twice")


# ---- growth


def test_growth(log: Log, follower: Follower) -> None:
    """What was appended is read, once, also by a new process."""
    log.append(3)
    assert follower.catch_up() == [0, 1, 2]

    log.append(2)
    follower.restart()

    assert follower.catch_up() == [3, 4]
    assert follower.catch_up() == []
    assert (follower.read_bytes, follower.lost_bytes) == (log.written, 0)


def test_a_file_that_appears_later(log: Log, follower: Follower) -> None:
    """No file is no error and no cursor, no directory neither; an empty file is a place to go on from."""
    assert follower.read().cursor is None
    for nowhere in ("no/such", "file/below"):
        (log.base.parent / "file").touch()
        assert LogTail(str(log.base.parent / nowhere), whole_lines).read(None).cursor is None
    log.base.touch()
    assert follower.read().cursor is not None
    log.append()

    assert follower.catch_up() == [0]


def test_first_sight_starts_with_the_oldest_backup(log: Log, follower: Follower) -> None:
    """Without a cursor the history is read, in the order it was written."""
    for _backup in range(3):
        log.append(2)
        log.rotate()
    log.append(2)

    assert follower.catch_up() == [*range(8)]


def test_the_cursor_is_plain_data(log: Log, follower: Follower) -> None:
    """It survives being written down; its digest grows with a short file until it covers the head."""
    log.append()
    first = follower.read().cursor
    log.append(20)
    log.rotate()
    log.append()
    second = follower.read().cursor

    assert first is not None
    assert second is not None
    assert first.head_size == 40
    assert [mark.head_size for mark in second.passed] == [256]
    for cursor in (first, second):
        assert msgspec.json.decode(msgspec.json.encode(cursor), type=Cursor) == cursor


# ---- what stays behind


def test_a_half_written_line_waits(log: Log, follower: Follower) -> None:
    """A line without its end is not read, however long nobody writes; it is when the file is rotated away."""
    line = record(7)
    log.append()
    log.write(line[:20])
    log.age()
    assert follower.catch_up() == [0]

    log.write(line[20:] + line[:5])
    assert follower.catch_up() == [7]

    log.rotate()
    log.append()
    assert numbers(follower.read().data) == [1]
    assert follower.data.endswith(b"\n" + line[:5] + b"\n" + record(1))
    assert follower.read_bytes == log.written


def test_the_last_record_waits_until_it_has_ended(log: Log) -> None:
    """Lines may follow it: it is read when the next record begins, or nobody has written for a second."""
    follower = Follower(log, whole_records)
    log.append(2)
    assert follower.catch_up() == [0]

    log.write(b" follows\n")
    assert follower.catch_up() == []

    log.append()
    assert follower.catch_up() == [1]
    assert follower.data.endswith(b" follows\n")

    log.age(seconds=1.1)
    assert follower.catch_up() == [2]


def test_the_last_record_of_a_rotated_file_has_ended(log: Log) -> None:
    """Nobody appends to a backup: its last record does not wait."""
    follower = Follower(log, whole_records)
    log.append()
    log.rotate()

    assert follower.catch_up() == [0]


@pytest.mark.parametrize(("ahead", "ended"), [(30.0, False), (3600.0, True)])
def test_a_time_far_ahead_is_none_to_wait_for(log: Log, ahead: float, ended: bool) -> None:
    """After the clock was set back by an hour the last record does not wait for an hour."""
    follower = Follower(log, whole_records)
    log.append()
    log.age(-ahead)

    assert follower.catch_up() == ([0] if ended else [])


def test_the_end_says_when_it_was_written(log: Log, follower: Follower) -> None:
    """The file's time is told where all of it was read and it is quiet, unless it is empty."""
    log.append()
    assert follower.read().ended_at is None
    at = log.age()
    assert follower.read().ended_at == pytest.approx(at)
    log.write(b"half a line")
    log.age()
    assert follower.read().ended_at is None
    log.rotate()
    log.age()
    assert follower.read().ended_at is None


# ---- rotation


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_rotation(log: Log, follower: Follower, rotations: int) -> None:
    """The rest of the old file is read wherever it is now, then the files after it, then the base."""
    log.append(2)
    assert follower.catch_up() == [0, 1]
    log.append(2)
    for _rotation in range(rotations):
        log.rotate()
        log.append(2)
    follower.restart()

    assert follower.catch_up() == [*range(2, 4 + 2 * rotations)]
    assert (follower.read_bytes, follower.lost_bytes) == (log.written, 0)


def test_rotated_off_the_end(log: Log) -> None:
    """What was known to be unread is counted, what came and went unseen is not, what is still there is read."""
    follower = Follower(log, whole_records)
    log.append(2)
    assert follower.catch_up() == [0]
    log.append(5)
    for _rotation in range(4):
        log.rotate()
        log.append(2)
    log.age()

    assert follower.catch_up() == [*range(7, 15)]
    assert follower.lost_bytes == 40


def test_budget_spans_rotations(log: Log, follower: Follower) -> None:
    """However small the steps, every file is read to its end, and each step says whether there is more."""
    log.append(12)
    log.rotate()
    log.append(10)
    steps = []
    while True:
        portion = follower.read(130)
        steps.append(numbers(portion.data))
        if not portion.behind:
            break

    assert [number for step in steps for number in step] == [*range(22)]
    assert max(map(len, steps)) == 3


def test_known_unread_is_counted_where_reading_stands(log: Log, follower: Follower) -> None:
    """A file that goes while the budget keeps reading in it is lost as far as it was seen."""
    log.append(5)
    log.rotate()
    log.append(5)
    assert numbers(follower.read(80).data) == [0, 1]
    log.backup(1).unlink()

    assert follower.catch_up() == [5, 6, 7, 8, 9]
    assert follower.lost_bytes == 3 * 40


def test_late_records_come_before_newer_ones(log: Log, follower: Follower) -> None:
    """What was written late to a backup is read before what its writer wrote next, however small the steps."""
    log.append()
    log.rotate()
    log.append()
    follower.catch_up()
    log.append(3, to=1)
    log.append(9, size=12)

    assert follower.catch_up(budget=60) == [*range(2, 14)]


@pytest.mark.parametrize("before", [1, 0])
def test_late_writers(log: Log, follower: Follower, before: int) -> None:
    """A writer that opened the base before it was renamed may write to the backup after it was read."""
    log.append(before)
    log.rotate()
    log.append()
    assert follower.catch_up() == [*range(before + 1)]
    log.append(to=1)
    log.rotate()
    log.append()
    follower.restart()

    assert follower.catch_up() == [before + 1, before + 2]


def test_rotated_under_a_dated_name(log: Log) -> None:
    """A file renamed to where nobody looks is gone, once another comes: what was known to be unread is lost."""
    follower = Follower(log, whole_records)
    log.append()
    log.rotate()
    log.append(3)
    assert follower.catch_up() == [0, 1, 2]
    log.base.rename(log.base.with_name("agent.log-20261122"))
    assert follower.catch_up() == []
    assert follower.lost_bytes == 0
    log.append()

    log.age()
    assert follower.catch_up() == [4]
    assert follower.lost_bytes == 40


def test_removed(log: Log, follower: Follower) -> None:
    """A log that is gone keeps its cursor; one that comes later is new, one that comes back goes on."""
    log.append(2)
    assert follower.catch_up() == [0, 1]
    away = log.base.rename(log.base.with_name("away"))
    cursor = follower.cursor
    assert follower.catch_up() == []
    assert follower.cursor == cursor

    away.rename(log.base)
    log.append()
    assert follower.catch_up() == [2]

    log.base.unlink()
    log.append()
    assert follower.catch_up() == [3]
    assert follower.lost_bytes == 0


def test_base_and_backups_from_another_disk(log: Log, follower: Follower, tmp_path: Path) -> None:
    """Files that were copied to where they are now, with other inodes, go on where they were."""
    for _rotation in range(2):
        log.append(2)
        log.rotate()
    log.append(2)
    assert follower.catch_up() == [*range(6)]
    log.append()
    (tmp_path / "moved").mkdir()
    for path in tmp_path.glob("agent.log*"):
        shutil.copyfile(path, tmp_path / "moved" / path.name)
    follower.log = Log(tmp_path / "moved")
    follower.restart()

    assert follower.catch_up() == [6]
    assert follower.lost_bytes == 0


# ---- cut and exchanged


def test_copytruncate(log: Log) -> None:
    """What was unread is read in the copy, then the base from its start."""
    follower = Follower(log, whole_records)
    log.append(3)
    assert follower.catch_up() == [0, 1]
    log.copytruncate()
    log.append(2)
    log.age()

    assert follower.catch_up() == [2, 3, 4]
    assert follower.lost_bytes == 0


def test_copytruncate_caught_in_the_middle(log: Log, follower: Follower) -> None:
    """A copy is not read while its original is there, be it half made or whole, and goes on where it stood."""
    log.append(20)
    assert follower.catch_up() == [*range(20)]
    log.append(2)
    data = log.base.read_bytes()
    for part in (data[:300], data):
        log.backup(1).write_bytes(part)
        os.utime(log.base)
        follower.catch_up()
    log.append(2)
    log.backup(1).write_bytes(log.base.read_bytes())
    os.truncate(log.base, 0)
    log.append()
    follower.catch_up()

    assert numbers(follower.data) == [*range(25)]
    assert follower.lost_bytes == 0


@pytest.mark.parametrize("regrown", [0, 1, 9])
def test_truncated(log: Log, regrown: int) -> None:
    """What was known to be unread is lost; what is in the file now is read from its start, however much it is."""
    follower = Follower(log, whole_records)
    log.append(3)
    assert follower.catch_up() == [0, 1]
    os.truncate(log.base, 0)
    log.append(regrown)
    log.age()

    assert follower.catch_up() == [*range(3, 3 + regrown)]
    assert follower.lost_bytes == 40


def test_cut_in_place(log: Log, follower: Follower) -> None:
    """A log that lost its end is not read again, and goes on where it ends now."""
    log.append(20)
    follower.catch_up()
    os.truncate(log.base, 400)
    assert follower.catch_up() == []
    log.append()

    assert follower.catch_up() == [20]
    assert follower.lost_bytes == 0


def test_cut_in_what_was_unread(log: Log) -> None:
    """Of what was known to be unread, what was cut off is lost."""
    follower = Follower(log, whole_records)
    log.append(20)
    follower.catch_up()
    os.truncate(log.base, 780)
    follower.catch_up()

    assert (follower.read_bytes, follower.lost_bytes) == (760, 20)


def test_inode_reuse(log: Log, follower: Follower) -> None:
    """A file with the number, the size and the time of the old one is new: it begins with other bytes."""
    log.append(4)
    at = log.age()
    assert follower.catch_up() == [0, 1, 2, 3]
    settle(follower)
    inode = log.base.stat().st_ino
    os.truncate(log.base, 0)
    log.append(4)
    os.utime(log.base, (at, at))

    assert log.base.stat().st_ino == inode
    assert follower.catch_up() == [4, 5, 6, 7]


def test_a_backup_that_becomes_the_base_is_not_read_again(log: Log, follower: Follower) -> None:
    """A backup that is renamed or copied to the base goes on behind what was read of it."""
    log.append(2)
    log.rotate()
    log.append(2)
    follower.catch_up()
    shutil.copyfile(log.backup(1), log.base)
    log.append()
    assert follower.catch_up() == [4]

    log.backup(1).replace(log.base)
    log.append()
    assert follower.catch_up() == [5]


def test_backups_of_somebody_else(log: Log, follower: Follower) -> None:
    """Older files that were not there before are not read, not even when the base is gone or they grow."""
    log.append(2)
    follower.catch_up()
    log.backup(2).write_bytes(record(1000))
    log.append()
    assert follower.catch_up() == [2]
    log.backup(2).write_bytes(record(1000) + record(1001))
    log.base.unlink()
    log.append()

    assert follower.catch_up() == [3]


@pytest.mark.parametrize("offset", [0, 80])
@pytest.mark.parametrize("regrown", [0, 40])
def test_exchanged_while_it_is_read(log: Log, offset: int, regrown: int) -> None:
    """Content that is no longer what was looked at is not handed out: the next look finds out what it is."""
    log.append(20)
    with ExitStack() as stack:
        (file,), _refusals = look(str(log.base), {}, stack)
        assert file.read(offset, 120) == log.base.read_bytes()[offset : offset + 120]
        os.truncate(log.base, 0)
        log.append(regrown)

        assert file.read(offset, 120) is None


# ---- refusals


def test_refused_and_given_back(open_directory: Path) -> None:
    """What the file system refuses is named; nothing is lost by it, and reading goes on afterwards."""
    log = Log(open_directory)
    follower = Follower(log)
    log.append(2)
    follower.catch_up()
    log.append()
    log.base.chmod(0)
    with unprivileged(), pytest.raises(SourceError, match=r"agent\.log: Permission denied") as caught:
        follower.read()
    log.base.chmod(0o644)

    assert caught.value.denied
    with unprivileged():
        assert follower.catch_up() == [2]


def test_a_refused_backup(open_directory: Path) -> None:
    """One that holds what comes next must be read first; an older one does not matter, nor does history."""
    log = Log(open_directory)
    follower = Follower(log)
    log.append(2)
    log.rotate()
    log.append(2)
    log.backup(1).chmod(0)
    with unprivileged():
        assert follower.catch_up() == [2, 3]
    log.append()
    with unprivileged():
        assert follower.catch_up() == [4]
    log.append()
    log.rotate()
    log.append()
    log.backup(1).chmod(0)
    with unprivileged(), pytest.raises(SourceError, match=r"agent\.log\.1: Permission denied"):
        follower.read()
    log.backup(1).chmod(0o644)

    assert follower.catch_up() == [5, 6]
    log.append()
    for _rotation in range(2):
        log.rotate()
        log.append()
    log.backup(1).chmod(0)
    with unprivileged(), pytest.raises(SourceError, match=r"agent\.log\.1: Permission denied"):
        follower.read()
    log.backup(1).chmod(0o644)

    assert follower.catch_up() == [7, 8, 9]
    assert follower.lost_bytes == 0


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_not_a_file(log: Log, follower: Follower, make: Callable[[Path], None]) -> None:
    """A directory, FIFO or device in the base's place is refused before it is opened; as a backup it is none."""
    make(log.backup(1))
    log.append()
    assert follower.catch_up() == [0]
    away = log.base.rename(log.base.with_name("away"))
    make(log.base)
    with pytest.raises(SourceError, match=r"agent\.log: is not a file"):
        follower.read()
    log.base.rmdir() if log.base.is_dir() else log.base.unlink()
    away.rename(log.base)
    log.append()

    assert follower.catch_up() == [1]


# ---- content


def test_a_line_longer_than_the_budget(log: Log, follower: Follower) -> None:
    """It is taken in pieces, of which the first is handed out, and never more than twice the budget held."""
    budget = 1 << 16
    log.write(b"x" * (100 * budget))
    log.write(b"y\n")
    log.append(2)
    tracemalloc.start()
    while follower.read(budget).behind:
        assert len(follower.data) <= budget + 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert follower.data == b"x" * budget + b"\n" + record(0) + record(1)
    assert follower.read_bytes == log.written
    assert peak < 4 * budget


def test_a_hundred_megabytes_without_a_newline(log: Log, follower: Follower) -> None:
    """A sparse file of NULs, and what follows it, is read in steps of a budget."""
    log.base.touch()
    os.truncate(log.base, 100 << 20)
    log.write(b"\n")
    log.append()

    assert follower.catch_up() == [0]
    assert follower.read_bytes == log.base.stat().st_size


@pytest.mark.parametrize("odd", [b"\0" * 5000, b"\xff\xfe\x80", "½ ✓".encode()[:-1], b"\r\n\r\n", b"\n" * 300])
def test_odd_bytes(log: Log, follower: Follower, odd: bytes) -> None:
    """Holes, invalid UTF-8 and empty lines are handed on as they are."""
    log.append()
    log.write(odd + b"\n")
    log.append()
    while follower.read(1000).behind:
        pass

    assert numbers(follower.data) == [0, 1]
    assert follower.read_bytes == log.written


# ---- what a look costs


def system_calls(follower: Follower) -> tuple[list[str], Portion]:
    """Read once; return what the operating system was asked for, too."""
    calls: list[str] = []

    def note(_frame: object, event: str, function: object) -> None:
        if event == "c_call" and getattr(function, "__module__", "") == "posix":
            calls.append(getattr(function, "__name__", ""))

    sys.setprofile(note)
    try:
        portion = follower.tail.read(follower.cursor)
    finally:
        sys.setprofile(None)
    return calls, portion


def test_a_look_costs_what_changed(log: Log, follower: Follower) -> None:
    """Nothing new costs one stat. News open the base alone, and list nothing. Another cursor is read from anew."""
    for _rotation in range(3):
        log.append()
        log.rotate()
    log.append()
    before = follower.read(40).cursor
    follower.catch_up()
    settle(follower)

    calls, portion = system_calls(follower)
    assert calls == ["stat"]
    assert (portion.data, portion.read_bytes, portion.lost_bytes, portion.behind) == (b"", 0, 0, False)
    assert numbers(follower.tail.read(before).data) == [1, 2, 3]
    follower.cursor = None
    assert follower.catch_up(budget=40) == [0, 1, 2, 3]

    settle(follower)
    log.append()
    calls, portion = system_calls(follower)
    assert numbers(portion.data) == [4]
    assert calls.count("open") == calls.count("close") == 1
    assert calls.count("stat") == 1 + (1 + BACKUPS) + 1
    assert not {"listdir", "scandir"} & set(calls)


def test_a_look_at_no_log_costs_one_stat(log: Log, follower: Follower) -> None:
    """Where nothing was ever logged only the directory is looked at; the first record changes it, and is read."""
    assert follower.catch_up() == []
    settle(follower)

    calls, portion = system_calls(follower)
    assert (calls, portion.data, portion.cursor) == (["stat"], b"", None)

    log.append()
    assert follower.catch_up() == [0]


def test_no_descriptor_is_kept(log: Log, follower: Follower) -> None:
    """Between two readings no file is open, whatever the last one met: a removed log takes no disk space."""
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    log.append()
    log.rotate()
    log.append()
    follower.catch_up()
    log.base.unlink()
    log.base.mkdir()
    with pytest.raises(SourceError):
        follower.read()

    assert len(list(descriptors.iterdir())) == before
