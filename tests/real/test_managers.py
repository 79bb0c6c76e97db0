"""Managers of systemd that are restarted, or stopped and started again, under a running exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.user_systemd import OWNERS
from tests.real.test_units import GATEWAY, exporter, install, no_units_left, state

if TYPE_CHECKING:
    from tests.lab.exporter import Exporter
    from tests.lab.user_systemd import Scope, UserSystemd

__all__ = ("exporter", "no_units_left")

pytestmark = pytest.mark.systemd

MANAGER = f"user@{OWNERS['hermes']}.service"
SUCCESS = "hermes_exporter_collector_success"


def test_user_manager_gone_and_back(machine: UserSystemd, exporter: Exporter) -> None:
    """Without its manager the units have failed, and their gateway is dead; both are seen when they are back."""
    unit = install(machine, "away", GATEWAY)
    machine.systemctl("user", "enable", "--now", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")

    machine.root("systemctl", "stop", MANAGER)
    scrape = exporter.wait(0, SUCCESS, profile="away", collector="units")
    assert scrape.value(SUCCESS, profile="away", collector="gateway") == 1
    exporter.wait(0, "hermes_gateway_up", profile="away")
    machine.root("systemctl", "start", MANAGER)

    exporter.wait(1, SUCCESS, profile="away", collector="units")
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
    exporter.wait(1, "hermes_gateway_up", profile="away")


@pytest.mark.parametrize("scope", ["user", "system"])
@pytest.mark.parametrize("verb", ["daemon-reload", "daemon-reexec"])
def test_manager_that_reads_itself_anew(machine: UserSystemd, exporter: Exporter, scope: Scope, verb: str) -> None:
    """A manager that reloads, or runs itself anew, goes on with its units, and the exporter with it."""
    unit = install(machine, "stays", GATEWAY, "Restart=always", "RestartSec=50ms", scope=scope)
    machine.systemctl(scope, "start", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
    machine.systemctl(scope, "kill", "--signal=KILL", unit)
    exporter.wait(1, "hermes_unit_restarts_total", unit=unit)

    machine.systemctl(scope, verb)
    scrape = exporter.wait(1, SUCCESS, profile="stays", collector="units")
    assert state(scrape, unit) == "active"
    assert scrape.value("hermes_unit_restarts_total", unit=unit) == 1
    machine.systemctl(scope, "kill", "--signal=KILL", unit)

    exporter.wait(2, "hermes_unit_restarts_total", unit=unit)
    exporter.wait(1, "hermes_gateway_up", profile="stays")
