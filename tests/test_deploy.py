"""The shipped systemd unit, under a real systemd user manager."""

from __future__ import annotations

import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.exporter import Scrape
from tests.lab.user_systemd import REPO, UserSystemd
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIT = "hermes-exporter.service"
GATEWAY = """[Service]
ExecStartPre=/bin/mkdir -p %h/.hermes
ExecStart=/usr/bin/flock --no-fork %h/.hermes/gateway.lock sleep infinity
[Install]
WantedBy=default.target
"""
"""Holds the lock of the default profile as a gateway does."""

pytestmark = pytest.mark.systemd


class Installed:
    """The unit and the program where the README puts them, on a port of its own."""

    def __init__(self, machine: UserSystemd) -> None:
        """Install and do not start."""
        self.machine = machine
        self.port = free_port()
        machine.exec("mkdir", "-p", "/home/hermes/.local/bin", "/home/hermes/.config/systemd/user")
        machine.exec("ln", "-s", str(REPO / ".venv/bin/hermes-exporter"), "/home/hermes/.local/bin/")
        machine.install_unit("user", UNIT, (REPO / "deploy/systemd" / UNIT).read_text())
        self.override(f"Environment=HERMES_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:{self.port}")

    def override(self, *lines: str) -> None:
        """Add settings to the unit as an operator would, in a drop-in of their own."""
        text = "\n".join(["[Service]", *lines, ""])
        name = f"{len(list(self.machine.path('/home/hermes/.config/systemd/user').glob('*.d/*')))}.conf"
        self.machine.write(f"/home/hermes/.config/systemd/user/{UNIT}.d/{name}", text)
        self.machine.systemctl("user", "daemon-reload")

    def start(self) -> None:
        """Start it; with Type=notify this returns once it says that it is ready."""
        self.machine.systemctl("user", "start", UNIT)

    def show(self, prop: str) -> str:
        """One property of the unit."""
        return self.machine.show("user", UNIT, prop)

    def get(self, path: str) -> str:
        """One answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text


@pytest.fixture(scope="module")
def machine() -> Iterator[UserSystemd]:
    """A throw-away machine of this module's own."""
    machine = UserSystemd(Path(tempfile.mkdtemp(prefix="hus-")), life=300)
    machine.start()
    yield machine
    machine.stop()


@pytest.fixture
def exporter(machine: UserSystemd) -> Iterator[Installed]:
    """The unit, installed; gone after the test."""
    yield Installed(machine)
    machine.remove_units("user", "hermes-*.service")
    machine.exec("rm", "-rf", "/home/hermes/.local/bin", "/home/hermes/.hermes")


def test_unit_sees_what_proves_a_gateway_alive(exporter: Installed) -> None:
    """Hardened as it is, the exporter finds the lock's holder, asks systemd, and is ready when systemd says so."""
    exporter.machine.install_unit("user", "hermes-gateway.service", GATEWAY)
    exporter.machine.systemctl("user", "enable", "--now", "hermes-gateway.service")

    exporter.start()

    scrape = Scrape(exporter.get("/metrics"))
    assert scrape.one("hermes_gateway_proof", "proof", profile="default") == "lock"
    assert scrape.value("hermes_gateway_up", profile="default") == 1
    assert scrape.one("hermes_unit_state", "state", profile="default") == "active"
    assert set(scrape.values("hermes_exporter_collector_success")) == {1}


def test_unit_does_not_make_a_missing_home_up(exporter: Installed) -> None:
    """Where the home is missing, that is told, and the made-up home is not served."""
    exporter.start()

    scrape = Scrape(exporter.get("/metrics"))
    assert {series["profile"] for series in scrape.series("hermes_profile_health")} == {"default"}
    assert scrape.value("hermes_exporter_collector_success", profile="default", collector="discovery") == 0


def test_unit_ends_in_good_order(exporter: Installed) -> None:
    """A stop is no failure, and the socket is closed."""
    exporter.start()

    exporter.machine.systemctl("user", "stop", UNIT)

    assert exporter.show("Result") == "success"
    assert exporter.show("ActiveState") == "inactive"
    with pytest.raises(OSError, match="refused"):
        exporter.get("/-/healthy")


def test_hung_exporter_is_replaced(exporter: Installed) -> None:
    """The watchdog leaves a working exporter alone, and replaces one that hangs."""
    exporter.override("WatchdogSec=1s", "RestartSec=100ms")
    exporter.start()
    pid = exporter.show("MainPID")

    def pinged() -> bool:
        since = int(exporter.show("ActiveEnterTimestampMonotonic"))
        return int(exporter.show("WatchdogTimestampMonotonic")) - since > 2_500_000

    until(pinged, 15, "a watchdog that was fed for 2.5 s")
    assert exporter.show("MainPID") == pid

    exporter.machine.exec("kill", "-STOP", pid)

    until(lambda: exporter.show("NRestarts") == "1", 15, lambda: exporter.show("ActiveState"))
    until(lambda: exporter.show("ActiveState") == "active", 15, lambda: exporter.show("ActiveState"))
    assert exporter.get("/-/healthy")
