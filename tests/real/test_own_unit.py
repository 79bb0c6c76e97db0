"""The exporter under the shipped systemd unit, as a user of it runs it."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.lab.exporter import COMMAND, Scrape
from tests.lab.user_systemd import REPO, UNIT_DIRS
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.hermes_home import HermesHome
    from tests.lab.user_systemd import UserSystemd

pytestmark = pytest.mark.systemd

UNIT = "hermes-exporter.service"


@pytest.fixture
def port(machine: UserSystemd) -> Iterator[int]:
    """The shipped unit, installed as its documentation says, on a free port."""
    port = free_port()
    machine.exec("rm", "-rf", "/home/hermes/.local/state/hermes-exporter")
    machine.exec("mkdir", "-p", "/home/hermes/.local/bin")
    machine.exec("ln", "-sf", str(COMMAND), "/home/hermes/.local/bin/hermes-exporter")
    listen = f"[Service]\nEnvironment=HERMES_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:{port}\n"
    machine.write(UNIT_DIRS["user"] / f"{UNIT}.d/port.conf", listen)
    machine.install_unit("user", UNIT, (REPO / "deploy/systemd/hermes-exporter.service").read_text())
    yield port
    machine.remove_units("user", "hermes-exporter*")


def test_sees_gateways_through_its_hardening(hermes: HermesHome, machine: UserSystemd, port: int) -> None:
    """Under its unit it says when it is ready, proves gateways, reads units, remembers, and ends well."""
    hermes.install("coder")
    hermes.start("coder")

    machine.systemctl("user", "start", UNIT)
    assert machine.show("user", UNIT, "ActiveState") == "active"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        scrape = Scrape(answer.read().decode())
    assert scrape.one("hermes_gateway_proof", "proof", profile="coder") == "lock"
    assert scrape.value("hermes_unit_state", unit=hermes.unit("coder"), state="active") == 1
    assert set(scrape.values("hermes_exporter_collector_success")) == {1.0}
    assert scrape.value("hermes_exporter_memory_durable") == 1

    machine.systemctl("user", "stop", UNIT)
    assert machine.show("user", UNIT, "Result") == "success"


def test_missing_home_is_told(machine: UserSystemd, port: int) -> None:
    """Where the home is missing, that is a failure to be seen, and no made-up home is served in its place."""
    machine.exec("test", "!", "-e", "/home/hermes/.hermes")

    machine.systemctl("user", "start", UNIT)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        scrape = Scrape(answer.read().decode())
    assert {series["profile"] for series in scrape.series("hermes_profile_health")} == {"default"}
    assert scrape.value("hermes_exporter_collector_success", profile="default", collector="discovery") == 0


@pytest.mark.usefixtures("port", "hermes")
def test_hung_exporter_is_restarted(machine: UserSystemd) -> None:
    """The exporter feeds systemd's watchdog; one that hangs is killed by it and started again."""
    machine.write(UNIT_DIRS["user"] / f"{UNIT}.d/watchdog.conf", "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n")
    machine.systemctl("user", "daemon-reload")
    machine.systemctl("user", "start", UNIT)
    pid = machine.show("user", UNIT, "MainPID")
    fed = machine.show("user", UNIT, "WatchdogTimestampMonotonic")
    until(lambda: machine.show("user", UNIT, "WatchdogTimestampMonotonic") != fed, 10, "the watchdog is fed")
    assert machine.show("user", UNIT, "MainPID") == pid

    machine.exec("kill", "-STOP", pid)

    until(lambda: machine.show("user", UNIT, "NRestarts") == "1", 30, "systemd restarted it", every=0.5)
    until(lambda: machine.show("user", UNIT, "ActiveState") == "active", 30, "it is ready again", every=0.5)
    assert machine.show("user", UNIT, "MainPID") != pid
