"""A real Alertmanager with a shipped route, on loopback.

The shipped files are used as they are: only what an operator fills in is filled in, and every duration is divided
by one factor, so that hours become seconds and their order stays.
"""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.unpacked import Program
from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROUTES = REPO / "deploy/alertmanager"

DURATIONS = {
    "evaluation_interval", "for", "group_interval", "group_wait", "interval", "keep_firing_for", "repeat_interval",
    "scrape_interval",
}  # fmt: skip
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> float:
    """A duration of Prometheus or Alertmanager: 1h30m, 15s, 500ms."""
    return sum(float(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|s|m|h|d)", duration))


def faster(document: Any, factor: float, *, ranges: bool = True) -> Any:
    """The same configuration or rules, every duration divided by the factor, and those of ranges; nothing else.

    Without ``ranges`` expressions stay as they are: for samples that came with the times of an ordinary life.
    """
    if isinstance(document, list):
        return [faster(item, factor, ranges=ranges) for item in document]
    if not isinstance(document, dict):
        return document
    return {key: _faster_value(key, value, factor, ranges=ranges) for key, value in document.items()}


def _faster_value(key: str, value: Any, factor: float, *, ranges: bool) -> Any:
    if key in DURATIONS and isinstance(value, str):
        return _divided(value, factor)
    if key == "expr" and ranges:
        return re.sub(r"(?<=[\[:])[\dmshd]+(?=[:\]])", lambda found: _divided(found[0], factor), value)
    return faster(value, factor, ranges=ranges)


def _divided(duration: str, factor: float) -> str:
    return f"{seconds(duration) / factor * 1000:.0f}ms"


def filled_in(receiver: str, changes: Mapping[str, str], switch: str = "") -> dict[str, Any]:
    """A shipped route with each text on the left replaced by that on the right.

    Where a dead man's switch is named, its lines lose their comment signs.
    """
    text = (ROUTES / f"{receiver}.yml").read_text()
    if switch:
        commented = "    # webhook_configs:\n    #   - url: https://hc-ping.com/YOUR-UUID\n"
        changes = {**changes, commented: f"    webhook_configs:\n      - url: {switch}\n",
                   "    #     send_resolved": "        send_resolved"}  # fmt: skip
    for old, new in changes.items():
        assert old in text, f"{receiver}.yml has no {old!r}"
        text = text.replace(old, new)
    document: dict[str, Any] = yaml.safe_load(text)
    return document


class Alertmanager:
    """Debian's Alertmanager and its API."""

    def __init__(self, directory: Path, route: Mapping[str, Any], factor: float = 1) -> None:
        """Keep everything in directory, which stands for /etc/prometheus with its secrets; `start` runs it."""
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = directory / "alertmanager.yml"
        text = yaml.safe_dump(faster(dict(route), factor))
        self.config.write_text(text.replace("/etc/prometheus", str(directory)))
        shutil.copy(ROUTES / "hermes.tmpl", directory)

    def start(self) -> None:
        """Run it until it is ready."""
        self._program = Program(
            self.directory, "prometheus-alertmanager", f"--config.file={self.config}",
            f"--storage.path={self.directory / 'storage'}", f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=", cwd="/",
        )  # fmt: skip
        self._program.wait_ready(f"{self.url}/-/ready")

    def stop(self) -> None:
        """End it."""
        self._program.stop()

    def __enter__(self) -> Alertmanager:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_details: object) -> None:
        """Stop it."""
        self.stop()

    def post(self, alerts: list[dict[str, Any]]) -> None:
        """Hand it alerts, as Prometheus does."""
        self.ask("/api/v2/alerts", alerts)

    def ask(self, path: str, body: object) -> None:
        """Post something to its API."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        urllib.request.urlopen(request, timeout=10).close()

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert that it holds, muted ones too, with state and receivers."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            held: list[dict[str, Any]] = json.load(answer)
            return held
