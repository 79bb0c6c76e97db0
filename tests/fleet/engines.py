"""Agents and the Prometheus that they write to, on loopback, with the files of deploy/fleet and the shipped rules.

Filled in are addresses only. Durations are divided by one factor, those that Prometheus itself goes by as well:
what it takes a sample for gone after, and how long a sender waits for company.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.alertmanager import faster
from tests.lab.unpacked import BIN
from tests.lab.user_systemd import REPO
from tests.lab.waiting import answers, free_port, until

if TYPE_CHECKING:
    from pathlib import Path

FLEET = REPO / "deploy/fleet"
ALL_RULES = (*sorted((REPO / "alerts").glob("*.rules.yml")), *sorted(FLEET.glob("*.rules.yml")))
FACTOR = 30
LOOKBACK_SECONDS = 300


class Engine:
    """A Prometheus of one kind or the other, running in a directory of its own."""

    def __init__(self, directory: Path, options: tuple[str, ...], **environment: str) -> None:
        """Start it on what lies in the directory, and wait until it is ready."""
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self._log = directory / "prometheus.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "prometheus", "--config.file=prometheus.yml", f"--web.listen-address={address}", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=directory,
                env={**os.environ, **environment},
            )  # fmt: skip
        until(lambda: answers(f"{self.url}/-/ready"), 60, self._log.read_text)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait(10)

    def metrics(self) -> str:
        """What it says of itself."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
            return text


class Receiver(Engine):
    """The one that is written to and judges. Without an inventory."""

    def __init__(self, directory: Path) -> None:
        """Start it with the shipped rules."""
        directory.mkdir()
        write_rules(directory)
        config = yaml.safe_load(_faster((FLEET / "receiver.yml").read_text()))
        del config["alerting"]
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        lookback = f"--query.lookback-delta={LOOKBACK_SECONDS / FACTOR:.0f}s"
        super().__init__(directory, ("--web.enable-remote-write-receiver", lookback))

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """An instant query's labels and values."""
        return self.ask(expression)

    def ask(self, expression: str, **words: str) -> list[tuple[dict[str, str], float]]:
        """The same with further words for the engine."""
        asked = urllib.parse.urlencode({"query": expression, **words})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}", timeout=10) as answer:
            result = json.load(answer)["data"]["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def firing(self, alert: str) -> set[str]:
        """The instances of which an alert fires."""
        return {
            labels["instance"] for labels, _ in self.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')
        }


def agent(directory: Path, host: str, exporter: str, receiver: Receiver) -> Engine:
    """Start an agent with the shipped file, which scrapes that exporter (host:port)."""
    directory.mkdir(exist_ok=True)
    text = (FLEET / "agent.yml").read_text()
    filled_in = {"127.0.0.1:19119": exporter, "https://prometheus.example.org": receiver.url}
    for old, new in filled_in.items():
        assert old in text
        text = text.replace(old, new)
    config = yaml.safe_load(_faster(text))
    for remote in config["remote_write"]:
        remote["queue_config"] = {"batch_send_deadline": "100ms"}
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    return Engine(
        directory,
        ("--enable-feature=agent,expand-external-labels", "--storage.agent.path=agent"),
        HOSTNAME=host,
    )


def write_rules(directory: Path) -> None:
    """Put the shipped rules there, faster. Without an inventory."""
    for source in (REPO / "alerts/hermes.rules.yml", FLEET / "hermes-fleet.rules.yml"):
        (directory / source.name).write_text(_faster(source.read_text()))


def _faster(text: str) -> str:
    document: dict[str, Any] = faster(yaml.safe_load(text), FACTOR)
    return yaml.safe_dump(document)
