"""Processes as the kernel shows them: real ones, and a copied /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from hermes_exporter.sources.procfs import NO_FIGURES, Procfs
from tests import homes
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = Procfs(Path("/proc"))
CODE = "import sys; open('/proc/self/comm', 'w').write(sys.argv[1]); print('up', flush=True); sys.stdin.read()"


@contextmanager
def child(name: str = "hermes") -> Iterator[subprocess.Popen[str]]:
    """A process of that name, until the block ends."""
    words = [sys.executable, "-c", CODE, name]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def state(pid: int) -> str:
    """The kernel's letter for the process."""
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]


def test_live_process() -> None:
    """A live process is returned with its start, which is when it was started."""
    before = time.time()
    with child() as process:
        found = REAL.process(process.pid)

    assert found is not None
    assert (found.pid, found.own_pid, found.stopped) == (process.pid, process.pid, False)
    assert found.started_at == pytest.approx(before, abs=2)


@pytest.mark.parametrize("name", ["a b", ")", ") Z 1 (", "(((", "x) T 9"])
def test_name_cannot_lie_about_the_state(name: str) -> None:
    """Blanks and parentheses in a process' name do not shift the fields behind it."""
    with child(name) as process:
        found = REAL.process(process.pid)
        psutil.PROCFS_PATH = "/proc"
        started = psutil.Process(process.pid).create_time()

    assert found is not None
    assert not found.stopped
    assert found.started_at == pytest.approx(started, abs=0.02)


def test_zombie_is_dead() -> None:
    """A process that ended and was not waited for does not live."""
    with child() as process:
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: state(process.pid) == "Z", 10, "a zombie")
        assert REAL.process(process.pid) is None


def test_stopped_process_is_there_and_stopped() -> None:
    """A process that a signal holds lives, and is said to be stopped."""
    with child() as process:
        os.kill(process.pid, signal.SIGSTOP)
        until(lambda: state(process.pid) == "T", 10, "a stopped process")
        found = REAL.process(process.pid)
        assert found is not None
        assert found.stopped
        os.kill(process.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "pid", [0, -1, 2**31, 10**30, 10**5000], ids=["zero", "negative", "large", "huge", "endless"]
)
def test_number_that_is_no_pid(pid: int) -> None:
    """Whatever number stands in a file, asking for it is no error."""
    assert REAL.process(pid) is None


def test_recorded_process_is_the_one_that_started_then() -> None:
    """A record is proved by pid and start together: the same pid with another start is somebody else."""
    with child() as process:
        found = REAL.process(process.pid)
        assert found is not None
        assert REAL.recorded(process.pid, found.start_ticks) == found
        assert REAL.recorded(process.pid, found.start_ticks - 1) is None
        assert REAL.recorded(process.pid + 1, found.start_ticks) is None
    assert REAL.recorded(process.pid, found.start_ticks) is None


def test_process_recorded_in_another_namespace(tmp_path: Path) -> None:
    """A record with the pid of a container is found under the host's pid, by its start."""
    copy = homes.Procfs(tmp_path, boot=1_795_000_000)
    copy.add(51234, 4711, own_pid=17)
    copy.add(51235, 4711, own_pid=18)
    copy.add(17, 9999)

    found = Procfs(tmp_path).recorded(17, 4711)

    assert found is not None
    assert (found.pid, found.own_pid) == (51234, 17)
    assert found.started_at == 1_795_000_047.11


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/hermes-gateway.service", ("system", "hermes-gateway.service")),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/hermes-gateway-coder.service",
            ("user", "hermes-gateway-coder.service"),
        ),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service/inner", ("user", "x.service")),
        ("1:name=systemd:/system.slice/a.service\n0::/", ("system", "a.service")),
        ("0::/user.slice/user-1000.slice/session-3.scope", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/init.scope", None),
        ("0::/", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_unit_of_a_process(tmp_path: Path, cgroup: str, unit: tuple[str, str] | None) -> None:
    """The unit is the innermost service of the cgroup; below user@UID.service it is the user's."""
    copy = homes.Procfs(tmp_path, boot=1)
    copy.add(7, 100)
    (tmp_path / "7/cgroup").write_text(cgroup)

    found = Procfs(tmp_path).process(7)

    assert found is not None
    assert found.unit == unit


@pytest.mark.parametrize("text", ["", "7", "7 (x", "7 (x)", "7 (x) S 1", f"7 (x) S {'1 ' * 18}x", "\x00" * 100])
def test_stat_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    """A process whose stat cannot be understood is none."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7/stat").write_text(text)

    assert Procfs(tmp_path).process(7) is None


def test_start_without_a_boot_time_is_unknown(tmp_path: Path) -> None:
    """Where the boot time cannot be read, the process lives and its start is not guessed."""
    copy = homes.Procfs(tmp_path, boot=1)
    copy.add(7, 100)
    (tmp_path / "stat").unlink()

    found = Procfs(tmp_path).process(7)

    assert found is not None
    assert found.started_at is None


def test_start_follows_a_wall_clock_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the clock is set the host was started at another moment, and so was every process that still lives."""
    copy = homes.Procfs(tmp_path, boot=1_795_000_000)
    copy.add(7, 4711)
    procfs = Procfs(tmp_path)
    ahead = procfs.process(7)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 9 * 3600)
    (tmp_path / "stat").write_text(f"btime {1_795_000_000 - 9 * 3600}\n")
    found = procfs.process(7)

    assert ahead is not None
    assert found is not None
    assert (ahead.started_at, found.started_at) == (1_795_000_047.11, 1_795_000_047.11 - 9 * 3600)


def test_figures_of_this_process() -> None:
    """Memory, CPU time, descriptors and threads are those of the process."""
    own = REAL.process(os.getpid())
    assert own is not None
    figures = REAL.figures(own)
    limit = int(Path("/proc/self/limits").read_text().split("Max open files")[1].split()[0])

    assert figures.resident_bytes == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert figures.cpu_seconds == pytest.approx(time.process_time(), abs=1)
    assert figures.open_fds == pytest.approx(len(list(Path("/proc/self/fd").iterdir())), abs=2)
    assert figures.max_fds == limit
    assert figures.threads == len(list(Path("/proc/self/task").iterdir()))


def test_figures_of_a_copy(tmp_path: Path) -> None:
    """A copied /proc gives its own figures, not the host's; what is not in it is unknown."""
    copy = homes.Procfs(tmp_path, boot=1_795_000_000)
    copy.add(7, 100)
    procfs = Procfs(tmp_path)
    process = procfs.process(7)
    assert process is not None

    figures = procfs.figures(process)
    assert (figures.resident_bytes, figures.cpu_seconds, figures.threads) == (100 << 20, 3.0, 7)
    assert (figures.open_fds, figures.max_fds) == (0, 1024)

    for name in ("limits", "status"):
        (tmp_path / "7" / name).unlink()
    (tmp_path / "7" / "fd").rmdir()
    procfs = Procfs(tmp_path)
    process = procfs.process(7)
    assert process is not None
    figures = procfs.figures(process)
    assert (figures.resident_bytes, figures.open_fds, figures.max_fds) == (100 << 20, None, None)
    assert figures.cpu_seconds == 3.0


def test_figures_of_a_process_that_is_gone(tmp_path: Path) -> None:
    """Between the proof and the figures a process may go: what it had open can no longer be counted."""
    copy = homes.Procfs(tmp_path, boot=1)
    copy.add(7, 100)
    procfs = Procfs(tmp_path)
    process = procfs.process(7)
    assert process is not None
    copy.kill(7)

    figures = procfs.figures(process)

    assert figures.open_fds is None
    assert procfs.process(7) is None
    assert procfs.figures(process) == NO_FIGURES


def test_copy_shows_every_process(tmp_path: Path) -> None:
    """What a copied /proc lacks did not exist; the real one is believed only in the first pid namespace."""
    homes.Procfs(tmp_path, boot=1)

    assert Procfs(tmp_path).sees_every_process()
    initial = Path("/proc/self/ns/pid").stat().st_ino == 0xEFFFFFFC
    assert REAL.sees_every_process() == (initial and Path("/proc/1").exists())


@pytest.mark.parametrize(("flags", "everything"), [(0x208040, True), (0x400140, False)])
def test_proc_of_the_host_seen_from_a_container(tmp_path: Path, flags: int, everything: bool) -> None:
    """Only the first pid namespace has the kernel's threads: where there are some, nothing is hidden."""
    copy = homes.Procfs(tmp_path, boot=1)
    copy.add(2, 100)
    stat = tmp_path / "2/stat"
    stat.write_text(stat.read_text().replace(" 4194560 ", f" {flags} "))
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").touch()

    assert Procfs(tmp_path).sees_every_process() is everything
