"""python -m tests.benchmarks.load: hours of many profiles under load; what the exporter takes must not grow.

Time is made up (libfaketime) and goes on by the scrape interval as soon as both scrapers have their answers. In
each step every file changes as it would in those seconds: heartbeats each 30, ticks each 60, logs at their rate,
rotated as Hermes does, runs of jobs in the ledger, in jobs.json and in the log. Nothing else is compressed: each
scrape reads, judges, stores and answers in full. What CPU time per hour would be cannot be told from it.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click

from tests import homes
from tests.benchmarks import made_home
from tests.benchmarks.scraper import Scraper
from tests.field.host import FAKETIME
from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until
from tests.log_home import answered, refused

FIRST_PID = 41000
UPTIME_SECONDS = 86400
BEAT_SECONDS, TICK_SECONDS = 30, 60
ROTATED_BYTES, BACKUPS = 5 << 20, 3
REFUSED_AMONG = 500
"""One record of so many is a refusal."""
WARM_SHARE = 0.1
"""Of the time, what is not compared: caches fill."""
MAX_GROWTH = {"resident": 1.1, "descriptors": 1.0, "threads": 1.0, "stored": 1.25}
"""What the last third may take at most, of what the first did."""
AUTH_ERRORS = re.compile(r"^hermes_auth_errors_total\{.*\} (\S+)$", re.MULTILINE)


class Sample(NamedTuple):
    """What the exporter takes after a step: bytes, numbers, bytes, and milliseconds of each scrape."""

    resident: int
    descriptors: int
    threads: int
    stored: int
    milliseconds: tuple[float, ...]


class Fleet:
    """Profiles that live; ``now`` is their time, Unix seconds."""

    def __init__(self, directory: Path, profiles: int, jobs: int) -> None:
        source = homes.restore("healthy", directory / "source").root
        self.now = time.time()
        self.root = directory / "home"
        made_home.make(source, self.root, profiles, jobs)
        self.procfs = homes.Procfs(directory / "proc", int(self.now) - UPTIME_SECONDS)
        self._profiles = [made_home.directory(self.root, name) for name in made_home.names(profiles)]
        self._gateways = []
        self._jobs = [json.loads((path / "cron/jobs.json").read_text()) for path in self._profiles]
        self.written: Counter[str] = Counter()
        for number, profile in enumerate(self._profiles):
            pid, ticks = FIRST_PID + number, 3600 * homes.CLOCK_TICKS
            self.procfs.add(pid, ticks)
            self.procfs.hold(pid, profile / "gateway.lock")
            self._gateways.append(made_home.Gateway(pid, ticks, self.procfs.boot + 3600.0))
            made_home.introduce(profile, self._gateways[-1])
        self._run = 0

    def step(self, seconds: float, log_bytes: int) -> None:
        """Let time go on, and so many bytes of logs be written in all."""
        before, self.now = self.now, self.now + seconds
        moment = datetime.fromtimestamp(self.now, UTC)
        for number, (profile, gateway) in enumerate(zip(self._profiles, self._gateways, strict=True)):
            if _passed(before + number, self.now + number, BEAT_SECONDS):
                beat = {"pid": gateway.pid, "start_time": gateway.started_at, "updated_at": moment.isoformat()}
                (profile / "state/gateway.heartbeat").write_text(json.dumps({**beat, "monotonic": self.now}))
            if _passed(before + number, self.now + number, TICK_SECONDS):
                for name in ("ticker_heartbeat", "ticker_last_success"):
                    (profile / "cron" / name).write_text(str(self.now))
            self._log(profile, moment, log_bytes // len(self._profiles))
        jobs = sum(len(document["jobs"]) for document in self._jobs)
        for _ in range(round(self.now * jobs / 86400) - round(before * jobs / 86400)):
            self._run_next(moment)

    def _log(self, profile: Path, moment: datetime, size: int) -> None:
        stamp = f"{moment:%Y-%m-%d %H:%M:%S},000 "
        block = [f"{stamp}{answered()}\n"] * (REFUSED_AMONG - 1) + [f"{stamp}{refused()}\n"]
        text = "".join(block)
        times, rest = divmod(size, len(text))
        lines = text * times + "".join(block[: rest // len(block[0])])
        self.written["refused"] += times
        self._append(profile / "logs/agent.log", lines)
        self._append(profile / "logs/errors.log", block[-1] * times)

    @staticmethod
    def _append(log: Path, text: str) -> None:
        if log.stat().st_size + len(text) >= ROTATED_BYTES:
            for number in range(BACKUPS, 0, -1):
                older = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
                if older.exists():
                    older.replace(log.with_name(f"{log.name}.{number}"))
        with log.open("a") as file:
            file.write(text)

    def _run_next(self, moment: datetime) -> None:
        """A job of the next profile runs and its report arrives."""
        index, self._run = self._run % len(self._profiles), self._run + 1
        profile, document = self._profiles[index], self._jobs[index]
        job = document["jobs"][self._run // len(self._profiles) % len(document["jobs"])]
        job |= {"last_run_at": moment.isoformat(), "last_status": "ok"}
        new = profile / "cron/jobs.json.new"
        new.write_text(json.dumps({**document, "updated_at": moment.isoformat()}, indent=2))
        new.replace(profile / "cron/jobs.json")
        with closing(sqlite3.connect(profile / "cron/executions.db")) as database:
            database.row_factory = sqlite3.Row
            row = dict(database.execute("SELECT * FROM executions ORDER BY rowid DESC LIMIT 1").fetchone())
            row |= {"id": f"f{self._run:031x}", "job_id": job["id"]}
            row |= dict.fromkeys(("claimed_at", "started_at", "finished_at"), moment.isoformat())
            marks = ", ".join(f":{column}" for column in row)
            database.execute(f"INSERT INTO executions VALUES ({marks})", row)
            oldest = "SELECT rowid FROM executions ORDER BY rowid DESC LIMIT -1 OFFSET 1000"
            database.execute(f"DELETE FROM executions WHERE rowid IN ({oldest})")
            database.commit()
        told = f"INFO cron.scheduler: Job '{job['id']}': delivered to telegram:424242 via live adapter"
        self._append(profile / "logs/agent.log", f"{moment:%Y-%m-%d %H:%M:%S},001 {told}\n")


class Watched:
    """The exporter with two scrapers."""

    def __init__(self, fleet: Fleet, directory: Path) -> None:
        self._fleet, self._stamp, self._state = fleet, directory / "faketime", directory / "state/memory.db"
        port = free_port()
        self._shift()
        (library,) = FAKETIME.glob("*/faketime/libfaketime.so.1")
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "hermes_exporter", "serve", "--web.listen-address", f"127.0.0.1:{port}",
                "--hermes.home", fleet.root, "--path.procfs", fleet.procfs.root, "--no-collector.units",
                "--state.path", self._state,
            ],
            env={
                **os.environ, "TZ": "UTC", "LD_PRELOAD": str(library), "NO_FAKE_STAT": "1",
                "FAKETIME_TIMESTAMP_FILE": str(self._stamp), "FAKETIME_NO_CACHE": "1",
            },
            cwd=REPO, stderr=(directory / "log").open("wb"),
        )  # fmt: skip

        def connected() -> list[Scraper] | None:
            try:
                return [Scraper(port), Scraper(port)]
            except OSError:
                return None

        self.text = ""
        self._scrapers = until(connected, 30, "the exporter listens")

    def look(self) -> Sample:
        """Scrape twice, and see what that takes."""
        self._shift()
        answers = [scraper.scrape() for scraper in self._scrapers]
        self.text = answers[-1].text
        process = Path(f"/proc/{self._process.pid}")
        status = (process / "status").read_text()
        resident, threads = (
            int(re.findall(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[0]) for name in ("VmRSS", "Threads")
        )
        stored = sum(path.stat().st_size for path in self._state.parent.glob("memory.db*"))
        descriptors = len(os.listdir(process / "fd"))  # noqa: PTH208  # they are counted, not walked
        return Sample(resident << 10, descriptors, threads, stored, tuple(each.milliseconds for each in answers))

    def close(self) -> None:
        """End it."""
        for scraper in self._scrapers:
            scraper.close()
        self._process.terminate()
        self._process.wait(15)

    def _shift(self) -> None:
        new = self._stamp.with_suffix(".new")
        new.write_text(f"{self._fleet.now - time.time():+.6f}s\n")
        new.replace(self._stamp)


def _passed(before: float, now: float, period: float) -> bool:
    return before // period != now // period


@click.command()
@click.option("--profiles", default=100, show_default=True)
@click.option("--jobs", default=50, show_default=True, help="Of each profile.")
@click.option("--minutes", default=60.0, show_default=True, help="How long they live, in their own time.")
@click.option("--interval", default=5.0, show_default=True, help="Seconds between two scrapes of each scraper.")
@click.option("--log-rate", default=1e6, show_default=True, help="Bytes a second of all logs.")
def main(profiles: int, jobs: int, minutes: float, interval: float, log_rate: float) -> None:
    """Print what the exporter takes in each third of the time; end with 1 where that grew."""
    with tempfile.TemporaryDirectory(prefix="hermes-load-") as place:
        fleet = Fleet(Path(place), profiles, jobs)
        watched = Watched(fleet, Path(place))
        began, samples = time.monotonic(), []
        try:
            watched.look()
            for _ in range(round(minutes * 60 / interval)):
                fleet.step(interval, int(interval * log_rate))
                samples.append(watched.look())
            watched.look()
            counted = sum(float(value) for value in AUTH_ERRORS.findall(watched.text))
        finally:
            watched.close()
    click.echo(f"{profiles} profiles x {jobs} jobs, {minutes:g} minutes in {time.monotonic() - began:.0f} s")
    grown = report(samples[round(len(samples) * WARM_SHARE) :])
    if counted != fleet.written["refused"]:
        grown.append(f"{counted:g} refusals were counted, {fleet.written['refused']} written")
    if grown:
        raise click.ClickException("; ".join(grown))


def report(samples: list[Sample]) -> list[str]:
    """Print the thirds, and return what grew from the first to the last."""
    size = len(samples) // 3
    thirds = [samples[:size], samples[size:-size], samples[-size:]]
    click.echo(
        f"{'':8}{'resident MB':>12}{'descriptors':>12}{'threads':>9}{'stored kB':>11}{'ms median':>11}{'p99':>8}"
    )
    for name, third in zip(("first", "second", "last"), thirds, strict=True):
        times = sorted(each for sample in third for each in sample.milliseconds)
        most = _most(third)
        click.echo(
            f"{name:8}{most['resident'] / 1e6:12.1f}{most['descriptors']:12}{most['threads']:9}"
            f"{most['stored'] / 1e3:11.0f}{median(times):11.1f}{times[len(times) * 99 // 100]:8.1f}"
        )
    first, last = _most(thirds[0]), _most(thirds[-1])
    return [
        f"{name}: {last[name]} after {first[name]}"
        for name, growth in MAX_GROWTH.items()
        if last[name] > first[name] * growth
    ]


def _most(samples: list[Sample]) -> dict[str, int]:
    return {name: max(getattr(sample, name) for sample in samples) for name in MAX_GROWTH}


if __name__ == "__main__":
    main()
