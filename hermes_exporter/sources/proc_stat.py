"""/proc/PID/stat: is the process alive, since when, and what it uses."""

from __future__ import annotations

import os
from typing import NamedTuple

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
"""In a second."""
KERNEL_THREAD = 0x00200000
"""PF_KTHREAD of include/linux/sched.h."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """Bytes, seconds of CPU, a count."""

    resident_bytes: float
    cpu_seconds: float
    threads: float


class Stat(NamedTuple):
    """One reading; ``start_ticks`` counts from the boot, ``state`` is the kernel's letter."""

    state: bytes
    start_ticks: int
    usage: Usage
    flags: int

    @property
    def of_the_kernel(self) -> bool:
        """A thread of the kernel, which no pid namespace has but the first."""
        return bool(self.flags & KERNEL_THREAD)

    @property
    def dead(self) -> bool:
        """A zombie, or about to be gone."""
        return self.state in (b"Z", b"X", b"x")

    @property
    def stopped(self) -> bool:
        """Held by a signal or a tracer."""
        return self.state in (b"T", b"t")


def parse(data: bytes) -> Stat:
    """Parse the file; raises ValueError or IndexError for what is not one. The name may hold anything."""
    fields = data[data.rindex(b")") + 2 :].split()
    cpu = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
    usage = Usage(float(int(fields[21]) * _PAGE_BYTES), cpu, float(fields[17]))
    return Stat(fields[0], int(fields[19]), usage, int(fields[6]))
