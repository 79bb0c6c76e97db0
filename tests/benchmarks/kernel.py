"""What a process costs, as the kernel counts it."""

from __future__ import annotations

import os
import re
from pathlib import Path

TICK_NANOSECONDS = 10**9 // os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU of a process so far: exact for its present threads, in ticks where threads have ended."""
    process = Path(f"/proc/{pid}")
    exact = sum(int((task / "schedstat").read_text().split()[0]) for task in (process / "task").iterdir())
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    whole_ticks = int(fields[11]) + int(fields[12]) - 1
    return max(exact, whole_ticks * TICK_NANOSECONDS) / 1e9


def resident_megabytes(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    (kilobytes,) = re.findall(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(kilobytes) / 1024


def managers_and_buses(pid: int) -> tuple[int, ...]:
    """Every systemd and dbus-daemon that shares the pid namespace of this process."""
    namespace = _pid_namespace(Path(f"/proc/{pid}"))
    neighbours = [
        process
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and _pid_namespace(process) == namespace
    ]
    return tuple(int(process.name) for process in neighbours if _name(process) in ("systemd", "dbus-daemon"))


def _pid_namespace(process: Path) -> Path | None:
    try:
        return (process / "ns/pid").readlink()
    except (FileNotFoundError, PermissionError):  # it ended, or is none of ours
        return None


def _name(process: Path) -> str | None:
    try:
        return (process / "comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
