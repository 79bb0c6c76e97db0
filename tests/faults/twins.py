"""Two hosts that live the same life, each with an exporter: one of these is disturbed, the other one is spared."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

from hermes_exporter.simulator import faults, owner
from tests.field.host import FieldHost

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60.0
LOOK_SECONDS = 3.0
MAX_LOOKS = 5
DURABLE = "hermes_exporter_memory_durable"
OF_ITS_OWN = (
    "hermes_exporter_collector_duration_seconds",
    "hermes_exporter_last_gather_timestamp_seconds",
    "hermes_home_filesystem_",
)
"""What is told of the moment and the process, and is different each time."""
WATCHED, TROUBLE, KILLED, STARTED, EASED = 10, 25, 35, 38, 45
"""Minutes at which the exporter starts, the provider refuses, the gateway is killed and is back, all is well."""

Series = dict[str, float]


class Twins:
    """The hosts; ``wrapper`` is the disturbed exporter's."""

    def __init__(self, directory: Path, wrapper: tuple[str, ...] = ()) -> None:
        start = datetime.fromisoformat("2026-05-04T00:00:00Z").timestamp()
        self.disturbed, self.spared = (
            self._host(directory / name, start, wrapper if name == "disturbed" else ())
            for name in ("disturbed", "spared")
        )
        self._now = 0

    def run(self, minute: int) -> None:
        """Live on until that minute, with an exporter from the tenth on."""
        for moment in sorted({*range(self._now, minute, 5), WATCHED, TROUBLE, KILLED, STARTED, EASED, minute}):
            if self._now < moment <= minute:
                for host in (self.disturbed, self.spared):
                    host.run(host.start + moment * MINUTE)
                    _act(host, moment)
                self._now = moment

    def look(self) -> None:
        """Let both exporters look once more."""
        for host in (self.disturbed, self.spared):
            host.look()

    def restart(self) -> None:
        """Start both exporters anew, with what they remember, and let them look once."""
        for host in (self.disturbed, self.spared):
            host.stop_watching()
            host.watch()
        self.look()

    def agree(self) -> bool:
        """Look until both say the same, a few seconds later each time, and return whether they do.

        A gather that was begun before the last change may still be answered with, and a gateway that was started
        this very moment has taken its lock and has not written into it.
        """
        for _ in range(MAX_LOOKS):
            if not self.differences():
                return True
            for host in (self.disturbed, self.spared):
                host.run(host.simulation.now + LOOK_SECONDS)
        return not self.differences()

    def differences(self) -> dict[str, tuple[float | None, float | None]]:
        """Return what the disturbed one says and the spared one does not, or otherwise, by series."""
        mine, other = (_lasting(host) for host in (self.disturbed, self.spared))
        return {
            name: (mine.get(name), other.get(name))
            for name in mine.keys() | other.keys()
            if mine.get(name) != other.get(name)
        }

    def close(self) -> None:
        """End both."""
        self.disturbed.close()
        self.spared.close()

    @staticmethod
    def _host(directory: Path, start: float, wrapper: tuple[str, ...]) -> FieldHost:
        directory.mkdir()
        state = directory / "state"
        state.mkdir(mode=0o700)
        host = FieldHost(directory, start, options=("--state.path", str(state / "memory.db")), wrapper=wrapper)
        host.start_gateway(host.profile)
        owner.create_job(host.profile, "*/5 * * * *", "often")
        return host


def _act(host: FieldHost, minute: int) -> None:
    """Do what happens at that minute."""
    if minute == WATCHED:
        host.watch()
    elif minute == TROUBLE:
        faults.provider(host.profile, "auth")
    elif minute == KILLED:
        host.kill_gateway(host.profile)
    elif minute == STARTED:
        host.start_gateway(host.profile)
    elif minute == EASED:
        faults.provider(host.profile, "ok")


def _lasting(host: FieldHost) -> Series:
    series = host.scraped[-1].series
    short = {name.replace('job="hermes",instance="box",', "").partition("{job=")[0]: name for name in series}
    return {name: series[full] for name, full in short.items() if not name.startswith(OF_ITS_OWN)}


def inside(host: FieldHost, path: Path) -> Path:
    """Return where we find what the exporter finds at a path."""
    return type(path)(f"/proc/{host.pid}/root{path}")


def in_its_mounts(host: FieldHost, *command: str) -> None:
    """Run a command among the mounts that the exporter sees."""
    subprocess.run(
        ["nsenter", f"--mount=/proc/{host.pid}/ns/mnt", *command], check=True, env={"PATH": os.environ["PATH"]}
    )
