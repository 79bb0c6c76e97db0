"""Failures of the scheduler: what does not run is told in time, and what only looks like it is not."""

from __future__ import annotations

import os
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
    """Blocked by a prompt, or dead of an exception: a run is noted that never ends, which for two hours may be one."""
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
def test_jobs_that_nobody_ticks_are_told(make_host: MakeHost, beside: bool) -> None:  # noqa: FBT001
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
    """0.19 ticks the host's jobs alone; later ones the served profile's too, which has no gateway files of its own."""
    host = make_host(version=version)
    coder = host.simulation.profile("coder")
    owner.create_job(coder, RARE, "Yearly")
    owner.serve(host.profile, coder)
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
def test_a_slow_job_that_the_ticker_waits_for(make_host: MakeHost, others: bool) -> None:  # noqa: FBT001
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
