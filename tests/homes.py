"""Hermes homes to test with: those that a real Hermes wrote, restored with owners, modes and times.

``fixtures/homes/CASE.tar.xz`` holds ``home`` (the user's home directory, ``.hermes`` below it) and ``proc`` (what
/proc said of its processes); ``CASE.json`` says when it was taken and what was true then.
"""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures" / "homes"
CASES = tuple(sorted(path.stem for path in FIXTURES.glob("*.json")))
HOST_ZONE = "Etc/UTC"
"""Of the host that every test runs on, and that the recorded homes were recorded on."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Procfs:
    """A copied /proc, which grows as processes are added."""

    root: Path
    boot: int
    _locks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "stat").write_text(f"cpu  1 0 1 1 0 0 0 0 0 0\nbtime {self.boot}\n")
        (self.root / "locks").write_text("")

    def add(self, pid: int, ticks: int, state: str = "S", own_pid: int | None = None, unit: str = "") -> None:
        """Add a process as the kernel shows one; ``unit`` is the path of its cgroup."""
        directory = self.root / str(pid)
        directory.mkdir()
        fields = [
            state,
            1,
            pid,
            pid,
            0,
            -1,
            4194560,
            9,
            0,
            0,
            0,
            250,
            50,
            0,
            0,
            20,
            0,
            7,
            0,
            ticks,
            600_000_000,
            25_600,
        ]
        (directory / "stat").write_text(f"{pid} (hermes) {' '.join(map(str, fields))} {'0 ' * 28}\n")
        inner = "" if own_pid is None else f"\t{own_pid}"
        (directory / "status").write_text(
            f"Name:\thermes\nPid:\t{pid}\nNSpid:\t{pid}{inner}\n"
            "VmSize:\t600000 kB\nVmRSS:\t102400 kB\nThreads:\t7\n"
        )
        if unit:
            (directory / "cgroup").write_text(f"0::{unit}\n")
        self.complete(pid)

    def complete(self, pid: int) -> None:
        """Add what psutil reads and a copy of stat and status does not have."""
        directory = self.root / str(pid)
        sizes = dict(line.split(":", 1) for line in (directory / "status").read_text().splitlines() if ":" in line)
        pages = [int(sizes[name].split()[0]) * 1024 // PAGE_BYTES for name in ("VmSize", "VmRSS")]
        (directory / "statm").write_text(f"{pages[0]} {pages[1]} 0 0 0 0 0\n")
        (directory / "limits").write_text(
            "Limit                     Soft Limit           Hard Limit           Units     \n"
            "Max open files            1024                 524288               files     \n"
        )
        (directory / "fd").mkdir()

    def change(self, pid: int, state: str = "", resident_bytes: int = 0) -> None:
        """Let the process be in another state, by the kernel's letter, or use so much memory."""
        path = self.root / str(pid) / "stat"
        name, _, rest = path.read_text().partition(") ")
        fields = rest.split()
        fields[0] = state or fields[0]
        fields[21] = str(resident_bytes // PAGE_BYTES) if resident_bytes else fields[21]
        path.write_text(f"{name}) {' '.join(fields)}\n")

    def open(self, pid: int, number: int) -> None:
        """Let the process have so many more files open."""
        descriptors = self.root / str(pid) / "fd"
        there = len(list(descriptors.iterdir()))
        for descriptor in range(there, there + number):
            (descriptors / str(descriptor)).symlink_to("socket:[1]")

    def act_as(self, pid: int, uid: int) -> None:
        """Let the process act as this user."""
        status = self.root / str(pid) / "status"
        status.write_text(f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n{status.read_text()}")

    def hold(self, pid: int, path: Path) -> None:
        """Let the process hold an exclusive flock on the file, which it has open."""
        status = path.stat()
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
        self._locks.append(
            f"{len(self._locks) + 1}: FLOCK  ADVISORY  WRITE {pid} {device}:{status.st_ino} 0 EOF\n"
        )
        (self.root / "locks").write_text("".join(self._locks))
        descriptors = self.root / str(pid) / "fd"
        (descriptors / str(len(list(descriptors.iterdir())))).symlink_to(path)

    def environ(self, pid: int, **variables: str) -> None:
        """Let the process have been started with these variables, among others."""
        lines = [f"{name}={value}\0" for name, value in {"PATH": "/bin", "TOKEN": "sk-fake", **variables}.items()]
        (self.root / str(pid) / "environ").write_text("".join(lines))

    def delete(self, pid: int, path: Path) -> None:
        """Delete a file that the process has open and may have locked."""
        kept = path.rename(f"{path} (deleted)")  # as /proc calls it, and it can still be looked at by way of there
        for descriptor in (self.root / str(pid) / "fd").iterdir():
            if descriptor.readlink() == path:
                descriptor.unlink()
                descriptor.symlink_to(kept)

    def kill(self, pid: int) -> None:
        """Take the process and its locks away."""
        directory = self.root / str(pid)
        for path in sorted(directory.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        directory.rmdir()
        self._locks = [line for line in self._locks if line.split()[4] != str(pid)]
        (self.root / "locks").write_text("".join(self._locks))


@dataclass(frozen=True)
class Home:
    """A home, the /proc of its host, the moment to judge them at (Unix seconds), and what was true then."""

    root: Path
    procfs: Procfs
    at: float
    truth: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """The options that make the exporter look at this home."""
        return [
            *("--hermes.home", str(self.root)),
            *("--path.procfs", str(self.procfs.root)),
            *("--at", f"{self.at:.3f}"),
        ]

    def profile(self, name: str) -> Path:
        """The directory of a profile, by the exporter's name or by that of the fixture."""
        return self.root if name in ("default", "root") else self.root / "profiles" / name


def restore(case: str, directory: Path) -> Home:
    """Unpack a case below ``directory``; owners only when root, as nobody else may give files away."""
    truth = json.loads((FIXTURES / f"{case}.json").read_text())
    assert truth.get("clk_tck", CLOCK_TICKS) == CLOCK_TICKS, "the fixtures' /proc counts in other ticks"
    _unpack(FIXTURES / f"{case}.tar.xz", directory)
    procfs = Procfs(directory / "proc", truth.get("boot_epoch", 0))
    home = Home(directory / "home/.hermes", procfs, truth["captured_epoch"], truth)
    for gateway in truth["gateways"]:
        if gateway["alive"]:
            procfs.complete(gateway["pid"])
        if "lock_held_by" in gateway:
            procfs.hold(gateway["lock_held_by"], home.profile(gateway["profile"]) / "gateway.lock")
    return home


def _unpack(archive: Path, directory: Path) -> None:
    directories = []
    with tarfile.open(archive) as tar:
        for member in tar:
            path = directory / member.name
            if member.isdir():
                path.mkdir(parents=True)
                directories.append((path, member))
                continue
            file = tar.extractfile(member)
            assert file is not None, f"{archive}: {member.name} is no plain file"
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_bytes(file.read())
            _dress(path, member)
    for path, member in reversed(directories):
        _dress(path, member)


def _dress(path: Path, member: tarfile.TarInfo) -> None:
    if os.geteuid() == 0:
        os.chown(path, member.uid, member.gid)
    writable = 0o200 if member.name.startswith("proc") else 0  # the tests complete it
    path.chmod(member.mode | writable)
    nanoseconds = round(member.mtime * 1000) * 1_000_000
    os.utime(path, ns=(nanoseconds, nanoseconds))
