"""A made home whose cron is written by hand, and what its exporter says of the reports as time goes on."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from hermes_exporter.memory import Memory
from hermes_exporter.store import open_to_write
from tests.odd_homes import AT, home, running, stamp
from tests.scraping import Scraper

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.judge.job_rules import JobRule
    from tests.scraping import Series

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SEVEN = AT + 800
"""Seven o'clock, when the jobs are due unless said otherwise; thirteen minutes after the first look."""
LATE = SEVEN + 15 * MINUTE
"""Until then a report is not late."""
LOOKING_SECONDS = 240.0
"""Whoever looks so often is looking on all the time."""
TABLE = """
CREATE TABLE executions (id TEXT PRIMARY KEY, job_id TEXT, source TEXT, process_id TEXT, pid INTEGER,
  process_started_at INTEGER, status TEXT, claimed_at TEXT, started_at TEXT, finished_at TEXT, error TEXT,
  delivery_outcome TEXT)
"""
LABELS = re.compile(r'(\w+)="([^"]*)"')
QUEUE = "CREATE TABLE deliveries (execution_id TEXT, status TEXT, created_at REAL)"


class Cron:
    """The cron of one profile, as a Hermes that keeps a ledger of deliveries leaves it."""

    def __init__(self, profile: Path, pid: int, ticks: int) -> None:
        self.path = profile / "cron"
        self.jobs: dict[str, dict[str, Any]] = {}
        self.owner = (pid, ticks)
        self.new_ledger()

    def new_ledger(self) -> None:
        """Begin an empty ledger, in the place of the old one."""
        self._unlink("executions.db")
        with closing(sqlite3.connect(self.path / "executions.db")) as database:
            database.executescript(TABLE)

    def put(self, job_id: str, **fields: Any) -> None:
        """Add a daily job, made a quarter of an hour before the first look, or change one."""
        new = {
            "id": job_id,
            "name": f"{job_id}-name",
            "prompt": "write",
            "deliver": "telegram",
            "enabled": True,
            "state": "scheduled",
            "schedule": {"kind": "cron", "expr": "0 7 * * *"},
            "created_at": stamp(AT - 15 * MINUTE),
        }
        self.jobs[job_id] = {**self.jobs.get(job_id, new), **fields}
        self.write()

    def drop(self, *job_ids: str, output: bool = False) -> None:
        """Take jobs out of the store; whoever removes a job removes its output too."""
        for job_id in job_ids:
            del self.jobs[job_id]
            if output:
                (self.path / "output" / job_id).mkdir(parents=True)
        self.write()

    def write(self) -> None:
        """Write the store."""
        (self.path / "jobs.json").write_text(json.dumps({"jobs": [*self.jobs.values()], "updated_at": stamp(AT)}))

    def run(
        self,
        job_id: str,
        began: float,
        outcome: str | None = "delivered",
        status: str = "completed",
        seconds: float = 30.0,
        source: str = "builtin",
    ) -> str:
        """Leave a run in the ledger, which is under way where the status says so; return its id."""
        run_id = f"{job_id.encode().hex()}{int(began):x}"
        ended = None if status in ("claimed", "running") else stamp(began + seconds)
        row = (run_id, job_id, source, *self.owner, status, stamp(began), stamp(began), ended, outcome)
        with closing(sqlite3.connect(self.path / "executions.db")) as database:
            insert = "INSERT OR REPLACE INTO executions VALUES (?, ?, ?, 'p', ?, ?, ?, ?, ?, ?, NULL, ?)"
            database.execute(insert, row)
            database.commit()
        return run_id

    def end(self, run_id: str, at: float, outcome: str | None, status: str = "completed") -> None:
        """Let a run that is under way come to its end."""
        with closing(sqlite3.connect(self.path / "executions.db")) as database:
            update = "UPDATE executions SET status = ?, finished_at = ?, delivery_outcome = ? WHERE id = ?"
            assert database.execute(update, (status, stamp(at), outcome, run_id)).rowcount == 1
            database.commit()

    def queue(self, **states: str) -> None:
        """Leave a queue in which the reports of these runs are in these states."""
        self._unlink("deliveries.db")
        with closing(sqlite3.connect(self.path / "deliveries.db")) as database:
            database.execute(QUEUE)
            database.executemany("INSERT INTO deliveries VALUES (?, ?, 1795329000)", states.items())
            database.commit()

    def _unlink(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            (self.path / f"{name}{suffix}").unlink(missing_ok=True)


class JobHome:
    """Profiles with live gateways, and an exporter that can be started anew with what it remembers."""

    def __init__(self, directory: Path, *profiles: str, job_rules: tuple[JobRule, ...] = ()) -> None:
        self.home = home(directory / "home/.hermes", directory)
        self.crons: dict[str, Cron] = {}
        for number, name in enumerate(profiles or ("default",)):
            gateway = running(self.home, name, 3001 + number)
            self.crons[name] = Cron(gateway.path, gateway.pid, gateway.ticks)
            for log in ("agent", "errors"):
                (gateway.path / f"logs/{log}.log").touch()
        self.cron = self.crons[(profiles or ("default",))[0]]
        self.job_rules = job_rules
        self._path = directory / "state/memory.db"
        self._start()

    def _start(self) -> None:
        self._memory = Memory(open_to_write(self._path))
        self.scraper = Scraper(self.home, memory=self._memory, job_rules=self.job_rules)

    def close(self) -> None:
        """Stop the exporter."""
        self.scraper.gatherer.close()
        self._memory.close()

    def restart(self) -> None:
        """Stop the exporter, and start another one."""
        self.close()
        self._start()

    def at(self, moment: float) -> Reports:
        """What the exporter says as of then."""
        self.scraper.clock.at = moment
        return Reports(self.scraper.scrape())

    def watch(self, until: float) -> Reports:
        """Look again and again, often enough to be looking on; return what is said in the end."""
        while until - self.scraper.clock.at > LOOKING_SECONDS:
            self.at(self.scraper.clock.at + LOOKING_SECONDS)
        return self.at(until)


class Reports:
    """What was said of the reports."""

    def __init__(self, series: Series) -> None:
        self.series = series

    def of(self, fact: str, job: str = "j1", profile: str = "default", **labels: str) -> float | None:
        """The value of ``hermes_cron_job_`` and the fact, None where it is not said."""
        named = {"job_name": f"{job}-name", **labels, "job_id": job, "profile": profile}
        pairs = ",".join(f'{name}="{value}"' for name, value in sorted(named.items()))
        return self.series.get(f"hermes_cron_job_{fact}{{{pairs}}}")

    def verdict(self, job: str = "j1", profile: str = "default") -> tuple[float | None, float | None]:
        """Whether it is judged, and whether its report is overdue."""
        return self.of("judged", job, profile), self.of("report_overdue", job, profile)

    def counted(self, job: str = "j1", profile: str = "default") -> dict[str, float]:
        """What was counted of its slots, runs and reports, but for zeros."""
        found = {}
        for name, value in self.series.items():
            labels = dict(LABELS.findall(name))
            family = name.partition("{")[0].removeprefix("hermes_cron_job_")
            if value and family.endswith("_total") and (labels["profile"], labels.get("job_id")) == (profile, job):
                word = next((labels[name] for name in ("result", "status", "outcome") if name in labels), "")
                found[f"{family.removesuffix('_total')} {word}".strip()] = value
        return found

    def condition(self, profile: str = "default") -> float | None:
        """Whether a report is missing."""
        return self.series.get(f'hermes_profile_condition{{condition="report_missing",profile="{profile}"}}')

    def jobs(self, which: str, profile: str = "default") -> float | None:
        """How many jobs are overdue, or vanished."""
        return self.series.get(f'hermes_cron_jobs_{which}{{profile="{profile}"}}')

    def about(self, job: str) -> set[str]:
        """Every series of a job."""
        return {name for name in self.series if f'job_id="{job}"' in name}
