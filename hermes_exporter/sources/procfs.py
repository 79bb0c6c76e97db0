"""/proc: who lives, who holds a lock, and what a process uses. The only witness that Hermes cannot fool.

``root`` may be a copy, or the host's /proc mounted elsewhere; pids are those of the namespace it was mounted in.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil

from hermes_exporter.sources import proc_stat
from hermes_exporter.sources.boot_time import BootTime
from hermes_exporter.sources.kept_open import KeptOpen
from hermes_exporter.sources.proc_stat import CLOCK_TICKS
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hermes_exporter.sources.proc_stat import Stat, Usage

INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the pid namespace that the kernel starts with (include/linux/proc_ns.h): it sees every process."""
MAX_GONE = 1000
"""Dead records that are kept; a crash loop leaves one with every start."""
MAX_KNOWN = 2000
REFRESH_SECONDS = 60.0

UnitId = tuple[str, str]
"""Scope (user, system) and name of a unit."""


class Process(Value):
    """One live process.

    Attributes:
        pid: in the namespace of this /proc.
        own_pid: in its own pid namespace, which is what it writes into files.
        stopped: held by a signal or a tracer: it keeps its locks and does nothing.
        start_ticks: start in clock ticks since boot; with the pid it names one process for ever.
        started_at: the same in Unix seconds, None where the boot time is unknown.
        unit: the systemd unit whose cgroup it is in.
        uid: the user it acts as, None where unknown.
    """

    pid: int
    own_pid: int
    stopped: bool
    start_ticks: int
    started_at: float | None
    unit: UnitId | None
    uid: int | None = None

    def goes_by(self, pid: int | None) -> bool:
        """Whether it is what a file, written in this or in its own namespace, calls ``pid``."""
        return pid in (self.pid, self.own_pid)


class Figures(Value):
    """What a process uses; None where it may not be read. Bytes, seconds, counts."""

    resident_bytes: float | None
    cpu_seconds: float | None
    open_fds: float | None
    max_fds: float | None
    threads: float | None


NO_FIGURES = Figures(None, None, None, None, None)


class _Known(NamedTuple):
    process: Process
    at: float
    boot: float | None
    handle: psutil.Process | None
    max_fds: float | None
    usage: Usage


class Procfs:
    """Reads one /proc; keeps of a process what hardly ever changes, and looks at that again once a minute."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._text = str(root)
        self._live = False
        with contextlib.suppress(OSError):
            self._live = os.statvfs(root).f_blocks == 0
        self._boot = BootTime(root)
        self._files = KeptOpen()
        self._gone: set[tuple[int, int]] = set()
        self._known: dict[int, _Known] = {}

    def sees_every_process(self) -> bool:
        """Whether a process missing here does not exist: the initial pid namespace, nothing hidden, or a copy.

        Seen from a container, the host's /proc is that of the initial namespace if it has the kernel's threads.
        """
        try:
            own = os.stat(f"{self._text}/self/ns/pid").st_ino  # noqa: PTH116  # at every scrape
        except FileNotFoundError:
            return True
        except OSError:
            return False
        if own == INITIAL_PID_NAMESPACE:
            return os.path.exists(f"{self._text}/1")  # noqa: PTH110
        second = self._stat(2)
        return second is not None and second.of_the_kernel

    def process(self, pid: int) -> Process | None:
        """Return a live process; None for one that is gone, a zombie, or not a pid."""
        if pid <= 0:
            return None
        stat = self._stat(pid)
        if stat is None or stat.dead:
            self._known.pop(pid, None)
            return None
        stopped = stat.stopped
        known = self._known.get(pid)
        now, boot = time.monotonic(), self._boot.read()
        same = known is not None and (known.process.start_ticks, known.boot) == (stat.start_ticks, boot)
        if known is None or not same or now - known.at > REFRESH_SECONDS:
            known = self._look(pid, stat, boot, stopped=stopped, now=now)
        elif known.process.stopped != stopped:
            known = known._replace(process=replace(known.process, stopped=stopped), usage=stat.usage)
        else:
            known = known._replace(usage=stat.usage)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[pid] = known
        return known.process

    def _look(self, pid: int, stat: Stat, boot: float | None, *, stopped: bool, now: float) -> _Known:
        own_pid, uid = self._status(pid)
        started_at = None if boot is None else boot + stat.start_ticks / CLOCK_TICKS
        process = Process(pid, own_pid, stopped, stat.start_ticks, started_at, self._unit(pid), uid)
        before = self._known.get(pid)
        handle = before.handle if before and before.process.start_ticks == stat.start_ticks else None
        if handle is None:
            psutil.PROCFS_PATH = self._text
            with contextlib.suppress(psutil.Error, OSError):
                handle = psutil.Process(pid)
        return _Known(process, now, boot, handle, self._max_fds(pid), stat.usage)

    def recorded(self, pid: int, start_ticks: int) -> Process | None:
        """Return the live process that recorded itself so, from whatever pid namespace below this one.

        A process that started at a past moment and is not there now never will be: the look at every process is
        taken once for each record.
        """
        found = self.process(pid)
        if found and found.start_ticks == start_ticks:
            return found
        if (pid, start_ticks) in self._gone:
            return None
        for candidate in self._with_start(start_ticks):
            if candidate.own_pid == pid:
                return candidate
        if len(self._gone) >= MAX_GONE:
            self._gone.clear()
        self._gone.add((pid, start_ticks))
        return None

    def figures(self, process: Process) -> Figures:
        """Return what the process used when it was last looked at."""
        known = self._known.get(process.pid)
        if known is None or known.process.start_ticks != process.start_ticks:
            return NO_FIGURES
        fds = self._counted_fds(process.pid)
        if fds is None and known.handle is not None:
            psutil.PROCFS_PATH = self._text
            with contextlib.suppress(psutil.Error, OSError):
                fds = known.handle.num_fds()
        usage = known.usage
        return Figures(usage.resident_bytes, usage.cpu_seconds, fds, known.max_fds, usage.threads)

    def _counted_fds(self, pid: int) -> int | None:
        """Return how many files are open where the kernel counts them: the size of the directory, from 6.2 on."""
        if not self._live:
            return None
        try:
            return os.stat(f"{self._text}/{pid}/fd").st_size or None  # noqa: PTH116  # at every scrape
        except OSError:
            return None

    def _stat(self, pid: int) -> Stat | None:
        """Return what /proc/PID/stat says, None for no such process."""
        try:
            return proc_stat.parse(self._files.read(f"{self._text}/{pid}/stat"))
        except (OSError, ValueError, IndexError):
            return None

    def _max_fds(self, pid: int) -> float | None:
        try:
            limits = (self.root / str(pid) / "limits").read_text("ascii", "replace")
        except OSError:
            return None
        for line in limits.splitlines():
            if line.startswith("Max open files"):
                soft = line.split()[3]
                return float(soft) if soft.isdigit() else None
        return None

    def _with_start(self, start_ticks: int) -> Iterator[Process]:
        with contextlib.suppress(OSError):
            for name in os.listdir(self.root):  # noqa: PTH208
                stat = self._stat(int(name)) if name.isdigit() else None
                if stat is not None and stat.start_ticks == start_ticks and (process := self.process(int(name))):
                    yield process

    def _status(self, pid: int) -> tuple[int, int | None]:
        """Return the pid in the process' own namespace, and its user."""
        own_pid, uid = pid, None
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in (self.root / str(pid) / "status").read_text("utf-8", "replace").splitlines():
                if line.startswith("Uid:"):
                    uid = int(line.split()[2])
                elif line.startswith("NSpid:"):
                    own_pid = int(line.split()[-1])
                    break
        return own_pid, uid

    def _unit(self, pid: int) -> UnitId | None:
        with contextlib.suppress(OSError):
            for line in (self.root / str(pid) / "cgroup").read_text("utf-8", "replace").splitlines():
                parts = line.split(":", 2)[-1].split("/")
                for part in reversed(parts):
                    if part.endswith(".service") and not part.startswith("user@"):
                        managed = any(parent.startswith("user@") for parent in parts)
                        return ("user" if managed else "system", part)
        return None
