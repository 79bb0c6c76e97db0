"""The whole route: a real gateway, our exporter, the shipped rules and ntfy route, and a phone that listens."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.stack import Stack
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.exporter import Exporter
    from tests.lab.hermes_home import HermesHome
    from tests.real.conftest import StartExporter

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(300)]

FASTER = 10
"""The shipped durations divided by this; the gateway's own five seconds to its restart stay well below `for:`."""


@pytest.fixture
def exporter(hermes: HermesHome, start_exporter: StartExporter) -> Exporter:
    """An exporter beside two live gateways under their units."""
    for profile in ("default", "coder"):
        hermes.install(profile)
        hermes.start(profile)
    return start_exporter()


@pytest.fixture
def stack(exporter: Exporter, tmp_path: Path) -> Iterator[Stack]:
    """The stack, scraping that exporter."""
    stack = Stack(tmp_path, FASTER)
    try:
        stack.start(exporter.port)
        until(
            lambda: stack.query('hermes_gateway_up{profile="coder"} == 1'), 30, "Prometheus has seen the gateway"
        )
        yield stack
    finally:
        stack.stop()


def test_dead_gateway_rings(hermes: HermesHome, stack: Stack) -> None:
    """A gateway that dies and stays dead rings once, with its cause; its return is told; nothing else rings."""
    interpreter = hermes.systemd.path(hermes.venv / "bin/python")
    pid = hermes.state("coder")["pid"]
    interpreter.rename(interpreter.with_name("python.gone"))
    hermes.kill(pid, "KILL")
    killed = time.time()

    push = stack.wait_phone("FIRING HermesGatewayDead", 60)
    sys.stderr.write(f"\nfrom death to the phone: {time.time() - killed:.1f} s, durations divided by {FASTER}\n")
    assert push["title"] == "FIRING HermesGatewayDead on hermes-host"
    assert push["priority"] == 5
    assert "gateway coder on hermes-host is dead" in push["message"]
    assert "exit status 203: its Python interpreter is gone" in push["message"]
    assert "default" not in push["message"]

    tried = 'hermes_profile_condition{profile="coder", condition="gateway_crash_looping"} == 1'
    until(lambda: stack.query(tried), 60, "systemd has tried often, as it does in the minutes of a real outage")
    interpreter.with_name("python.gone").rename(interpreter)
    hermes.wait_running("coder", not_pid=pid)
    over = stack.wait_phone("OVER HermesGatewayDead", 60)
    assert "Over: Hermes gateway coder on hermes-host is dead" in over["message"]
    assert [push["title"].split()[:2] for push in stack.phone] == [
        ["FIRING", "HermesGatewayDead"],
        ["OVER", "HermesGatewayDead"],
    ], stack.phone


def test_one_kill_is_silent(hermes: HermesHome, stack: Stack) -> None:
    """One SIGKILL that systemd mends within seconds is seen by Prometheus, and rings nowhere."""
    unclean = 'hermes_gateway_unclean_exits_total{profile="coder"}'
    ((_, was),) = stack.query(unclean)
    killed = time.time()
    pid = hermes.state("coder")["pid"]
    hermes.kill(pid, "KILL")
    until(lambda: stack.query('hermes_gateway_up{profile="coder"} == 0'), 10, "Prometheus has seen it dead")
    hermes.wait_running("coder", not_pid=pid)
    until(lambda: stack.query(f"{unclean} == {was + 1}"), 30, "Prometheus has seen the unclean exit")
    assert stack.query('hermes_unit_restarts_total{profile="coder"} == 1')

    for alert in ("HermesGatewayDead", "HermesGatewayCrashLooping"):
        stack.wait_evaluated(alert, killed + stack.duration(alert) + 3)
        assert stack.rule(alert)["alerts"] == []
    fired = stack.query('ALERTS{alertstate="firing", alertname!="HermesWatchdog"}')
    assert fired == []
    beats = len(stack.watchdog)
    until(lambda: len(stack.watchdog) > beats, 60, "the route to the phone still works")
    assert stack.phone == []


def test_watchdog_beats(stack: Stack) -> None:
    """The dead man's switch is fed again and again, and the phone never hears of it."""
    until(lambda: len(stack.watchdog) >= 2, 60, "two beats")
    assert all('"alertname":"HermesWatchdog"' in beat["message"] for beat in stack.watchdog)
    assert stack.phone == []
