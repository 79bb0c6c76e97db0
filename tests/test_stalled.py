"""A file system that does not answer holds up its own home and nothing else."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import AsyncHTTPClient

from hermes_exporter.access.access import Access
from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.discovery import Home as WatchedHome
from hermes_exporter.exposition import PLAIN
from hermes_exporter.gather import Gatherer
from hermes_exporter.memory import Memory
from hermes_exporter.settings import Settings
from hermes_exporter.web import addresses
from hermes_exporter.web.handlers import TIMEOUT_HEADER
from hermes_exporter.web.server import Current, Site, http_server
from hermes_exporter.worker import StalledError, Worker
from tests.odd_homes import home, running
from tests.scraping import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tornado.httpclient import HTTPResponse

    from tests.scraping import Series

SECONDS = 1.0


@dataclass
class Mount:
    """A file system that answers only while its server does, in the place of the kernel's answer to stat.

    Attributes:
        answers: the server, which answers while the event is set.
        entered: paths that were asked for.
    """

    root: Path | None = None
    answers: threading.Event = field(default_factory=threading.Event)
    entered: list[str] = field(default_factory=list)


@pytest.fixture
def mount(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mount]:
    """The file system; it answers at first, and at last."""
    mount, stat = Mount(), os.stat
    mount.answers.set()

    def wait(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if mount.root is not None and str(path).startswith(str(mount.root)):
            mount.entered.append(str(path))
            mount.answers.wait()
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", wait)
    yield mount
    mount.answers.set()


def gather(gatherer: Gatherer) -> Series:
    """One gather, which comes back within its time."""
    started = time.monotonic()
    answer = asyncio.run(gatherer.gather(SECONDS))
    assert time.monotonic() - started < SECONDS
    return parse(answer.exposition.encode(PLAIN).decode())


def test_stalled_home_costs_itself_only(tmp_path: Path, mount: Mount) -> None:
    """The other home is served in full, the stalled one is failed, not entered twice, and comes back by itself."""
    fast, slow = (home(tmp_path / name / "h", tmp_path / name) for name in ("fast", "slow"))
    running(fast, "default", 3001)
    looping = running(slow, "default", 3002)
    (looping.path / "gateway-starts.log").write_text("".join(f"{fast.at - ago}\n" for ago in (400, 300, 200, 100)))
    pid = fast.procfs.root / "3002"
    (slow.procfs.root / "3002").rename(pid)
    (fast.procfs.root / "locks").write_text(
        (fast.procfs.root / "locks").read_text() + (slow.procfs.root / "locks").read_text()
    )
    homes = (WatchedHome("", fast.root), WatchedHome("slow", slow.root))
    settings = Settings(homes, {}, frozenset(COLLECTORS), 50_000, procfs=fast.procfs.root, at=fast.at)
    gatherer = Gatherer(settings, Memory())
    healthy = gather(gatherer)
    assert healthy['hermes_gateway_up{profile="slow/default"}'] == 1
    assert healthy['hermes_profile_condition{condition="gateway_crash_looping",profile="slow/default"}'] == 1

    mount.root = slow.root
    mount.answers.clear()
    stalled = gather(gatherer)
    entered = len(mount.entered)

    assert entered == 1
    mine = {name: value for name, value in healthy.items() if 'profile="default"' in name}
    assert len(mine) > 30
    assert {name: value for name, value in stalled.items() if 'profile="default"' in name} == mine
    for collector in ("discovery", "gateway"):
        name = f'hermes_exporter_collector_success{{collector="{collector}",profile="slow/default"}}'
        assert stalled[name] == 0
    assert 'hermes_gateway_up{profile="slow/default"}' not in stalled
    for condition in ("gateway_dead", "gateway_frozen", "gateway_crash_looping"):
        assert f'hermes_profile_condition{{condition="{condition}",profile="slow/default"}}' not in stalled
    assert stalled['hermes_profile_gateway_expected{profile="slow/default"}'] == 1

    assert gather(gatherer) == stalled
    assert len(mount.entered) == entered

    mount.answers.set()
    deadline = time.monotonic() + 10
    while gather(gatherer) != healthy:
        assert time.monotonic() < deadline
    gatherer.close()


@pytest.mark.slow
def test_a_page_that_cannot_be_made_says_so(tmp_path: Path, mount: Mount) -> None:
    """While a patient scraper waits for a disk, who looks at the page is told, and is sent nothing old as new."""
    where = home(tmp_path / "h", tmp_path)
    settings = Settings(
        (WatchedHome("", where.root),), {}, frozenset(COLLECTORS), procfs=where.procfs.root, at=where.at
    )

    async def asked() -> list[HTTPResponse]:
        gatherer = Gatherer(settings, Memory())
        server = http_server(Current(gatherer), Site("/metrics", Access(None)))
        (listener,) = addresses.bind(addresses.parse("127.0.0.1:0"))
        server.add_sockets([listener])
        client = AsyncHTTPClient()
        mount.root = where.root
        mount.answers.clear()
        patient = client.fetch(
            addresses.url(listener, "http", "/metrics"), headers={TIMEOUT_HEADER: "60"}, request_timeout=60.0
        )
        pages = [
            await client.fetch(addresses.url(listener, "http", path), raise_error=False)
            for path in ("/", "/profiles/default")
        ]
        mount.answers.set()
        await patient
        server.stop()
        gatherer.close()
        return pages

    for page in asyncio.run(asked()):
        assert (page.code, page.headers["Retry-After"], page.headers["Refresh"]) == (503, "5", "30")
        assert "Nothing can be told right now." in page.body.decode()
        assert "No look has come to its end yet." in page.body.decode()


def test_worker_runs_one_call_at_a_time() -> None:
    """A call that is late is left alone; until it is done no other is begun, then the next one is."""
    release, begun = threading.Event(), []

    def call(name: str) -> str:
        begun.append(name)
        release.wait()
        return name

    async def scenario() -> None:
        worker = Worker("test")
        with pytest.raises(StalledError):
            await worker.run(lambda: call("first"), 0.05)
        with pytest.raises(StalledError):
            await worker.run(lambda: call("second"), 10)
        assert begun == ["first"]
        release.set()
        deadline = time.monotonic() + 10
        while True:
            try:
                assert await worker.run(lambda: call("third"), 10) == "third"
                break
            except StalledError:
                assert time.monotonic() < deadline
                await asyncio.sleep(0)
        assert begun == ["first", "third"]
        worker.close()

    asyncio.run(scenario())


def test_worker_hands_back_what_a_call_raises() -> None:
    """An error in the thread is raised where the call was made, and the thread goes on."""

    async def scenario() -> None:
        worker = Worker("test")
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 // 0, 10)
        assert await worker.run(lambda: 7, 10) == 7
        worker.close()

    asyncio.run(scenario())
