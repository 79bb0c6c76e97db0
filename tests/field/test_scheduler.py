"""Failures of the scheduler: what does not run is told in time, and what only looks like it is not."""

from __future__ import annotations

import os
from itertools import product
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Habits, Process, faults, owner
from tests.field.cron import DAILY, DAY, HOUR, MINUTE, RARE, TOLD_SECONDS, told, watched
from tests.field.row import shows

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.simulator import Job
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost

STALLED, MISSING = "HermesCronSchedulerStalled", "HermesReportNotDelivered"
FAILING, LOOPING = "HermesCronJobFailing", "HermesGatewayCrashLooping"
HEARTBEAT = "hermes_cron_scheduler_heartbeat_timestamp_seconds"
NOBODY = 65534
SUCCESS = "hermes_cron_scheduler_last_success_timestamp_seconds"


@shows("ticker dies")
def test_a_ticker_that_dies_is_told(make_host: MakeHost) -> None:
    """Its gateway and that one's heartbeat live on; a restart ends it."""
    host, _ = watched(make_host, RARE)
    died = host.simulation.now
    faults.ticker_dies(host.profile)
    host.run(died + 30 * MINUTE)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.simulation.now - (host.value("hermes_gateway_heartbeat_timestamp_seconds") or 0) < 2 * MINUTE
    assert died - 2 * MINUTE < (host.value(HEARTBEAT) or 0) <= died
    host.start_gateway(host.profile)
    host.run(died + HOUR)

    stalled = told(host, STALLED)[STALLED]
    assert stalled.profile == "default"
    assert stalled.since - died <= 7 * MINUTE
    assert stalled.until - died <= 38 * MINUTE


@shows("no tick after a restart", "ticker never starts")
@pytest.mark.parametrize("days", [0, 57])
def test_a_ticker_that_a_start_never_gets_going_is_told(make_host: MakeHost, days: int) -> None:
    """Its recovery crashes: the marks are those of an earlier process, minutes or weeks old."""
    host = make_host()
    owner.create_job(host.profile, RARE, "Yearly")
    host.start_gateway(host.profile)
    host.run(host.start + HOUR)
    host.end_gateway(host.profile)
    before = host.simulation.now
    host.run(before + 2 * MINUTE)
    host.simulation.advance(before + days * DAY)
    faults.recovery_crashes(host.profile, on=True)
    started = host.simulation.now
    host.start_gateway(host.profile)
    host.run(started + MINUTE)
    host.watch()
    host.run(started + 30 * MINUTE)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert (host.value(HEARTBEAT) or 0) <= before < (host.value("hermes_gateway_start_timestamp_seconds") or 0)
    faults.recovery_crashes(host.profile, on=False)
    host.start_gateway(host.profile)
    host.run(started + HOUR)

    stalled = told(host, STALLED)[STALLED]
    assert stalled.since - started <= 10 * MINUTE
    assert stalled.until - started <= 36 * MINUTE


@shows("job takes the ticker with it")
@pytest.mark.parametrize("status", ["running", "claimed"])
def test_a_ticker_that_a_job_takes_with_it_is_told(make_host: MakeHost, status: str) -> None:
    """Blocked by a prompt, or dead of an exception: the run that is noted explains the silence for two hours."""
    host, job = watched(make_host, habits=Habits(seconds=1e6))
    slot = host.start + 6 * HOUR
    act = faults.ticker_dies if status == "running" else faults.dies_claiming
    host.profile.at(slot + 90 if status == "running" else slot, act, *([job] if status == "claimed" else []))
    host.run(slot + 3 * HOUR)

    assert host.value("hermes_cron_job_run_start_timestamp_seconds", job_id=job.id) == pytest.approx(slot, abs=65)
    assert host.value("hermes_cron_job_running", job_id=job.id) == 1
    assert (host.value(HEARTBEAT) or 0) < slot + 2 * MINUTE
    fired = told(host, STALLED, MISSING, "HermesCronRunStuck")
    assert all(each.since - slot <= 2 * HOUR + 20 * MINUTE for each in fired.values())


@shows("out of file descriptors", "store of another user")
@pytest.mark.parametrize("cause", ["descriptors", "owner"])
def test_ticks_that_fail_are_told(make_host: MakeHost, cause: str) -> None:
    """The loop turns and every turn fails, of too many open files or of a jobs.json that became root's."""
    host, _ = watched(make_host, RARE)
    failed = host.simulation.now
    (play_descriptors if cause == "descriptors" else play_owner)(host)
    host.run(failed + 30 * MINUTE)

    assert host.simulation.now - (host.value(HEARTBEAT) or 0) < 2 * MINUTE
    assert (host.value(SUCCESS) or 0) <= failed
    assert host.value("hermes_cron_scheduler_error") == 1
    if cause == "descriptors":
        used = host.value("hermes_gateway_open_fds") or 0
        assert used > 0.9 * (host.value("hermes_gateway_max_fds") or 1e9)
    else:
        assert host.value("hermes_cron_store_writable") == 0
    faults.ticks_fail(host.profile, None)
    host.run(failed + HOUR)
    stalled = told(host, STALLED)[STALLED]
    assert stalled.since - failed <= 8 * MINUTE
    assert stalled.until - failed <= 36 * MINUTE


def play_descriptors(host: FieldHost) -> None:
    """Let the gateway have all the files open that it may."""
    faults.ticks_fail(host.profile, "OSError: [Errno 24] Too many open files")
    descriptors = host.procfs.root / str(host.gateway_pid) / "fd"
    for number in range(len(list(descriptors.iterdir())), 1024):
        (descriptors / str(number)).symlink_to("/dev/null")


def play_owner(host: FieldHost) -> None:
    """Let jobs.json belong to somebody else than the gateway; who is not root takes its right to write away."""
    faults.ticks_fail(host.profile, "PermissionError: [Errno 13] Permission denied: 'jobs.json'")
    store = host.profile.home / "cron/jobs.json"
    user = os.geteuid() or NOBODY
    host.procfs.act_as(host.gateway_pid, user)
    os.chown(store.parent, user, -1)
    if os.geteuid() != 0:
        store.chmod(0o400)


@shows("updated under a live gateway")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_ticks_that_fail_of_an_update_are_told(make_host: MakeHost, version: str) -> None:
    """Imports fail, or the ticker yields to the new code and says so; later versions tell which code they run."""
    host, _ = watched(make_host, RARE, version=version)
    package = host.profile.home / "hermes-agent/hermes_cli/__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text('__version__ = "0.22.1"\n')
    host.run(host.simulation.now + 10 * MINUTE)
    updated = host.simulation.now
    package.write_text('__version__ = "0.22.5"\n')
    faults.ticks_fail(host.profile, {"0.19": "ImportError: no such name", "0.22": "stale code: yielding"}[version])
    host.run(updated + HOUR)

    assert host.value("hermes_cron_scheduler_error") == 1
    assert host.value("hermes_gateway_code_stale") == (None if version == "0.19" else 1)
    assert (host.profile.home / "cron/ticker_last_error").exists() == (version == "0.22")
    fired = told(host, STALLED, *(["HermesStaleCode"] if version == "0.22" else []))
    assert fired[STALLED].since - updated <= 8 * MINUTE
    assert all(each.since - updated <= 35 * MINUTE for each in fired.values())


@shows("no gateway at all", "jobs in a profile that nobody ticks")
@pytest.mark.parametrize("beside", [False, True])
def test_jobs_that_nobody_ticks_are_told(make_host: MakeHost, beside: bool) -> None:
    """No gateway was ever there, or one of another profile is: a warning now, a page with the first report."""
    host = make_host()
    profile = host.simulation.profile("coder") if beside else host.profile
    owner.create_job(profile, DAILY, "Morning brief")
    if beside:
        host.start_gateway(host.profile)
    host.run(host.start + 5 * HOUR)
    host.watch()
    host.run(host.start + 6.5 * HOUR)

    assert host.value("hermes_cron_scheduler_ticked", profile=profile.name) == 0
    assert host.value("hermes_cron_jobs", profile=profile.name, state="enabled") == 1
    assert host.value("hermes_profile_gateway_expected", profile=profile.name) == 0
    assert host.value("hermes_gateway_up", profile="default") == beside
    assert host.value(HEARTBEAT, profile=profile.name) is None
    fired = told(host, "HermesCronJobsNotTicked", MISSING)
    assert {each.profile for each in host.alerts()} == {profile.name}
    assert fired["HermesCronJobsNotTicked"].since - host.start <= 5 * HOUR + 17 * MINUTE
    assert fired[MISSING].since - host.start <= 6 * HOUR + TOLD_SECONDS


@shows("served and never ticked", "served and ticked")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_a_served_profile_is_ticked_or_that_is_told(make_host: MakeHost, version: str) -> None:
    """0.19 ticks the host's jobs alone; later ones those of the served profile too, which has no gateway files."""
    host = make_host(version=version)
    coder = host.simulation.profile("coder")
    owner.create_job(coder, RARE, "Yearly")
    owner.serve(host.profile, "coder")
    if version != "0.19":
        host.profile.ticks_for = (coder,)
    host.start_gateway(host.profile)
    host.run(host.start + 2 * MINUTE)
    host.watch()
    host.run(host.start + HOUR)

    assert not (coder.home / "gateway.pid").exists()
    assert host.value("hermes_profile_info", profile="coder", gateway="served", host_profile="default") == 1
    assert host.value("hermes_gateway_up", profile="coder") == 1
    assert host.value("hermes_cron_scheduler_ticked", profile="coder") == (version != "0.19")
    fired = told(host, *([STALLED] if version == "0.19" else []))
    assert {each.profile for each in fired.values()} <= {"coder"}
    assert all(each.since - host.start <= 10 * MINUTE for each in fired.values())


@shows("gateway for a served profile")
def test_a_gateway_that_refuses_to_start_beside_its_host_is_told(make_host: MakeHost) -> None:
    """Its supervisor starts it again and again; the profile is served, and not dead."""
    host = make_host(version="0.22")
    coder = host.simulation.profile("coder")
    owner.create_job(coder, RARE, "Yearly")
    owner.serve(host.profile, "coder")
    host.profile.ticks_for = (coder,)
    host.start_gateway(host.profile)
    host.run(host.start + 10 * MINUTE)
    host.watch()
    host.run(host.start + 20 * MINUTE)
    began = host.simulation.now
    for number in range(20):
        coder.at(began + number * MINUTE, owner.start_in_vain)
    host.run(began + HOUR)

    assert (host.value("hermes_gateway_starts_total", profile="coder") or 0) >= 18
    assert host.value("hermes_gateway_up", profile="coder") == 1
    assert host.value("hermes_gateway_proof", profile="coder", proof="host") == 1
    looping = told(host, LOOPING)[LOOPING]
    assert looping.profile == "coder"
    assert looping.since - began <= 7 * MINUTE
    assert looping.until - began <= 32 * MINUTE


SLOT = 6 * HOUR


def kill_at_the_claim(host: FieldHost, job: Job) -> None:
    """The gateway is killed just when the job's next run has been planned, and is back a minute later."""
    faults.skip(host.profile, job)
    host.profile.at(host.start + SLOT + 2, host.kill_gateway)
    host.profile.at(host.start + SLOT + 62, host.start_gateway)


def never(host: FieldHost, job: Job) -> None:
    """A one-shot's next run is lost, and the job stays."""
    faults.unplanned(host.profile, job, "scheduled")


NEVER_RUN: dict[str, tuple[str, Callable[[FieldHost, Job], object], tuple[str, float]]] = {
    "slot skipped": (DAILY, lambda host, job: faults.skip(host.profile, job), ("", 0)),
    "slot lost in a restart": (DAILY, kill_at_the_claim, ("hermes_gateway_starts_total", 1)),
    "no next run": (
        DAILY,
        lambda host, job: faults.unplanned(host.profile, job),
        ("hermes_cron_job_schedulable", 0),
    ),
    "zombie one-shot": ("2026-05-04T06:00", never, ("hermes_cron_job_enabled", 1)),
    "one-shot vanishes": (
        "2026-05-04T06:00",
        lambda host, job: host.profile.at(host.start + SLOT, faults.lost, job),
        ("hermes_cron_jobs_vanished", 0),
    ),
    "recurring job is completed": (
        DAILY,
        lambda host, job: faults.unplanned(host.profile, job, "completed"),
        ("hermes_cron_job_schedulable", 0),
    ),
    "completed in the future": (
        DAILY,
        lambda host, job: faults.phantom(host.profile, job, 20 * HOUR),
        ("hermes_exporter_future_timestamps_total", 1),
    ),
    "month skipped": (
        "0 6 4 * *",
        lambda host, job: faults.planned_for(host.profile, job, host.start + 31 * DAY + SLOT),
        ("hermes_cron_job_next_run_timestamp_seconds", 0),
    ),
}
"""By row: the schedule, what goes wrong before the slot, and a series that tells which it is."""


@shows(*NEVER_RUN)
@pytest.mark.parametrize("key", NEVER_RUN)
def test_a_slot_without_a_run_is_told(make_host: MakeHost, key: str) -> None:
    """Whatever Hermes takes for the job's next run: the page comes with the deadline, and ends with a report."""
    schedule, act, (family, least) = NEVER_RUN[key]
    host, job = watched(make_host, schedule)
    slot = host.start + SLOT
    act(host, job)
    host.run(slot + 30 * MINUTE)

    assert host.value("hermes_cron_job_owed_slot_timestamp_seconds", job_id=job.id) == slot
    assert host.value("hermes_cron_job_report_overdue", job_id=job.id) == 1
    assert host.value("hermes_gateway_up") == 1
    if family:
        labels = (
            {"collector": "cron"} if "exporter" in family else {} if "job_" not in family else {"job_id": job.id}
        )
        value = host.value(family, **labels)
        assert value is not None
        assert value >= least if family.endswith(("total", "seconds")) else value == least
    if "one-shot" not in key:
        owner.run_now(host.profile, job)
    host.run(slot + 50 * MINUTE)

    missing = told(host, MISSING)[MISSING]
    assert dict(missing.labels)["job_id"] == job.id
    assert missing.since - slot <= TOLD_SECONDS + (2 * MINUTE if "restart" in key else 0)
    assert "one-shot" in key or missing.until - slot <= 32 * MINUTE


@shows("one-shot hours late", "wrong hour")
@pytest.mark.parametrize("schedule", [DAILY, "2026-05-04T06:00"])
def test_a_run_at_the_wrong_hour_is_told(make_host: MakeHost, schedule: str) -> None:
    """Hermes takes another zone's wall clock for its own, or is hours late with a one-shot: missing until then."""
    host, job = watched(make_host, schedule, since=1.5 * HOUR)
    slot = host.start + SLOT
    faults.planned_for(host.profile, job, slot + 2 * HOUR)
    host.run(slot + 3 * HOUR)

    assert host.value("hermes_cron_job_start_delay_seconds", job_id=job.id) == pytest.approx(2 * HOUR, abs=70)
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="late") == 1
    fired = told(host, MISSING, "HermesReportLate")
    assert fired[MISSING].since - slot <= TOLD_SECONDS
    assert fired[MISSING].until - slot <= 2 * HOUR + 3 * MINUTE
    assert fired["HermesReportLate"].since - slot <= 2 * HOUR + 4 * MINUTE


@shows("hours late after downtime")
@pytest.mark.parametrize("how", ["down", "asleep"])
def test_a_run_that_a_downtime_made_late_shows(make_host: MakeHost, how: str) -> None:
    """What was down is told while it is; a machine that slept is nobody's fault, and its report is made up for."""
    host, job = watched(make_host)
    slot = host.start + SLOT
    if how == "down":
        host.end_gateway(host.profile)
        host.profile.at(slot + 2 * HOUR, host.start_gateway)
    else:
        host.sleep(host.profile, 2.5 * HOUR)
    host.run(slot + 3 * HOUR)

    assert host.value("hermes_cron_job_start_delay_seconds", job_id=job.id) == pytest.approx(2 * HOUR, abs=120)
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") == 1
    if how == "asleep":
        told(host, "HermesExporterDown")
        return
    fired = told(host, MISSING, "HermesGatewayDead")
    assert fired["HermesGatewayDead"].since - slot <= 4 * MINUTE - 30 * MINUTE
    assert max(each.until for each in fired.values()) - slot <= 2 * HOUR + 5 * MINUTE


@shows("two tick one store", "fires again", "fires early")
@pytest.mark.parametrize("minutes", [0, 20, -20])
def test_a_second_run_for_one_slot_shows(make_host: MakeHost, minutes: int) -> None:
    """Beside the first, after it, or before its time: a slot had its run already, or has it still to come."""
    host, job = watched(make_host, "0 * * * *", habits=Habits(seconds=90))
    slot = host.start + SLOT
    host.profile.at(slot + minutes * MINUTE + 61, faults.run_twice, job)
    host.run(slot + 90 * MINUTE)

    assert host.value("hermes_cron_job_duplicate_runs_total", job_id=job.id) == 1
    assert host.value("hermes_cron_job_runs_total", job_id=job.id, status="completed") == 3
    told(host)


@shows("slow job holds up the others", "long serial job")
@pytest.mark.parametrize("others", [False, True])
def test_a_slow_job_that_the_ticker_waits_for(make_host: MakeHost, others: bool) -> None:
    """A loop that waits for a run is no stall; what it holds up is missing all the same."""
    host, job = watched(make_host, since=HOUR, habits=Habits(seconds=80 * MINUTE, spread=0))
    slot = host.start + SLOT
    other = owner.create_job(host.profile, "10 6 * * *", "Second") if others else None
    host.profile.at(slot + 75, lambda profile: profile.gateway.ticker.hold())
    host.profile.at(
        slot + 82 * MINUTE, lambda profile: profile.gateway.ticker.resume(profile.gateway, waits=False)
    )
    host.run(slot + 80 * MINUTE)

    assert host.value("hermes_cron_job_running", job_id=job.id) == 1
    assert (host.value(HEARTBEAT) or 0) < slot + 2 * MINUTE
    assert host.value("hermes_profile_condition", condition="scheduler_stalled") == 0
    assert host.value("hermes_cron_scheduler_ticked") == 1
    host.run(slot + 2 * HOUR)
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") == 1
    fired = told(host, *([MISSING] if other else []))
    if other:
        assert dict(fired[MISSING].labels)["job_id"] == other.id
        assert fired[MISSING].since - slot <= 10 * MINUTE + TOLD_SECONDS


@shows("claim lost")
def test_a_run_whose_claim_was_taken_over_is_told(make_host: MakeHost) -> None:
    """It ran to its end, and what it came to was thrown away."""
    host, job = watched(make_host, habits=Habits(answer="lost", seconds=100))
    slot = host.start + SLOT
    host.run(slot + 30 * MINUTE)

    assert host.value("hermes_cron_job_runs_total", job_id=job.id, status="failed") == 1
    assert host.value("hermes_cron_job_last_delivery_outcome", job_id=job.id, outcome="none") == 1
    fired = told(host, MISSING, FAILING)
    assert fired[FAILING].since - slot <= 6 * MINUTE
    assert fired[MISSING].since - slot <= TOLD_SECONDS


@shows("orphaned run")
def test_a_run_whose_process_is_gone_is_told(make_host: MakeHost) -> None:
    """Started by hand and killed: it stays in the ledger until a restarted gateway says what became of it."""
    host, job = watched(make_host, RARE, habits=Habits(seconds=1e6))
    began = host.simulation.now
    command = Process(4711, 777)
    host.procfs.add(command.pid, command.start_ticks)
    owner.run_now(host.profile, job, command)
    host.run(began + 10 * MINUTE)
    assert host.value("hermes_cron_job_running", job_id=job.id) == 1
    faults.command_killed(host.profile, command)
    host.procfs.kill(command.pid)
    host.run(began + 40 * MINUTE)

    assert host.value("hermes_cron_job_run_orphaned", job_id=job.id) == 1
    host.start_gateway(host.profile)
    host.run(began + 60 * MINUTE)

    assert host.value("hermes_cron_job_runs_total", job_id=job.id, status="unknown") == 1
    stuck = told(host, "HermesCronRunStuck")["HermesCronRunStuck"]
    assert stuck.since - began <= 22 * MINUTE
    assert stuck.until - began <= 48 * MINUTE


@shows("zone ignored")
def test_a_zone_that_hermes_does_not_go_by_shows(make_host: MakeHost) -> None:
    """Configured since, and the gateway keeps its old one: schedules are read as it reads them."""
    host, job = watched(make_host)
    config = host.profile.home / "config.yaml"
    config.write_text(config.read_text().replace("timezone: UTC", "timezone: Asia/Seoul"))
    host.run(host.start + SLOT + 30 * MINUTE)

    assert "Asia/Seoul" in config.read_text()
    assert host.value("hermes_cron_timezone_mismatch") == 1
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") == 1
    told(host)


NIGHTS = {
    "Europe/Berlin": ("2026-03-28", "2026-10-24"),
    "America/New_York": ("2026-03-07", "2026-10-31"),
}


@shows("night of a clock change", "slot lost to a clock change")
@pytest.mark.parametrize(
    ("zone", "spring", "lost"),
    [(*night, False) for night in product(NIGHTS, (True, False))]
    + [("Europe/Berlin", True, True), ("Europe/Berlin", False, True)],
)
def test_a_night_of_a_clock_change(make_host: MakeHost, zone: str, spring: bool, lost: bool) -> None:
    """Hermes runs an hour off, early or late, and that is no failure; a slot that it leaves out is."""
    host = make_host(NIGHTS[zone][0 if spring else 1], zone=zone, step=300.0)
    jobs = [
        owner.create_job(host.profile, schedule, f"At {schedule}")
        for schedule in ("30 0 * * *", "30 1 * * *", "30 2 * * *", "30 3 * * *", "0 */2 * * *", "0 9 * * *")
    ]
    host.start_gateway(host.profile)
    host.run(host.start + 18 * HOUR)
    host.watch()
    if lost:
        host.profile.at(host.start + 20 * HOUR, faults.skip, jobs[3])
    host.run(host.start + 46 * HOUR)

    settled = [host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") or 0 for job in jobs]
    missed = [host.value("hermes_cron_job_slots_total", job_id=job.id, result="missed") or 0 for job in jobs]
    assert [bool(each) for each in settled] == [True, True, True, not lost or settled[3] > 0, True, True]
    assert sum(missed) <= lost
    fired = told(host, *([MISSING] if lost else []))
    if lost:
        slot = host.value("hermes_cron_job_owed_slot_timestamp_seconds", job_id=jobs[3].id) or host.start + DAY
        assert dict(fired[MISSING].labels)["job_id"] == jobs[3].id
        assert fired[MISSING].since - slot <= HOUR + TOLD_SECONDS + 10 * MINUTE


@shows("out of credit", "quota used up at each run")
@pytest.mark.parametrize("state", ["billing", "quota"])
def test_runs_that_all_fail_for_want_of_quota_are_told(make_host: MakeHost, state: str) -> None:
    """The provider answers 402 or 429 to every run, for days."""
    host, job = watched(make_host, "30 * * * *", step=300.0)
    began = host.simulation.now
    faults.provider(host.profile, state)  # type: ignore[arg-type]
    host.run(began + 8 * HOUR)

    labels = {"provider": "custom", "class": "billing" if state == "billing" else "rate_limit"}
    assert (host.value("hermes_provider_errors_total", **labels) or 0) >= 7
    assert (host.value("hermes_cron_job_consecutive_failures", job_id=job.id) or 0) >= 7
    assert host.value("hermes_cron_job_last_delivery_outcome", job_id=job.id, outcome="notice") == 1
    faults.provider(host.profile, "ok")
    host.run(began + 11 * HOUR)

    fired = told(host, "HermesProviderQuotaExhausted", FAILING)
    assert fired[FAILING].since - began <= 2.2 * HOUR + 10 * MINUTE
    assert fired["HermesProviderQuotaExhausted"].since - began <= 3 * HOUR
    assert all(each.until - began <= 9.3 * HOUR for each in fired.values())


@shows("quota hold")
def test_a_job_that_is_held_until_its_quota_returns_owes_nothing(make_host: MakeHost) -> None:
    """A later version parks it and says until when."""
    host, job = watched(make_host, "30 * * * *", version="0.22", step=300.0)
    faults.quota_hold(host.profile, job, 5 * HOUR)
    until = host.simulation.now + 5 * HOUR
    host.run(until - HOUR)

    assert host.value("hermes_cron_job_held_until_timestamp_seconds", job_id=job.id) == until
    assert host.value("hermes_cron_job_report_overdue", job_id=job.id) == 0
    host.run(until + 2 * HOUR)
    assert (host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") or 0) >= 1
    told(host)


@shows("failure healed by the next run")
def test_a_failure_that_the_next_run_healed_stays_counted(make_host: MakeHost) -> None:
    """Hermes' notes are clean again; the counter is not, and one of many runs of a day wakes nobody."""
    host, job = watched(make_host, "*/30 * * * *", since=5.6 * HOUR)
    faults.provider(host.profile, "server")
    host.run(host.start + SLOT + 10 * MINUTE)
    faults.provider(host.profile, "ok")
    host.run(host.start + SLOT + 70 * MINUTE)

    assert host.value("hermes_cron_job_runs_total", job_id=job.id, status="failed") == 1
    assert host.value("hermes_cron_job_consecutive_failures", job_id=job.id) == 0
    assert host.value("hermes_cron_job_last_status", job_id=job.id, status="ok") == 1
    told(host)


@shows("fails and tells nobody", "refused configuration")
@pytest.mark.parametrize("answer", ["empty", "blocked"])
def test_a_job_that_fails_without_a_word_is_told(make_host: MakeHost, answer: str) -> None:
    """No notice is sent of an empty answer, nor of a configuration that is refused before anything runs."""
    habits = Habits(answer=answer)  # type: ignore[arg-type]
    host, job = watched(make_host, version="0.22" if answer == "blocked" else "0.19", habits=habits)
    slot = host.start + SLOT
    host.run(slot + 30 * MINUTE)

    status = "blocked_config" if answer == "blocked" else "error"
    assert host.value("hermes_cron_job_last_status", job_id=job.id, status=status) == 1
    assert host.value("hermes_cron_job_consecutive_failures", job_id=job.id) == 1
    assert host.value("hermes_cron_job_deliveries_total", job_id=job.id, outcome="delivered") == 0
    fired = told(host, MISSING, FAILING, *(["HermesReportDeliveryFailed"] if answer == "blocked" else []))
    assert fired[FAILING].since - slot <= 5 * MINUTE
    assert fired[MISSING].since - slot <= TOLD_SECONDS


@shows("jobs vanish", "store deleted", "store emptied")
@pytest.mark.parametrize("how", ["one", "deleted", "emptied"])
def test_jobs_that_nobody_removed_are_told(make_host: MakeHost, how: str) -> None:
    """One is lost, or the store is deleted or emptied by an update or a clean-up; their output is still there."""
    host = make_host(keeps_output=True)
    jobs = [owner.create_job(host.profile, "*/30 * * * *", name) for name in ("First", "Second")]
    host.start_gateway(host.profile)
    host.run(host.start + HOUR)
    host.watch()
    host.run(host.start + 2.2 * HOUR)
    lost = host.simulation.now
    for job in jobs[:1] if how == "one" else jobs:
        faults.vanish(host.profile, job)
    if how == "deleted":
        host.profile.disk.take_away("cron/jobs.json")
    host.run(lost + HOUR)

    assert (host.profile.home / "cron/jobs.json").exists() == (how != "deleted")
    assert host.value("hermes_cron_jobs_vanished") == (1 if how == "one" else 2)
    vanished = told(host, "HermesCronJobsVanished")["HermesCronJobsVanished"]
    assert vanished.since - lost <= 4 * MINUTE


@shows("deleted job comes back")
def test_a_job_that_comes_back_shows(make_host: MakeHost) -> None:
    """Its owner removed it; an old copy of the store brings it back, and it runs and is owed again."""
    host, job = watched(make_host, "*/30 * * * *")
    store = host.profile.home / "cron/jobs.json"
    old = store.read_bytes()
    owner.remove(host.profile, job)
    host.run(host.simulation.now + 2 * MINUTE)
    assert host.value("hermes_cron_job_info", job_id=job.id) is None
    store.write_bytes(old)
    host.look()

    assert host.value("hermes_cron_job_info", job_id=job.id) == 1
    assert host.value("hermes_cron_jobs", state="enabled") == 1


@shows("store damaged")
@pytest.mark.parametrize("content", ["", "{", '"jobs"', '{"jobs": 7}'])
def test_a_store_that_does_not_parse_is_told(make_host: MakeHost, content: str) -> None:
    """Emptied, torn, or something else than jobs: every tick fails of it."""
    host, job = watched(make_host, RARE)
    broken = host.simulation.now
    faults.ticks_fail(host.profile, "ValueError: jobs.json is corrupted")
    (host.profile.home / "cron/jobs.json").write_text(content)
    host.run(broken + 40 * MINUTE)

    assert host.value("hermes_cron_store_valid") == 0
    assert host.value("hermes_cron_scheduler_error") == 1
    assert host.value("hermes_cron_job_info", job_id=job.id) is None
    fired = told(host, STALLED, "HermesCollectorFailing")
    assert fired[STALLED].since - broken <= 8 * MINUTE


@shows("jobs that owe nothing")
def test_jobs_that_owe_nothing_are_silent(make_host: MakeHost) -> None:
    """Paused, switched off by hand, used up, and done: the first two keep a next run in the past."""
    host = make_host(version="0.22")
    paused, off, thrice = (
        owner.create_job(host.profile, "*/30 * * * *", name) for name in ("Paused", "Off", "Left")
    )
    used_up = owner.create_job(host.profile, "*/30 * * * *", "Thrice", repeat=3)
    once = owner.create_job(host.profile, "60m", "Once")
    twice = owner.create_job(host.profile, "60m", "Once of two", repeat=2)
    host.start_gateway(host.profile)
    host.run(host.start + 0.75 * HOUR)
    host.watch()
    owner.pause(host.profile, paused)
    owner.switch(host.profile, off, on=False)
    host.run(host.start + 4 * HOUR)

    for job in (paused, off):
        assert (host.value("hermes_cron_job_next_run_timestamp_seconds", job_id=job.id) or 0) <= host.start + HOUR
        assert host.value("hermes_cron_job_report_overdue", job_id=job.id) == 0
    assert [host.value("hermes_cron_jobs", state=state) for state in ("paused", "disabled")] == [1, 1]
    assert host.value("hermes_cron_jobs", state="completed") == 1  # the one-shot that might run again
    for job in (once, twice):
        assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") == 1
    assert used_up.life.end == "finished"
    assert host.value("hermes_cron_jobs_vanished") == 0
    assert (host.value("hermes_cron_job_slots_total", job_id=thrice.id, result="settled") or 0) >= 6
    told(host)


@shows("one-shot that its owner removed")
def test_a_one_shot_that_its_owner_removed_is_silent(make_host: MakeHost) -> None:
    """It is gone before its time, and nothing is owed."""
    host, _ = watched(make_host, RARE)
    once = owner.create_job(host.profile, "60m", "Once")
    host.run(host.simulation.now + 10 * MINUTE)
    assert host.value("hermes_cron_job_enabled", job_id=once.id) == 1
    owner.remove(host.profile, once)
    host.run(host.simulation.now + 2 * HOUR)

    assert host.value("hermes_cron_jobs", state="enabled") == 1
    assert host.value("hermes_cron_jobs_vanished") == 0
    told(host)


@shows("notes in a store of their own")
def test_notes_that_moved_out_of_the_store_are_found(make_host: MakeHost) -> None:
    """jobs.json has no next run and no last one any more: runtime.db has."""
    host, job = watched(make_host, "*/30 * * * *", version="0.22")
    owner.split_notes(host.profile)
    host.run(host.start + 8 * HOUR + 10 * MINUTE)

    assert "next_run_at" not in (host.profile.home / "cron/jobs.json").read_text()
    now = host.simulation.now
    assert (host.value("hermes_cron_job_next_run_timestamp_seconds", job_id=job.id) or 0) > now
    assert now - (host.value("hermes_cron_job_last_run_timestamp_seconds", job_id=job.id) or 0) < 31 * MINUTE
    assert host.value("hermes_cron_job_schedulable", job_id=job.id) == 1
    assert host.value("hermes_cron_jobs_overdue") == 0
    told(host)


@shows("another provider fires the jobs")
def test_a_cron_that_another_provider_fires_has_no_ticker(make_host: MakeHost) -> None:
    """Chronos: no marks by design, and the reports are owed as ever."""
    host = make_host()
    job = owner.create_job(host.profile, "*/30 * * * *", "Morning brief")
    owner.use_cron_provider(host.profile, "chronos")
    host.start_gateway(host.profile)
    host.run(host.start + HOUR)
    host.watch()
    host.run(host.start + 3 * HOUR)

    assert host.value("hermes_cron_job_info", job_id=job.id, runner="provider") == 1
    assert host.value("hermes_gateway_up") == 1
    assert host.value(HEARTBEAT) is None
    assert host.value("hermes_cron_scheduler_ticked") is None
    assert (host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") or 0) >= 3
    slot = host.simulation.now + 30 * MINUTE
    faults.skip(host.profile, job)
    host.run(slot + 20 * MINUTE)
    missing = told(host, MISSING)[MISSING]
    assert missing.since - slot <= TOLD_SECONDS


@shows("nothing to do")
def test_a_fresh_install_without_jobs_is_silent(make_host: MakeHost) -> None:
    """A gateway that only chats, and one whose ticker nobody needs."""
    host = make_host()
    host.start_gateway(host.profile)
    host.run(host.start + MINUTE)
    host.watch()
    host.run(host.start + HOUR)
    assert host.value("hermes_gateway_up") == 1
    assert host.value("hermes_cron_scheduler_ticked") is None
    faults.ticker_dies(host.profile)
    host.run(host.start + 2 * HOUR)

    assert host.value("hermes_profile_condition", condition="scheduler_stalled") == 0
    told(host)


@shows("restarts between runs")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_planned_restarts_lose_nothing(make_host: MakeHost, version: str) -> None:
    """Stopped for a minute again and again, across slots too: what came due is run by the next gateway."""
    host, job = watched(make_host, "*/20 * * * *", version=version)
    for number in range(4):
        host.run(host.start + 6 * HOUR + number * HOUR - 30)
        host.end_gateway(host.profile)
        host.run(host.simulation.now + MINUTE)
        host.start_gateway(host.profile)
    host.run(host.start + 10 * HOUR)

    assert (host.value("hermes_gateway_starts_total") or 0) >= 4
    assert (host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") or 0) >= 12
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="missed") == 0
    told(host)
