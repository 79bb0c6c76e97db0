"""``stack init`` as its owner uses it, on real parts: from an empty directory to a test alert on the phone.

The commands are those that it prints, run as they are; the durations are those that are shipped.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.lab.installed import environment
from tests.lab.ntfy import Ntfy, wait_push
from tests.lab.unpacked import BIN, TREE
from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.user_systemd import UserSystemd
    from tests.real.conftest import StartExporter

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(240)]

STACK = "/home/hermes/hermes-stack"
PROGRAMS = ("prometheus", "alertmanager")
DEBIAN = ("usr/bin/prometheus", "usr/bin/prometheus-alertmanager", "usr/share/prometheus")


class Owner:
    """Somebody at the machine with the exporter, and Debian's packages, installed."""

    def __init__(self, machine: UserSystemd) -> None:
        """Install both; what the machine runs of Debian's is unpacked on the host."""
        self.machine = machine
        self.program = environment(machine, "/home/hermes/exporter")
        for name in DEBIAN:
            machine.root("ln", "-s", str(TREE / name), f"/{name}")

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line as it stands, the installed exporter in the PATH."""
        path = f"PATH={self.program.parent}:/usr/local/bin:/usr/bin:/bin"
        done = self.machine.exec("env", path, "bash", "-c", command, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr + self.journal()
        return done

    def journal(self) -> str:
        """What the units said."""
        done = self.machine.root("journalctl", "--no-pager", "--lines=40", "_UID=6061", check=False)
        return done.stdout

    def pids(self) -> dict[str, str]:
        """The processes of the stack, by program."""
        return {name: self.machine.show("user", f"hermes-{name}.service", "MainPID") for name in PROGRAMS}

    def listeners(self) -> dict[str, list[str]]:
        """The addresses on which each listens."""
        lines = self.machine.root("ss", "-Hltnup").stdout.splitlines()
        return {
            name: [line.split()[4] for line in lines if f"pid={pid}," in line] for name, pid in self.pids().items()
        }

    def megabytes(self) -> dict[str, int]:
        """The memory that each has in use."""
        status = {
            name: self.machine.root("cat", f"/proc/{pid}/status").stdout for name, pid in self.pids().items()
        }
        return {name: int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) // 1024 for name, text in status.items()}


@pytest.fixture
def owner(machine: UserSystemd) -> Iterator[Owner]:
    """The owner; nothing is left of what was installed and made."""
    yield Owner(machine)
    units = [f"hermes-{name}.service" for name in PROGRAMS]
    machine.systemctl("user", "disable", "--now", *units, check=False)
    machine.systemctl("user", "reset-failed", check=False)
    machine.root("rm", "-rf", STACK, "/home/hermes/exporter", *(f"/{name}" for name in DEBIAN))


@pytest.fixture
def ntfy(tmp_path: Path) -> Iterator[Ntfy]:
    """The owner's ntfy server."""
    server = Ntfy(tmp_path)
    yield server
    server.stop()


def now_run(said: str) -> list[str]:
    """The commands that it says to run now."""
    return [line.strip() for line in said.partition("now run:\n")[2].partition("\n\n")[0].splitlines()]


def test_from_an_empty_directory_to_the_phone(
    owner: Owner,
    ntfy: Ntfy,
    start_exporter: StartExporter,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two printed commands and one edit later the phone rings; once more, and the dead man's switch is fed."""
    exporter = start_exporter()
    ports = {name: free_port() for name in PROGRAMS}
    owner.machine.write("/home/hermes/token", ntfy.token, mode=0o600)
    chosen = " ".join(f"--{name}.port={port}" for name, port in ports.items())
    began = time.monotonic()

    said = owner.shell(
        f"hermes-exporter stack init {STACK} --native --notify=ntfy --set=server={ntfy.url} "
        f"--secret-file=ntfy-token=/home/hermes/token {chosen}"
    ).stdout
    (topic,) = re.findall(rf"subscribe in the ntfy app to {ntfy.url}/(\S+)", said)
    phone = ntfy.subscribe(topic)
    owner.shell(f"sed -i s/127.0.0.1:19119/127.0.0.1:{exporter.port}/ {STACK}/prometheus/prometheus.yml")
    start, try_it, _look = now_run(said)
    owner.shell(start)
    tried = owner.shell(f"{try_it} --yes")
    push = wait_push(phone, "FIRING HermesTestAlert", 30)
    took = time.monotonic() - began

    assert push["priority"] == 5
    assert "warning" not in tried.stderr
    until(lambda: _up(ports["prometheus"]) == "1", 60, owner.journal)
    assert owner.listeners() == {name: [f"127.0.0.1:{port}"] for name, port in ports.items()}
    _healthy_as_a_container(ports)
    memory = owner.megabytes()

    beats = ntfy.subscribe("watchdog")
    owner.machine.write("/home/hermes/check", f"{ntfy.url}/watchdog", mode=0o600)
    again = owner.shell(f"hermes-exporter stack init {STACK} --secret-file=watchdog-url=/home/hermes/check").stdout
    assert "kept     prometheus/prometheus.yml, which you edited; there is nothing new\n" in again
    assert "renewed  alertmanager/alertmanager.yml\n" in again
    owner.shell(now_run(again)[0])
    until(lambda: beats, 120, owner.journal)
    with capsys.disabled():
        sys.stdout.write(
            f"\nfrom an empty directory to the phone: {took:.1f} s; resident, MB: {memory}, "
            f"with a history of minutes {owner.megabytes()}\n"
        )


def _up(port: int) -> str:
    """What Prometheus knows of the exporter, empty while it knows nothing."""
    try:
        with urllib.request.urlopen(
            f'http://127.0.0.1:{port}/api/v1/query?query=up{{job="hermes"}}', timeout=5
        ) as answer:
            result = json.load(answer)["data"]["result"]
    except OSError:
        return ""
    return str(result[0]["value"][1]) if result else ""


def _healthy_as_a_container(ports: dict[str, int]) -> None:
    """The health checks of the compose file are right about what runs, and about what does not."""
    services = yaml.safe_load((REPO / "deploy/stack/compose.yaml").read_text())["services"]
    shipped = {"prometheus": 9090, "alertmanager": 9093}
    for name, port in ports.items():
        for asked, healthy in ((port, True), (free_port(), False)):
            words = [
                word.replace(str(shipped[name]), str(asked)) for word in services[name]["healthcheck"]["test"]
            ]
            tool = BIN / words[1].removeprefix("/bin/")
            done = subprocess.run([tool, *words[2:]], capture_output=True, text=True, check=False, timeout=30)
            assert (done.returncode == 0) == healthy, done.stdout + done.stderr
