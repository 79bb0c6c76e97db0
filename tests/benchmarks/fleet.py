"""Real user units that play gateways, and the home they serve, inside the throw-away machine."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests import homes
from tests.benchmarks import gateway_like, made_home
from tests.benchmarks.made_home import Gateway
from tests.lab.user_systemd import OWNERS, UNIT_DIRS
from tests.lab.waiting import until

if TYPE_CHECKING:
    from tests.lab.user_systemd import UserSystemd

ROOT = Path("/home/hermes/.hermes")
SETTLED_SECONDS = 3.0
"""Files that changed more recently may change again unnoticed, and are read at every scrape."""

UNIT = """\
[Unit]
Description=Hermes Agent Gateway - Messaging Platform Integration
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=/usr/bin/flock -n -F {home}/gateway.lock {python} -S {program} hermes-gateway:{name}
WorkingDirectory={home}
Environment="HERMES_HOME={home}"
Restart=always
RestartSec=5
KillMode=mixed

[Install]
WantedBy=default.target
"""


class Fleet:
    """N profiles, each with a unit whose process holds the profile's gateway.lock and is named by its files."""

    def __init__(self, systemd: UserSystemd, profiles: int, jobs: int) -> None:
        """Make the home and the units, start them, and wait until nothing changes any more."""
        self._systemd = systemd
        self._names = made_home.names(profiles)
        with tempfile.TemporaryDirectory(prefix="hermes-bench-") as scratch:
            source = homes.restore("healthy", Path(scratch)).root
            made = Path(scratch) / "made"
            made_home.make(source, made, profiles, jobs)
            shutil.copytree(made, self._host(ROOT))
        made_home.give(self._host(ROOT), OWNERS["hermes"])
        self.gateways = self._start()
        for name, gateway in self.gateways.items():
            made_home.introduce(self.profile(name), gateway)
        time.sleep(SETTLED_SECONDS)

    def profile(self, name: str) -> Path:
        """The directory of a profile, as the host finds it."""
        return made_home.directory(self._host(ROOT), name)

    def remove(self) -> None:
        """Stop the units, and forget them and the home."""
        self._systemd.remove_units("user", "hermes-gateway*")
        shutil.rmtree(self._host(ROOT))

    def _host(self, inside: Path) -> Path:
        return self._systemd.path(inside)

    def _start(self) -> dict[str, Gateway]:
        units = {_unit(name): name for name in self._names}
        for unit, name in units.items():
            text = UNIT.format(
                name=name,
                home=made_home.directory(ROOT, name),
                python=sys.executable,
                program=gateway_like.__file__,
            )
            self._systemd.write(UNIT_DIRS["user"] / unit, text)
        self._systemd.systemctl("user", "daemon-reload")
        self._systemd.systemctl("user", "enable", "--now", *units)
        shown = self._systemd.systemctl("user", "show", "--property=Id,MainPID", *units)
        pids = {units[unit]: int(pid) for pid, unit in re.findall(r"MainPID=(\d+)\nId=(\S+)", shown)}
        return {name: self._gateway(pids[name]) for name in self._names}

    def _gateway(self, pid: int) -> Gateway:
        process = self._host(Path("/proc")) / str(pid)
        threads = process / "task"
        until(lambda: len(list(threads.iterdir())) == gateway_like.THREADS, 30, f"gateway {pid} holds its lock")
        ticks = int((process / "stat").read_text().rpartition(")")[2].split()[19])
        boot = float(re.findall(r"^btime (\d+)", Path("/proc/stat").read_text(), re.MULTILINE)[0])
        return Gateway(pid, ticks, boot + ticks / os.sysconf("SC_CLK_TCK"))


def _unit(name: str) -> str:
    return "hermes-gateway.service" if name == "default" else f"hermes-gateway-{name}.service"
