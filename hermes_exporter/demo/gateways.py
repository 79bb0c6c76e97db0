"""The processes that play the gateways of the made-up home: real ones, that really live, stand still and die."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.simulator import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAYER = "hermes_exporter.demo.player"
START_FIELD = 19
"""Of /proc/PID/stat, counted from behind the name: start in clock ticks since the boot."""


class Players:
    """Every process that plays a gateway, by the home of its profile."""

    def __init__(self) -> None:
        self._playing: dict[Path, subprocess.Popen[bytes]] = {}

    def start(self, home: Path) -> Process:
        """Let a process hold the lock of a profile, and return it once it does; raise OSError if it cannot."""
        command = [sys.executable, "-m", PLAYER, str(home / "gateway.lock")]
        player = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603
        self._playing[home] = player
        said = player.stdout.readline() if player.stdout else b""
        if said != b"held\n":
            raise OSError(f"the process that plays the gateway of {home} ended at once")
        return Process(player.pid, _start_ticks(player.pid))

    def stand_still(self, home: Path) -> None:
        """Stop a gateway by a signal; it keeps its lock."""
        self._playing[home].send_signal(signal.SIGSTOP)

    def kill(self, home: Path) -> None:
        """Let a gateway die, and bury it."""
        player = self._playing.pop(home)
        player.kill()
        player.wait()
        if player.stdout:
            player.stdout.close()

    def kill_all(self) -> None:
        """Let every gateway die."""
        for home in list(self._playing):
            self.kill(home)


@contextmanager
def players() -> Iterator[Players]:
    """Yield a troupe of no processes; whoever joined it is gone afterwards."""
    troupe = Players()
    try:
        yield troupe
    finally:
        troupe.kill_all()


def boot_time() -> float:
    """Return when this host booted, Unix seconds."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    raise OSError("/proc/stat does not say when the host booted")


def _start_ticks(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat[stat.rindex(")") + 2 :].split()[START_FIELD])
