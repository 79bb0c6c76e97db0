"""Metrics through node_exporter: the shipped timer on a real systemd, and a real node_exporter."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import peers
from tests.lab.exporter import Scrape
from tests.lab.installed import environment
from tests.lab.user_systemd import REPO, UNIT_DIRS
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.user_systemd import UserSystemd

pytestmark = pytest.mark.systemd

HOME = Path("/home/hermes/.hermes")
DIRECTORY = Path("/var/lib/prometheus/node-exporter")
SERVICE, TIMER = "hermes-exporter-textfile.service", "hermes-exporter-textfile.timer"
GATEWAY = f"[Service]\nExecStart=/usr/bin/flock --no-fork {HOME}/gateway.lock /bin/sleep infinity\n"
MADE = "hermes_exporter_last_gather_timestamp_seconds"


@pytest.fixture
def through_node_exporter(machine: UserSystemd, tmp_path: Path) -> Iterator[Callable[[], Scrape]]:
    """Set everything up as the documentation says, with a gateway that lives; what node_exporter then tells."""
    peers.fetch()
    machine.exec("mkdir", "-p", str(HOME), "/home/hermes/.local/bin")
    program = environment(machine, "/home/hermes/.local/share/pipx/venvs/hermes-exporter")
    machine.exec("ln", "-sfn", str(program), "/home/hermes/.local/bin/hermes-exporter")
    machine.root("install", "-d", "-o", "hermes", str(DIRECTORY))
    machine.install_unit("user", "hermes-gateway.service", GATEWAY)
    machine.systemctl("user", "start", "hermes-gateway.service")
    machine.write(UNIT_DIRS["user"] / f"{TIMER}.d/often.conf", "[Timer]\nOnUnitInactiveSec=1s\n")
    machine.install_unit("user", SERVICE, (REPO / "deploy/systemd" / SERVICE).read_text())
    machine.install_unit("user", TIMER, (REPO / "deploy/systemd" / TIMER).read_text())
    address = f"127.0.0.1:{free_port()}"
    node_exporter = machine.spawn(
        "nosy", str(peers.TREE / "x/usr/bin/prometheus-node-exporter"), f"--web.listen-address={address}",
        "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={DIRECTORY}",
        output=tmp_path / "node_exporter.log",
    )  # fmt: skip

    def read() -> Scrape:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            return Scrape(answer.read().decode())

    until(lambda: _listening(read), 20, lambda: node_exporter.output)
    yield read
    node_exporter.signal(15)
    machine.systemctl("user", "disable", "--now", TIMER)
    machine.remove_units("user", "hermes-*")
    for name in (TIMER, f"{TIMER}.d"):
        machine.root("rm", "-rf", str(UNIT_DIRS["user"] / name))
    leavings = (HOME, DIRECTORY, "/home/hermes/.local/share/pipx", "/home/hermes/.local/state/hermes-exporter")
    machine.root("rm", "-rf", "/home/hermes/.local/bin/hermes-exporter", *map(str, leavings))


def _listening(read: Callable[[], Scrape]) -> bool:
    try:
        return bool(read())
    except OSError:
        return False


def test_timer_feeds_node_exporter(machine: UserSystemd, through_node_exporter: Callable[[], Scrape]) -> None:
    """The timer writes again and again; node_exporter serves it all, proofs included; then it ages."""
    machine.systemctl("user", "enable", "--now", TIMER)
    scrape = until(lambda: _with(through_node_exporter(), MADE), 30, "node_exporter serves our file", every=0.25)

    assert scrape.value("node_textfile_scrape_error") == 0
    assert scrape.value("hermes_gateway_up", profile="default") == 1
    assert scrape.one("hermes_gateway_proof", "proof", profile="default") == "lock"
    assert scrape.value("hermes_exporter_memory_durable") == 1
    file = str(DIRECTORY / "hermes.prom")
    written, made = scrape.value("node_textfile_mtime_seconds", file=file), scrape.value(MADE)
    assert written is not None
    assert made is not None
    assert written >= int(made)

    machine.systemctl("user", "stop", "hermes-gateway.service")
    scrape = until(
        lambda: _with(through_node_exporter(), "hermes_gateway_up", 0.0),
        30,
        "the death is in the file",
        every=0.25,
    )
    assert (scrape.value(MADE) or 0) > made
    assert [path.name for path in machine.path(DIRECTORY).iterdir()] == ["hermes.prom"]

    machine.systemctl("user", "stop", TIMER)
    until(lambda: machine.show("user", SERVICE, "ActiveState") == "inactive", 20, "the last run is over")
    assert machine.show("user", SERVICE, "Result") == "success"
    last = through_node_exporter().value(MADE)
    assert through_node_exporter().value(MADE) == last


def _with(scrape: Scrape, name: str, value: float | None = None) -> Scrape | None:
    found = scrape.values(name)
    return scrape if found and value in {None, *found} else None
