"""The route to the phone on real parts: Prometheus, Alertmanager, an ntfy server and a subscriber, on loopback.

The shipped files are used as they are. Only what an operator fills in is filled in (addresses, topic, token), and
their durations are divided by one factor (see `faster`; and Prometheus' resend delay, a minute otherwise), so that
minutes become seconds and their order stays.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until

TREE = REPO / ".cache/debs/x"
IN_OWN_USR_SHARE = Path(__file__).with_name("ns.sh")

DURATIONS = {
    "evaluation_interval", "for", "group_interval", "group_wait", "interval", "keep_firing_for", "repeat_interval",
    "scrape_interval",
}  # fmt: skip
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> float:
    """A duration of Prometheus or Alertmanager: 1h30m, 15s, 500ms."""
    return sum(float(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|s|m|h|d)", duration))


def faster(document: Any, factor: float) -> Any:
    """The same configuration or rules, every `for:` and interval divided by the factor; nothing else changes."""
    if isinstance(document, list):
        return [faster(item, factor) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        key: f"{seconds(value) / factor * 1000:.0f}ms"
        if key in DURATIONS and isinstance(value, str)
        else faster(value, factor)
        for key, value in document.items()
    }


class Stack:
    """Prometheus scraping one exporter with the shipped rules, Alertmanager with the shipped ntfy route, ntfy."""

    instance = "hermes-host"

    def __init__(self, directory: Path, factor: float) -> None:
        """Choose ports; everything is kept in directory, every duration is divided by the factor."""
        self._directory = directory
        self._factor = factor
        self._prometheus, self._alertmanager, self._ntfy = free_port(), free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.phone: list[dict[str, Any]] = []
        self.watchdog: list[dict[str, Any]] = []

    def start(self, exporter_port: int) -> None:
        """Start all three, the subscribers first: nothing sent is missed."""
        token = self._start_ntfy()
        self._subscribe("phone", self.phone, token)
        self._subscribe("watchdog", self.watchdog, token)
        self._start_alertmanager(token)
        self._start_prometheus(exporter_port)

    def stop(self) -> None:
        """End what was started."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(10)

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
        return until(
            lambda: next((push for push in self.phone if text in push.get("title", "")), None),
            patience,
            lambda: f"a push with {text!r}; the phone has {[push.get('title') for push in self.phone]}",
        )

    def scrape_error(self) -> str:
        """What Prometheus says of its last scrape of the exporter; empty when that went well."""
        return str(self._api("targets")["activeTargets"][0]["lastError"])

    def _api(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._prometheus}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def _spawn(self, program: str, *argv: str) -> None:
        command = ["sh", str(IN_OWN_USR_SHARE), str(TREE), str(TREE / "usr/bin" / program), *argv]
        with (self._directory / f"{program}.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self._directory
            )
        self._processes.append(process)

    def _wait_ready(self, program: str, url: str) -> None:
        def ready() -> bool:
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        log = self._directory / f"{program}.log"
        until(ready, 30, lambda: f"{program} ready:\n{log.read_text()[-2000:]}")

    def _start_ntfy(self) -> str:
        """An ntfy server that nobody may use without a token; returns the phone's."""
        server = {
            "listen-http": f"127.0.0.1:{self._ntfy}",
            "base-url": f"http://127.0.0.1:{self._ntfy}",
            "cache-file": str(self._directory / "ntfy-cache.db"),
            "auth-file": str(self._directory / "ntfy-auth.db"),
            "auth-default-access": "deny-all",
        }
        (self._directory / "server.yml").write_text(yaml.safe_dump(server))
        self._spawn("ntfy", "serve", "--config", "server.yml")
        self._wait_ready("ntfy", f"http://127.0.0.1:{self._ntfy}/v1/health")
        self._ntfy_admin("user", "add", "phone")
        self._ntfy_admin("access", "phone", "*", "rw")
        self._ntfy_admin("access", "everyone", "watchdog", "write-only")
        found = re.search(r"tk_\w+", self._ntfy_admin("token", "add", "phone"))
        assert found
        return found[0]

    def _ntfy_admin(self, *argv: str) -> str:
        """One administration command of ntfy."""
        environment = {
            "NTFY_CONFIG_FILE": str(self._directory / "server.yml"),
            "NTFY_PASSWORD": "a-password",
            "HOME": str(self._directory),
            "PATH": "/usr/bin:/bin",
        }
        done = subprocess.run(
            [TREE / "usr/bin/ntfy", *argv],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def _start_alertmanager(self, token: str) -> None:
        (self._directory / "ntfy-token").write_text(token)
        self._write(
            "deploy/alertmanager/ntfy.yml",
            ("https://ntfy.sh/CHANGE-ME", f"http://127.0.0.1:{self._ntfy}/phone"),
            ("    # webhook_configs:", "    webhook_configs:"),
            (
                "    #   - url: https://hc-ping.com/YOUR-UUID",
                f"      - url: http://127.0.0.1:{self._ntfy}/watchdog",
            ),
            ("    #     send_resolved: false", "        send_resolved: false"),
        )
        address = f"127.0.0.1:{self._alertmanager}"
        self._spawn(
            "prometheus-alertmanager", "--config.file=ntfy.yml", "--storage.path=alertmanager",
            f"--web.listen-address={address}", "--cluster.listen-address=",
        )  # fmt: skip
        self._wait_ready("prometheus-alertmanager", f"http://{address}/-/ready")

    def _start_prometheus(self, exporter_port: int) -> None:
        self._write("alerts/hermes.rules.yml")
        self._write(
            "deploy/prometheus/prometheus.yml",
            ("127.0.0.1:9093", f"127.0.0.1:{self._alertmanager}"),
            ("127.0.0.1:19119", f"127.0.0.1:{exporter_port}"),
        )
        address = f"127.0.0.1:{self._prometheus}"
        self._spawn(
            "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
            f"--web.listen-address={address}", f"--rules.alert.resend-delay={60_000 / self._factor:.0f}ms",
        )  # fmt: skip
        self._wait_ready("prometheus", f"http://{address}/-/ready")

    def _write(self, shipped: str, *filled_in: tuple[str, str]) -> None:
        """Copy a shipped file beside the others, filled in and faster."""
        source = REPO / shipped
        text = source.read_text()
        for old, new in filled_in:
            assert text.count(old) == 1, f"{shipped} has {text.count(old)} times {old!r}"
            text = text.replace(old, new)
        (self._directory / source.name).write_text(yaml.safe_dump(faster(yaml.safe_load(text), self._factor)))

    def _subscribe(self, topic: str, received: list[dict[str, Any]], token: str) -> None:
        """Follow a topic as the ntfy app does, and keep its messages."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._ntfy}/{topic}/json", headers={"Authorization": f"Bearer {token}"}
        )
        stream = urllib.request.urlopen(request, timeout=300)

        def follow() -> None:
            with stream:
                for line in stream:
                    event = json.loads(line)
                    if event["event"] == "message":
                        received.append(event)

        threading.Thread(target=follow, daemon=True).start()
