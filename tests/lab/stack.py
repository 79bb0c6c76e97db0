"""The route to the phone on real parts: Prometheus, Alertmanager, an ntfy server and a subscriber, on loopback.

The shipped files are used as they are. Only what an operator fills in is filled in (addresses, topic, token), and
their durations are divided by one factor (see `faster`; and Prometheus' resend delay, a minute otherwise), so that
minutes become seconds and their order stays.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.alertmanager import Alertmanager, faster, filled_in
from tests.lab.ntfy import Ntfy, wait_push
from tests.lab.unpacked import Program
from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from pathlib import Path


class Stack:
    """Prometheus scraping one exporter with the shipped rules, Alertmanager with the shipped ntfy route, ntfy."""

    instance = "hermes-host"

    def __init__(self, directory: Path, factor: float) -> None:
        """Choose ports; everything is kept in directory, every duration is divided by the factor."""
        self._directory = directory
        self._factor = factor
        self._prometheus = free_port()
        self._running: list[Program | Ntfy | Alertmanager] = []
        self.phone: list[dict[str, Any]] = []
        self.watchdog: list[dict[str, Any]] = []

    def start(self, exporter_port: int) -> None:
        """Start all three, the subscribers first: nothing sent is missed."""
        ntfy = Ntfy(self._directory)
        self._running.append(ntfy)
        self.phone, self.watchdog = ntfy.subscribe("phone"), ntfy.subscribe("watchdog")
        (self._directory / "ntfy-token").write_text(ntfy.token)
        address = {"https://ntfy.sh/CHANGE-ME": f"{ntfy.url}/phone"}
        route = filled_in("ntfy", address, switch=f"{ntfy.url}/watchdog")
        alertmanager = Alertmanager(self._directory, route, self._factor)
        self._running.append(alertmanager)
        alertmanager.start()
        self._start_prometheus(exporter_port, alertmanager.port)

    def stop(self) -> None:
        """End what was started."""
        for program in reversed(self._running):
            program.stop()

    def rule(self, alert: str) -> dict[str, Any]:
        """What Prometheus says of an alert's rule: state, alerts, lastEvaluation."""
        groups = self._api("rules")["groups"]
        (rule,) = (rule for group in groups for rule in group["rules"] if rule["name"] == alert)
        found: dict[str, Any] = rule
        return found

    def duration(self, alert: str) -> float:
        """How many seconds its expression must hold before it fires."""
        return float(self.rule(alert)["duration"])

    def wait_evaluated(self, alert: str, moment: float) -> None:
        """Wait until Prometheus has evaluated the rule later than that Unix time."""

        def evaluated() -> bool:
            return datetime.fromisoformat(self.rule(alert)["lastEvaluation"]).timestamp() > moment

        until(evaluated, 60, f"{alert} evaluated after {moment}")

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """An instant query's labels and values."""
        result = self._api("query?" + urllib.parse.urlencode({"query": expression}))["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def wait_phone(self, text: str, patience: float) -> dict[str, Any]:
        """Wait for a push whose title has the text."""
        return wait_push(self.phone, text, patience)

    def scrape_error(self) -> str:
        """What Prometheus says of its last scrape of the exporter; empty when that went well."""
        return str(self._api("targets")["activeTargets"][0]["lastError"])

    def _api(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._prometheus}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def _start_prometheus(self, exporter_port: int, alertmanager_port: int) -> None:
        self._write("alerts/hermes.rules.yml")
        self._write(
            "deploy/prometheus/prometheus.yml",
            ("127.0.0.1:9093", f"127.0.0.1:{alertmanager_port}"),
            ("127.0.0.1:19119", f"127.0.0.1:{exporter_port}"),
        )
        address = f"127.0.0.1:{self._prometheus}"
        prometheus = Program(
            self._directory, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
            f"--web.listen-address={address}", f"--rules.alert.resend-delay={60_000 / self._factor:.0f}ms",
        )  # fmt: skip
        self._running.append(prometheus)
        prometheus.wait_ready(f"http://{address}/-/ready")

    def _write(self, shipped: str, *filled_in: tuple[str, str]) -> None:
        """Copy a shipped file beside the others, filled in and faster."""
        source = REPO / shipped
        text = source.read_text()
        for old, new in filled_in:
            assert text.count(old) == 1, f"{shipped} has {text.count(old)} times {old!r}"
            text = text.replace(old, new)
        (self._directory / source.name).write_text(yaml.safe_dump(faster(yaml.safe_load(text), self._factor)))
