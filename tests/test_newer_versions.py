"""What Hermes 0.20 to 0.22 write and 0.19 does not: each shape gives its series, and its absence gives none."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.odd_homes import AT, Gateway, home, running, stamp
from tests.scraping import Scraper, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.homes import Home
    from tests.scraping import Series

SECRET = "CANARY-51e0aa"
"""Stands where newer versions keep what is private."""
DEFINITION = {
    "id": "j1",
    "name": "report",
    "prompt": SECRET,
    "deliver": "telegram:424242",
    "enabled": True,
    "schedule": {"kind": "cron", "expr": "0 9 * * *"},
    "created_at": stamp(AT - 9e5),
}
"""What jobs.json keeps of a job where what becomes of it is noted in runtime.db."""
NOTES = {
    "state": "scheduled",
    "next_run_at": stamp(AT + 3600),
    "last_run_at": stamp(AT - 7200),
    "last_status": "ok",
    "last_error": None,
    "last_delivery_error": None,
}
"""What 0.19 notes of a job, all of it in jobs.json."""
JOB = 'job_id="j1",job_name="report",profile="default"'
LEDGER = """
CREATE TABLE executions (id TEXT PRIMARY KEY, job_id TEXT, source TEXT, process_id TEXT, pid INTEGER,
  process_started_at INTEGER, status TEXT, claimed_at TEXT, started_at TEXT, finished_at TEXT, error TEXT{more});
"""
NEWER_COLUMNS = ", handoff_pending INTEGER, handoff_started_at TEXT, delivery_outcome TEXT, scheduled_instant TEXT"
INCIDENTS = """
CREATE TABLE cron_incidents (id TEXT, job_id TEXT, error_sig TEXT, state TEXT, failure_type TEXT,
  first_seen_at TEXT, last_seen_at TEXT, acked_at TEXT, closed_at TEXT, error TEXT, output_file TEXT,
  generation INTEGER);
"""
DELIVERIES = """
CREATE TABLE deliveries (execution_id TEXT, job_json TEXT, content TEXT, for_failure INTEGER, status TEXT,
  owner_pid INTEGER, created_at REAL, finished_at REAL, error TEXT);
CREATE TABLE delivery_tombstones (execution_id TEXT);
"""
RUNTIME = """
CREATE TABLE job_runtime (job_id TEXT PRIMARY KEY, state_json TEXT);
CREATE TABLE pending_definitions (job_id TEXT, definition TEXT);
"""


class Newer:
    """A home whose gateway ticks, and what its exporter says of it."""

    def __init__(self, directory: Path) -> None:
        self.home: Home = home(directory / "home/.hermes", directory)
        self.gateway = running(self.home, "default", 3001)
        self.cron = self.home.root / "cron"
        self.mark("ticker_heartbeat", AT - 20)
        self.mark("ticker_last_success", AT - 20)
        self._scraper = Scraper(self.home)

    def close(self) -> None:
        """Let go of its threads."""
        self._scraper.gatherer.close()

    def scrape(self) -> Series:
        """One scrape, in which nothing failed and nothing private stands."""
        text = self._scraper.text()
        assert SECRET not in text
        series = parse(text)
        assert {series[name] for name in series if name.startswith("hermes_exporter_collector_success")} == {1}
        return series

    def mark(self, name: str, seconds: float) -> None:
        """Leave a marker of the ticker."""
        (self.cron / name).write_text(f"{seconds}")

    def jobs(self, **noted: object) -> None:
        """Keep the one job with these notes in jobs.json."""
        (self.cron / "jobs.json").write_text(
            json.dumps({"jobs": [{**DEFINITION, **noted}], "updated_at": stamp(AT)})
        )

    def state(self, **more: object) -> None:
        """Let the gateway say more about itself."""
        self.gateway.write(**more)
        self.mark("ticker_heartbeat", AT - 20)

    def database(self, name: str, script: str, *rows: tuple[str, dict[str, Any]]) -> None:
        """Make a database in WAL mode, and put rows into its tables."""
        with closing(sqlite3.connect(self.cron / name)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(script)
            for table, row in rows:
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
            connection.commit()


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[Newer]:
    """A home of a gateway that ticks."""
    made = Newer(tmp_path)
    yield made
    made.close()


def of(series: Series, family: str) -> Series:
    """The series of one family."""
    return {name: value for name, value in series.items() if name.partition("{")[0] == family}


STATUSES = {
    "ok": "ok",
    "error": "error",
    "delivery_failed": "delivery_failed",
    "delivery_queued": "delivery_queued",
    "blocked_config": "blocked_config",
    "some_new_word": "other",
}


@pytest.mark.parametrize("word", STATUSES)
def test_last_status(newer: Newer, word: str) -> None:
    """Every word of Hermes for the last run is shown as it is; one that is not known yet is other."""
    newer.jobs(**{**NOTES, "last_status": word})

    assert of(newer.scrape(), "hermes_cron_job_last_status") == {
        f'hermes_cron_job_last_status{{{JOB},status="{STATUSES[word]}"}}': 1
    }


@pytest.mark.parametrize("until", [AT + 5400, int(AT) + 5400, stamp(AT + 5400)], ids=["epoch", "whole", "ISO"])
def test_quota_hold(newer: Newer, until: object) -> None:
    """A job that waits for its quota says until when, in whichever form Hermes wrote it."""
    newer.jobs(**NOTES, quota_hold_until=until, quota_hold_cron_expr="0 9 * * *")

    held = of(newer.scrape(), "hermes_cron_job_held_until_timestamp_seconds")
    assert held == {f"hermes_cron_job_held_until_timestamp_seconds{{{JOB}}}": AT + 5400}


def test_failure_streak(newer: Newer) -> None:
    """Hermes' own count of failures in a row wins over what its ledger, which forgets, still has."""
    newer.jobs(**{**NOTES, "last_status": "error"}, failure_streak=7)
    row = {"id": "e1", "job_id": "j1", "status": "failed", "claimed_at": stamp(AT - 7205)}
    newer.database("executions.db", LEDGER.format(more=""), ("executions", row))

    assert newer.scrape()[f"hermes_cron_job_consecutive_failures{{{JOB}}}"] == 7


def test_a_newer_ledger(newer: Newer) -> None:
    """Columns that 0.19 does not have change nothing about a run: one has ended, one is in flight."""
    newer.jobs(**NOTES)
    ended: dict[str, Any] = {
        "id": "e1",
        "job_id": "j1",
        "source": "builtin",
        "pid": 3001,
        "status": "completed",
        "error": SECRET,
        "claimed_at": stamp(AT - 7210),
        "started_at": stamp(AT - 7205),
        "finished_at": stamp(AT - 7200),
        "process_started_at": newer.gateway.ticks,
        "handoff_pending": 0,
        "handoff_started_at": None,
        "delivery_outcome": "delivered",
        "scheduled_instant": stamp(AT - 7215),
    }
    flying = {**ended, "id": "e2", "status": "running", "handoff_pending": 1, "delivery_outcome": None}
    flying |= {"claimed_at": stamp(AT - 12), "started_at": stamp(AT - 10), "finished_at": None}
    rows = (("executions", ended), ("executions", flying))
    newer.database("executions.db", LEDGER.format(more=NEWER_COLUMNS), *rows)

    series = newer.scrape()

    assert series[f"hermes_cron_job_last_duration_seconds{{{JOB}}}"] == pytest.approx(5)
    assert series[f"hermes_cron_job_last_success_timestamp_seconds{{{JOB}}}"] == AT - 7200
    assert series[f"hermes_cron_job_running{{{JOB}}}"] == 1
    assert series[f"hermes_cron_job_run_start_timestamp_seconds{{{JOB}}}"] == AT - 10
    assert series[f"hermes_cron_job_run_orphaned{{{JOB}}}"] == 0
    assert of(series, "hermes_cron_incidents") == {}


def test_incidents(newer: Newer) -> None:
    """Incidents are counted by state; the errors that they quote are not shown, nor is a state we do not know."""
    states = ("detected", "alerted", "alerted", "closed", "some_new_state")
    rows = [("cron_incidents", {"id": str(n), "state": state, "error": SECRET}) for n, state in enumerate(states)]
    newer.database("executions.db", LEDGER.format(more=NEWER_COLUMNS) + INCIDENTS, *rows)

    assert of(newer.scrape(), "hermes_cron_incidents") == {
        f'hermes_cron_incidents{{profile="default",state="{state}"}}': count
        for state, count in (("detected", 1), ("alerted", 2), ("resolved", 0), ("closed", 1))
    }


def test_deliveries(newer: Newer) -> None:
    """Queued reports are counted, and the oldest of them dated; those that ended count no longer."""
    rows = [
        ("deliveries", {"status": status, "created_at": AT - age, "content": SECRET, "job_json": SECRET})
        for status, age in (
            *(("delivered", 9000), ("failed", 8000), ("pending", 700), ("delivering", 900)),
            *(("unknown", 9500), ("suppressed", 9900)),
        )
    ]
    newer.database("deliveries.db", DELIVERIES, *rows)

    series = newer.scrape()

    assert series['hermes_delivery_pending{profile="default"}'] == 2
    assert series['hermes_delivery_oldest_pending_timestamp_seconds{profile="default"}'] == AT - 900


def test_an_empty_delivery_queue(newer: Newer) -> None:
    """A queue with nothing in it is a queue of none, whose oldest report does not exist."""
    newer.database("deliveries.db", DELIVERIES)

    series = newer.scrape()

    assert series['hermes_delivery_pending{profile="default"}'] == 0
    assert of(series, "hermes_delivery_oldest_pending_timestamp_seconds") == {}


def test_notes_in_a_database_of_their_own(newer: Newer) -> None:
    """What runtime.db notes of a job is as good as in jobs.json, where a field that still stands wins.

    A job that waits for its provider's quota has no next slot.
    """
    newer.jobs(**NOTES)
    together = newer.scrape()

    newer.jobs(failure_streak=2)
    split = {**NOTES, "failure_streak": 0, "quota_hold_until": AT + 60}
    rows = [("job_runtime", {"job_id": "j1", "state_json": json.dumps(split)})]
    rows += [("job_runtime", {"job_id": "gone", "state_json": "{}"})]
    rows += [("job_runtime", {"job_id": "torn", "state_json": "{"})]
    newer.database("runtime.db", RUNTIME, *rows)
    series = newer.scrape()

    more = {
        f"hermes_cron_job_consecutive_failures{{{JOB}}}": 2.0,
        f"hermes_cron_job_held_until_timestamp_seconds{{{JOB}}}": AT + 60,
    }
    del together[f"hermes_cron_job_next_slot_timestamp_seconds{{{JOB}}}"]
    assert series == {**together, **more}


def test_a_job_that_has_no_notes_yet(newer: Newer) -> None:
    """A job that runtime.db does not know has never run, and Hermes has no next run for it."""
    newer.jobs()
    newer.database("runtime.db", RUNTIME)

    series = newer.scrape()

    assert of(series, "hermes_cron_job_last_run_timestamp_seconds") == {}
    assert of(series, "hermes_cron_job_last_status") == {}
    assert series[f"hermes_cron_job_schedulable{{{JOB}}}"] == 0


def test_the_ticker_says_why_it_failed(newer: Newer) -> None:
    """While ticker_last_error stands the last tick failed, however fresh the marks; gone, it did not."""
    newer.jobs(**NOTES)
    error, stalled = (
        'hermes_cron_scheduler_error{profile="default"}',
        'hermes_profile_condition{condition="scheduler_stalled",profile="default"}',
    )
    path = newer.cron / "ticker_last_error"
    path.write_text(f"{AT - 30}\nRuntimeError: {SECRET}\nand more")

    series = newer.scrape()
    assert (series[error], series[stalled]) == (1, 1)
    path.unlink()
    series = newer.scrape()
    assert (series[error], series[stalled]) == (0, 0)


def test_occurrences_that_were_caught_up(newer: Newer) -> None:
    """The count of late runs is Hermes' own."""
    (newer.cron / "catch_up_occurrences").write_text("41\n")

    assert newer.scrape()['hermes_cron_scheduler_catch_up_occurrences{profile="default"}'] == 41


def test_platforms_of_profiles_that_are_served(newer: Newer) -> None:
    """The host's file names each messenger with its profile, and each profile shows its own."""
    newer.home.profile("coder").mkdir(parents=True)
    (newer.home.root / "config.yaml").write_text("gateway:\n  multiplex_profiles: true\n")
    entry = {"updated_at": stamp(AT - 300), "writer_pid": 3001, "writer_start_time": newer.gateway.ticks}
    newer.state(
        served_profiles=["default", "coder"],
        platforms={
            "telegram": {**entry, "state": "connected"},
            "coder:telegram": {**entry, "state": "retrying", "error_code": "telegram_connect_error"},
            "coder:discord": {**entry, "state": "connected"},
            "gone:slack": {**entry, "state": "connected"},
        },
    )
    (newer.home.root / "config.yaml").write_text("gateway:\n  multiplex_profiles: true\n")

    series = newer.scrape()

    assert of(series, "hermes_platform_up") == {
        'hermes_platform_up{platform="telegram",profile="default"}': 1,
        'hermes_platform_up{platform="telegram",profile="coder"}': 0,
        'hermes_platform_up{platform="discord",profile="coder"}': 1,
    }
    assert of(series, "hermes_platform_error") == {
        'hermes_platform_error{error_code="telegram_connect_error",platform="telegram",profile="coder"}': 1
    }
    down = 'hermes_profile_condition{{condition="platform_down",profile="{}"}}'
    assert (series[down.format("default")], series[down.format("coder")]) == (0, 1)


def test_entries_of_another_process(newer: Newer) -> None:
    """An entry counts only if the live process wrote it: by its start too, for pids are used again."""
    fresh = {"state": "connected", "updated_at": stamp(AT - 30)}
    ticks = newer.gateway.ticks
    newer.state(
        platforms={
            "telegram": {**fresh, "writer_pid": 3001, "writer_start_time": ticks},
            "slack": {**fresh, "writer_pid": 2999, "writer_start_time": ticks},
            "discord": {**fresh, "writer_pid": 3001, "writer_start_time": ticks - 100_000},
        }
    )
    assert of(newer.scrape(), "hermes_platform_up") == {
        'hermes_platform_up{platform="telegram",profile="default"}': 1
    }


def test_entries_that_name_no_writer(newer: Newer) -> None:
    """Before 0.20 an entry names no writer: one that is older than the process is left over from another."""
    newer.state(
        platforms={
            "telegram": {"state": "connected", "updated_at": stamp(AT - newer.gateway.started + 1)},
            "slack": {"state": "connected", "updated_at": stamp(AT - newer.gateway.started - 60)},
            "discord": {"state": "connected"},
        }
    )

    series = newer.scrape()

    assert of(series, "hermes_platform_up") == {'hermes_platform_up{platform="telegram",profile="default"}': 1}
    assert of(series, "hermes_platform_needs_attention") == {}


@pytest.mark.parametrize("needed", [True, False])
def test_a_messenger_that_needs_a_human(newer: Newer, needed: bool) -> None:
    """A messenger that the gateway has given up on says so, and is down."""
    entry = {"state": "paused", "needs_attention": needed, "retrying_since": stamp(AT - 9000)}
    writer = {"writer_pid": 3001, "writer_start_time": newer.gateway.ticks, "updated_at": stamp(AT - 60)}
    newer.state(platforms={"telegram": {**entry, **writer}})

    series = newer.scrape()

    where = 'platform="telegram",profile="default"'
    assert series[f"hermes_platform_needs_attention{{{where}}}"] == needed
    assert series[f'hermes_platform_state{{{where},state="paused"}}'] == 1
    assert series['hermes_profile_condition{condition="platform_down",profile="default"}'] == needed


STORES = {"ok": 0, "unavailable": 1, "retrying": 1, "unknown": 0}


@pytest.mark.parametrize("status", STORES)
def test_a_session_store_that_is_damaged(newer: Newer, status: str) -> None:
    """What the gateway says of its session store is believed; the database itself is never opened."""
    (newer.home.root / "state.db").write_bytes(b"\xff" * 100)
    newer.state(session_store={"status": status})

    assert newer.scrape()['hermes_state_db_damaged{profile="default"}'] == STORES[status]


def test_the_version_that_runs(newer: Newer) -> None:
    """The gateway says which code it runs."""
    newer.state(code_version="0.22.1", code_sha="0123abcd", active_work={"turns": 1})

    (info,) = of(newer.scrape(), "hermes_profile_info")
    assert 'code_version="0.22.1"' in info


CODE = "hermes_gateway_code_stale"
DISK_SHA = "0123abcd" * 5


@pytest.mark.parametrize(
    ("said", "stale"),
    [
        ({"code_version": "0.22.1", "code_sha": DISK_SHA}, 0),
        ({"code_version": "0.22.1", "code_sha": DISK_SHA[:8]}, 0),
        ({"code_version": "0.22.1", "code_sha": "89abcdef"}, 1),
        ({"code_version": "0.22.1"}, 0),
        ({"code_version": "0.22.0"}, 1),
        ({"code_version": "0.22.0", "code_sha": "unknown"}, 1),
        ({"code_sha": "unknown"}, None),
        ({}, None),
    ],
)
def test_code_that_was_updated_under_its_gateway(newer: Newer, said: dict[str, str], stale: int | None) -> None:
    """The commit decides where both sides tell one, else the version; where neither can be compared, nothing."""
    tree = newer.home.root / "hermes-agent"
    (tree / "hermes_cli").mkdir(parents=True)
    (tree / "hermes_cli/__init__.py").write_text('__version__ = "0.22.1"\n')
    (tree / "install-stamp.json").write_text(json.dumps({"commit": DISK_SHA, "distribution": "docker"}))
    newer.state(**said)

    series = newer.scrape()

    assert of(series, CODE) == ({} if stale is None else {f'{CODE}{{profile="default"}}': stale})
    (info,) = of(series, "hermes_profile_info")
    assert 'version="0.22.1"' in info

    newer.home.procfs.kill(3001)
    assert of(newer.scrape(), CODE) == {}


@pytest.mark.parametrize("outcome", ["success", "partial", "failed", "refused", "running", "rolled_back"])
def test_the_last_update(newer: Newer, outcome: str) -> None:
    """How it ended, when, and how many gateways it left behind; which they are stays where it is."""
    receipt = {"schema": 1, "outcome": outcome, "finished_at": stamp(AT - 60), "pre_sha": SECRET}
    directory = newer.home.root / "logs/update_receipts"
    directory.mkdir(parents=True)
    receipt["gateway_restart"] = {"failed_units": [SECRET], "incomplete": True}
    (directory / "latest.json").write_text(json.dumps(receipt))

    word = "other" if outcome == "rolled_back" else outcome
    assert of(newer.scrape(), "hermes_update_last_outcome") == {
        f'hermes_update_last_outcome{{outcome="{word}",profile="default"}}': 1
    }
    assert newer.scrape()['hermes_update_last_finish_timestamp_seconds{profile="default"}'] == AT - 60
    assert newer.scrape()['hermes_update_last_units_failed{profile="default"}'] == 1


def test_stops_that_were_announced(newer: Newer) -> None:
    """A gateway that goes down on purpose was told so; a start that found interrupted work is noted."""
    marker = {"target_pid": 3001, "stopper_pid": 1, "written_at": stamp(AT - 20)}
    (newer.home.root / ".gateway-planned-stop.json").write_text(json.dumps(marker))
    (newer.home.root / "gateway").mkdir()
    (newer.home.root / "gateway/restart_loop.json").write_text(json.dumps({"boots": [AT - 50, AT - 30, AT - 40]}))

    series = newer.scrape()

    assert of(series, "hermes_gateway_stop_announced_timestamp_seconds") == {
        'hermes_gateway_stop_announced_timestamp_seconds{kind="stop",profile="default"}': AT - 20
    }
    assert series['hermes_gateway_last_interrupted_start_timestamp_seconds{profile="default"}'] == AT - 30


UNCLEAN = 'hermes_gateway_unclean_exits_total{profile="default"}'


@pytest.mark.parametrize("phase", ["running", "exited"])
def test_a_life_without_exit_diagnostics(newer: Newer, phase: str) -> None:
    """A gateway that is gone and whose life is noted as running died without a word; one that exited did not."""
    (newer.home.root / "logs/gateway-exit-diag.log").unlink()
    life = {"phase": "running", "pid": 3001, "start_time": newer.gateway.ticks, "started_at": stamp(AT - 3600)}
    path = newer.home.root / "state/gateway.lifecycle.json"
    path.write_text(json.dumps(life))
    assert newer.scrape()[UNCLEAN] == 0

    newer.home.procfs.kill(3001)
    ended = {"exit_code": 0, "exit_reason": "graceful_shutdown", "exited_at": stamp(AT - 5)}
    path.write_text(json.dumps({**life, "phase": phase, **(ended if phase == "exited" else {})}))

    series = newer.scrape()
    assert series['hermes_gateway_up{profile="default"}'] == 0
    assert series[UNCLEAN] == (phase == "running")
    assert newer.scrape()[UNCLEAN] == series[UNCLEAN]


def test_dead_targets(newer: Newer) -> None:
    """Chats that are given up are counted by messenger; which they are is private."""
    directory = newer.home.root / "gateway"
    directory.mkdir()
    entries = {f"{SECRET}:{n}": {"platform": "telegram", "reason": SECRET} for n in range(3)}
    entries["x"] = {"platform": "discord", "chat": SECRET}
    (directory / "dead_targets.json").write_text(json.dumps(entries))

    assert of(newer.scrape(), "hermes_delivery_dead_targets") == {
        'hermes_delivery_dead_targets{platform="telegram",profile="default"}': 3,
        'hermes_delivery_dead_targets{platform="discord",profile="default"}': 1,
    }


def test_another_cron_provider(newer: Newer) -> None:
    """Where another provider fires the jobs no ticker is missed, and the jobs say who runs them."""
    newer.jobs(**NOTES)
    (newer.home.root / "config.yaml").write_text("cron:\n  provider: chronos\n")
    for name in ("ticker_heartbeat", "ticker_last_success"):
        (newer.cron / name).unlink()

    series = newer.scrape()

    for fact in ("heartbeat_timestamp_seconds", "last_success_timestamp_seconds", "error", "ticked"):
        assert of(series, f"hermes_cron_scheduler_{fact}") == {}
    assert 'hermes_profile_condition{condition="scheduler_stalled",profile="default"}' not in series
    (info,) = of(series, "hermes_cron_job_info")
    assert 'runner="provider"' in info


STORE_FORMS: dict[str, Callable[[dict[str, object]], bytes]] = {
    "byte order mark": lambda job: b"\xef\xbb\xbf" + json.dumps({"jobs": [job]}).encode(),
    "bare list": lambda job: json.dumps([job]).encode(),
    "control characters": lambda job: json.dumps({"jobs": [job]}).replace(SECRET, f"{SECRET}\n\t\x01").encode(),
    "number for an id": lambda job: json.dumps({"jobs": [job, {**job, "id": 17, "name": "x"}]}).encode(),
    "job_id": lambda job: json.dumps([{**{k: v for k, v in job.items() if k != "id"}, "job_id": "j1"}]).encode(),
}


@pytest.mark.parametrize("form", STORE_FORMS)
def test_stores_that_hermes_accepts(newer: Newer, form: str) -> None:
    """A store that Hermes would accept, and then rewrite, is valid as it stands."""
    (newer.cron / "jobs.json").write_bytes(STORE_FORMS[form]({**DEFINITION, **NOTES}))

    series = newer.scrape()

    assert series['hermes_cron_store_valid{profile="default"}'] == 1
    assert series[f"hermes_cron_job_last_run_timestamp_seconds{{{JOB}}}"] == AT - 7200


def test_records_that_are_no_jobs(newer: Newer) -> None:
    """A record without an id and one that is no object cost themselves: they are counted, the job stands."""
    records = [{**DEFINITION, **NOTES}, {"name": SECRET}, 5, None]
    (newer.cron / "jobs.json").write_text(json.dumps({"jobs": records}))

    series = newer.scrape()

    assert len(of(series, "hermes_cron_job_info")) == 1
    assert series['hermes_exporter_parse_errors_total{collector="cron",profile="default"}'] == 3


NEW_FAMILIES = (
    *("hermes_gateway_code_stale", "hermes_update_last_outcome"),
    *("hermes_cron_job_held_until_timestamp_seconds", "hermes_cron_incidents"),
    *("hermes_cron_scheduler_catch_up_occurrences", "hermes_delivery_pending"),
    *("hermes_delivery_oldest_pending_timestamp_seconds", "hermes_delivery_dead_targets"),
    *("hermes_platform_needs_attention", "hermes_state_db_damaged"),
)


def test_what_an_older_version_does_not_say(newer: Newer) -> None:
    """Of a home of 0.19 nothing is claimed that only later versions note: no zero stands for not known."""
    newer.jobs(**NOTES)
    entry = {"state": "connected", "error_code": None, "updated_at": stamp(AT - 60)}
    newer.state(platforms={"telegram": entry})
    newer.database("executions.db", LEDGER.format(more=""))

    series = newer.scrape()

    assert series['hermes_platform_up{platform="telegram",profile="default"}'] == 1
    assert [name for name in series if name.partition("{")[0] in NEW_FAMILIES] == []
    (info,) = of(series, "hermes_profile_info")
    assert 'code_version=""' in info


def test_a_secondary_that_is_ticked(tmp_path: Path) -> None:
    """From 0.19.1 a gateway ticks the stores of those it serves too, and leaves its marks beside each of them."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    host = Gateway(made.root, 3001)
    host.write(served_profiles=["default", "coder"])
    host.live(made.procfs)
    for path in (made.root, made.profile("coder")):
        (path / "cron").mkdir(parents=True, exist_ok=True)
        (path / "config.yaml").write_text("gateway:\n  multiplex_profiles: true\n")
        (path / "cron/jobs.json").write_text(json.dumps([{**DEFINITION, **NOTES}]))
        for mark in ("ticker_heartbeat", "ticker_last_success"):
            (path / "cron" / mark).write_text(f"{AT - 20}")

    scraper = Scraper(made)
    series = scraper.scrape()
    (made.profile("coder") / "cron/ticker_heartbeat").write_text(f"{AT - 900}")
    later = scraper.scrape()
    scraper.gatherer.close()

    ticked = 'hermes_cron_scheduler_ticked{profile="%s"}'
    stalled = 'hermes_profile_condition{condition="scheduler_stalled",profile="%s"}'
    for profile in ("default", "coder"):
        assert (series[ticked % profile], series[stalled % profile]) == (1, 0)
    assert (later[ticked % "default"], later[ticked % "coder"]) == (1, 0)
    assert later[stalled % "coder"] == 1
