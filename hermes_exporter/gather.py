"""One gather: asks the managers and reads the homes side by side, judges, and makes the answer.

Whatever does not answer in time costs its own series; the rest is served. Two scrapers that come together get the
same gather.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from typing import TYPE_CHECKING, TypeVar

from hermes_exporter import __version__, watched_home
from hermes_exporter.assessor import Assessor
from hermes_exporter.cases import Gathered
from hermes_exporter.collectors.view import HostView
from hermes_exporter.home_reader import READ_HERE
from hermes_exporter.host_clock import HostClock, StillClock
from hermes_exporter.problems import Problem, ProblemLog
from hermes_exporter.real_homes import RealHomes
from hermes_exporter.rendering import Renderer
from hermes_exporter.settings import Policy
from hermes_exporter.sources import host_zone
from hermes_exporter.sources.buses import Buses
from hermes_exporter.sources.unit import BusError
from hermes_exporter.store_file import StoreError
from hermes_exporter.values import Value
from hermes_exporter.watched_home import WatchedHome
from hermes_exporter.witness import Witness
from hermes_exporter.worker import StalledError, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hermes_exporter.assessor import Assessment
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.exposition import Exposition, Format
    from hermes_exporter.home_reader import HomeLook
    from hermes_exporter.host_clock import ReadsClock
    from hermes_exporter.judge.liveness import Clock
    from hermes_exporter.memory import Memory
    from hermes_exporter.settings import Settings
    from hermes_exporter.sources.systemd import Manager
    from hermes_exporter.sources.unit import Unit

log = logging.getLogger(__name__)

READING_SHARE = 0.8
"""Of the time a scraper gives; judging and encoding get the rest."""
QUICK_SECONDS = 0.02  # a judgement that took less may be made on the server's own loop the next time
LEAST_SECONDS = 1.0  # a scraper who is in a hurry does not spoil what the others share with it
STORE_SECONDS = 2.0
"""A disk that takes longer is not waited for: the answer says that it is not stored."""
T = TypeVar("T")


class GatherError(Exception):
    """Nothing could be gathered in time."""


class Answer(Value):
    """What one gather came to; ``at`` in Unix seconds."""

    at: float
    views: tuple[ProfileView, ...]
    exposition: Exposition


class Gatherer:
    """Gathers on demand, one gather at a time."""

    def __init__(self, settings: Settings, memory: Memory, clock: ReadsClock | None = None) -> None:
        self.settings = settings
        self.last: Answer | None = None
        self._memory = memory
        self._problems = ProblemLog()
        self._running: asyncio.Task[Answer] | None = None
        self._buses = Buses(settings.rootfs)
        self._homes = [WatchedHome(home, settings, memory) for home in settings.homes]
        witness = Witness(settings.procfs, memory.seen_here)
        policy = Policy.of(settings, host_zone.name(settings.rootfs))
        self._clock = clock or (HostClock() if settings.at is None else StillClock(settings.at))
        self._assessor = Assessor(witness, memory, self._problems, policy)
        self._real_homes = RealHomes()
        self._judge, self._storing = Worker("judge"), Worker("memory")
        self._renderer = Renderer(settings.series_limit)
        self._wanted: set[Format] = set()
        self._judging_seconds = QUICK_SECONDS
        self._said: set[str] = set()

    async def gather(self, timeout: float, wanted: Format | None = None) -> Answer:
        """Return a fresh answer, or that of the gather in progress; raise GatherError after ``timeout`` s.

        What was ``wanted`` once is encoded beforehand, away from the server's loop.
        """
        if wanted is not None:
            self._wanted.add(wanted)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._gather(max(timeout, LEAST_SECONDS)))
        running = self._running
        await asyncio.wait((running,), timeout=timeout)
        try:
            return running.result()
        except (asyncio.InvalidStateError, StalledError):
            raise GatherError("the last gather is still running") from None

    def close(self) -> None:
        """Let go of buses and threads; nothing is gathered afterwards."""
        self._buses.close()
        self._real_homes.close()
        self._judge.close()
        self._storing.close()
        for home in self._homes:
            home.close()

    @property
    def busy(self) -> bool:
        """Whether a gather is in progress."""
        return self._running is not None and not self._running.done()

    async def finish(self, timeout: float) -> None:
        """Let the gather in progress, and those who wait for it, come to their end."""
        if self._running is not None:
            await asyncio.wait([self._running], timeout=timeout)
            await asyncio.sleep(0)

    async def _gather(self, timeout: float) -> Answer:
        started = time.monotonic()
        reading = timeout * READING_SHARE
        clock = self._clock.read()
        managers = self._buses.managers() if self._asks_systemd() else ()
        quiet = all(manager.quiet for manager in managers)
        asking = None if quiet else asyncio.create_task(self._units(managers, reading))
        if len(self._homes) == 1:
            looks = [await self._homes[0].look(clock.now, reading)]
        else:
            looks = await asyncio.gather(*(home.look(clock.now, reading) for home in self._homes))
        units, problems, unit_seconds = await asking if asking else (_known(managers), [], 0.0)
        for what in watched_home.unread_units(looks) if self._asks_systemd() else ():
            self._say(what)
        gathered = Gathered(looks, units, bool(problems), problems, await self._real_homes.of(units))
        seconds = self._seconds(looks, unit_seconds)
        self.last = await self._judged(gathered, clock, seconds, timeout - (time.monotonic() - started))
        return self.last

    async def _judged(self, gathered: Gathered, clock: Clock, seconds: dict[str, float], left: float) -> Answer:
        """Judge, store what must not be forgotten, and encode.

        What was quick the last time is done here, the rest in a thread, so that the server goes on answering.
        """
        until, started = time.monotonic() + left, time.perf_counter()
        quick = self._judging_seconds < QUICK_SECONDS

        async def run(call: Callable[[], T]) -> T:
            return call() if quick else await self._judge.run(call, max(until - time.monotonic(), 0.1))

        assessment = await run(lambda: self._assessor.assess(gathered, clock))
        taken = time.perf_counter() - started
        if "gateway" in seconds:
            seconds["gateway"] += taken
        await self._store(gathered, clock.now, until)
        started = time.perf_counter()
        answer = await run(lambda: self._answer(gathered, assessment, clock, seconds))
        self._judging_seconds = taken + time.perf_counter() - started
        return answer

    async def _store(self, gathered: Gathered, now: float, until: float) -> None:
        """Store what changed, of the homes that were read: what a late thread still reads is not complete."""
        read = [look.found.profiles for look in gathered.looks if not look.unread]
        changes = self._memory.changes((each.label for home in read for each in home if each.present), now)
        if not changes:
            return
        wait = min(STORE_SECONDS, (until - time.monotonic()) / 2)
        try:
            await self._storing.run(lambda: self._memory.write(changes), wait)
        except StalledError:
            self._memory.failed("storing takes too long")
        except StoreError as error:
            self._memory.failed(error)
        else:
            self._memory.stored(changes)

    def _answer(
        self, gathered: Gathered, assessment: Assessment, clock: Clock, seconds: dict[str, float]
    ) -> Answer:
        for unit in assessment.elsewhere:
            self._say(f"{unit.scope} unit {unit.name} serves {unit.hermes_home or 'a home'} that is not watched")
        host = HostView(
            version=__version__,
            python=platform.python_version(),
            now=clock.now,
            durations=seconds,
            linger=self._linger(gathered.looks) if self._asks_systemd() else {},
            series_dropped={},
            spaces={watched_home.alias(look): look.space for look in gathered.looks if look.space},
            memory_durable=self._memory.durable,
        )
        exposition = self._renderer.render(assessment.views, host)
        for wanted in self._wanted:
            exposition.encode(wanted)
        return Answer(clock.now, assessment.views, exposition)

    async def _units(self, managers: Sequence[Manager], timeout: float) -> tuple[list[Unit], list[Problem], float]:
        started = time.perf_counter()
        units: list[Unit] = []
        problems: list[Problem] = []
        answers = await asyncio.gather(*(manager.units(timeout) for manager in managers), return_exceptions=True)
        for manager, answer in zip(managers, answers, strict=True):
            if isinstance(answer, BusError):
                problems.append(Problem("", "units", manager.address, str(answer), "unreadable"))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                units.extend(answer)
        return units, problems, time.perf_counter() - started

    def _asks_systemd(self) -> bool:
        return "units" in self.settings.collectors and self.settings.at is None

    def _seconds(self, looks: Sequence[HomeLook], unit_seconds: float) -> dict[str, float]:
        seconds: dict[str, float] = {"units": unit_seconds} if self._asks_systemd() else {}
        for name in READ_HERE:
            if name in self.settings.collectors:
                seconds[name] = sum(look.seconds.get(name, 0.0) for look in looks)
        return seconds

    def _linger(self, looks: Sequence[HomeLook]) -> dict[str, bool]:
        if not self._buses.booted():
            return {}
        users = {watched_home.owner(look) for look in looks}
        return {user: self._buses.lingers(user) for user in sorted(user for user in users if user)}

    def _say(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            log.info(what)


def _known(managers: Sequence[Manager]) -> list[Unit]:
    return [unit for manager in managers for unit in manager.known]
