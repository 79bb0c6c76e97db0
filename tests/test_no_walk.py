"""What a scrape costs: it opens what changed and nothing else, lists nothing, and ends at its limits.

Run as a program, this module scrapes a home once for every line it is given, and tells what that opened below it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.homes import Home, Procfs
from tests.lab.waiting import until
from tests.odd_homes import AT, BOOT, Gateway, running, stamp
from tests.scraping import Scraper, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.scraping import Series

PROFILES = 200
OUTPUTS = 10_000
JOBS = 8
QUIET_SECONDS = 30.0
"""Until what was just written counts as settled."""
LEDGER = """
CREATE TABLE executions (id TEXT, job_id TEXT, pid INTEGER, process_started_at INTEGER, status TEXT,
  claimed_at TEXT, started_at TEXT, finished_at TEXT);
"""
Touched = list[tuple[str, str]]
"""Events (open, os.listdir, os.scandir, sqlite3.connect) with the path below the home."""


def scrape_as_told(root: str, procfs: str) -> None:
    """Scrape for every line of the standard input, and say what that touched below the home."""
    touched: Touched = []

    def notice(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir", "sqlite3.connect") and arguments:
            path = arguments[0]
            name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
            if name.startswith(root):
                touched.append((event, os.path.relpath(name, root)))

    sys.addaudithook(notice)
    scraper = Scraper(Home(Path(root), Procfs(Path(procfs), BOOT), AT))
    for _line in sys.stdin:
        touched.clear()
        series = scraper.scrape(60.0)
        jobs = sum(name.startswith("hermes_cron_job_info") for name in series)
        failed = [
            name for name in series if name.startswith("hermes_exporter_collector_success") and not series[name]
        ]
        sys.stdout.write(json.dumps({"touched": touched, "jobs": jobs, "failed": failed}) + "\n")
        sys.stdout.flush()


class Watched:
    """A process that scrapes a home when told."""

    def __init__(self, home: Home) -> None:
        command = [sys.executable, "-m", "tests.test_no_walk", str(home.root), str(home.procfs.root)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
        )
        self._fresh: set[str] = set()

    def scrape(self) -> Touched:
        """What one scrape touched; every job is in its answer, and nothing failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        assert said["jobs"] == PROFILES + 1
        assert said["failed"] == []
        return [(event, path) for event, path in said["touched"]]

    def news(self) -> Touched:
        """What one scrape touched but what is fresh: that may change in a tick, and is read again."""
        touched = self.scrape()
        news = [(event, path) for event, path in touched if path not in self._fresh]
        self._fresh |= {path for _event, path in news}
        return news

    def settle(self) -> None:
        """Scrape until nothing is fresh any more."""
        until(lambda: not self.scrape(), QUIET_SECONDS, "a scrape opens nothing", every=0.5)
        self._fresh.clear()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


RECORD = "2026-11-22 06:00:00,000 WARNING gateway.run: something\n"


def append(path: Path, text: str) -> None:
    """Let Hermes log something."""
    with path.open("a") as log:
        log.write(text)


def jobs_json(*ids: str) -> str:
    """A store of jobs."""
    common = {"schedule": {"kind": "cron", "expr": "0 9 * * *"}, "deliver": "local", "enabled": True}
    common |= {"state": "scheduled", "next_run_at": stamp(AT + 600), "last_run_at": stamp(AT - 600)}
    jobs = [{"id": job_id, "name": job_id, "last_status": "ok", **common} for job_id in ids]
    return json.dumps({"jobs": jobs, "updated_at": stamp(AT - 600)})


def furnish(gateway: Gateway, ledger: Path) -> None:
    """Leave everything that a scrape looks at."""
    gateway.write()
    cron = gateway.path / "cron"
    (cron / "jobs.json").write_text(jobs_json("j1"))
    shutil.copyfile(ledger, cron / "executions.db")
    for mark in ("ticker_heartbeat", "ticker_last_success"):
        (cron / mark).write_text(f"{AT - 20}")
    (gateway.path / ".env").write_text("TELEGRAM_BOT_TOKEN=x\n")
    for log in ("agent.log", "agent.log.1", "errors.log", "errors.log.1"):
        append(gateway.path / "logs" / log, f"{log}\n{RECORD}")
    (gateway.path / "state.db").write_bytes(b"x")
    (gateway.path / "auth.json").write_text('{"credential_pool": {}}')


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of 200 profiles, one of which has 10,000 files in cron/output."""
    directory = tmp_path_factory.mktemp("many")
    ledger = directory / "ledger.db"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.executescript(f"PRAGMA journal_mode = WAL; {LEDGER}")
    root = directory / ".hermes"
    root.mkdir()
    home = Home(root, Procfs(directory / "proc", BOOT), AT)
    furnish(Gateway(root, 2000), ledger)
    for number in range(PROFILES):
        furnish(Gateway(home.profile(f"p{number:03}"), 2001 + number), ledger)
    for number in range(100):
        output = home.profile("p007") / f"cron/output/{number:03}"
        output.mkdir(parents=True)
        for report in range(OUTPUTS // 100):
            (output / f"{report}.md").touch()
    return home


@pytest.fixture(scope="module")
def watched(many: Home) -> Iterator[Watched]:
    """Its exporter, which has seen everything once."""
    watched = Watched(many)
    cold = watched.scrape()
    assert len({path for event, path in cold if event == "open"}) > 8 * PROFILES
    assert [path for event, path in cold if "output" in path or event == "sqlite3.connect"] == []
    yield watched
    watched.close()


def test_nothing_changed(watched: Watched) -> None:
    """While nothing changes, a scrape of 200 profiles opens no file and lists no directory."""
    watched.settle()
    for _ in range(5):
        assert watched.scrape() == []


def add_run(path: Path) -> None:
    """Let Hermes note a run, in the log of the database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO executions VALUES ('e', 'j1', 1, 1, 'completed', NULL, NULL, NULL)")
        connection.commit()


CHANGES: dict[str, Callable[[Path], object]] = {
    "cron/jobs.json": lambda path: path.write_text(jobs_json("j1") + "\n"),
    "cron/ticker_heartbeat": lambda path: path.write_text(f"{AT - 10}\n"),
    "cron/ticker_last_success": lambda path: path.write_text(f"{AT - 10}\n"),
    "cron/executions.db": add_run,
    "gateway_state.json": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "state/gateway.heartbeat": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "gateway-starts.log": lambda path: path.write_text(f"{AT - 3600}\n\n"),
    "logs/gateway-exit-diag.log": lambda path: path.write_bytes(path.read_bytes() + b"{}\n"),
    "logs/agent.log": lambda path: append(path, RECORD),
    "logs/errors.log": lambda path: append(path, RECORD),
    "config.yaml": lambda path: path.write_text("timezone: UTC\n\n"),
    ".env": lambda path: path.write_text("TELEGRAM_BOT_TOKEN=xy\n"),
    "auth.json": lambda path: path.write_text('{"credential_pool": {"zai": [{}]}}'),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_file_changed(watched: Watched, many: Home, name: str) -> None:
    """After one change of one file of one profile that file is opened, and no other, and nothing is listed."""
    profile = f"p{list(CHANGES).index(name) + 100}"
    path = many.profile(profile) / name
    assert path.exists()
    watched.news()

    CHANGES[name](path)

    touched = watched.news()
    assert {event for event, _path in touched} == {"open"}
    assert {opened.removesuffix("-wal") for _event, opened in touched} == {f"profiles/{profile}/{name}"}


def test_a_file_replaced(watched: Watched, many: Home) -> None:
    """A file that is replaced, as Hermes does it, changes its directory: that one may be listed, and no other."""
    watched.news()
    path = many.profile("p043") / "gateway_state.json"
    new = path.with_name("new.tmp")
    new.write_bytes(path.read_bytes() + b"\n")
    new.replace(path)

    touched = watched.news()
    assert ("open", "profiles/p043/gateway_state.json") in touched
    assert {path for _event, path in touched} <= {"profiles/p043/gateway_state.json", "profiles/p043"}


def test_the_roots_credentials_changed(watched: Watched, many: Home) -> None:
    """What every profile may fall back to is opened once, and for it no profile's own files."""
    watched.news()
    (many.root / "auth.json").write_text('{"credential_pool": {"zai": [{}]}}')

    assert watched.news() == [("open", "auth.json")]


def test_one_report_more(watched: Watched, many: Home) -> None:
    """A report more among 10,000 is nothing that a scrape looks for."""
    watched.news()
    (many.profile("p007") / "cron/output/099/more.md").touch()
    (many.profile("p007") / "cron/output/100").mkdir()

    assert watched.news() == []


@pytest.fixture
def busy(tmp_path: Path) -> Home:
    """Two gateways, whose crons have eight jobs each."""
    home = Home(tmp_path / ".hermes", Procfs(tmp_path / "proc", BOOT), AT)
    home.root.mkdir()
    for number, name in enumerate(("default", "coder")):
        running(home, name, 3001 + number)
        (home.profile(name) / "cron/jobs.json").write_text(jobs_json(*(f"j{number}" for number in range(JOBS))))
    return home


def limited(home: Home, *options: str) -> Series:
    """What the command prints for a home."""
    command = [sys.executable, "-m", "hermes_exporter", "scrape", *home.arguments(), *options]
    return parse(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)


DROPPED_JOBS = 'hermes_exporter_series_dropped{reason="jobs_per_profile"}'
DROPPED = 'hermes_exporter_series_dropped{reason="series"}'


def test_limit_of_jobs(busy: Home) -> None:
    """Of each profile the first jobs are shown, all are counted, and the series held back are told."""
    unlimited = limited(busy)
    series = limited(busy, "--limit.jobs-per-profile", "3")

    for profile in ("default", "coder"):
        shown = {
            name.split('job_id="')[1][:2]
            for name in series
            if 'job_id="' in name and f'profile="{profile}"' in name
        }
        assert shown == {"j0", "j1", "j2"}
        assert series[f'hermes_cron_jobs{{profile="{profile}",state="enabled"}}'] == JOBS
    assert (unlimited[DROPPED_JOBS], unlimited[DROPPED]) == (0, 0)
    assert series[DROPPED_JOBS] == len(unlimited) - len(series) > 0
    assert series[DROPPED] == 0


@pytest.mark.parametrize("limit", [100, 250])
def test_limit_of_series(busy: Home, limit: int) -> None:
    """No more series than allowed are shown but those of the host, the rest is counted; what remains is true."""
    unlimited = limited(busy)
    series = limited(busy, "--limit.series", str(limit))

    of_profiles = {name for name in series if "profile=" in name}
    assert len(of_profiles) <= limit
    assert series[DROPPED] == len(unlimited) - len(series) > 0
    assert {name for name in series if series[name] != unlimited[name]} == {DROPPED}


if __name__ == "__main__":
    scrape_as_told(*sys.argv[1:])
