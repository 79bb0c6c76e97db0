"""A made home with daily jobs, their ledger and their log, looked at as time goes on."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.discovery import Home as WatchedHome
from hermes_exporter.exposition import PLAIN
from hermes_exporter.gather import Gatherer
from hermes_exporter.judge.liveness import Clock
from hermes_exporter.memory import Memory
from hermes_exporter.settings import Settings
from tests.odd_homes import AT, home, running, stamp
from tests.scraping import SECONDS, Series, parse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.homes import Home

LEDGER = """CREATE TABLE executions (id TEXT PRIMARY KEY, job_id TEXT, source TEXT, process_id TEXT, pid INTEGER,
process_started_at INTEGER, status TEXT, claimed_at TEXT, started_at TEXT, finished_at TEXT, error TEXT)"""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SLOT = AT - AT % DAY + DAY + 8 * HOUR
"""Eight in the morning, UTC, of the day after AT."""


@dataclass
class MovedClock:
    """A clock that goes on when it is told to."""

    now: float
    trusted: bool = True

    def read(self) -> Clock:
        """Return the moment."""
        return Clock(self.now, trusted=self.trusted)


class Profile:
    """The cron and the log of one profile: every run takes 20 seconds, and what is written is written at once."""

    def __init__(self, directory: Path) -> None:
        self.ledger = directory / "cron/executions.db"
        self.log = directory / "logs/agent.log"
        self.store = directory / "cron/jobs.json"
        self._jobs: dict[str, dict[str, object]] = {}
        self._runs = 0

    def job(self, job_id: str, **changes: object) -> None:
        """Add a daily job, or change one."""
        job = {
            "id": job_id,
            "schedule": {"kind": "cron", "expr": "0 8 * * *"},
            "deliver": "telegram",
            "enabled": True,
            "state": "scheduled",
            "created_at": stamp(AT - 30 * DAY),
        }
        self._jobs[job_id] = self._jobs.get(job_id, job) | changes
        self.store.write_text(json.dumps({"jobs": [*self._jobs.values()]}))

    def drop(self, job_id: str) -> None:
        """Take a job out of the store."""
        del self._jobs[job_id]
        self.store.write_text(json.dumps({"jobs": [*self._jobs.values()]}))

    def run(self, job_id: str, at: float, delivered: str | None = "telegram", status: str = "completed") -> None:
        """Run a job as Hermes does: the log, then the notes, then the row."""
        self.say(at, f"cron.scheduler: Running job 'Brief' (ID: {job_id})")
        if delivered:
            self.say(at + 19, f"cron.scheduler: Job '{job_id}': delivered to {delivered}:1")
        if status != "unknown":
            self.job(job_id, last_run_at=stamp(at + 20), last_status="ok", last_delivery_error=None)
        self.row(job_id, at, at + 20, status)

    def row(self, job_id: str, began: float, ended: float, status: str = "completed") -> None:
        """Add a row to the ledger."""
        self._runs += 1
        times = stamp(began), stamp(began), stamp(ended)
        with closing(sqlite3.connect(self.ledger)) as database, database:
            database.execute(LEDGER.replace("TABLE", "TABLE IF NOT EXISTS"))
            values = (f"{self._runs:032x}", job_id, "builtin", "p", 1, 1, status, *times, None)
            database.execute("INSERT INTO executions VALUES (?,?,?,?,?,?,?,?,?,?,?)", values)

    def queue(self, state: str, at: float, ended: float | None = None) -> None:
        """Let the report of the newest run be in Hermes' delivery queue in that state."""
        with closing(sqlite3.connect(self.ledger.with_name("deliveries.db"))) as database, database:
            database.execute("DROP TABLE IF EXISTS deliveries")
            database.execute(
                "CREATE TABLE deliveries (execution_id TEXT, status TEXT, created_at REAL, finished_at REAL)"
            )
            database.execute("INSERT INTO deliveries VALUES (?,?,?,?)", (f"{self._runs:032x}", state, at, ended))

    def say(self, at: float, line: str) -> None:
        """Append a record to agent.log."""
        with self.log.open("a") as log:
            log.write(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S},000 INFO {line}\n")
        os.utime(self.log, (at, at))

    def written_just_now(self) -> None:
        """Let the log look as if its last record may still go on."""
        now = time.time()
        os.utime(self.log, (now, now))


class Watched:
    """A home whose gateways live, and an exporter of it."""

    def __init__(self, directory: Path, *profiles: str) -> None:
        self.home: Home = home(directory / ".hermes", directory)
        self.clock = MovedClock(AT)
        self.gateways = {
            name: running(self.home, name, 3001 + number) for number, name in enumerate(profiles or ("default",))
        }
        self.profiles = {name: Profile(gateway.path) for name, gateway in self.gateways.items()}
        self.memory = Memory()
        self.restart()

    @property
    def profile(self) -> Profile:
        """The first profile."""
        return next(iter(self.profiles.values()))

    def serve(self, name: str) -> None:
        """Let the gateway of the root serve a profile, whose own ends."""
        self.home.procfs.kill(self.gateways[name].pid)
        served = [{"profile_id": each, "status": "up"} for each in ("default", name)]
        self.gateways["default"].write(served_profiles=served, code_version="0.20.1")

    def restart(self) -> None:
        """Start the exporter anew, with what it remembers."""
        watched = (WatchedHome("", self.home.root),)
        procfs = self.home.procfs.root
        settings = Settings(watched, {}, frozenset(COLLECTORS) - {"units"}, 50_000, procfs=procfs, at=AT)
        self._gatherer = Gatherer(settings, self.memory, self.clock)

    def look(self, now: float) -> Series:
        """Scrape once."""
        self.clock.now = now
        answer = asyncio.run(self._gatherer.gather(SECONDS))
        return parse(answer.exposition.encode(PLAIN).decode())


def value(series: Series, name: str, **labels: str) -> float | None:
    """Return the sample of a family whose labels are among others these; None where there is none."""
    wanted = [f'{label}="{text}"' for label, text in labels.items()]
    found = [
        each
        for key, each in series.items()
        if key.partition("{")[0] == f"hermes_cron_{name}" and all(part in key for part in wanted)
    ]
    assert len(found) <= 1, f"{name} is not one series"
    return found[0] if found else None
