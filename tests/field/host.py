"""A simulated host that `hermes-exporter serve` watches as a process, and the rules judge by what was scraped.

Hermes is the simulator, whose output is held against that of real ones; its processes are those of a made-up
/proc. The exporter is a real one, started as its user does, whose clock libfaketime sets to the simulated moment.
What it answers is given to Prometheus' own rule engine (promtool) with the shipped rules, minute by minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.field import rules
from tests.lab.user_systemd import REPO
from tests.lab.waiting import answers, free_port, until
from tests.year.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.field.rules import Fired

PATIENCE = {"X-Prometheus-Scrape-Timeout-Seconds": "30"}
SELDOM = 1000
"""One scrape of so many may fail, as anywhere: the clock jumps while the exporter works."""
FAKETIME = REPO / ".cache/faketime/x/usr/lib"


@dataclass(frozen=True)
class Scraped:
    """One answer of /metrics: when, and what it says by series."""

    at: float
    series: dict[str, float]


@dataclass
class FieldHost(World):
    """A world whose exporter is a process. ``options`` are the exporter's, ``step`` the seconds between scrapes.

    ``wrapper`` is a command that runs the one that follows it, in the place of its own process. Where its clock
    is ``settable``, it shows ``set_by`` seconds more, and only wall time is made up; ``step`` is then less than
    what makes a clock doubtful. While it is ``stopped`` nobody scrapes it.

    Attributes:
        scraped: every answer since it watches, oldest first.
        unanswered: what the scrapes failed of that brought none.
    """

    options: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    step: float = 60.0
    settable: bool = False
    set_by: float = 0.0
    stopped: bool = False
    scraped: list[Scraped] = field(default_factory=list)
    unanswered: list[OSError] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _port: int = 0

    def watch(self) -> None:
        """Start the exporter, with what it remembers."""
        self.simulation.materialise()
        self.take_locks()
        self._port = free_port()
        self._shift()
        (library,) = FAKETIME.glob("*/faketime/libfaketimeMT.so.1")
        self._process = subprocess.Popen(
            [
                *self.wrapper, sys.executable, "-m", "hermes_exporter", "serve",
                "--web.listen-address", f"127.0.0.1:{self._port}",
                "--hermes.home", self.simulation.root, "--no-collector.units",
                "--path.procfs", self.procfs.root, "--path.rootfs", self.directory / "root",
                "--state.path", self.directory / "memory.db", *self.options,
            ],
            env={
                "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
                "HOME": str(self.directory), "LD_PRELOAD": str(library), "NO_FAKE_STAT": "1",
                "FAKETIME_TIMESTAMP_FILE": str(self._stamp), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": str(int(self.settable)),
            },
            cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log.open("ab"),
        )  # fmt: skip
        until(self._listens, 30, lambda: f"the exporter listens:\n{self._log.read_text()}")

    def stop_watching(self) -> None:
        """Stop the exporter."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)
            self._process = None

    def run(self, until: float) -> None:
        """Let time pass; the exporter, where it runs, is scraped at every step."""
        while self.simulation.now < until:
            self.simulation.advance(min(self.simulation.now + self.step, until))
            if self._process is not None and not self.stopped and self.simulation.now >= self._asleep_until:
                self.look()

    def look(self) -> None:
        """Scrape once, and keep the answer."""
        self.simulation.materialise()
        self.take_locks()
        self.scrape()

    def scrape(self) -> None:
        """Scrape what stands on the disk, and keep the answer."""
        self._shift()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/metrics", headers=PATIENCE)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.scraped.append(Scraped(self.simulation.now, rules.parse(answer.read().decode())))
        except (urllib.error.HTTPError, ConnectionError) as error:
            self.unanswered.append(error)
            if len(self.unanswered) > 1 + len(self.scraped) // SELDOM:
                raise AssertionError(f"{self.unanswered}\n{self.log}") from error

    def value(self, name: str, /, **labels: str) -> float | None:
        """Return what the last scrape says of the one series with these labels; None where there is none."""
        found = [
            value
            for series, value in self.scraped[-1].series.items()
            if rules.name_of(series) == name and labels.items() <= rules.labels_of(series).items()
        ]
        if len(found) > 1:
            raise AssertionError(f"{name} {labels}: {len(found)} series")
        return found[0] if found else None

    def alerts(self) -> list[Fired]:
        """Return what the shipped rules fire on all that was scraped."""
        return rules.evaluate([(each.at, each.series) for each in self.scraped], self.step, self.directory)

    def in_hours(self, fired: list[Fired]) -> str:
        """Return alerts to be read: when they fired, in hours since the start."""
        spans = ((each, (each.since - self.start) / 3600, (each.until - self.start) / 3600) for each in fired)
        return "\n".join(
            f"{each.alert} {dict(each.labels)} {since:.2f} {until:.2f}" for each, since, until in spans
        )

    @property
    def log(self) -> str:
        """What the exporter logged, in all its lives."""
        return self._log.read_text()

    @property
    def gateway_pid(self) -> int:
        """The process of the profile's newest gateway."""
        assert self.profile.gateway is not None
        return self.profile.gateway.process.pid

    @property
    def pid(self) -> int:
        """The exporter's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def port(self) -> int:
        """Where it listens on the loopback."""
        return self._port

    @property
    def _stamp(self) -> Path:
        return self.directory / "faketime"

    @property
    def _log(self) -> Path:
        return self.directory / "exporter.log"

    def _shift(self) -> None:
        aside = self._stamp.with_suffix(".new")
        aside.write_text(f"{self.simulation.now + self.set_by - time.time():+.6f}s\n")
        aside.replace(self._stamp)

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the exporter ended with {self._process.returncode}:\n{self._log.read_text()}")
        return answers(f"http://127.0.0.1:{self._port}/-/ready", 30)
