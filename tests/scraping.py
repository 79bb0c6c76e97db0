"""Scraping a home in this process, again and again, as the running exporter does."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.discovery import Home as WatchedHome
from hermes_exporter.exposition import PLAIN
from hermes_exporter.gather import Gatherer
from hermes_exporter.judge.liveness import Clock
from hermes_exporter.memory import Memory
from hermes_exporter.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hermes_exporter.judge.job_rules import JobRule
    from tests.homes import Home

Series = dict[str, float]
SECONDS = 10.0
"""What Prometheus waits for by default."""
NOBODY = 65534


class SetClock:
    """Shows the moment that it was set to last, Unix seconds; ``trusted`` is whether that can be believed."""

    def __init__(self, at: float) -> None:
        self.at, self.trusted = at, True

    def read(self) -> Clock:
        """Return the moment."""
        return Clock(self.at, trusted=self.trusted)


class Scraper:
    """An exporter of some homes, all of them judged by the first one's /proc; names are aliases.

    ``clock`` shows the moment of the first home until it is set to another.
    """

    def __init__(
        self,
        home: Home,
        gateways: Mapping[str, str] | None = None,
        without: Collection[str] = (),
        memory: Memory | None = None,
        timezones: Mapping[str, str] | None = None,
        job_rules: tuple[JobRule, ...] = (),
        **others: Home,
    ) -> None:
        watched = (WatchedHome("", home.root), *(WatchedHome(name, other.root) for name, other in others.items()))
        self.settings = Settings(
            watched,
            gateways or {},
            frozenset(COLLECTORS) - {*without},
            50_000,
            procfs=home.procfs.root,
            at=home.at,
            job_rules=job_rules,
            timezones=timezones or {},
        )
        self.clock = SetClock(home.at)
        self.gatherer = Gatherer(self.settings, memory or Memory(), self.clock)

    def text(self, timeout: float = SECONDS) -> str:
        """One scrape; fails when it is not done in time."""
        answer = asyncio.run(self.gatherer.gather(timeout))
        return answer.exposition.encode(PLAIN).decode()

    def scrape(self, timeout: float = SECONDS) -> Series:
        """One scrape as series; what a scrape costs is left out."""
        return parse(self.text(timeout))


def parse(text: str) -> Series:
    """The series of a text exposition, but for cost and disk space; a series that stands twice is an error."""
    found: Series = {}
    for line in text.splitlines():
        if line.startswith(("#", "hermes_exporter_collector_duration_seconds", "hermes_home_filesystem_")):
            continue
        name, _, value = line.rpartition(" ")
        assert name not in found, f"{name} stands twice"
        found[name] = float(value)
    return found


def changed(before: Series, after: Series) -> set[str]:
    """The series that came, went, or have another value."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@contextmanager
def unprivileged(uid: int | None = None) -> Iterator[None]:
    """Be somebody else than root for a while, nobody if not said: files with mode 000 are then closed to us."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY if uid is None else uid)
    os.seteuid(NOBODY if uid is None else uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
