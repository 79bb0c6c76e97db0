"""A real Prometheus with the shipped rules, and what it says of its rule groups."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Sequence

BINARY = REPO / ".cache/debs/x/usr/bin/prometheus"
RULES = sorted((REPO / "alerts").glob("*.rules.yml"))
SCRAPE_SECONDS = 15
LOOK_SECONDS = 1.0
SAMPLE = re.compile(r'^(prometheus_\w+)(?:\{rule_group="([^"]*)"\})? (\S+)$', re.MULTILINE)
OFFSET = re.compile(r"\boffset \d+[smhd]\b")
LOOKED_BACK = "offset 1m"
"""In place of hours and days that the measurement does not have: so that every rule finds what it looks for."""


class Group(NamedTuple):
    """A rule group: how often it is evaluated and how long each evaluation took, seconds."""

    name: str
    interval: float
    rules: int
    durations: list[float]


class Prometheus:
    """Prometheus scraping one address under many paths, as so many instances, with every rules file."""

    def __init__(self, directory: Path, address: str, instances: int) -> None:
        """Start it, and wait until it is ready. ``directory`` is its own."""
        for path in RULES:
            (directory / path.name).write_text(OFFSET.sub(LOOKED_BACK, path.read_text()))
        targets = [
            {"targets": [address], "labels": {"instance": f"box{number:04d}", "__metrics_path__": f"/{number}"}}
            for number in range(instances)
        ]
        config = {
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"},
            "rule_files": [path.name for path in RULES],
            "scrape_configs": [{"job_name": "hermes", "static_configs": targets}],
        }
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._log = directory / "log"
        self._address = f"127.0.0.1:{free_port()}"
        command = [
            str(BINARY),
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={self._address}",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        until(self._ready, 60, self._log.read_text)

    def _ready(self) -> bool:
        try:
            return bool(self._get("/-/ready"))
        except OSError:
            return False

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self._address}{path}", timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    def _own(self) -> dict[tuple[str, str], float]:
        return {(name, group): float(value) for name, group, value in SAMPLE.findall(self._get("/metrics"))}

    def query(self, expression: str) -> float:
        """Return the value of an expression that has one, 0 where it has none."""
        answer = json.loads(self._get(f"/api/v1/query?query={urllib.parse.quote(expression)}"))
        result = answer["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0

    def series(self) -> int:
        """How many series it holds."""
        return int(self._own()["prometheus_tsdb_head_series", ""])

    def resident_bytes(self) -> int:
        """How much memory it occupies."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return 1024 * int(re.findall(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[0])

    def cpu_seconds(self) -> float:
        """How much of a processor it has used up to now."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def groups(self, seconds: float) -> list[Group]:
        """Watch the rule groups for so long and return how long each evaluation took.

        Fails if a rule could not be evaluated.
        """
        seen: dict[str, dict[float, float]] = {}
        end = time.monotonic() + seconds
        own = self._own()
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            own = self._own()
            for (name, group), at in own.items():
                if name == "prometheus_rule_group_last_evaluation_timestamp_seconds":
                    took = own["prometheus_rule_group_last_duration_seconds", group]
                    seen.setdefault(group, {})[at] = took
        failures = [own[key] for key in own if key[0] == "prometheus_rule_evaluation_failures_total"]
        if any(failures):
            raise AssertionError(f"rules could not be evaluated: {self._log.read_text()}")
        return [
            Group(
                group.rpartition(";")[2],
                own["prometheus_rule_group_interval_seconds", group],
                int(own["prometheus_rule_group_rules", group]),
                list(durations.values())[1:],
            )
            for group, durations in sorted(seen.items())
        ]

    def slowest(self, count: int) -> Sequence[tuple[str, float]]:
        """Return the rules whose last evaluation took longest, with its seconds."""
        answer: dict[str, Any] = json.loads(self._get("/api/v1/rules"))
        rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
        slow = sorted(rules, key=lambda rule: -float(rule["evaluationTime"]))
        return [(rule["name"], float(rule["evaluationTime"])) for rule in slow[:count]]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(60)
