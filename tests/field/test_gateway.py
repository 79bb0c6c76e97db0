"""Failures of the gateway's process: each is told in time, and what is none is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.field.row import shows

if TYPE_CHECKING:
    from tests.field.conftest import MakeHost

MINUTE = 60.0


@shows("silent death")
def test_a_gateway_that_dies_silently_is_told_within_minutes(make_host: MakeHost) -> None:
    """Killed: its state file says running for ever, its lock is gone; one page until it is back."""
    host = make_host()
    host.start_gateway(host.profile)
    host.run(host.start + 10 * MINUTE)
    host.watch()
    host.run(host.start + 20 * MINUTE)
    host.kill_gateway(host.profile)
    host.run(host.start + 60 * MINUTE)

    assert host.value("hermes_gateway_up", profile="default") == 0
    assert host.value("hermes_gateway_state", profile="default", state="running") == 1
    host.start_gateway(host.profile)
    host.run(host.start + 90 * MINUTE)

    (dead,) = host.alerts()
    assert (dead.alert, dead.profile) == ("HermesGatewayDead", "default")
    assert dead.since - host.start <= 24 * MINUTE
    assert dead.until - host.start <= 64 * MINUTE


@shows("planned restart")
def test_a_planned_restart_is_silent(make_host: MakeHost) -> None:
    """Stopped for a minute and started again."""
    host = make_host()
    host.start_gateway(host.profile)
    host.run(host.start + 10 * MINUTE)
    host.watch()
    host.run(host.start + 20 * MINUTE)
    host.end_gateway(host.profile)
    host.run(host.start + 21 * MINUTE)
    assert host.value("hermes_gateway_up", profile="default") == 0
    host.start_gateway(host.profile)
    host.run(host.start + 60 * MINUTE)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.alerts() == []
