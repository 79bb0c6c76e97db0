"""Killed at any moment of a gather, the exporter counts what happened exactly once."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.waiting import until
from tests.log_home import made, refused
from tests.odd_homes import AT

if TYPE_CHECKING:
    from collections.abc import Iterator

LIVES = 200
GATHERS = 4
"""A life lasts at most about so many."""
INSIDE = 150
RECORDS_A_FILE = 1500
"""Four files hold more than an exporter misses between two lives, however busy the machine."""
BACKUPS = 3
RING = 40
"""So many starts Hermes keeps."""


class Writer(threading.Thread):
    """Logs refusals and starts of the gateway as Hermes does, as fast as it is told.

    Attributes:
        refusals, starts: how many it has logged.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(daemon=True)
        self.refusals = self.starts = 0
        self._log = directory / "logs/errors.log"
        self._ring = directory / "gateway-starts.log"
        self._done = threading.Event()
        self._log.parent.mkdir(exist_ok=True)
        self._log.touch()
        self._ring.write_text("")

    def run(self) -> None:
        """Write until told to stop."""
        while not self._done.wait(0.002):
            self._refuse(random.randrange(4))
            if random.random() < 0.01:
                self._start()

    def stop(self) -> None:
        """End, and leave everything written."""
        self._done.set()
        self.join()

    def _refuse(self, times: int) -> None:
        moment = datetime.fromtimestamp(AT - 5000 + self.refusals // 1000, UTC)
        stamp = f"{moment:%Y-%m-%d %H:%M:%S},{self.refusals % 1000:03}"
        with self._log.open("a") as log:
            log.write(f"{stamp} {refused()}\nTraceback\n  quoted: {refused()}\n" * times)
        self.refusals += times
        if self.refusals // RECORDS_A_FILE > (self.refusals - times) // RECORDS_A_FILE:
            for number in range(BACKUPS, 0, -1):
                older = self._log.with_name(f"errors.log.{number - 1}") if number > 1 else self._log
                if older.exists():
                    older.replace(self._log.with_name(f"errors.log.{number}"))
            self._log.touch()

    def _start(self) -> None:
        self.starts += 1
        ring = [*self._ring.read_text().split(), f"{AT - 5000 + self.starts}"][-RING:]
        new = self._ring.with_name("new")
        new.write_text("".join(f"{line}\n" for line in ring))
        new.replace(self._ring)


class Lives:
    """Exporters that are killed one after the other.

    Attributes:
        pids: of all of them.
        inside: of those that were killed while they gathered.
        seconds: what a gather takes here and now.
    """

    def __init__(self, directory: Path, root: Path, procfs: Path) -> None:
        self.pids: list[int] = []
        self.inside: list[int] = []
        self.seconds = 0.0
        self._marks = directory / "marks"
        self._marks.touch()
        arguments = [str(root), str(procfs), str(directory / "state/memory.db"), str(self._marks)]
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.killed", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
        )  # fmt: skip

    def close(self) -> None:
        """End the mother."""
        self._mother.communicate(timeout=10)

    def shown(self) -> list[tuple[int, int]]:
        """Refusals and starts as every answer so far showed them."""
        return [(int(a), int(b)) for a, b in re.findall(r"(\d+) (\d+)\)", self._marks.read_text())]

    def live(self, wait: object = None) -> None:
        """Let one live, until it has begun to gather and some time more, or until a condition holds; kill it."""
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        before = self._marks.stat().st_size
        self._mother.stdin.write("\n")
        self._mother.stdin.flush()
        pid = int(self._mother.stdout.readline())
        self.pids.append(pid)
        try:
            until(lambda: self._marks.stat().st_size > before, 10, f"{pid} gathers", every=0.0005)
            if callable(wait):
                until(wait, 20, lambda: f"the counters are what was written, but {self.shown()[-1]}")
            else:
                time.sleep(random.uniform(0, GATHERS * self.seconds))
        finally:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{pid}").exists(), 10, f"{pid} is gone", every=0.0005)
        if self._marks.read_bytes().endswith(b"("):
            self.inside.append(pid)


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    """Exporters of a home with one live gateway."""
    home = made(tmp_path)
    lives = Lives(tmp_path, home.root, home.procfs.root)
    yield lives
    lives.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_counts_twice_and_nothing_is_left_out(lives: Lives, tmp_path: Path) -> None:
    """After two hundred kills, most of them inside a gather, the counters are what was written.

    What was shown once is stored: no answer of a later life shows less.
    """
    writer = Writer(tmp_path / ".hermes")
    begun = time.monotonic()
    lives.live(lambda: len(lives.shown()) >= 20)  # what is there at the first look is history
    lives.seconds = (time.monotonic() - begun) / 20
    writer.start()
    for _ in range(LIVES):
        lives.live()
    writer.stop()
    truth = (writer.refusals, writer.starts)

    lives.live(lambda: lives.shown()[-1] == truth)

    shown = lives.shown()
    assert shown == sorted(shown, key=lambda pair: pair[0]) == sorted(shown, key=lambda pair: pair[1])
    assert min(truth) > 10
    assert len(lives.inside) >= INSIDE, f"{len(lives.inside)} of {len(lives.pids)}: {lives.pids}"
