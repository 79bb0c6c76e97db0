"""Two hosts with an agent each, and the Prometheus that they write to: who is told apart, and who is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fleet import engines
from tests.fleet.victoria import Victoria
from tests.lab.waiting import until
from tests.web.exporter_process import ExporterProcess

if TYPE_CHECKING:
    from pathlib import Path

GATEWAYS = 'hermes_gateway_up{profile="default"}'
ASKED_OF_AGENTS = ("samples_failed_total", "samples_pending", "highest_timestamp_in_seconds")
"""What docs/runbooks/HermesHostSilent.md looks at."""


def demo(directory: Path, *options: str) -> ExporterProcess:
    """A made-up home that lives, and its exporter."""
    directory.mkdir()
    environment = {"HERMES_EXPORTER_STATE_PATH": str(directory / "memory.db"), "TMPDIR": str(directory)}
    return ExporterProcess([*options], directory / "exporter.log", environment, command="demo")


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", [engines.Receiver, Victoria], ids=["prometheus", "victoria"])
def test_hosts_are_told_apart_and_missed(kind: type[engines.Receiver], tmp_path: Path) -> None:
    """The same file on each host makes instances of their names, and each way of falling silent has its alert."""
    receiver = kind(tmp_path / "receiver")
    agents: dict[str, engines.Engine] = {}
    box = demo(tmp_path / "box", "--failure", "gateway_dead")
    attic = demo(tmp_path / "attic")
    exporters = {"box": box, "attic": attic}

    def start(host: str) -> None:
        address = exporters[host].address.removeprefix("http://")
        agents[host] = engines.agent(tmp_path / f"agent-{host}", host, address, receiver)

    with box, attic:
        try:
            for host in exporters:
                start(host)
            until(lambda: len(receiver.query(GATEWAYS)) == 2, 30, "both report")
            each_has_its_own(receiver)
            own = agents["box"].metrics()
            assert all(f"\nprometheus_remote_storage_{name}" in own for name in ASKED_OF_AGENTS)
            until(lambda: receiver.firing("HermesGatewayDead"), 60, "the dead gateway is told")
            assert receiver.firing("HermesGatewayDead") == {"box"}

            attic.terminate()
            until(lambda: receiver.firing("HermesExporterDown"), 60, "the exporter that is gone is told")
            assert receiver.firing("HermesExporterDown") == {"attic"}
            assert receiver.firing("HermesHostSilent") == set()

            agents["box"].kill()
            until(lambda: receiver.firing("HermesHostSilent"), 60, "the agent that is gone is told")
            assert receiver.firing("HermesHostSilent") == {"box"}
            until(lambda: not receiver.firing("HermesGatewayDead"), 60, "what it said last is forgotten")
            assert receiver.firing("HermesHostSilent") == {"box"}
            assert receiver.firing("HermesExporterDown") == {"attic"}

            start("box")
            until(lambda: not receiver.firing("HermesHostSilent"), 60, "it is heard again")
            until(lambda: receiver.firing("HermesGatewayDead") == {"box"}, 60, "and so is its gateway")
        finally:
            for engine in (*agents.values(), receiver):
                engine.kill()


def each_has_its_own(receiver: engines.Receiver) -> None:
    """Both have a profile of the same name, and no series of one is the other's; what made the name is gone."""
    up = {labels["instance"]: value for labels, value in receiver.query(GATEWAYS)}
    assert up == {"box": 0.0, "attic": 1.0}
    (labels,) = (labels for labels, _ in receiver.query('up{instance="box"}'))
    assert labels == {"__name__": "up", "job": "hermes", "instance": "box"}
    assert receiver.query('{instance!~"box|attic",job="hermes"}') == []
