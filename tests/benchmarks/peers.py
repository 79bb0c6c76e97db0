"""The exporters that ours is measured beside: Debian bookworm's, unpacked into .cache/peers."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port

if TYPE_CHECKING:
    from pathlib import Path

TREE = REPO / ".cache/peers"
PACKAGES = ("bookworm", "prometheus-node-exporter", "prometheus-process-exporter", "mtail")

USER_BUS = "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/user/6061/bus"
"""Makes node_exporter ask the user's manager, so that both exporters watch the very same units."""

GATEWAYS_BY_PROFILE = """\
process_names:
  - name: "{{.Matches.profile}}"
    cmdline:
      - "hermes-gateway:(?P<profile>\\\\S+)"
"""


def fetch() -> None:
    """Unpack the peers unless they are there."""
    made, wanted = TREE / "contents", " ".join(PACKAGES)
    if made.exists() and made.read_text() == wanted:
        return
    TREE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["bash", str(REPO / "tests/lab/get-debs.sh"), str(TREE), *PACKAGES], check=True)
    made.write_text(wanted)


def node_exporter(address: str) -> list[str]:
    """Its command line with only the systemd collector, told to watch gateway units and to count restarts."""
    return [
        *("env", USER_BUS),
        str(TREE / "x/usr/bin/prometheus-node-exporter"),
        f"--web.listen-address={address}",
        *("--collector.disable-defaults", "--collector.systemd", "--collector.systemd.enable-restarts-metrics"),
        "--collector.systemd.unit-include=hermes-gateway.*",
    ]


def process_exporter(address: str, config: Path) -> list[str]:
    """Its command line with one group of processes per profile; ``config`` holds GATEWAYS_BY_PROFILE."""
    return [
        str(TREE / "x/usr/bin/prometheus-process-exporter"),
        *("-config.path", str(config)),
        *("-web.listen-address", address),
    ]


def mtail(program: Path, log: Path) -> list[str]:
    """Its command line for reading one log once to its end and printing the counters."""
    return [
        str(TREE / "x/usr/bin/mtail"),
        *("--one_shot", "--one_shot_format", "prometheus"),
        *("--address", "127.0.0.1", "--port", str(free_port())),
        *("--progs", str(program), "--logs", str(log), "--log_dir", str(log.parent)),
    ]


def ours(address: str) -> list[str]:
    """The command line of this exporter, watching ~/.hermes."""
    return [
        *("env", "-u", "HERMES_HOME", "PYTHONDONTWRITEBYTECODE=1"),
        f"HERMES_EXPORTER_STATE_PATH=/tmp/hermes-exporter-{address}/memory.db",
        str(REPO / ".venv/bin/hermes-exporter"),
        *("serve", "--web.listen-address", address, "--limit.series", "1000000"),
    ]
