"""Our exporter as its user runs it: `hermes-exporter serve`, scraped over HTTP."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.lab.user_systemd import UserSystemd

COMMAND = REPO / ".venv/bin/hermes-exporter"


class Scrape:
    """One answer of /metrics."""

    def __init__(self, text: str) -> None:
        """Parse it as Prometheus would."""
        self.text = text
        self._samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def series(self, name: str, **labels: str) -> list[dict[str, str]]:
        """The label sets of every series of that name with at least these labels."""
        return [s.labels for s in self._samples if s.name == name and labels.items() <= s.labels.items()]

    def values(self, name: str, **labels: str) -> list[float]:
        """Their values."""
        return [s.value for s in self._samples if s.name == name and labels.items() <= s.labels.items()]

    def value(self, name: str, **labels: str) -> float | None:
        """The value of the one such series, None where there is none."""
        found = self.values(name, **labels)
        if len(found) > 1:
            raise AssertionError(f"{name} {labels}: {self.series(name, **labels)}")
        return found[0] if found else None

    def one(self, name: str, label: str, **labels: str) -> str | None:
        """The value of `label` on the one such series whose value is 1: a state set, or an open set."""
        found = [
            s.labels[label]
            for s in self._samples
            if s.name == name and labels.items() <= s.labels.items() and s.value == 1
        ]
        if len(found) > 1:
            raise AssertionError(f"{name} {labels}: {found}")
        return found[0] if found else None


class Exporter:
    """A running `hermes-exporter serve`."""

    def __init__(
        self, systemd: UserSystemd, output: Path, *options: str, user: str = "hermes", under: Sequence[str] = ()
    ) -> None:
        """Start it inside as the user on a free loopback port, nothing remembered, and wait until it listens.

        ``under`` is the command that runs it, such as a tracer that leaves the process to us.
        """
        self.port = free_port()
        self.output = output
        self.process = systemd.spawn(
            user, "env", "-u", "HERMES_HOME", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={REPO}",
            f"HERMES_EXPORTER_STATE_PATH=/tmp/hermes-exporter-{self.port}/memory.db",
            *under, str(COMMAND), "serve", "--web.listen-address", f"127.0.0.1:{self.port}", *options,
            output=output,
        )  # fmt: skip
        until(self._listens, 20, lambda: f"the exporter listens:\n{self.process.output}")

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the exporter ended with {self.process.poll()}:\n{self.process.output}")
        try:
            return self.get("/-/healthy")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of one GET."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def scrape(self) -> Scrape:
        """One scrape, as Prometheus makes it."""
        status, text = self.get("/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answered {status}: {text}\n{self.process.output}")
        return Scrape(text)

    def wait(self, expected: float | None, name: str, seconds: float = 15, **labels: str) -> Scrape:
        """Scrape until the series has the value (None: is absent), and return that scrape."""
        last: list[Scrape] = []

        def there() -> Scrape | None:
            last[:] = [self.scrape()]
            return last[0] if last[0].value(name, **labels) == expected else None

        def seen() -> str:
            family = [line for line in last[0].text.splitlines() if line.startswith(name)]
            return f"{name}{labels} is {expected}; the last scrape had\n" + "\n".join(family)

        return until(there, seconds, seen, every=0.25)

    def stop(self) -> int:
        """End it as systemd would, and return its exit status."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(15)
