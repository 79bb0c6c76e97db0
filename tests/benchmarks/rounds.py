"""Warm scrapes of several exporters in turn, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tests.benchmarks import kernel
from tests.benchmarks.scraper import Answer, Scraper
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.lab.user_systemd import UserSystemd

T = TypeVar("T")

WARM_UP = 4
PAUSE_SECONDS = 0.05
DAILY_SCRAPES = 24 * 3600 / 15


@dataclass(frozen=True)
class Spread:
    """Some measurements."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum them up."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Warm:
    """What scraping one exporter again and again costs.

    Attributes:
        wall: milliseconds a scrape, as the client sees it.
        ratio: the same, divided by the first exporter's in the same round.
        cpu: CPU milliseconds of the exporter a scrape, its background work included.
        others: CPU milliseconds a scrape of the managers and buses it asks, while nobody else asks them.
    """

    name: str
    wall: Spread
    ratio: Spread
    cpu: float
    others: float
    resident_megabytes: float
    series: int
    text_bytes: int
    sent_bytes: int

    @property
    def daily_cpu_seconds(self) -> float:
        """CPU seconds a day, if it is scraped every 15 seconds and every scrape costs as much."""
        return self.cpu * DAILY_SCRAPES / 1e3


class Target:
    """A running exporter with a client."""

    def __init__(self, systemd: UserSystemd, name: str, command: Callable[[str], list[str]], log: Path) -> None:
        """Start it inside as the user of the gateways, on a free port, and wait until it listens."""
        self.name = name
        port = free_port()
        self._process = systemd.spawn("hermes", *command(f"127.0.0.1:{port}"), output=log)
        self._scraper = until(lambda: self._connect(port), 30, lambda: f"{name} listens: {self._process.output}")
        pid = self._process.host_pid
        if pid is None:
            raise AssertionError(f"{name} ended: {self._process.output}")
        self.pid = pid

    def _connect(self, port: int) -> Scraper | None:
        try:
            return Scraper(port)
        except ConnectionError:
            return None

    def scrape(self) -> Answer:
        """Scrape once."""
        return self._scraper.scrape()

    def stop(self) -> None:
        """Hang up and end it."""
        self._scraper.close()
        self._process.signal(15)
        self._process.wait(30)


def in_turn(things: Sequence[T], rounds: int) -> Iterator[T]:
    """Yield all of them in every round, each round in the opposite order of the last."""
    for number in range(rounds):
        yield from things if number % 2 else reversed(things)


def run(targets: Sequence[Target], rounds: int) -> list[Warm]:
    """Scrape them in turn, each round in the opposite order of the last; ratios are to the first."""
    for target in list(targets) * WARM_UP:
        target.scrape()
    cpu = {target.name: -kernel.cpu_seconds(target.pid) for target in targets}
    answers: dict[str, list[Answer]] = {target.name: [] for target in targets}
    for target in in_turn(targets, rounds):
        answers[target.name].append(target.scrape())
        time.sleep(PAUSE_SECONDS)
    for target in targets:
        cpu[target.name] += kernel.cpu_seconds(target.pid)
    first = answers[targets[0].name]
    return [
        Warm(
            name=target.name,
            wall=Spread.of([answer.milliseconds for answer in answers[target.name]]),
            ratio=Spread.of(
                [
                    one.milliseconds / other.milliseconds
                    for one, other in zip(answers[target.name], first, strict=True)
                ]
            ),
            cpu=cpu[target.name] / rounds * 1e3,
            others=_others(target, rounds // 2 + 1),
            resident_megabytes=kernel.resident_megabytes(target.pid),
            series=len(answers[target.name][-1].series),
            text_bytes=len(answers[target.name][-1].text),
            sent_bytes=answers[target.name][-1].sent_bytes,
        )
        for target in targets
    ]


def _others(target: Target, rounds: int) -> float:
    """CPU milliseconds a scrape of everybody the exporter asks over D-Bus."""
    pids = kernel.managers_and_buses(target.pid)
    before = sum(map(kernel.cpu_seconds, pids))
    for _ in range(rounds):
        target.scrape()
        time.sleep(PAUSE_SECONDS)
    return (sum(map(kernel.cpu_seconds, pids)) - before) / rounds * 1e3
