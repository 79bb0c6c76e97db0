"""When the host was started, by its wall clock: another moment after that was set."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

REFRESH_SECONDS = 60.0
SET_SECONDS = 0.5
"""The kernel tells whole seconds; a clock that is only slowed down or sped up takes its boot time along."""


class BootTime:
    """Reads one /proc/stat, which is long: once a minute, and when the wall clock was set."""

    def __init__(self, procfs: Path) -> None:
        self._path = procfs / "stat"
        self._at: float | None = None
        self._read_at = 0.0
        self._wall_at_boot: float | None = None

    def read(self) -> float | None:
        """Return it in Unix seconds, None where it is not known."""
        now = time.monotonic()
        wall_at_boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        before = self._wall_at_boot
        if before is None or abs(wall_at_boot - before) > SET_SECONDS or now - self._read_at > REFRESH_SECONDS:
            self._at, self._read_at, self._wall_at_boot = self._parsed(), now, wall_at_boot
        return self._at

    def _parsed(self) -> float | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in self._path.read_text("ascii", "replace").splitlines():
                if line.startswith("btime "):
                    return float(line.split()[1])
        return None
