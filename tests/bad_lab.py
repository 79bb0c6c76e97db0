"""A home with two gateways, whose artefacts of ``coder`` go bad one after the other, and what that may cost."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.judge.report import FATES
from hermes_exporter.logs.tally import PLATFORM_CLASSES
from tests.odd_homes import AT, home, running, stamp
from tests.scraping import Scraper, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tests.homes import Home
    from tests.odd_homes import Gateway
    from tests.scraping import Series

SECRET = "CANARY-3f9c71"
"""Stands in the artefacts, and must never stand in the log or the answer."""
QUICK_SECONDS = 3.0

STATES = ("starting", "running", "degraded", "draining", "stopped", "startup_failed", "other")
STATE = frozenset(f'hermes_gateway_state{{profile="coder",state="{state}"}}' for state in STATES)
STATE_TIME = 'hermes_gateway_state_timestamp_seconds{profile="coder"}'
AGENTS = 'hermes_gateway_active_agents{profile="coder"}'
BEAT = 'hermes_gateway_heartbeat_timestamp_seconds{profile="coder"}'
DRAINING = 'hermes_gateway_draining_since_timestamp_seconds{profile="coder"}'
STOPPING, REPLACED = (
    f'hermes_gateway_stop_announced_timestamp_seconds{{kind="{kind}",profile="coder"}}'
    for kind in ("stop", "takeover")
)
INTERRUPTED = 'hermes_gateway_last_interrupted_start_timestamp_seconds{profile="coder"}'
UPDATED = 'hermes_update_last_outcome{outcome="partial",profile="coder"}'
UPDATED_OTHERWISE = UPDATED.replace("partial", "other")
UPDATED_AT = 'hermes_update_last_finish_timestamp_seconds{profile="coder"}'
UPDATE_FAILED = 'hermes_update_last_units_failed{profile="coder"}'
VALID = 'hermes_config_valid{profile="coder"}'
INFO = 'hermes_profile_info{code_version="0.22.1",gateway="own",host_profile="",profile="coder",version=""}'
NO_INFO = INFO.replace("0.22.1", "")
LOCKED = 'hermes_gateway_proof{profile="coder",proof="lock"}'
RECORDED = 'hermes_gateway_proof{profile="coder",proof="pid_record"}'
FROZEN = 'hermes_profile_condition{condition="gateway_frozen",profile="coder"}'
INVALID = 'hermes_profile_condition{condition="config_invalid",profile="coder"}'
HEALTH = 'hermes_profile_health{{profile="coder",verdict="{}"}}'
WELL, ILL = HEALTH.format("ok"), HEALTH.format("config_invalid")
LOOPING = 'hermes_profile_condition{condition="gateway_crash_looping",profile="coder"}'
MISSING = 'hermes_profile_condition{condition="report_missing",profile="coder"}'
STALLED = 'hermes_profile_condition{condition="scheduler_stalled",profile="coder"}'
TICKER_BEAT, TICKER_SUCCESS = (
    f'hermes_cron_scheduler_{mark}_timestamp_seconds{{profile="coder"}}' for mark in ("heartbeat", "last_success")
)
TICKED, TICK_ERROR, CATCH_UP = (
    f'hermes_cron_scheduler_{fact}{{profile="coder"}}' for fact in ("ticked", "error", "catch_up_occurrences")
)
STORE_VALID = 'hermes_cron_store_valid{profile="coder"}'
MISMATCH = 'hermes_cron_timezone_mismatch{profile="coder"}'
STORE_WRITABLE = 'hermes_cron_store_writable{profile="coder"}'
JOB_STATES = frozenset(
    f'hermes_cron_jobs{{profile="coder",state="{state}"}}'
    for state in ("enabled", "paused", "disabled", "completed", "error", "other")
)
JOBS_RUNNING = 'hermes_cron_jobs_running{profile="coder"}'
INCIDENTS = frozenset(
    f'hermes_cron_incidents{{profile="coder",state="{state}"}}'
    for state in ("detected", "alerted", "resolved", "closed")
)
RUN_STATUSES = ("completed", "failed", "unknown")
JOBS_OVERDUE, JOBS_VANISHED = (f'hermes_cron_jobs_{what}{{profile="coder"}}' for what in ("overdue", "vanished"))


def of_job(job_id: str, *facts: str, **labels: str) -> frozenset[str]:
    """Series of a job of coder; what they are called after the job."""
    pairs = sorted({**labels, "job_id": job_id, "job_name": f"{job_id}-name", "profile": "coder"}.items())
    text = ",".join(f'{name}="{value}"' for name, value in pairs)
    return frozenset(f"hermes_cron_job_{fact}{{{text}}}" for fact in facts)


def reported(job_id: str, evidence: str) -> frozenset[str]:
    """Series of the reports of a job of coder, the last of which arrived."""
    return frozenset(
        {
            *of_job(job_id, "judged", "report_overdue", "duplicate_runs_total"),
            *of_job(
                job_id, *(f"{what}_timestamp_seconds" for what in ("last_slot", "next_slot", "last_delivery"))
            ),
            *of_job(job_id, "last_delivery_outcome", outcome="delivered"),
            *of_job(job_id, "last_delivery_evidence", evidence=evidence),
            *(name for fate in FATES for name in of_job(job_id, "slots_total", result=fate)),
            *(name for status in RUN_STATUSES for name in of_job(job_id, "runs_total", status=status)),
            *(
                name
                for word in ("delivered", "failed")
                for name in of_job(job_id, "deliveries_total", outcome=word)
            ),
        }
    )


OK = 'profile="coder",status="ok"'
STATUSES = {
    job_id: f'hermes_cron_job_last_status{{job_id="{job_id}",job_name="{job_id}-name",{OK}}}'
    for job_id in ("j1", "j2")
}
JOB_INFOS = frozenset(
    f'hermes_cron_job_info{{deliver="telegram",job_id="{job_id}",job_name="{job_id}-name",kind="cron",'
    'profile="coder",runner="agent",schedule="0 9 * * *",'
    'timezone="UTC"}'
    for job_id in ("j1", "j2")
)
CREDENTIAL_STATUSES = ("ok", "exhausted", "dead", "other")
CREDENTIALS = {
    "version": 1,
    "updated_at": stamp(AT),
    "active_provider": SECRET,
    "providers": {"nous": {"access_token": SECRET, "refresh_token": SECRET, "expires_at": stamp(AT + 3600)}},
    "credential_pool": {
        "nous": [
            {
                "id": SECRET,
                "label": SECRET,
                "auth_type": "oauth",
                "source": SECRET,
                "access_token": SECRET,
                "refresh_token": SECRET,
                "expires_at": stamp(AT + 1800),
                "last_status": "exhausted",
                "last_status_at": AT - 60,
                "last_error_code": 429,
                "last_error_reset_at": AT + 600,
                "last_error_message": SECRET,
            }
        ]
    },
}
"""A store with an entry of each kind, whatever may be secret being so."""
ALWAYS = ("enabled", "running", "schedulable", "consecutive_failures", "next_run_timestamp_seconds")
RAN = ("last_run_timestamp_seconds", "last_success_timestamp_seconds")
FLYING = ("run_start_timestamp_seconds", "run_orphaned")
NOTED = of_job("j2", *RAN, "next_run_timestamp_seconds") | {STATUSES["j2"]}
OF_JOBS = frozenset(
    {
        *(of_job("j1", *ALWAYS, *RAN, *FLYING, "last_duration_seconds", "created_timestamp_seconds")),
        *(of_job("j2", *ALWAYS, *RAN, "created_timestamp_seconds")),
        *(*reported("j1", "ledger"), *reported("j2", "claim"), *of_job("j1", "start_delay_seconds")),
        *(*STATUSES.values(), *JOB_INFOS, *JOB_STATES, JOBS_RUNNING, JOBS_OVERDUE),
    }
)
FROM_ROWS = frozenset(of_job("j1", *FLYING, "last_duration_seconds") | INCIDENTS)
FAILURES = of_job("j1", "consecutive_failures") | of_job("j2", "consecutive_failures")
RUNNING = of_job("j1", "running") | of_job("j2", "running") | {JOBS_RUNNING}
PENDING, OLDEST = (
    f'hermes_delivery_{what}{{profile="coder"}}' for what in ("pending", "oldest_pending_timestamp_seconds")
)
DEAD_TARGETS = 'hermes_delivery_dead_targets{platform="telegram",profile="coder"}'
OTHER_TARGETS = DEAD_TARGETS.replace("telegram", "other")
SERIES_OF_AUTH = frozenset(
    {
        *(
            f'hermes_credentials{{profile="coder",provider="nous",status="{status}"}}'
            for status in CREDENTIAL_STATUSES
        ),
        'hermes_credential_expiry_timestamp_seconds{profile="coder",provider="nous"}',
        'hermes_credential_refreshable{profile="coder",provider="nous"}',
    }
)
HIDES = 'hermes_log_level_hides_events{profile="coder"}'
OF_TELEGRAM = frozenset(
    {
        'hermes_auth_errors_total{name="telegram",plane="platform",profile="coder"}',
        *(
            f'hermes_platform_errors_total{{class="{error}",platform="telegram",profile="coder"}}'
            for error in PLATFORM_CLASSES
        ),
    }
)
"""What the logs are counted by where telegram is switched on."""
CONFIGURED = 'hermes_platform_configured{platform="telegram",profile="coder"}'


@dataclass(frozen=True)
class Artefact:
    """One file of a profile, or of the root.

    Attributes:
        lost: series that are gone when nothing can be had from it, and ``instead`` those that come.
        absent_loses: the same where it does not exist, which is no failure.
        moved: series that change when another file takes its place; the process has the old one open.
        truncated, empty, binary: what such content comes to: ``fails`` (the collector failed and the error is
            counted), ``counted`` (only that), ``fine``, ``absent`` (as if it did not exist), ``hollow`` (as if it
            were new); ``misread`` are the series that are then different.
        becomes: by verdict, the series that are then different, where ``lost`` and ``instead`` do not say it.
        families: every series of ``coder`` whose name begins so is its own, besides those named.
    """

    name: str
    lost: frozenset[str] = frozenset()
    absent_loses: frozenset[str] | None = None
    instead: Mapping[str, float] = field(default_factory=dict)
    moved: Mapping[str, float | None] = field(default_factory=dict)
    misread: Mapping[str, float | None] = field(default_factory=dict)
    becomes: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    families: tuple[str, ...] = ()
    truncated: str = "fails"
    empty: str = "fails"
    binary: str = "fails"
    big: str = "refused"
    collector: str = "gateway"

    @property
    def own(self) -> set[str]:
        """Every series that it may change."""
        return {
            *self.lost,
            *self.instead,
            *self.misread,
            *(name for series in self.becomes.values() for name in series),
        }

    def owns(self, series: str) -> bool:
        """Whether it may change the series."""
        return series in self.own or ('profile="coder"' in series and series.startswith(self.families))

    def changes(self, verdict: str) -> Mapping[str, float | None]:
        """The series that a verdict makes different; None for those that are gone."""
        if verdict in self.becomes:
            return self.becomes[verdict]
        if verdict == "counted":
            return self.misread
        absent = self.lost if self.absent_loses is None else self.absent_loses
        lost = {"fails": self.lost, "refused": self.lost, "absent": absent}.get(verdict, frozenset())
        return {**dict.fromkeys(lost), **(self.instead if lost else {})}


FINE = {"truncated": "fine", "empty": "fine", "binary": "fine"}
ARTEFACTS = {
    artefact.name: artefact
    for artefact in (
        Artefact("gateway_state.json", lost=STATE | {STATE_TIME, AGENTS, INFO}, instead={NO_INFO: 1}),
        Artefact("gateway.pid", empty="fine"),
        Artefact("gateway.lock", moved={LOCKED: None, RECORDED: 1}, empty="fine"),
        Artefact("state/gateway.heartbeat", lost=frozenset({BEAT, FROZEN})),
        Artefact(
            "gateway-starts.log",
            lost=frozenset({LOOPING}),
            absent_loses=frozenset(),
            truncated="fine",
            empty="fine",
        ),
        Artefact(".drain_request.json", lost=frozenset({DRAINING})),
        Artefact(".gateway-planned-stop.json", lost=frozenset({STOPPING})),
        Artefact(".gateway-takeover.json", lost=frozenset({REPLACED})),
        Artefact("gateway/restart_loop.json", lost=frozenset({INTERRUPTED})),
        Artefact(
            "logs/update_receipts/latest.json",
            lost=frozenset({UPDATED, UPDATED_AT, UPDATE_FAILED}),
            families=("hermes_update_last_outcome",),
        ),
        Artefact(
            "config.yaml",
            lost=frozenset({VALID, INVALID, HIDES}),
            misread={VALID: 0, INVALID: 1, WELL: None, ILL: 1},
            truncated="counted",
            empty="fine",
            binary="counted",
        ),
        Artefact("logs/gateway-exit-diag.log", truncated="fine", empty="fine", binary="counted", big="fine"),
        Artefact("state/gateway.lifecycle.json"),
        Artefact(
            ".env",
            lost=frozenset({CONFIGURED}) | OF_TELEGRAM,
            truncated="fine",
            empty="absent",
            binary="absent",
            collector="platforms",
        ),
        Artefact(
            "cron/jobs.json",
            lost=OF_JOBS | {STORE_VALID, TICKED, MISMATCH, JOBS_VANISHED},
            becomes={
                "fails": {**dict.fromkeys(OF_JOBS | {TICKED, MISMATCH, JOBS_VANISHED}), STORE_VALID: 0},
                "absent": {**dict.fromkeys(OF_JOBS | {STORE_VALID, TICKED, MISMATCH}), JOBS_VANISHED: 2},
            },
            families=("hermes_cron_job",),
            collector="cron",
        ),
        Artefact(
            "cron/ticker_heartbeat",
            lost=frozenset({TICKER_BEAT, TICKED, TICK_ERROR}),
            becomes={"absent": {TICKER_BEAT: None, TICK_ERROR: None, TICKED: 0}},
            truncated="fine",
            collector="cron",
        ),
        Artefact(
            "cron/ticker_last_success",
            lost=frozenset({TICKER_SUCCESS, TICK_ERROR}),
            becomes={"absent": {TICKER_SUCCESS: None}},
            truncated="fine",
            collector="cron",
        ),
        Artefact(
            "cron/ticker_last_error",
            lost=frozenset({TICK_ERROR}),
            becomes={"absent": {TICK_ERROR: 0}},
            truncated="fine",
            collector="cron",
        ),
        Artefact("cron/catch_up_occurrences", lost=frozenset({CATCH_UP}), truncated="fine", collector="cron"),
        Artefact(
            "cron/executions.db",
            lost=FROM_ROWS | FAILURES | RUNNING,
            becomes={
                "absent": dict.fromkeys(FROM_ROWS | RUNNING),
                "hollow": {**dict.fromkeys(FROM_ROWS), **dict.fromkeys(RUNNING, 0)},
            },
            empty="hollow",
            collector="cron",
        ),
        Artefact(
            "cron/runtime.db",
            lost=NOTED | of_job("j2", "schedulable") | {JOBS_OVERDUE, JOBS_VANISHED},
            becomes={"absent": {**dict.fromkeys(NOTED), **dict.fromkeys(of_job("j2", "schedulable"), 0)}},
            empty="absent",
            collector="cron",
        ),
        Artefact("cron/deliveries.db", lost=frozenset({PENDING, OLDEST}), empty="absent", collector="delivery"),
        Artefact(
            "gateway/dead_targets.json",
            lost=frozenset({DEAD_TARGETS}),
            families=("hermes_delivery_dead_targets",),
            collector="delivery",
        ),
        Artefact("auth.json", lost=SERIES_OF_AUTH, families=("hermes_credential",), collector="credentials"),
        Artefact("../../active_profile", **{**FINE, "binary": "misnamed"}, collector="discovery"),  # type: ignore[arg-type]
    )
}
TABLES = """
CREATE TABLE executions (id TEXT, job_id TEXT, source TEXT, pid INTEGER, process_started_at INTEGER, status TEXT,
  claimed_at TEXT, started_at TEXT, finished_at TEXT, error TEXT, delivery_outcome TEXT, scheduled_instant TEXT);
CREATE TABLE cron_incidents (id TEXT, state TEXT, error TEXT);
CREATE TABLE deliveries (execution_id TEXT, content TEXT, status TEXT, created_at TEXT);
CREATE TABLE job_runtime (job_id TEXT, state_json TEXT);
"""
DAY = 86400.0
SLOT = AT - 78_400.0
"""The last one of both jobs: nine o'clock of the day before."""


def database(path: Path, *inserts: tuple[str, tuple[object, ...]]) -> None:
    """A database with one row for each of the statements."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
        for statement, values in inserts:
            connection.execute(statement, values)
        connection.commit()


def cron(coder: Gateway) -> None:
    """Everything that any version of Hermes leaves of its cron: j1 is noted in jobs.json, j2 in runtime.db.

    Both have run at the last slot; j1 was started by hand since then.
    """
    directory = coder.path / "cron"
    schedule = {"kind": "cron", "expr": "0 9 * * *"}
    common = {"prompt": SECRET, "deliver": f"telegram:{SECRET}", "schedule": schedule, "enabled": True}
    noted = {
        "state": "scheduled",
        "next_run_at": stamp(SLOT + DAY),
        "last_run_at": stamp(SLOT + 10),
        "last_status": "ok",
    }
    private = {
        "last_error": SECRET,
        "last_delivery_error": SECRET,
        "run_claim": {"at": stamp(AT - 9000), "by": SECRET},
        "repeat": {"times": 99, "completed": 7},
    }
    jobs = [
        {"id": job_id, "name": f"{job_id}-name", "created_at": stamp(AT - 9 * DAY), **common, **notes}
        for job_id, notes in (("j1", {**noted, **private}), ("j2", {}))
    ]
    (directory / "jobs.json").write_text(json.dumps({"jobs": jobs, "updated_at": stamp(AT)}))
    for mark in ("ticker_heartbeat", "ticker_last_success"):
        (directory / mark).write_text(f"{AT - 20:.6f}")
    (directory / "catch_up_occurrences").write_text("41\n")
    run = (coder.pid, coder.ticks, SECRET)
    insert = "INSERT INTO executions VALUES (?4, 'j1', ?5, ?1, ?2, ?6, ?7, ?7, ?8, ?3, ?9, NULL)"
    database(
        directory / "executions.db",
        (insert, (*run, "e1", "builtin", "completed", stamp(SLOT + 1), stamp(SLOT + 10), "delivered")),
        (insert, (*run, "e2", "direct", "running", stamp(AT - 600), None, None)),
        ("INSERT INTO cron_incidents VALUES ('i1', 'alerted', ?)", (SECRET,)),
    )
    database(directory / "runtime.db", ("INSERT INTO job_runtime VALUES ('j2', ?)", (json.dumps(noted),)))
    queued = ("INSERT INTO deliveries VALUES ('e0', ?, 'pending', ?)", (SECRET, stamp(AT - 700)))
    database(directory / "deliveries.db", queued)


def logged(coder: Path) -> None:
    """Both logs, written a minute ago: a call that was refused long before, and one that was answered."""
    call = (
        f"WARNING [{SECRET}] agent.conversation_loop: API call failed (attempt 1/3) error_type=AuthenticationError"
    )
    lines = {
        "errors": f"{call} thread=x:1 provider=nous base_url={SECRET} model={SECRET} summary=HTTP 401: {SECRET}",
        "agent": f"INFO [{SECRET}] agent.conversation_loop: API call #1: model={SECRET} provider=nous in=1 out=1",
    }
    for (name, line), ago in zip(lines.items(), (7200, 60), strict=True):
        path = coder / f"logs/{name}.log"
        moment = datetime.fromtimestamp(AT - ago, UTC)
        path.write_text(f"{moment:%Y-%m-%d %H:%M:%S},000 {line}\n")
        os.utime(path, (AT - ago, AT - ago))


class Lab:
    """The home, its exporter, and what that exporter logged; with ``failing`` coder's last tick failed."""

    def __init__(self, directory: Path, caplog: pytest.LogCaptureFixture, *, failing: bool = False) -> None:
        self.home: Home = home(directory / "home/.hermes", directory)
        running(self.home, "default", 3001)
        coder = running(self.home, "coder", 3002)
        coder.write(code_version="0.22.1", exit_reason=SECRET)
        self.coder = coder.path
        cron(coder)
        if failing:
            (self.coder / "cron/ticker_last_error").write_text(f"{AT - 30:.6f}\nRuntimeError: {SECRET}\n")
        (self.coder / ".env").write_text(f"TELEGRAM_BOT_TOKEN={SECRET}-{SECRET}\n")
        (self.coder / "gateway").mkdir()
        dead = {f"telegram:{SECRET}": {"platform": "telegram", "reason": SECRET}}
        (self.coder / "gateway/dead_targets.json").write_text(json.dumps(dead))
        (self.coder / "gateway/restart_loop.json").write_text(json.dumps({"boots": [AT - 900, AT - 800]}))
        self._announced()
        logged(self.coder)
        (self.coder / "auth.json").write_text(json.dumps(CREDENTIALS))
        life = {"phase": "running", "pid": 3002, "start_time": coder.ticks, "exit_reason": None}
        (self.coder / "state/gateway.lifecycle.json").write_text(json.dumps(life))
        (self.home.root / "active_profile").write_text("coder\n")
        marker = {"action": SECRET, "requested_at": stamp(AT - 90), "principal": SECRET}
        (self.coder / ".drain_request.json").write_text(json.dumps(marker))
        (self.coder / "config.yaml").write_text(f"model:\n  api_key: {SECRET}\n")
        self.scraper = Scraper(self.home, timezones={"coder": "UTC"})
        self._caplog = caplog
        caplog.set_level(logging.INFO)
        self.healthy = self.scrape()
        assert self.problems() == []

    def _announced(self) -> None:
        for name in (".gateway-planned-stop.json", ".gateway-takeover.json"):
            marker = {"target_pid": 3002, "replacer_hermes_home": SECRET, "written_at": stamp(AT - 40)}
            (self.coder / name).write_text(json.dumps(marker))
        receipt = {
            "schema": 1,
            "outcome": "partial",
            "finished_at": stamp(AT - 3000),
            "pre_sha": SECRET,
            "gateway_restart": {"failed_units": [SECRET, SECRET], "incomplete": True},
        }
        directory = self.coder / "logs/update_receipts"
        directory.mkdir()
        (directory / "latest.json").write_text(json.dumps(receipt))

    def path(self, artefact: Artefact) -> Path:
        """Where the artefact lies."""
        return Path(os.path.normpath(self.coder / artefact.name))

    def answer(self) -> str:
        """Scrape in time, without an accident, and without a word of content in the log or the answer."""
        self._caplog.clear()
        started = time.monotonic()
        text = self.scraper.text()
        assert time.monotonic() - started < QUICK_SECONDS
        assert SECRET not in text
        for record in self._caplog.records:
            assert record.exc_info is None, f"{record.getMessage()}: {record.exc_text}"
            assert SECRET not in repr(record.__dict__)
        return text

    def scrape(self) -> Series:
        """The series of an answer."""
        return parse(self.answer())

    def problems(self) -> list[tuple[str, str]]:
        """Path and reason of every problem that the last scrape logged."""
        return self._logged(logging.WARNING)

    def recovered(self) -> list[tuple[str, str]]:
        """Path and reason of every problem that the last scrape found gone."""
        return self._logged(logging.INFO)

    def expected(self, artefact: Artefact, verdict: str, *, moved: bool = False) -> Series:
        """What a scrape comes to when the artefact has come to the verdict."""
        series: dict[str, float | None] = {**self.healthy, **artefact.changes(verdict)}
        series |= artefact.moved if moved else {}
        if verdict in ("fails", "refused"):
            series |= dict.fromkeys(self.about(artefact, "collector_success"), 0.0)
        if verdict in ("fails", "counted", "misnamed"):
            series |= dict.fromkeys(self.about(artefact, "parse_errors_total"), 1.0)
        return {name: value for name, value in series.items() if value is not None}

    def about(self, artefact: Artefact, family: str) -> set[str]:
        """The exporter's series about itself that speak of the artefact."""
        whom = ("coder", "default") if artefact.collector == "discovery" else ("coder",)
        return {
            f'hermes_exporter_{family}{{collector="{artefact.collector}",profile="{profile}"}}' for profile in whom
        }

    def _logged(self, level: int) -> list[tuple[str, str]]:
        return [
            (record.__dict__["fields"]["path"], record.getMessage())
            for record in self._caplog.records
            if record.levelno == level
        ]
