"""A real Hermes at work: it writes its home while we read, and neither disturbs the other."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.lab.waiting import until
from tests.scraping import changed, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.exporter import Exporter, Scrape
    from tests.lab.hermes_home import HermesHome
    from tests.real.conftest import StartExporter
    from tests.scraping import Series

pytestmark = pytest.mark.systemd

WORK_SECONDS = 120.0
RUNS = 20
LOGS = ("agent.log", "errors.log", "gateway.log")
LOCKED = re.compile(r"database(?: table)? is locked|disk I/O error|malformed", re.IGNORECASE)
SCRIPT = "#!/bin/sh\nsleep {}\necho done\n"


@pytest.fixture
def jobs(hermes: HermesHome) -> dict[str, str]:
    """Ids by name of three scripts that fire every minute, of which two take a while."""
    made = {}
    for name, seconds in (("quick", 0), ("steady", 2), ("long", 8)):
        script = f"takes-{seconds}.sh"
        hermes.systemd.write(hermes.root / "scripts" / script, SCRIPT.format(seconds), mode=0o755)
        options = ("--name", name, "--script", script, "--no-agent", "--deliver", "local")
        said = hermes.hermes("default", "cron", "create", "* * * * *", *options).stdout
        made[name] = said.split("Created job: ")[1].split()[0]
    return made


class Worker:
    """Runs jobs from the command line, one after the other, beside the gateway."""

    def __init__(self, hermes: HermesHome, *jobs: str) -> None:
        self._hermes, self._jobs, self.runs = hermes, jobs, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Worker:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._done.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._done.is_set():
            for job in self._jobs:
                done = self._hermes.hermes("default", "cron", "run", job, check=False)
                self.runs += done.returncode == 0


def ledger(hermes: HermesHome) -> Path:
    """Where the host finds the runs of the default profile."""
    return hermes.systemd.path(hermes.root / "cron/executions.db")


def ended_runs(hermes: HermesHome, directory: Path) -> dict[str, int]:
    """How many runs of each job have ended well, by a copy of the ledger."""
    copy = directory / "copy.db"
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{ledger(hermes)}{suffix}", f"{copy}{suffix}")
    with closing(sqlite3.connect(copy)) as connection:
        statement = "SELECT job_id, count(*) FROM executions WHERE status = 'completed' GROUP BY job_id"
        return dict(connection.execute(statement))


def healthy(scrape: Scrape) -> None:
    """Nothing failed, and nothing was misread."""
    successes = scrape.values("hermes_exporter_collector_success", profile="default")
    assert successes == [1.0] * len(successes) != [], scrape.series("hermes_exporter_collector_success")
    assert sum(scrape.values("hermes_exporter_parse_errors_total")) == 0
    assert scrape.value("hermes_gateway_up", profile="default") == 1
    assert scrape.value("hermes_cron_store_valid", profile="default") == 1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_scraped_every_second_while_it_works(
    hermes: HermesHome, jobs: dict[str, str], start_exporter: StartExporter, tmp_path: Path
) -> None:
    """Jobs run every few seconds for two minutes under a scrape a second: no error here, none there, all seen."""
    hermes.start_by_hand("default")
    exporter = start_exporter()
    ends: dict[str, set[float]] = {name: set() for name in jobs}
    running: dict[str, int] = dict.fromkeys(jobs, 0)
    scrapes, deadline = 0, time.monotonic() + WORK_SECONDS

    with Worker(hermes, jobs["quick"], jobs["steady"]) as worker:
        next_at = time.monotonic()
        while next_at < deadline:
            scrape = exporter.scrape()
            healthy(scrape)
            scrapes += 1
            for name, job in jobs.items():
                running[name] += scrape.value("hermes_cron_job_running", job_id=job) == 1
                assert scrape.value("hermes_cron_job_run_orphaned", job_id=job) in (0, None)
                assert scrape.value("hermes_cron_job_consecutive_failures", job_id=job) in (0, None)
                end = scrape.value("hermes_cron_job_last_success_timestamp_seconds", job_id=job)
                ends[name] |= {end} if end is not None else set()
            next_at += 1
            time.sleep(max(next_at - time.monotonic(), 0))

    assert scrapes >= WORK_SECONDS * 0.9
    assert worker.runs >= RUNS
    assert running["steady"] > 5
    assert running["long"] > 5
    kept = ended_runs(hermes, tmp_path)
    assert sum(kept.values()) >= worker.runs
    assert len(ends["quick"]) + len(ends["steady"]) >= worker.runs * 0.8
    assert len(ends["long"]) >= 1
    for log in LOGS:
        path = hermes.systemd.path(hermes.root / "logs" / log)
        assert not (path.exists() and LOCKED.search(path.read_text())), path
    assert "level=warning" not in exporter.output.read_text()
    assert "level=error" not in exporter.output.read_text()


OF_THE_LEDGER = (
    *("hermes_cron_job_running", "hermes_cron_job_run_", "hermes_cron_job_last_duration_seconds"),
    *("hermes_cron_job_last_success_timestamp_seconds", "hermes_cron_job_consecutive_failures"),
    *("hermes_cron_jobs_running", 'hermes_exporter_collector_success{collector="cron"'),
    'hermes_exporter_parse_errors_total{collector="cron"',
)


def put_aside(path: Path) -> Callable[[], object]:
    """Rename a file; returns what puts it back."""
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    return lambda: aside.replace(path)


def with_sidecars(path: Path) -> list[Path]:
    """The database with what lies beside it."""
    return sorted(path.parent.glob(f"{path.name}*"))


def deleted(path: Path) -> Iterator[str]:
    """Database and log are gone."""
    back = [put_aside(each) for each in with_sidecars(path)]
    yield "absent"
    for put_back in back:
        put_back()


def only_the_log(path: Path) -> Iterator[str]:
    """The log is there and its database is not."""
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    back = put_aside(path)
    yield "absent"
    back()


def replaced(path: Path) -> Iterator[str]:
    """Another database lies there, a new one."""
    back = [put_aside(each) for each in with_sidecars(path)]
    path.write_bytes(b"")
    yield "new"
    for put_back in back:
        put_back()


def corrupt(path: Path) -> Iterator[str]:
    """It is overwritten with what is no database."""
    back = [put_aside(each) for each in with_sidecars(path)]
    path.write_bytes(b"no database at all\n" * 1000)
    yield "fails"
    for put_back in back:
        put_back()


TROUBLES = {trouble.__name__: trouble for trouble in (deleted, only_the_log, replaced, corrupt)}
HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
connection.execute("DELETE FROM executions")
print("held", flush=True)
time.sleep(600)
"""
HELD_SECONDS = 60.0


def steady(exporter: Exporter) -> Series:
    """What a scrape says but what time alone changes."""
    series = parse(exporter.get("/metrics")[1])
    passing = (
        *("hermes_exporter_last_gather", "hermes_cron_scheduler_ticked", "hermes_cron_scheduler_error"),
        *(f"hermes_cron_job_{kind}_slot" for kind in ("last", "next", "owed")),
        *("hermes_cron_job_report_", "hermes_cron_job_slots_total", "hermes_cron_jobs_overdue"),
        'hermes_profile_condition{condition="report_missing"',
        *("hermes_profile_health", "hermes_cron_job_judged", "hermes_exporter_log_bytes_total"),
    )
    return {name: value for name, value in series.items() if not name.startswith(passing)}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_ledger_in_trouble(
    hermes: HermesHome, jobs: dict[str, str], start_exporter: StartExporter, tmp_path: Path
) -> None:
    """A ledger that is gone, another, corrupt, locked or only a log costs its own series, and only as long."""
    hermes.start_by_hand("default")
    hermes.hermes("default", "cron", "run", jobs["quick"])
    exporter = start_exporter()
    exporter.wait(1, "hermes_cron_job_running", seconds=90, job_id=jobs["long"])
    pid = hermes.state("default")["pid"]
    hermes.kill(pid, "KILL")
    until(lambda: not hermes.alive(pid), 10, "the gateway is dead")
    scrape = exporter.wait(1, "hermes_cron_job_run_orphaned", job_id=jobs["long"])
    assert scrape.value("hermes_cron_job_last_success_timestamp_seconds", job_id=jobs["quick"]) is not None
    path = ledger(hermes)
    success = 'hermes_exporter_collector_success{collector="cron",profile="default"}'
    quick, long = (f'job_id="{jobs[name]}",job_name="{name}",profile="default"' for name in ("quick", "long"))

    before = steady(exporter)
    assert (before[success], before[f"hermes_cron_job_run_orphaned{{{long}}}"]) == (1, 1)
    assert f"hermes_cron_job_last_duration_seconds{{{quick}}}" in before
    for name, trouble in TROUBLES.items():
        steps = trouble(path)
        kind = next(steps)

        for _ in range(3):
            during = steady(exporter)
            different = changed(before, during)
            assert [series for series in different if not series.startswith(OF_THE_LEDGER)] == [], name
            assert during[success] == (kind != "fails"), name
            assert f"hermes_cron_job_run_orphaned{{{long}}}" not in during, name
            assert f"hermes_cron_job_last_duration_seconds{{{quick}}}" not in during, name

        assert list(steps) == []
        left = {series for series in changed(before, steady(exporter)) if "parse_errors_total" not in series}
        assert left == set(), name

    before = steady(exporter)
    writer = hermes.systemd.spawn(
        "hermes",
        *(str(hermes.venv / "bin/python"), "-c", HOLD, str(hermes.root / "cron/executions.db")),
        output=tmp_path / "writer.out",
    )
    until(lambda: "held" in writer.output, 20, "another writer holds the ledger")
    deadline = time.monotonic() + HELD_SECONDS
    while time.monotonic() < deadline:
        assert changed(before, steady(exporter)) == set()
        time.sleep(0.5)
    writer.signal(signal.SIGKILL)
    writer.wait(10)
    assert changed(before, steady(exporter)) == set()

    hermes.start_by_hand("default")
    until(lambda: exporter.scrape().value("hermes_gateway_up", profile="default") == 1, 20, "it is up again")
    healthy_again = exporter.wait(None, "hermes_cron_job_run_orphaned", seconds=90, job_id=jobs["long"])
    assert healthy_again.value("hermes_cron_job_last_success_timestamp_seconds", job_id=jobs["quick"]) is not None
