"""Who holds a lock, asked of the real kernel about real processes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.flocks import Flocks, LockFile
from tests.scraping import unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
{lock}
print("held", flush=True)
sys.stdin.read()
"""
EXCLUSIVE = """fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.ftruncate(descriptor, 0)
os.write(descriptor, b"{}")
"""
"""As a gateway takes it: whoever gets it writes its record into the file."""
SHARED = "fcntl.flock(descriptor, fcntl.LOCK_SH)"
POSIX = "fcntl.lockf(descriptor, fcntl.LOCK_EX)"
OPEN = "pass"


@contextmanager
def holder(path: Path, lock: str = EXCLUSIVE) -> Iterator[int]:
    """A process that holds a lock until the block ends."""
    words = [sys.executable, "-c", HOLD.format(lock=lock), str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.kill()


@pytest.fixture
def path(open_directory: Path) -> Path:
    """A lock file in a directory that every user may enter."""
    (open_directory / "gateway.lock").write_text("{}")
    return open_directory / "gateway.lock"


def holders(path: Path, flocks: Flocks | None = None) -> frozenset[int]:
    """The pids that hold the lock of one profile."""
    try:
        status = path.stat()
    except FileNotFoundError:
        file = LockFile(path, None)
    else:
        changed_at = (status.st_mtime_ns, status.st_ctime_ns)
        file = LockFile(path, (status.st_dev, status.st_ino), changed_at)
    return (flocks or Flocks(Path("/proc"))).holders({"it": file})["it"]


def test_holder_is_found(path: Path) -> None:
    """The process that holds the exclusive lock is named as long as it does."""
    with holder(path) as pid:
        assert holders(path) == {pid}
    assert holders(path) == frozenset()


@pytest.mark.parametrize("lock", [OPEN, SHARED, POSIX], ids=["open only", "shared", "posix"])
def test_other_locks_prove_nothing(path: Path, lock: str) -> None:
    """Having the file open, a shared lock, or a POSIX lock is not what a gateway holds."""
    with holder(path, lock):
        assert holders(path) == frozenset()


def test_lock_of_a_neighbour_is_not_ours(path: Path) -> None:
    """Each lock belongs to its own file."""
    other = path.with_name("other.lock")
    with holder(path) as pid, holder(other) as neighbour:
        assert holders(path) == {pid}
        assert holders(other) == {neighbour}


def test_lock_that_was_deleted_and_made_anew(path: Path) -> None:
    """Two gateways that each hold a lock, one on a file that is gone, are both found."""
    with holder(path) as first:
        path.unlink()
        assert holders(path) == {first}
        with holder(path) as second:
            assert holders(path) == {first, second}


def test_lock_seen_through_a_link(path: Path) -> None:
    """The file decides, not the name by which it is reached."""
    link = path.with_name("link.lock")
    link.symlink_to(path.name)
    with holder(path) as pid:
        assert holders(link) == {pid}


def test_a_gateway_of_another_home_keeps_its_own_lock(path: Path, tmp_path: Path) -> None:
    """A process that has another home's lock file open, and not this one, is none of this home's."""
    copy = tmp_path / "gateway.lock"
    copy.write_text("{}")
    flocks = Flocks(Path("/proc"))
    with holder(path) as pid:
        assert flocks.keeps_another(pid, of(copy))
        assert not flocks.keeps_another(pid, of(path))
        path.unlink()
        assert not flocks.keeps_another(pid, LockFile(str(path), None)), "deleted, it is still this home's"
        assert not flocks.keeps_another(pid, of(copy)), "what cannot be looked at proves nothing"
    assert not flocks.keeps_another(pid, of(copy))


def of(path: Path) -> LockFile:
    """A lock file as it is there."""
    status = path.stat()
    return LockFile(str(path), (status.st_dev, status.st_ino))


def test_waiting_for_a_lock_is_not_holding_it(path: Path) -> None:
    """A process that waits is no holder."""
    waits = f"import fcntl,os; fcntl.flock(os.open({str(path)!r}, os.O_RDWR), fcntl.LOCK_EX)"
    with holder(path) as pid, subprocess.Popen([sys.executable, "-c", waits]) as waiting:
        while f"-> FLOCK  ADVISORY  WRITE {waiting.pid} " not in Path("/proc/locks").read_text():
            assert waiting.poll() is None
        assert holders(path) == {pid}
        waiting.kill()


def test_holder_whose_files_may_not_be_seen(path: Path) -> None:
    """Where the holder's open files are closed to us, device and inode of /proc/locks decide."""
    with holder(path) as pid, unprivileged():
        assert holders(path) == {pid}


def test_same_flocks_see_a_new_holder(path: Path) -> None:
    """What is remembered of a holder goes with it: the next one is found, and the same one's next lock."""
    flocks = Flocks(Path("/proc"))
    for _ in range(2):
        with holder(path) as pid:
            assert holders(path, flocks) == {pid}
        assert holders(path, flocks) == frozenset()
    descriptor = os.open(path, os.O_RDWR)
    exec(EXCLUSIVE)
    assert holders(path, flocks) == {os.getpid()}
    os.close(descriptor)
    padding = os.open("/dev/null", os.O_RDONLY)
    descriptor = os.open(path, os.O_RDWR)
    exec(EXCLUSIVE)
    assert holders(path, flocks) == {os.getpid()}
    os.close(descriptor)
    os.close(padding)


def test_descriptor_that_is_another_file_by_now(path: Path) -> None:
    """The lock moves to another descriptor of its holder between two looks, and is still found."""
    flocks = Flocks(Path("/proc"))
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert holders(path, flocks) == {os.getpid()}
    moved = os.dup(descriptor)
    os.dup2(os.open("/dev/null", os.O_RDONLY), descriptor)

    assert holders(path, flocks) == {os.getpid()}
    os.close(moved)


def test_no_locks_at_all_is_an_error(tmp_path: Path) -> None:
    """Where there is no /proc/locks nobody can tell, and that is said."""
    with pytest.raises(OSError, match="locks"):
        Flocks(tmp_path).holders({})


def test_lines_of_no_known_shape_are_skipped(tmp_path: Path, path: Path) -> None:
    """What the kernel may also write, and what it may write one day, does not stop the reading."""
    status = path.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    lines = [
        "1: FLOCK  ADVISORY  WRITE 7 <none>:0 0 EOF",
        "2: OFDLCK ADVISORY  WRITE -1 00:05:1 0 EOF",
        "3: LEASE  ACTIVE    READ 8 00:05:1 0 EOF",
        "4: FLOCK  ADVISORY  WRITE x y z",
        "5: FLOCK",
        "",
        f"6: FLOCK  ADVISORY  WRITE 9 {device} 0 EOF",
    ]
    (tmp_path / "locks").write_text("\n".join(lines))
    (tmp_path / "9/fd").mkdir(parents=True)
    (tmp_path / "9/fd/3").symlink_to(path)

    assert holders(path, Flocks(tmp_path)) == {9}


def test_nothing_new_reads_no_table(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the same process holds the same lock, only that is confirmed; then the table is read again."""
    flocks = Flocks(Path("/proc"))
    looks = []
    look = Flocks._look
    monkeypatch.setattr(Flocks, "_look", lambda self, files: looks.append(1) or look(self, files))
    with holder(path) as pid:
        for _ in range(5):
            assert holders(path, flocks) == {pid}
        assert len(looks) == 1
    assert holders(path, flocks) == frozenset()
    assert len(looks) == 2


def test_a_hint_makes_it_look_again(path: Path) -> None:
    """A holder that leaves no trace in the file is found when the caller knows of something new."""
    flocks = Flocks(Path("/proc"))
    status = path.stat()
    file = {"it": LockFile(path, (status.st_dev, status.st_ino))}
    assert flocks.holders(file, hint=1) == {"it": frozenset()}
    with holder(path, "fcntl.flock(descriptor, fcntl.LOCK_EX)") as pid:
        assert flocks.holders(file, hint=2) == {"it": {pid}}
