"""Failures of the gateway's process: each is told in time, and what is none is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Habits, faults, gateway_faults, owner
from tests.field.row import shows
from tests.field.telling import HOUR, MINUTE, alone, over, seen, soon, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.simulator import Profile
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost

DIAGNOSTICS_BYTES = 63 << 20
OTHER_TICKS = 77_777
"""Start of a process that is nobody's gateway."""


def living(make_host: MakeHost, **options: object) -> FieldHost:
    """Return a host whose gateway has lived for half an hour, the last twenty minutes of it watched."""
    host = make_host(**options)
    host.start_gateway(host.profile)
    wait(host, 10)
    host.watch()
    wait(host, 20)
    assert host.value("hermes_gateway_up", profile="default") == 1
    return host


def serving(make_host: MakeHost) -> tuple[FieldHost, Profile]:
    """Return a host whose gateway serves another profile too, watched for twenty minutes, and that profile."""
    host = make_host()
    guest = host.simulation.profile("coder", messengers=())
    owner.serve(host.profile, guest.name)
    host.start_gateway(host.profile)
    wait(host, 10)
    host.watch()
    wait(host, 20)
    return host, guest


def pid(profile: Profile) -> int:
    """Return the pid of its gateway, dead or alive."""
    assert profile.gateway is not None
    return profile.gateway.process.pid


def every(host: FieldHost, seconds: float, times: int, *acts: tuple[float, Callable[..., object]]) -> None:
    """Let acts on the host's profile take place again and again, each so many seconds into every round."""
    for round_ in range(times):
        for after, act in acts:
            host.profile.at(host.simulation.now + round_ * seconds + after, act)


def condition(host: FieldHost, name: str, profile: str = "default") -> float | None:
    """Return what the last scrape says of a condition."""
    return host.value("hermes_profile_condition", profile=profile, condition=name)


@shows("silent death")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_a_gateway_that_dies_silently_is_told_within_minutes(make_host: MakeHost, version: str) -> None:
    """Killed: its state file says running for ever, its lock is gone; one page until it is back."""
    host = living(make_host, version=version)
    died = host.simulation.now
    host.kill_gateway(host.profile)
    wait(host, 40)

    assert host.value("hermes_gateway_up", profile="default") == 0
    assert host.value("hermes_gateway_state", profile="default", state="running") == 1
    assert host.value("hermes_gateway_unclean_exits_total", profile="default") == 1
    back = host.simulation.now
    host.start_gateway(host.profile)
    wait(host, 30)

    dead = alone(host, "HermesGatewayDead")
    soon(dead, died, 4)
    over(dead, back, 4)


@shows("planned restart")
def test_a_planned_restart_is_silent(make_host: MakeHost) -> None:
    """Stopped for a minute and started again."""
    host = living(make_host)
    owner.announce(host.profile, "stop")
    host.end_gateway(host.profile)
    wait(host, 1)
    assert host.value("hermes_gateway_up", profile="default") == 0
    host.start_gateway(host.profile)
    wait(host, 40)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.value("hermes_gateway_starts_total", profile="default") == 1
    assert host.alerts() == []


@shows("planned slow stop")
def test_a_stop_that_takes_a_minute_is_silent(make_host: MakeHost) -> None:
    """It drains for a minute, its loop waiting for what is under way, and is started again half a minute later."""
    host = living(make_host)
    owner.announce(host.profile, "stop")
    gateway_faults.stuck_stop(host.profile)
    wait(host, 1)
    assert host.value("hermes_gateway_state", profile="default", state="draining") == 1
    assert condition(host, "gateway_frozen") == 0
    host.end_gateway(host.profile)
    wait(host, 0.5)
    host.start_gateway(host.profile)
    wait(host, 30)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.alerts() == []


@shows("stuck in its stop")
def test_a_stop_that_never_ends_is_told(make_host: MakeHost) -> None:
    """It says that it drains, holds its lock, and its loop beats no more."""
    host = living(make_host)
    stuck = host.simulation.now
    gateway_faults.stuck_stop(host.profile)
    wait(host, 60)

    assert host.value("hermes_gateway_state", profile="default", state="draining") == 1
    assert host.value("hermes_gateway_up", profile="default") == 1
    beat = host.value("hermes_gateway_heartbeat_timestamp_seconds", profile="default")
    assert beat is not None
    assert beat <= stuck
    assert condition(host, "gateway_frozen") == 1
    ended = host.simulation.now
    host.kill_gateway(host.profile)
    host.start_gateway(host.profile)
    wait(host, 15)

    frozen = alone(host, "HermesGatewayFrozen")
    soon(frozen, stuck, 6)
    over(frozen, ended, 4)


@shows("watchdog kills")
@pytest.mark.parametrize(
    ("seconds", "rounds", "hangs", "told"),
    [(1500, 12, False, 185), (305, 12, True, 45)],
    ids=["running", "starting"],
)
def test_a_watchdog_that_kills_it_every_few_minutes_is_told(
    make_host: MakeHost, seconds: float, rounds: int, told: float, *, hangs: bool
) -> None:
    """The loop's watchdog ends it after 25 minutes each time, that of the start after five: it is a slow loop."""
    host = living(make_host)
    began = host.simulation.now
    gateway_faults.starts_hang(host.profile, on=hangs)
    every(host, seconds, rounds, (0, host.kill_gateway), (5, host.start_gateway))
    wait(host, seconds * rounds / MINUTE - 1)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.value("hermes_gateway_starts_total", profile="default") == rounds
    assert host.value("hermes_gateway_unclean_exits_total", profile="default") == rounds
    assert condition(host, "gateway_crash_looping") == 1
    gateway_faults.starts_hang(host.profile, on=False)
    host.kill_gateway(host.profile)
    mended = host.simulation.now
    host.start_gateway(host.profile)
    wait(host, 60)

    loops = alone(host, "HermesGatewayCrashLooping")
    soon(loops, began, told)
    over(loops, mended, 34)


@shows("deadlock before its lock")
def test_a_process_without_a_lock_is_no_gateway(make_host: MakeHost) -> None:
    """A new process hangs before it takes the lock: what the one before it wrote proves nothing."""
    host = living(make_host)
    began = host.simulation.now
    host.kill_gateway(host.profile)
    host.procfs.add(9000, round((began - host.boot) * 100))
    wait(host, 60)

    assert host.value("hermes_gateway_up", profile="default") == 0
    assert host.value("hermes_gateway_state", profile="default", state="running") == 1
    soon(alone(host, "HermesGatewayDead"), began, 4)


@shows("deadlock while starting")
def test_a_start_that_hangs_is_told(make_host: MakeHost) -> None:
    """It has taken the lock, says starting, and never beats: frozen, once a start would be over."""
    host = living(make_host)
    began = host.simulation.now
    gateway_faults.starts_hang(host.profile, on=True)
    host.kill_gateway(host.profile)
    host.start_gateway(host.profile)
    wait(host, 60)

    assert host.value("hermes_gateway_state", profile="default", state="starting") == 1
    assert host.value("hermes_gateway_proof", profile="default", proof="lock") == 1
    assert condition(host, "gateway_frozen") == 1
    soon(alone(host, "HermesGatewayFrozen"), began, 9)


@shows("hung turn")
def test_a_hung_turn_shows_in_a_gauge(make_host: MakeHost) -> None:
    """One turn stays in flight for hours, and nothing was written since; cron and beat go on."""
    host = living(make_host)
    began = host.simulation.now
    gateway_faults.hung_turns(host.profile, 1)
    wait(host, 240)

    assert host.value("hermes_gateway_active_agents", profile="default") == 1
    assert host.value("hermes_gateway_state_timestamp_seconds", profile="default") == pytest.approx(began, abs=1)
    assert host.alerts() == []


@shows("huge exit diagnostics")
def test_a_huge_log_of_exits_is_followed(make_host: MakeHost) -> None:
    """What 63 MB of it tell is history; from then on every death counts, and the loop is told."""
    host = make_host()
    host.start_gateway(host.profile)
    wait(host, 10)
    host.simulation.materialise()
    log = host.profile.home / "logs/gateway-exit-diag.log"
    line = json.dumps({"ts": host.profile.clock.iso(host.start), "tag": "gateway.start", "pid": 3000}) + "\n"
    log.write_text(line * (DIAGNOSTICS_BYTES // len(line)) + log.read_text())
    host.watch()
    wait(host, 20)
    assert host.value("hermes_gateway_unclean_exits_total", profile="default") == 0
    began = host.simulation.now
    every(host, 30, 40, (20, host.kill_gateway), (25, host.start_gateway))
    wait(host, 21)

    assert host.value("hermes_gateway_unclean_exits_total", profile="default") == 40
    assert host.value("hermes_gateway_starts_total", profile="default") == 40
    soon(alone(host, "HermesGatewayCrashLooping"), began, 6)


@shows("stale pid after a reboot")
def test_a_pid_that_another_process_has_after_a_reboot_is_no_gateway(make_host: MakeHost) -> None:
    """Record, lock file and state file name a pid that lives: with another start, and without the lock."""
    host = living(make_host)
    rebooted = host.simulation.now
    host.stop_watching()
    host.kill_gateway(host.profile)
    host.procfs.add(pid(host.profile), OTHER_TICKS)
    host.watch()
    wait(host, 30)

    assert json.loads((host.profile.home / "gateway.pid").read_text())["pid"] == pid(host.profile)
    assert host.value("hermes_gateway_up", profile="default") == 0
    assert host.value("hermes_gateway_proof", profile="default", proof="none") == 1
    soon(alone(host, "HermesGatewayDead"), rebooted, 4)


@shows("false green")
@pytest.mark.parametrize("reused", [False, True], ids=["pid gone", "pid reused"])
def test_a_state_file_alone_proves_nothing(make_host: MakeHost, *, reused: bool) -> None:
    """Hermes' own status has deleted the record and the lock file of a dead one; its state file says running."""
    host = living(make_host)
    died = host.simulation.now
    host.kill_gateway(host.profile)
    for name in ("gateway.pid", "gateway.lock"):
        (host.profile.home / name).unlink()
    if reused:
        host.procfs.add(pid(host.profile), OTHER_TICKS)
    wait(host, 30)

    assert host.value("hermes_gateway_state", profile="default", state="running") == 1
    assert host.value("hermes_gateway_up", profile="default") == 0
    soon(alone(host, "HermesGatewayDead"), died, 4)


@shows("replace duel")
@pytest.mark.parametrize("profiles", [("default",), ("default", "coder")], ids=["instances", "profiles"])
def test_gateways_that_replace_each_other_are_told(make_host: MakeHost, profiles: tuple[str, ...]) -> None:
    """Every 20 seconds one announces that it takes over, ends the other, and starts; always one lives."""
    host = living(make_host)
    duellists = [host.profile, *(host.simulation.profile(name, messengers=()) for name in profiles[1:])]
    began = host.simulation.now
    for turn in range(60):
        mine = duellists[turn % len(duellists)]
        mine.at(began + turn * 20 + 15, owner.announce, "takeover")
        mine.at(began + turn * 20 + 25, host.start_gateway)
    wait(host, 21)

    for name in profiles:
        assert seen(host, "hermes_gateway_stop_announced_timestamp_seconds", profile=name, kind="takeover")
        assert condition(host, "gateway_crash_looping", name) == 1
    assert host.value("hermes_gateway_starts_total", profile="default") == 60 / len(profiles)
    fired = host.alerts()
    assert {(each.alert, each.profile) for each in fired} == {
        ("HermesGatewayCrashLooping", name) for name in profiles
    }
    soon(fired[0], began, 6)


@shows("host election loop")
def test_a_host_that_is_started_again_and_again_is_told(make_host: MakeHost) -> None:
    """83 starts of the gateway that serves everybody: its own profile is told of, the served one lives by it."""
    host, _coder = serving(make_host)
    began = host.simulation.now
    every(host, 40, 83, (30, host.kill_gateway), (38, host.start_gateway))
    wait(host, 57)

    assert host.value("hermes_gateway_starts_total", profile="default") == 83
    assert condition(host, "gateway_crash_looping") == 1
    assert host.value("hermes_profile_info", profile="coder", gateway="served", host_profile="default") == 1
    soon(alone(host, "HermesGatewayCrashLooping"), began, 6)


@shows("port conflict ends the host")
def test_the_end_of_a_host_is_told_of_all_it_served(make_host: MakeHost) -> None:
    """It ends in good order and is not started again: its own profile and the served one are dead."""
    host, _coder = serving(make_host)
    assert host.value("hermes_gateway_up", profile="coder") == 1
    ended = host.simulation.now
    host.end_gateway(host.profile)
    wait(host, 60)

    for name in ("default", "coder"):
        assert host.value("hermes_gateway_up", profile=name) == 0
    assert host.value("hermes_gateway_state", profile="default", state="stopped") == 1
    assert host.value("hermes_profile_info", profile="coder", gateway="served") == 1
    fired = host.alerts()
    assert [(each.alert, each.profile) for each in fired] == [
        ("HermesGatewayDead", "coder"),
        ("HermesGatewayDead", "default"),
    ]
    for each in fired:
        soon(each, ended, 4)


@shows("slot for a served profile")
def test_a_gateway_that_a_served_profile_must_not_have_is_told(make_host: MakeHost) -> None:
    """One of its own is started every half minute and dies of its host's port: it loops, and is served."""
    host, coder = serving(make_host)
    began = host.simulation.now
    for turn in range(60):
        coder.at(began + turn * 30 + 10, host.start_gateway)
        coder.at(began + turn * 30 + 15, host.kill_gateway)
    wait(host, 30)

    assert host.value("hermes_profile_info", profile="coder", gateway="served") == 1
    assert host.value("hermes_gateway_up", profile="coder") == 1
    assert host.value("hermes_gateway_starts_total", profile="coder") == 60
    assert host.value("hermes_gateway_starts_total", profile="default") == 0
    soon(alone(host, "HermesGatewayCrashLooping", "coder"), began, 6)


@shows("never started again")
def test_an_update_that_leaves_it_stopped_is_told(make_host: MakeHost) -> None:
    """Stopped as planned for an update whose receipt names its unit; told until somebody starts it."""
    host = living(make_host, version="0.22")
    stopped = host.simulation.now
    owner.announce(host.profile, "stop")
    host.end_gateway(host.profile)
    owner.updated(host.profile, "hermes-gateway.service")
    wait(host, 180)

    assert host.value("hermes_gateway_up", profile="default") == 0
    assert host.value("hermes_update_last_units_failed", profile="default") == 1
    assert host.value("hermes_update_last_outcome", profile="default", outcome="partial") == 1
    back = host.simulation.now
    host.start_gateway(host.profile)
    wait(host, 15)

    dead = alone(host, "HermesGatewayDead")
    soon(dead, stopped, 4)
    over(dead, back, 4)


@shows("job restarts it")
def test_a_job_that_restarts_its_gateway_is_told(make_host: MakeHost) -> None:
    """Each start runs the job again, which ends the gateway: runs that nobody ended, and a crash loop."""
    host = living(make_host)
    owner.create_job(host.profile, "* * * * *", "Restarts it", habits=Habits(seconds=30))
    began = host.simulation.now
    every(host, 10, 77, (8, host.kill_gateway), (10, host.start_gateway))
    wait(host, 13)

    assert condition(host, "gateway_crash_looping") == 1
    assert host.value("hermes_gateway_starts_total", profile="default") == 77
    assert max(seen(host, "hermes_cron_job_runs_total", status="unknown")) >= 10
    loops, failing = host.alerts()
    assert (loops.alert, failing.alert) == ("HermesGatewayCrashLooping", "HermesCronJobFailing")
    soon(loops, began, 6)


@shows("start storm")
def test_a_storm_of_starts_is_told_without_systemd(make_host: MakeHost) -> None:
    """Six starts in two minutes and on, by anybody: its own records tell, and it looks alive all the time."""
    host = living(make_host)
    began = host.simulation.now
    every(host, 20, 60, (19, host.start_gateway))
    wait(host, 20)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.value("hermes_gateway_starts_total", profile="default") == 60
    ended = host.simulation.now
    wait(host, 15)

    storm = alone(host, "HermesGatewayCrashLooping")
    soon(storm, began, 6)
    over(storm, ended, 9)


@shows("container restart")
def test_a_gateway_that_stays_stopped_is_told_at_first_sight(make_host: MakeHost) -> None:
    """An exporter that never saw it alive takes from its files that it lived not long ago."""
    host = make_host()
    host.start_gateway(host.profile)
    wait(host, 60)
    host.end_gateway(host.profile)
    wait(host, 5)
    restarted = host.simulation.now
    host.watch()
    wait(host, 30)

    assert host.value("hermes_gateway_state", profile="default", state="stopped") == 1
    assert host.value("hermes_profile_gateway_expected", profile="default") == 1
    assert host.value("hermes_gateway_up", profile="default") == 0
    soon(alone(host, "HermesGatewayDead"), restarted, 4)


@shows("leak until killed")
def test_a_leak_shows_before_it_kills(make_host: MakeHost) -> None:
    """Its memory climbs by the kernel's figures; then it is gone without a word, and dead until it is back."""
    host = living(make_host)
    for gibibytes in (1, 8, 32, 60):
        host.procfs.change(pid(host.profile), resident_bytes=gibibytes << 30)
        wait(host, 10)
        assert host.value("hermes_gateway_resident_memory_bytes", profile="default") == gibibytes << 30
    killed = host.simulation.now
    host.kill_gateway(host.profile)
    wait(host, 20)

    assert host.value("hermes_gateway_resident_memory_bytes", profile="default") is None
    assert host.value("hermes_gateway_unclean_exits_total", profile="default") == 1
    soon(alone(host, "HermesGatewayDead"), killed, 4)


@shows("descriptor leak")
def test_a_gateway_out_of_descriptors_is_told_by_its_cron(make_host: MakeHost) -> None:
    """It lives and beats, has all the files open that it may, and every tick fails."""
    host = make_host()
    owner.create_job(host.profile, "0 8 * * *", "Morning brief")
    host.start_gateway(host.profile)
    host.watch()
    wait(host, 20)
    began = host.simulation.now
    host.procfs.open(pid(host.profile), 1020)
    faults.ticks_fail(host.profile, "OSError: [Errno 24] Too many open files: 'cron/jobs.json'")
    wait(host, 60)

    fds = host.value("hermes_gateway_open_fds", profile="default")
    limit = host.value("hermes_gateway_max_fds", profile="default")
    assert fds is not None
    assert limit is not None
    assert fds / limit > 0.99
    assert host.value("hermes_gateway_up", profile="default") == 1
    assert condition(host, "scheduler_stalled") == 1
    soon(alone(host, "HermesCronSchedulerStalled"), began, 8)


@shows("said not to run")
@pytest.mark.parametrize(
    "deleted", [("gateway.pid",), ("gateway.pid", "gateway.lock")], ids=["record", "and lock"]
)
def test_a_gateway_whose_records_were_deleted_lives(make_host: MakeHost, deleted: tuple[str, ...]) -> None:
    """Hermes' own status unlinks what it takes for stale; the lock that is held is the proof, deleted or not."""
    host = living(make_host)
    for name in deleted:
        host.procfs.delete(pid(host.profile), host.profile.home / name)
    wait(host, 60)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.value("hermes_gateway_proof", profile="default", proof="lock") == 1
    assert host.alerts() == []


@shows("said to run for another")
@pytest.mark.parametrize("cloned", [True, False], ids=["cloned record", "reused pid"])
def test_another_profiles_gateway_is_not_this_ones(make_host: MakeHost, *, cloned: bool) -> None:
    """The dead profile's record names the live gateway of another profile, start and all or by pid alone."""
    host = living(make_host)
    coder = host.simulation.profile("coder", messengers=())
    died = host.simulation.now
    host.kill_gateway(host.profile)
    host.start_gateway(coder)
    wait(host, 1)
    record = json.loads((coder.home / "gateway.pid").read_text())
    if not cloned:
        record["start_time"] = OTHER_TICKS
    for name in ("gateway.pid", "gateway_state.json"):
        path = host.profile.home / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **record}))
    wait(host, 30)

    assert host.value("hermes_gateway_up", profile="default") == 0
    assert host.value("hermes_gateway_up", profile="coder") == 1
    assert host.value("hermes_gateway_proof", profile="default", proof="none") == 1
    soon(alone(host, "HermesGatewayDead"), died, 5)


@shows("watched without a trace")
@pytest.mark.parametrize("alive", [True, False], ids=["alive", "dead"])
def test_looking_changes_nothing(make_host: MakeHost, *, alive: bool) -> None:
    """Not a file of the home is made, deleted, written or touched, though records of a dead one are stale."""
    host = living(make_host)
    if not alive:
        host.kill_gateway(host.profile)
        wait(host, 5)
    (host.profile.home / ".gateway-planned-stop.json").write_text('{"written_at": "2026-05-01T00:00:00Z"}')
    host.simulation.materialise()
    before = traces(host.profile)

    host.scrape()

    assert traces(host.profile) == before
    assert host.value("hermes_gateway_up", profile="default") == float(alive)
    assert (
        host.value("hermes_gateway_stop_announced_timestamp_seconds", profile="default", kind="stop") is not None
    )


def traces(profile: Profile) -> dict[str, tuple[int, ...]]:
    """Return what tells of any change below a profile's directory."""
    paths = [profile.home, *profile.home.rglob("*")]
    return {
        str(path): (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        for path, status in ((path, path.lstat()) for path in paths)
    }


@shows("held by a signal")
def test_a_gateway_held_by_a_signal_is_frozen(make_host: MakeHost) -> None:
    """It exists and keeps its lock: not dead, and not up."""
    host = living(make_host)
    held = host.simulation.now
    host.procfs.change(pid(host.profile), state="T")
    faults.freeze(host.profile)
    wait(host, 20)
    assert host.value("hermes_gateway_up", profile="default") == 0
    assert condition(host, "gateway_frozen") == 1
    assert condition(host, "gateway_dead") == 0
    released = host.simulation.now
    host.procfs.change(pid(host.profile), state="S")
    faults.thaw(host.profile)
    wait(host, 10)

    frozen = alone(host, "HermesGatewayFrozen")
    soon(frozen, held, 4)
    over(frozen, released, 4)


@shows("zombie")
def test_a_zombie_is_dead(make_host: MakeHost) -> None:
    """Its pid and start are in /proc as ever; it holds no lock and does nothing."""
    host = living(make_host)
    died = host.simulation.now
    faults.kill(host.profile)
    (host.procfs.root / "locks").write_text("")
    host.procfs.change(pid(host.profile), state="Z")
    wait(host, 20)

    assert host.value("hermes_gateway_up", profile="default") == 0
    soon(alone(host, "HermesGatewayDead"), died, 4)


@shows("started by hand")
def test_a_gateway_without_a_supervisor_shows(make_host: MakeHost) -> None:
    """Nobody would restart it: 0; the next one is in the group of its unit: 1."""
    host = living(make_host)
    assert host.value("hermes_gateway_supervised", profile="default") == 0
    host.start_gateway(host.profile)
    unit = "user.slice/user-1000.slice/user@1000.service/app.slice/hermes-gateway.service"
    (host.procfs.root / str(pid(host.profile)) / "cgroup").write_text(f"0::/{unit}\n")
    wait(host, 20)

    assert host.value("hermes_gateway_supervised", profile="default") == 1
    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.alerts() == []


@shows("idle 0.19")
def test_an_idle_gateway_of_019_is_silent(make_host: MakeHost) -> None:
    """Its state file is hours old, because nothing happened; beat and lock are what counts."""
    host = make_host()
    host.start_gateway(host.profile)
    wait(host, 24 * 60)
    host.watch()
    wait(host, 60)

    stamp = host.value("hermes_gateway_state_timestamp_seconds", profile="default")
    assert stamp is not None
    assert host.simulation.now - stamp > 24 * HOUR
    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.alerts() == []


@shows("served without a record")
@pytest.mark.parametrize("leftover", [False, True], ids=["never one", "one long ago"])
def test_a_served_profile_needs_no_record(make_host: MakeHost, *, leftover: bool) -> None:
    """Its host proves it, though it has no pid file, or only what one of its own left long ago."""
    host = make_host()
    coder = host.simulation.profile("coder", messengers=())
    if leftover:
        host.start_gateway(coder)
        wait(host, 5)
        host.kill_gateway(coder)
        wait(host, 300)
    owner.serve(host.profile, "coder")
    host.start_gateway(host.profile)
    host.watch()
    wait(host, 60)

    assert (coder.home / "gateway.pid").exists() == leftover
    assert host.value("hermes_profile_info", profile="coder", gateway="served", host_profile="default") == 1
    assert host.value("hermes_gateway_up", profile="coder") == 1
    assert host.value("hermes_gateway_proof", profile="coder", proof="host") == 1
    assert host.alerts() == []


@shows("unseen beside a container")
def test_beside_a_container_the_beat_decides(make_host: MakeHost) -> None:
    """In another pid namespace no process of it is seen: silent while it beats, told when it does not."""
    host = make_host()
    (host.procfs.root / "self/ns").mkdir(parents=True)
    (host.procfs.root / "self/ns/pid").touch()
    owner.start_gateway(host.profile)
    host.watch()
    wait(host, 60)
    assert host.value("hermes_gateway_proof", profile="default", proof="heartbeat") == 1
    assert host.value("hermes_gateway_up", profile="default") == 1
    died = host.simulation.now
    faults.kill(host.profile)
    wait(host, 20)

    assert host.value("hermes_gateway_up", profile="default") == 0
    soon(alone(host, "HermesGatewayDead"), died, 6)


@shows("fresh installation")
def test_a_fresh_installation_is_silent(make_host: MakeHost) -> None:
    """No gateway ever ran, nobody created a job: nothing is expected and nothing is wrong."""
    host = make_host()
    host.watch()
    wait(host, 60)

    assert host.value("hermes_profile_gateway_expected", profile="default") == 0
    assert condition(host, "gateway_dead") == 0
    assert host.alerts() == []


@shows("suspended laptop")
def test_a_night_asleep_is_silent_afterwards(make_host: MakeHost) -> None:
    """A Prometheus elsewhere says that nobody answers; when the laptop wakes, nothing else was wrong."""
    host = living(make_host)
    owner.create_job(host.profile, "0 12 * * *", "Noon brief")
    host.sleep(host.profile, 8 * HOUR)
    wait(host, 8 * 60)
    woke = host.simulation.now
    wait(host, 60)

    assert condition(host, "gateway_frozen") == 0
    assert condition(host, "scheduler_stalled") == 0
    unwatched = alone(host, "HermesExporterDown", "")
    assert unwatched.until <= woke + MINUTE


@shows("clock set back")
def test_a_clock_that_was_set_back_calls_nothing_dead(make_host: MakeHost) -> None:
    """What was written while the clock was two hours fast lies ahead now: it is left out, and counted."""
    host = make_host()
    host.start_gateway(host.profile)
    wait(host, 10)
    host.simulation.materialise()
    ahead = (host.profile.home / "gateway_state.json").read_text().replace("T00:", "T02:")
    host.watch()
    wait(host, 5)
    (host.profile.home / "gateway_state.json").write_text(ahead)
    wait(host, 30)

    future = host.value("hermes_exporter_future_timestamps_total", profile="default", collector="gateway")
    assert future is not None
    assert future >= 1
    assert host.value("hermes_gateway_state_timestamp_seconds", profile="default") is None
    assert host.value("hermes_gateway_up", profile="default") == 1
    assert condition(host, "gateway_frozen") == 0
    assert host.alerts() == []
