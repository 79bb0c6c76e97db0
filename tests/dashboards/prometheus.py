"""A real Prometheus with the shipped rules, whose past is that of the simulated hosts."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import yaml

from tests.dashboards.remote_write import push
from tests.dashboards.simulated_host import history
from tests.dashboards.story import HOURS, hosts
from tests.lab.alertmanager import faster
from tests.lab.unpacked import TREE
from tests.lab.user_systemd import REPO
from tests.lab.waiting import answers, free_port, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboards.remote_write import Samples

PACE_SECONDS = 60
AHEAD_SECONDS = 240
"""The story goes on a little after it was told, so that nothing is stale while it is looked at."""
BATCH_SECONDS = 1800
FASTER = 600
"""So many times sooner the shipped rules fire."""


class Prometheus:
    """Prometheus on loopback, in a directory of its own; ``url`` is where it answers."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self._configure()
        with (directory / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [TREE / "usr/bin/prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                 f"--web.listen-address={address}", "--web.enable-remote-write-receiver"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=directory,
            )  # fmt: skip
        until(lambda: answers(f"{self.url}/-/ready"), 60, (directory / "prometheus.log").read_text)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)

    def live_through(self, hours: float = HOURS) -> float:
        """Let it have watched the simulated hosts for so many hours; return when, Unix seconds."""
        now = time.time()
        start, end = now - hours * 3600, now + AHEAD_SECONDS
        batches: dict[int, dict[str, dict[str, Samples]]] = {}
        for name, host in hosts(self._directory / "hosts", end, hours):
            for series, samples in history(host, end, PACE_SECONDS).items():
                for at, value in samples:
                    batch = batches.setdefault(int((at - start) // BATCH_SECONDS), {}).setdefault(name, {})
                    batch.setdefault(series, []).append((at, value))
            host.close()
        for _number, batch in sorted(batches.items()):  # it takes nothing that is much older than what it has
            for name, samples_by_series in batch.items():
                push(f"{self.url}/api/v1/write", samples_by_series, {"job": "hermes", "instance": name})
        self._judge()
        return now

    def range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """A range query's series, as the API gives them; raise AssertionError for one it refuses."""
        return self._query("query_range", query=expression, start=start, end=end, step=step)

    def instant(self, expression: str, at: float) -> list[dict[str, Any]]:
        """An instant query's series, the same."""
        return self._query("query", query=expression, time=at)

    def _judge(self) -> None:
        """Load the shipped rules: what they say has the present's time, after which nothing older is taken."""
        rules = sorted((REPO / "alerts").glob("*.rules.yml"))
        for path in rules:
            shipped = faster(yaml.safe_load(path.read_text()), FASTER, ranges=False)
            (self._directory / path.name).write_text(yaml.safe_dump(shipped))
        self._configure(*(path.name for path in rules))
        self._process.send_signal(signal.SIGHUP)

    def _configure(self, *rules: str) -> None:
        config = {"global": {"evaluation_interval": "1s"}, "rule_files": list(rules)}
        (self._directory / "prometheus.yml").write_text(yaml.safe_dump(config))

    def _query(self, kind: str, **parameters: object) -> list[dict[str, Any]]:
        body = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{kind}", data=body, timeout=60) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters['query']}: {error.read().decode()}") from error
        assert not found.get("warnings"), f"{parameters['query']}: {found['warnings']}"
        result: list[dict[str, Any]] = found["data"]["result"]
        return result
