"""Homes that a real Hermes wrote: the command says of each of them what was true when it was recorded."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.homes import CASES, Home, restore
from tests.lab.exporter import Scrape
from tests.scraping import Scraper

if TYPE_CHECKING:
    from pathlib import Path

ENDED = ("completed", "failed", "unknown")


@dataclass(frozen=True)
class Recorded:
    """A recorded home with what the command prints and logs for it."""

    case: str
    home: Home
    seen: Scrape
    log: str

    def jobs(self, *, kept: bool = True) -> list[dict[str, Any]]:
        """The jobs that jobs.json had when it was recorded, or those that it had no longer."""
        return [job for job in self.home.truth["jobs"] if bool(job.get("file")) == kept]

    def labels(self, job: dict[str, Any]) -> dict[str, str]:
        """What every series of the job is labelled with."""
        return {"profile": profile(job), "job_id": job["id"]}

    def ledger(self, job: dict[str, Any]) -> Path:
        """Where the runs of the job are kept, once one of its profile's jobs has run."""
        return self.home.profile(job["profile"]) / "cron/executions.db"

    def rows(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """What the ledger has of the job, oldest first, read from a copy of it."""
        ledger = self.ledger(job)
        if not ledger.exists():
            return []
        copy = self.home.procfs.root.parent / "ledger.db"
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
            if (original := ledger.with_name(ledger.name + suffix)).exists():
                shutil.copyfile(original, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute("SELECT * FROM executions WHERE job_id = ? ORDER BY rowid", (job["id"],))
            return [dict(row) for row in found]


def profile(record: dict[str, Any]) -> str:
    """The exporter's name for the profile of a record."""
    name: str = record["profile"]
    return "default" if name == "root" else name


def seconds(stamp: str | None) -> float | None:
    """A time that Hermes wrote, in Unix seconds."""
    return None if stamp is None else datetime.fromisoformat(stamp).timestamp()


_recorded: dict[str, Recorded] = {}


@pytest.fixture
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A home, scraped once by the real command as of the moment at which it was recorded."""
    case: str = request.param
    if case not in _recorded:
        home = restore(case, tmp_path_factory.mktemp(case))
        command = [sys.executable, "-m", "hermes_exporter", "scrape", *home.arguments()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        _recorded[case] = Recorded(case, home, Scrape(done.stdout), done.stderr)
    return _recorded[case]


every_home = pytest.mark.parametrize("recorded", CASES, indirect=True)


def only(*cases: str) -> pytest.MarkDecorator:
    """Run the test on these homes."""
    return pytest.mark.parametrize("recorded", cases, indirect=True)


@every_home
def test_nothing_of_it_is_refused(recorded: Recorded) -> None:
    """Everything that Hermes itself wrote is read; the log names what is broken in truth, and nothing else."""
    successes = recorded.seen.values("hermes_exporter_collector_success")
    assert successes == [1.0] * len(successes) != []

    broken = [str(recorded.home.root / "config.yaml")] if recorded.case == "bad_config" else []
    assert [line.partition("path=")[2] for line in recorded.log.splitlines()] == broken
    assert sum(recorded.seen.values("hermes_exporter_parse_errors_total")) == len(broken)
    assert sum(recorded.seen.values("hermes_exporter_future_timestamps_total")) == 0


@every_home
def test_jobs(recorded: Recorded) -> None:
    """Every job of jobs.json is there under its name, in its state; one that vanished has no series at all."""
    infos = recorded.seen.series("hermes_cron_job_info")
    assert {(info["profile"], info["job_id"], info["job_name"]) for info in infos} == {
        (profile(job), job["id"], job["label"]) for job in recorded.jobs()
    }
    for job in recorded.jobs():
        switched_on = job["file"]["enabled"] == "True"
        assert recorded.seen.value("hermes_cron_job_enabled", **recorded.labels(job)) == switched_on
    for job in recorded.jobs(kept=False):
        assert job["id"] not in recorded.seen.text
    for name in {info["profile"] for info in recorded.seen.series("hermes_cron_store_valid")}:
        states = [_state(job["file"]) for job in recorded.jobs() if profile(job) == name]
        for state in ("enabled", "paused", "disabled", "completed", "error", "other"):
            counted = recorded.seen.value("hermes_cron_jobs", profile=name, state=state)
            assert counted == states.count(state), (name, state)


def _state(file: dict[str, Any]) -> str:
    if file["state"] != "scheduled":
        return str(file["state"])
    return "enabled" if file["enabled"] == "True" else "disabled"


@every_home
def test_last_runs(recorded: Recorded) -> None:
    """When each job ran last, how that ended, and when Hermes means to run it next is what Hermes noted."""
    for job in recorded.jobs():
        labels, file = recorded.labels(job), job["file"]
        stamps = {
            "hermes_cron_job_last_run_timestamp_seconds": seconds(file["last_run_at"]),
            "hermes_cron_job_next_run_timestamp_seconds": seconds(file["next_run_at"]),
        }
        for name, expected in stamps.items():
            assert recorded.seen.value(name, **labels) == pytest.approx(expected, abs=1e-3), (job, name)
        assert recorded.seen.one("hermes_cron_job_last_status", "status", **labels) == file["last_status"], job


@every_home
def test_runs(recorded: Recorded) -> None:
    """Runs in flight, orphaned ones, failures in a row, the last success and duration are those of the ledger."""
    alive = {gateway["pid"] for gateway in recorded.home.truth["gateways"] if gateway["alive"]}
    running = 0
    for job in recorded.jobs():
        labels, rows = recorded.labels(job), recorded.rows(job)
        assert [row["status"] for row in rows] == [row["status"] for row in job["executions"]]

        def value(name: str, of: dict[str, str] = labels) -> float | None:
            return recorded.seen.value(f"hermes_cron_job_{name}", **of)

        flying = next((row for row in rows if row["status"] not in ENDED), None)
        lives = flying is not None and flying["pid"] in alive
        running += lives
        assert value("running") == lives
        assert value("run_orphaned") == (None if flying is None else not lives)
        began = seconds(flying["started_at"] or flying["claimed_at"]) if flying else None
        assert value("run_start_timestamp_seconds") == pytest.approx(began, abs=1e-3)

        ended = [row for row in rows if row["status"] in ENDED]
        good = [index for index, row in enumerate(ended) if row["status"] == "completed"]
        failures = len(ended) - 1 - (good[-1] if good else -1)
        assert value("consecutive_failures") == (failures if recorded.ledger(job).exists() else None)
        succeeded = seconds(ended[good[-1]]["finished_at"]) if good else None
        assert value("last_success_timestamp_seconds") == pytest.approx(succeeded, abs=0.1)
        took = None
        if ended:
            took = (seconds(ended[-1]["finished_at"]) or 0.0) - (seconds(ended[-1]["started_at"]) or 0.0)
            assert 0 < took < recorded.home.at - (seconds(recorded.home.truth["timeline"][0]["at"]) or 0.0)
        assert value("last_duration_seconds") == pytest.approx(took, abs=1e-3)
    assert sum(recorded.seen.values("hermes_cron_jobs_running")) == running


QUIET = {"silent", "script-quiet", "script-asleep", "pre-quiet", "pre-asleep"}
"""Jobs that had nothing to say."""
LOCAL = {"local-note", "to-local"}
"""Jobs whose output goes nowhere."""


def became(job: dict[str, Any]) -> set[str]:
    """What may be said of the report of a job's last run that ended, by what the messengers' stubs received."""
    runs, truth = [run["status"] for run in job["executions"]], job["truth"]
    ended = [status for status in runs if status in ENDED]
    if not ended:
        return set()
    if truth["received_last_run" if runs == ended else "received_total"]:
        return {"delivered" if ended[-1] == "completed" else "notice"}
    if job["label"] in QUIET | LOCAL:
        return {"suppressed" if job["label"] in QUIET else "local"}
    return {"failed", "not_configured"} if ended[-1] == "completed" else {"none"}


@every_home
def test_what_became_of_each_report(recorded: Recorded) -> None:
    """A report is delivered where the messenger received it, and nowhere else, whatever Hermes noted."""
    for job in recorded.jobs():
        labels, expected = recorded.labels(job), became(job)
        outcomes = recorded.seen.series("hermes_cron_job_last_delivery_outcome", **labels)
        assert {labels["outcome"] for labels in outcomes} <= expected, job
        assert len(outcomes) == bool(expected), job
        delivered = recorded.seen.value("hermes_cron_job_last_delivery_timestamp_seconds", **labels)
        assert (delivered is not None) == ("delivered" in expected), job
        evidence = recorded.seen.series("hermes_cron_job_last_delivery_evidence", **labels)
        assert [labels["evidence"] for labels in evidence] == ["log"] * ("delivered" in expected)
        assert recorded.seen.value("hermes_cron_job_report_overdue", **labels) == 0
        assert recorded.seen.value("hermes_cron_job_judged", **labels) == 1


SETTLED = {"delivered", "notice", "suppressed", "local"}
EVERY_MINUTE = {"twice"}
"""Whoever sees such a job for the first time gives its newest slot time."""


@every_home
def test_which_reports_are_missing_three_hours_later(recorded: Recorded) -> None:
    """Where nothing happened any more, every report is overdue that was due and reached nobody; no other is.

    Nobody can tell of a run that never ended, while Hermes plans the next one.
    """
    scraper = Scraper(recorded.home)
    scraper.clock.at += 3 * 3600
    series = Scrape(scraper.text())
    scraper.gatherer.close()

    for job in recorded.jobs():
        file, labels, outcome = job["file"], recorded.labels(job), became(job)
        waits = (seconds(file["next_run_at"]) or 0.0) < scraper.clock.at
        due = file["enabled"] == "True" and (waits or bool(job["executions"])) and job["label"] not in EVERY_MINUTE
        missing = due and not outcome & SETTLED
        if not waits and any(run["status"] not in ENDED for run in job["executions"]):
            missing = None
        assert series.value("hermes_cron_job_report_overdue", **labels) == missing, job
        assert series.value("hermes_cron_job_judged", **labels) == (missing is not None), job


@every_home
def test_platforms(recorded: Recorded) -> None:
    """A messenger is up as its live gateway noted, and configured then; what a dead gateway left says nothing."""
    alive = {gateway["profile"] for gateway in recorded.home.truth["gateways"] if gateway["alive"]}
    noted = {
        (profile({"profile": name}), platform, state)
        for name, platforms in recorded.home.truth["platforms"].items()
        for platform, state in platforms.items()
        if name in alive
    }

    ups = recorded.seen.series("hermes_platform_up")
    assert {(up["profile"], up["platform"]) for up in ups} == {entry[:2] for entry in noted}
    for name, platform, state in noted:
        where = {"profile": name, "platform": platform}
        assert recorded.seen.value("hermes_platform_up", **where) == (state == "connected")
        assert recorded.seen.one("hermes_platform_state", "state", **where) == state
        assert recorded.seen.value("hermes_platform_configured", **where) == 1


@only("healthy_midrun")
def test_a_run_in_flight(recorded: Recorded) -> None:
    """The one job that was in the middle of its run is running, and no other."""
    (where,) = recorded.home.truth["expect"]["running"]
    running = [
        labels
        for labels, value in zip(
            recorded.seen.series("hermes_cron_job_running"),
            recorded.seen.values("hermes_cron_job_running"),
            strict=True,
        )
        if value
    ]
    assert [(labels["profile"], labels["job_name"]) for labels in running] == [("default", where.split("/")[1])]
    began = recorded.seen.value("hermes_cron_job_run_start_timestamp_seconds", **running[0])
    assert began is not None
    assert recorded.home.at - 120 < began <= recorded.home.at


@only("sigkill")
def test_runs_that_lost_their_process(recorded: Recorded) -> None:
    """Both runs in whose middle the gateway was killed are orphaned; no job of that profile is running."""
    orphaned = recorded.seen.series("hermes_cron_job_run_orphaned")
    assert {labels["job_name"] for labels in orphaned} == {"daily-report", "one-shot"}
    assert {labels["profile"] for labels in orphaned} == {"coder"}
    assert recorded.seen.values("hermes_cron_job_run_orphaned") == [1.0, 1.0]
    assert recorded.seen.value("hermes_cron_jobs_running", profile="coder") == 0


@only("sigkill")
def test_what_dead_gateways_left(recorded: Recorded) -> None:
    """Neither pid file, ``running`` nor ``connected`` bring a killed gateway back; nobody ticks its jobs."""
    for gateway in recorded.home.truth["gateways"]:
        where = {"profile": profile(gateway)}
        directory = recorded.home.profile(gateway["profile"])
        assert str(gateway["pid"]) in (directory / "gateway.pid").read_text()
        assert recorded.home.truth["platforms"][gateway["profile"]] == {"mattermost": "connected"}

        assert recorded.seen.one("hermes_gateway_state", "state", **where) == "running"
        assert recorded.seen.value("hermes_gateway_processes", **where) == gateway["alive"]
        assert recorded.seen.value("hermes_cron_scheduler_ticked", **where) == gateway["alive"]
        assert recorded.seen.value("hermes_platform_configured", **where, platform="mattermost") == 1
        up = recorded.seen.value("hermes_platform_up", **where, platform="mattermost")
        assert up == (1 if gateway["alive"] else None)
        if not gateway["alive"]:
            assert recorded.seen.value("hermes_gateway_up", **where) == 0
            assert recorded.seen.one("hermes_gateway_proof", "proof", **where) == "none"


@only("job_states")
def test_one_shots_that_vanished(recorded: Recorded) -> None:
    """Jobs that removed themselves stay in the ledger, where they disturb nothing."""
    gone = {job["label"] for job in recorded.jobs(kept=False)}
    assert gone == set(recorded.home.truth["expect"]["gone_from_jobs_json"])
    in_the_ledger = {job["label"] for job in recorded.jobs(kept=False) if recorded.rows(job)}
    assert in_the_ledger == gone - {"removed"}

    assert recorded.seen.value("hermes_cron_jobs", profile="default", state="enabled") == 2
    assert recorded.seen.value("hermes_profile_condition", profile="default", condition="scheduler_stalled") == 0


@only("provider_auth")
def test_failures_in_a_row(recorded: Recorded) -> None:
    """Where the provider refuses, the prompts have failed and the scripts have not; it says so, and no more."""
    for job in recorded.jobs():
        failed = job["label"] == "daily-report"
        assert recorded.seen.value("hermes_cron_job_consecutive_failures", **recorded.labels(job)) == failed
        assert (
            recorded.seen.value("hermes_cron_job_last_success_timestamp_seconds", **recorded.labels(job)) is None
        ) == failed
    for name, status in recorded.home.truth["expect"]["provider_broken"].items():
        where = {"profile": profile({"profile": name})}
        assert recorded.seen.value("hermes_platform_up", **where) == 1
        condition = "provider_quota" if status == "402" else "provider_auth"
        assert recorded.seen.one("hermes_profile_health", "verdict", **where) == condition


@only("multiplex")
def test_jobs_that_nobody_ticks(recorded: Recorded) -> None:
    """A gateway of 0.19 that serves other profiles does not tick their jobs: both stay due, and that is said."""
    for where in recorded.home.truth["expect"]["due"]:
        name = profile({"profile": where.split("/")[0]})
        ticked = name == "default"
        assert recorded.seen.value("hermes_cron_scheduler_ticked", profile=name) == ticked
        assert len(recorded.seen.values("hermes_cron_job_last_run_timestamp_seconds", profile=name)) == ticked
        due = recorded.seen.value("hermes_cron_job_next_run_timestamp_seconds", profile=name)
        assert due is not None
        assert (due < recorded.home.at - 60) != ticked
        stalled = recorded.seen.value("hermes_profile_condition", profile=name, condition="scheduler_stalled")
        assert stalled == (not ticked)


@only("bad_config")
def test_configurations_that_are_wrong(recorded: Recorded) -> None:
    """Broken YAML is config_invalid, and the gateway that ignores it goes on; a well-formed mistake is not."""
    for name, valid in (("default", True), ("coder", False), ("research", False)):
        invalid = recorded.seen.value("hermes_profile_condition", profile=name, condition="config_invalid")
        assert invalid == valid
        assert recorded.seen.value("hermes_config_valid", profile=name) == (not valid)
    assert recorded.seen.value("hermes_gateway_up", profile="default") == 1
    assert recorded.seen.one("hermes_gateway_state", "state", profile="coder") == "startup_failed"
    assert recorded.seen.one("hermes_profile_health", "verdict", profile="coder") == "gateway_dead"
    assert recorded.seen.value("hermes_platform_configured", profile="research", platform="slack") == 1
    assert recorded.seen.values("hermes_platform_up", profile="research") == []
