"""What each fault leaves in the files, and what is true of the reports meanwhile."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from hermes_exporter.simulator import Habits, Job, Process, Profile, Simulation, faults, owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1795305600.0
"""Midnight."""
HOUR = 3600.0
NINE = START + 9 * HOUR
DAY = 86400.0


class Watched:
    """A profile with a gateway and two jobs at nine, an agent's and a script's, and what can be read of it."""

    def __init__(self, directory: Path, version: str = "0.19", **more: Any) -> None:
        self.host = Simulation(directory / "home", START, seed=11, version=version, **more)
        self.profile: Profile = self.host.profile(messengers=("mattermost", "telegram"))
        self.agent: Job = owner.create_job(self.profile, "0 9 * * *", "brief", habits=Habits(60.0))
        self.script: Job = owner.create_job(
            self.profile, "0 9 * * *", "disk", script="disk.sh", deliver="telegram", habits=Habits(3.0)
        )
        owner.start_gateway(self.profile)
        self._copies = directory / "copies"

    def at(self, when: float) -> Watched:
        """Let everything happen up to a moment, and write it."""
        self.host.advance(when)
        self.host.materialise()
        return self

    def job(self, job: Job) -> dict[str, Any]:
        """A job as jobs.json has it."""
        records = json.loads((self.profile.home / "cron/jobs.json").read_text())["jobs"]
        found: dict[str, Any] = next(record for record in records if record["id"] == job.id)
        return found

    def rows(self, job: Job) -> list[dict[str, Any]]:
        """The job's rows of the ledger, oldest first."""
        self._copies.mkdir(exist_ok=True)
        for name in ("executions.db", "executions.db-wal"):
            (self._copies / name).unlink(missing_ok=True)
            if (self.profile.home / "cron" / name).exists():
                shutil.copy(self.profile.home / "cron" / name, self._copies)
        connection = sqlite3.connect(self._copies / "executions.db")
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM executions WHERE job_id = ? ORDER BY rowid", (job.id,))
        rows = [dict(row) for row in found]
        connection.close()
        return rows

    def log(self, name: str = "agent") -> str:
        """A log."""
        return (self.profile.home / f"logs/{name}.log").read_text()

    def mark(self, name: str) -> float:
        """When a mark of the ticker says that it was made."""
        return float((self.profile.home / f"cron/ticker_{name}").read_text())

    def fates(self, job: Job) -> list[tuple[str | None, str]]:
        """What became of the job's slots."""
        return [(slot.fate, slot.outcome) for slot in self.profile.truth(job.id)]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A profile of Hermes 0.19 at midnight."""
    watched = Watched(tmp_path)
    yield watched
    watched.host.close()


def test_a_report_that_arrives(watched: Watched) -> None:
    """Planned ahead before it runs, delivered by a line, noted, and its row ended, in this order."""
    watched.at(NINE + 65)
    assert watched.job(watched.agent)["next_run_at"].startswith("2026-11-23T09:00:00")
    assert watched.job(watched.agent)["last_run_at"] is None
    assert [row["status"] for row in watched.rows(watched.agent)] == ["running"]

    watched.at(NINE + 200)
    assert watched.job(watched.agent)["last_status"] == "ok"
    assert [row["status"] for row in watched.rows(watched.agent)] == ["completed"]
    assert f"Job '{watched.agent.id}': delivered to mattermost:" in watched.log()
    assert watched.fates(watched.agent) == [("settled", "delivered")]


def test_killed_in_a_run(watched: Watched) -> None:
    """The row stays, then is unknown; the next run is planned; jobs.json shows nothing; the report is missed."""
    watched.profile.at(NINE + 70, faults.kill)
    watched.profile.at(NINE + 2 * HOUR, owner.start_gateway)

    watched.at(NINE + HOUR)
    assert [row["status"] for row in watched.rows(watched.agent)] == ["running"]
    assert (watched.profile.home / "gateway.pid").exists()
    watched.at(NINE + DAY - 60)
    assert [row["status"] for row in watched.rows(watched.agent)] == ["unknown"]
    assert watched.job(watched.agent)["last_status"] is None
    assert "Marked 1 interrupted cron execution(s) unknown after restart" in watched.log("errors")
    watched.at(NINE + DAY + HOUR)
    assert watched.fates(watched.agent) == [("missed", "none"), ("settled", "delivered")]


def test_stopped_in_a_run(watched: Watched) -> None:
    """The run is noted as interrupted, the pid file goes, and only a clean stop leaves its marker."""
    watched.profile.at(NINE + 70, owner.stop_gateway, "signal")
    watched.at(NINE + HOUR)

    assert watched.job(watched.agent)["last_error"].startswith("Gateway shutdown (final-cleanup)")
    assert not (watched.profile.home / "gateway.pid").exists()
    assert not (watched.profile.home / ".clean_shutdown").exists()
    assert json.loads((watched.profile.home / "gateway_state.json").read_text())["gateway_state"] == "running"
    owner.start_gateway(watched.profile)
    watched.profile.at(NINE + 2 * HOUR, owner.stop_gateway)
    watched.at(NINE + 3 * HOUR)
    assert (watched.profile.home / ".clean_shutdown").exists()
    assert json.loads((watched.profile.home / "gateway_state.json").read_text())["gateway_state"] == "stopped"
    assert (watched.profile.home / "logs/gateway-exit-diag.log").read_text().count('"gateway.start"') == 2


def test_caught_up_after_downtime(watched: Watched) -> None:
    """What was due meanwhile runs once at the start, with a word if it is later than Hermes' grace."""
    watched.profile.at(NINE - HOUR, owner.stop_gateway)
    watched.profile.at(NINE + 3 * HOUR, owner.start_gateway)
    watched.at(NINE + 4 * HOUR)

    assert "missed its scheduled time (2026-11-22T09:00:00+00:00, grace=7200s). Running now" in watched.log()
    assert watched.fates(watched.agent) == [("settled", "delivered")]
    assert watched.profile.truth(watched.agent.id)[0].deadline > NINE + 3 * HOUR + 900


@pytest.mark.parametrize(
    ("state", "error", "outcome"),
    [
        ("auth", "RuntimeError: HTTP 401: ", "notice"),
        ("billing", "RuntimeError: HTTP 402: ", "notice"),
        ("rate_limit", "RuntimeError: HTTP 429: ", "notice"),
        ("unreachable", "RuntimeError: Connection error.", "notice"),
        ("fallback", None, "delivered"),
    ],
)
def test_a_provider_that_refuses(watched: Watched, state: Any, error: str | None, outcome: str) -> None:
    """The agent's run fails and word of it arrives, unless another provider takes over; a script does not care."""
    faults.provider(watched.profile, state)
    watched.at(NINE + HOUR)

    noted = watched.job(watched.agent)["last_error"]
    assert noted is None if error is None else noted.startswith(error)
    assert watched.rows(watched.agent)[0]["error"] == noted
    assert watched.job(watched.agent)["last_delivery_error"] is None
    assert watched.fates(watched.agent) == [("settled", outcome)]
    assert watched.fates(watched.script) == [("settled", "delivered")]


@pytest.mark.parametrize(
    ("state", "agent", "script", "error"),
    [
        ("refusing", "failed", "failed", "live adapter send failed: Failed to create post; "),
        ("auth", "failed", "failed", "live adapter send failed: Failed to create post; "),
        ("unreachable", "failed", "failed", "live adapter send failed: Failed to create post; "),
        ("hanging", "unverified", "unverified", None),
        ("limping", "delivered", "delivered", None),
    ],
)
def test_messengers_that_fail(watched: Watched, state: Any, agent: str, script: str, error: str | None) -> None:
    """The run is ok and its row completed whatever becomes of the report; only the delivery error tells."""
    for name in ("mattermost", "telegram"):
        watched.profile.at(NINE - 60, faults.messenger, name, state)
    watched.at(NINE + HOUR)

    noted = watched.job(watched.agent)
    assert (noted["last_status"], watched.rows(watched.agent)[0]["status"]) == ("ok", "completed")
    assert (
        noted["last_delivery_error"] is None if error is None else noted["last_delivery_error"].startswith(error)
    )
    assert [slot.outcome for slot in watched.profile.truth(watched.agent.id)] == [agent]
    assert [slot.outcome for slot in watched.profile.truth(watched.script.id)] == [script]
    assert ("assuming delivered" in watched.log("errors")) == (state == "hanging")


def test_messengers_that_never_connected(watched: Watched) -> None:
    """A start without them is retried and noted; what is sent meanwhile goes without a live adapter."""
    owner.stop_gateway(watched.profile)
    for name in ("mattermost", "telegram"):
        faults.messenger(watched.profile, name, "unreachable")
    owner.start_gateway(watched.profile)
    watched.profile.at(NINE + HOUR, faults.messenger, "mattermost", "ok")

    platforms = json.loads((watched.at(NINE + HOUR).profile.home / "gateway_state.json").read_text())["platforms"]
    assert {name: entry["state"] for name, entry in platforms.items()} == dict.fromkeys(platforms, "retrying")
    assert watched.job(watched.agent)["last_delivery_error"].startswith("delivery error: Mattermost send failed")
    watched.at(NINE + 2 * HOUR)
    assert "✓ mattermost reconnected successfully" in watched.log()


@pytest.mark.parametrize(
    ("answer", "outcome", "status", "error"),
    [
        ("silent", "suppressed", "completed", None),
        ("empty", "failed", "failed", "Agent completed but produced empty response"),
    ],
)
def test_an_agent_with_nothing_to_say(
    watched: Watched, answer: Any, outcome: str, status: str, error: str | None
) -> None:
    """Silence settles; an empty answer fails, and nobody is told."""
    owner.answer_next(watched.profile, watched.agent, answer)
    watched.at(NINE + HOUR)

    assert [row["status"] for row in watched.rows(watched.agent)] == [status]
    assert (watched.job(watched.agent)["last_error"] or "").startswith(error or "")
    assert [slot.outcome for slot in watched.profile.truth(watched.agent.id)] == [outcome]
    assert "delivered to mattermost" not in watched.log()


def test_a_script_that_exits_with_3(watched: Watched) -> None:
    """Its row fails, word of it arrives, and the log has no warning."""
    owner.answer_next(watched.profile, watched.script, "exit3")
    watched.at(NINE + HOUR)

    assert watched.rows(watched.script)[0]["error"].startswith("Script exited with code 3")
    assert watched.fates(watched.script) == [("settled", "notice")]
    assert watched.script.id not in watched.log("errors")


def test_where_a_report_goes(watched: Watched) -> None:
    """Nowhere by mistake, here by intent, to several places."""
    jobs = {
        deliver: owner.create_job(watched.profile, "0 9 * * *", f"to {deliver}", deliver=deliver)
        for deliver in ("local", "discord", "slack:1", "origin", "mattermost,telegram")
    }
    watched.profile.at(NINE - 60, faults.messenger, "telegram", "unreachable")
    watched.at(NINE + HOUR)

    assert {deliver: watched.fates(job)[0][1] for deliver, job in jobs.items()} == {
        "local": "local",
        "discord": "not_configured",
        "slack:1": "not_configured",
        "origin": "delivered",
        "mattermost,telegram": "partial",
    }
    assert watched.job(jobs["discord"])["last_delivery_error"] == "no delivery target resolved for deliver=discord"


def test_a_leaked_job(watched: Watched) -> None:
    """It is never run again, though its next run moves on; another gateway knows nothing of it."""
    faults.leak(watched.profile, watched.agent)
    watched.profile.at(NINE + 2 * DAY - HOUR, faults.kill)
    watched.profile.at(NINE + 2 * DAY - HOUR + 60, owner.start_gateway)
    watched.at(NINE + HOUR)

    assert watched.log().count("Job 'brief' already running — skipping") == 1
    assert watched.job(watched.agent)["next_run_at"].startswith("2026-11-23T09")
    watched.at(NINE + 2 * DAY + HOUR)
    assert [fate for fate, _ in watched.fates(watched.agent)] == ["missed", "missed", "settled"]


def test_a_locked_ledger_leaks_a_job(watched: Watched) -> None:
    """The tick fails once, with an error; the job is skipped from then on."""
    watched.profile.at(START + HOUR, faults.ledger_locked)
    watched.at(NINE + DAY + HOUR)

    assert watched.log("errors").count("Cron tick error: database is locked") == 1
    assert watched.log().count("already running") == 1
    assert watched.mark("last_success") > NINE + DAY
    assert [fate for fate, _ in watched.fates(watched.agent)] == ["missed", None]


def test_a_slot_that_is_skipped_without_a_word(watched: Watched) -> None:
    """Planned on, no row, no line."""
    faults.skip(watched.profile, watched.agent)
    watched.at(NINE + HOUR)

    assert watched.job(watched.agent)["next_run_at"].startswith("2026-11-23T09")
    assert watched.rows(watched.agent) == []
    assert "brief" not in watched.log()


def test_a_dead_ticker(watched: Watched) -> None:
    """The gateway's beat goes on, the ticker's marks do not, and nothing runs."""
    watched.profile.at(NINE - HOUR, faults.ticker_dies)
    watched.at(NINE + HOUR)

    beat = json.loads((watched.profile.home / "state/gateway.heartbeat").read_text())["updated_at"]
    assert beat.startswith("2026-11-22T09:59")
    assert watched.mark("heartbeat") == pytest.approx(NINE - HOUR, abs=61)
    assert watched.rows(watched.agent) == []


def test_ticks_that_fail(watched: Watched) -> None:
    """The heartbeat moves, the success does not, every tick says so."""
    watched.profile.at(NINE - 600, faults.ticks_fail, "disk I/O error")
    watched.profile.at(NINE + 600, faults.ticks_fail, None)
    watched.at(NINE + 300)
    assert watched.mark("heartbeat") > NINE + 200
    assert watched.mark("last_success") == pytest.approx(NINE - 600, abs=61)
    assert watched.log("errors").count("Cron tick error: disk I/O error") == 15

    watched.at(NINE + 900)
    assert watched.mark("last_success") > NINE + 800
    assert watched.fates(watched.script) == [("settled", "delivered")]


def test_a_frozen_gateway(watched: Watched) -> None:
    """It writes nothing; once it goes on it makes up for what was due."""
    watched.profile.at(NINE - HOUR, faults.freeze)
    watched.profile.at(NINE + HOUR, faults.thaw)
    watched.at(NINE + HOUR - 1)
    beat = json.loads((watched.profile.home / "state/gateway.heartbeat").read_text())["updated_at"]
    assert beat.startswith("2026-11-22T07:59")
    assert watched.mark("heartbeat") <= NINE - HOUR

    watched.at(NINE + HOUR + 600)
    assert watched.rows(watched.agent)[0]["claimed_at"].startswith("2026-11-22T10:00:00")


def test_a_host_that_sleeps(watched: Watched) -> None:
    """Nothing happens; the run in flight goes on afterwards, and no clock of a process has moved."""
    watched.profile.at(NINE + 70, faults.sleep, 2 * HOUR)
    watched.at(NINE + 71)
    before = watched.mark("heartbeat")
    assert watched.at(NINE + HOUR).mark("heartbeat") == before

    watched.at(NINE + 3 * HOUR)
    beat = json.loads((watched.profile.home / "state/gateway.heartbeat").read_text())
    assert beat["monotonic"] == pytest.approx(DAY + 10 * HOUR, abs=60)
    assert watched.fates(watched.agent) == [("settled", "delivered")]
    assert watched.rows(watched.agent)[0]["finished_at"].startswith("2026-11-22T11:0")


def test_jobs_that_go(watched: Watched) -> None:
    """One that its owner removes takes its output along; one that is lost leaves it behind."""
    watched.profile.at(NINE + HOUR, owner.remove, watched.agent)
    watched.profile.at(NINE + HOUR, faults.vanish, watched.script)
    watched.at(NINE + 2 * HOUR)

    assert json.loads((watched.profile.home / "cron/jobs.json").read_text())["jobs"] == []
    assert not (watched.profile.home / "cron/output" / watched.agent.id).exists()
    assert (watched.profile.home / "cron/output" / watched.script.id).is_dir()
    assert (watched.agent.life.end, watched.script.life.end) == ("removed", "vanished")


def test_a_job_that_is_removed_while_it_runs(watched: Watched) -> None:
    """Its report still arrives, its row ends, and Hermes finds nothing to note it in."""
    watched.profile.at(NINE + 70, owner.remove, watched.agent)
    watched.at(NINE + HOUR)

    assert [row["status"] for row in watched.rows(watched.agent)] == ["completed"]
    assert f"mark_job_run: job_id {watched.agent.id} not found" in watched.log("errors")
    assert watched.profile.lives[watched.agent.id].runs[0].outcome == "delivered"


def test_jobs_that_are_held(watched: Watched) -> None:
    """A paused job and one that is switched off owe nothing; both keep a next run in the past."""
    watched.profile.at(START + HOUR, owner.pause, watched.agent)
    watched.profile.at(START + HOUR, lambda profile: owner.switch(profile, watched.script, on=False))
    watched.profile.at(NINE + DAY + HOUR, owner.resume, watched.agent)
    watched.at(NINE + DAY)
    assert [watched.job(job)["state"] for job in (watched.agent, watched.script)] == ["paused", "scheduled"]
    assert watched.job(watched.agent)["next_run_at"].startswith("2026-11-22T09")

    watched.at(NINE + 2 * DAY + HOUR)
    assert [slot.at for slot in watched.profile.truth(watched.agent.id)] == [NINE + 2 * DAY]
    assert watched.profile.truth(watched.script.id) == []


def test_a_job_that_is_rescheduled(watched: Watched) -> None:
    """It runs by its new schedule, and owes by it."""
    watched.profile.at(NINE - HOUR, owner.reschedule, watched.agent, "0 11 * * *")
    watched.at(NINE + 3 * HOUR)
    assert [slot.at for slot in watched.profile.truth(watched.agent.id)] == [NINE + 2 * HOUR]
    assert watched.fates(watched.agent) == [("settled", "delivered")]


def test_a_one_shot_that_was_killed(watched: Watched) -> None:
    """It stays claimed by a dead process, is not run again, and is taken out when its claim is old."""
    once = owner.create_job(watched.profile, "1h", "once", habits=Habits(600.0))
    watched.profile.at(START + HOUR + 300, faults.kill)
    watched.profile.at(START + HOUR + 400, owner.start_gateway)
    watched.at(START + HOUR + 600)
    assert watched.job(once)["run_claim"]["at"].startswith("2026-11-22T01:00")
    assert watched.job(once)["repeat"] == {"times": 1, "completed": 1}

    watched.at(START + 2 * HOUR)
    assert once.id not in watched.profile.jobs
    assert "one-shot dispatch limit reached (1/1) — removing stale due entry" in watched.log()
    assert watched.at(START + 2 * DAY).fates(once) == [("missed", "none")]


def test_a_phantom_completion(watched: Watched) -> None:
    """It is stamped in the future and no run; the real ones are planned from it."""
    watched.profile.at(NINE - HOUR, faults.phantom, watched.agent, 2 * HOUR)
    watched.at(NINE)
    assert watched.job(watched.agent)["last_run_at"].startswith("2026-11-22T10:00")
    assert watched.rows(watched.agent)[0]["finished_at"].startswith("2026-11-22T10:00")
    assert watched.at(NINE + HOUR).profile.truth(watched.agent.id)[0].fate is None


def test_a_second_run(watched: Watched) -> None:
    """Two rows for one slot."""
    watched.profile.at(NINE + 65, faults.run_twice, watched.agent)
    watched.at(NINE + HOUR)
    assert [row["source"] for row in watched.rows(watched.agent)] == ["builtin", "builtin"]
    assert watched.fates(watched.agent) == [("settled", "delivered")]


def test_a_run_by_hand(watched: Watched) -> None:
    """In a process of its own: it survives its gateway, and sends without live adapters."""
    watched.profile.at(START + HOUR, owner.run_now, watched.agent)
    watched.profile.at(START + HOUR + 10, faults.kill)
    watched.at(START + HOUR + 20)
    assert [process.pid for process in watched.profile.processes()] == [watched.rows(watched.agent)[0]["pid"]]
    watched.at(START + 2 * HOUR)
    assert watched.profile.processes() == []
    (row,) = watched.rows(watched.agent)
    assert (row["source"], row["status"]) == ("direct", "completed")
    assert watched.log().rstrip().endswith(":homedefaultchannel")
    assert watched.job(watched.agent)["fire_claim"] is None


def test_what_later_versions_write(tmp_path: Path) -> None:
    """Outcomes and slots in the ledger, more words for a status, a life of the gateway, a fresh state."""
    watched = Watched(tmp_path, version="0.22")
    watched.profile.at(NINE - 60, faults.messenger, "mattermost", "refusing")
    watched.profile.at(NINE + HOUR, faults.messenger, "mattermost", "hanging")
    watched.profile.at(NINE + DAY + HOUR, owner.answer_next, watched.agent, "blocked")
    watched.at(NINE + HOUR)
    (row,) = watched.rows(watched.agent)
    assert (row["delivery_outcome"], row["scheduled_instant"]) == ("failed", "2026-11-22T09:00:00+00:00")
    assert (watched.job(watched.agent)["last_status"], watched.job(watched.agent)["failure_streak"]) == (
        "delivery_failed",
        1,
    )
    state = json.loads((watched.profile.home / "gateway_state.json").read_text())
    assert state["updated_at"].startswith("2026-11-22T09:59")
    assert state["code_version"]

    watched.at(NINE + DAY + HOUR)
    assert watched.job(watched.agent)["last_delivery_unverified"] == ["mattermost:homedefaultchannel"]
    watched.at(NINE + 2 * DAY + HOUR)
    assert watched.job(watched.agent)["last_status"] == "blocked_config"
    watched.profile.at(NINE + 3 * DAY - HOUR, faults.kill)
    lifecycle = json.loads((watched.at(NINE + 3 * DAY).profile.home / "state/gateway.lifecycle.json").read_text())
    assert lifecycle["phase"] == "running"
    watched.host.close()


def test_a_quota_hold(tmp_path: Path) -> None:
    """What comes while a job is held is not owed and not made up for."""
    watched = Watched(tmp_path, version="0.22")
    watched.profile.at(NINE - HOUR, faults.quota_hold, watched.agent, 4 * HOUR)
    watched.at(NINE + HOUR)
    assert watched.job(watched.agent)["quota_hold_until"] == NINE + 3 * HOUR
    watched.at(NINE + DAY + HOUR)
    assert [slot.at for slot in watched.profile.truth(watched.agent.id)] == [NINE + DAY]
    assert len(watched.rows(watched.agent)) == 1
    watched.host.close()


def test_nights_of_a_clock_change(tmp_path: Path) -> None:
    """On the day of a change Hermes runs a daily job an hour early, then again, or an hour late."""
    spring, autumn = 1774652400.0, 1792796400.0
    for number, (start, hours) in enumerate(((spring, [9, 8, 9, 9]), (autumn, [9, 10, 9]))):
        host = Simulation(tmp_path / str(number), start, host_zone="Europe/Berlin")
        profile = host.profile(zone="Europe/Berlin")
        job = owner.create_job(profile, "0 9 * * *", "daily", habits=Habits(5.0))
        owner.start_gateway(profile)
        host.advance(start + 3 * DAY)
        began = [profile.clock.now(run.started_at).hour for run in job.life.runs]
        assert began == hours
        assert {slot.fate for slot in profile.truth(job.id)} == {"settled"}
        host.close()


def test_a_recovery_that_crashes_leaves_the_old_marks(watched: Watched) -> None:
    """The new gateway lives, and the marks of its ticker are those of the one before."""
    watched.at(START + HOUR)
    owner.stop_gateway(watched.profile)
    faults.recovery_crashes(watched.profile, on=True)
    owner.start_gateway(watched.profile)
    watched.at(NINE + HOUR)

    assert watched.mark("heartbeat") <= START + HOUR
    assert watched.rows(watched.agent) == []


def test_a_ticker_that_dies_claiming_leaves_a_claim(watched: Watched) -> None:
    """The next run is planned, the row is there, and nothing ever begins."""
    watched.profile.at(NINE, faults.dies_claiming, watched.agent)
    watched.at(NINE + HOUR)

    assert [row["status"] for row in watched.rows(watched.agent)] == ["claimed"]
    assert watched.job(watched.agent)["next_run_at"].startswith("2026-11-23T09:00")
    assert watched.mark("heartbeat") <= NINE


def test_a_run_that_is_taken_over_is_thrown_away(watched: Watched) -> None:
    """Failed in the ledger, unknown to the job, and nothing was sent."""
    owner.answer_next(watched.profile, watched.agent, "lost")
    watched.at(NINE + HOUR)

    assert [row["status"] for row in watched.rows(watched.agent)] == ["failed"]
    assert watched.job(watched.agent)["last_run_at"] is None
    assert f"Job '{watched.agent.id}': delivered" not in watched.log()


def test_a_command_that_is_killed_leaves_its_run(watched: Watched) -> None:
    """Running in the ledger for ever, until a gateway starts."""
    command = Process(77, 7)
    owner.run_now(watched.profile, watched.agent, command)
    watched.at(START + 30)
    faults.command_killed(watched.profile, command)
    watched.at(START + HOUR)
    assert [row["status"] for row in watched.rows(watched.agent)] == ["running"]
    owner.stop_gateway(watched.profile)
    owner.start_gateway(watched.profile)
    watched.at(START + 2 * HOUR)

    assert [row["status"] for row in watched.rows(watched.agent)] == ["unknown"]


def test_notes_of_their_own_and_a_queue_that_stands(tmp_path: Path) -> None:
    """What is noted of runs stands in runtime.db alone; a report waits in deliveries.db, and is not sent."""
    watched = Watched(tmp_path, "0.22")
    owner.split_notes(watched.profile)
    faults.queue_stands(watched.profile, on=True)
    watched.at(NINE + HOUR)

    assert "last_run_at" not in watched.job(watched.agent)
    with closing(sqlite3.connect(watched.profile.home / "cron/runtime.db")) as database:
        (state,) = database.execute(
            "SELECT state_json FROM job_runtime WHERE job_id = ?", [watched.agent.id]
        ).fetchone()
    assert json.loads(state)["last_status"] == "delivery_queued"
    with closing(sqlite3.connect(watched.profile.home / "cron/deliveries.db")) as database:
        waiting = database.execute("SELECT execution_id, status FROM deliveries").fetchall()
    rows = [*watched.rows(watched.agent), *watched.rows(watched.script)]
    assert sorted(waiting) == sorted((row["id"], "delivering") for row in rows)
    assert {row["delivery_outcome"] for row in rows} == {"queued"}
    assert "delivered to" not in watched.log()
    watched.host.close()
