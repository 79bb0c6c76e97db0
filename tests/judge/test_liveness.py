"""Is a gateway alive? Every proof, every way to be wrong."""

from __future__ import annotations

import pytest

from hermes_exporter.judge.liveness import Clock, Evidence, Liveness, judge, served
from hermes_exporter.sources.heartbeat import Heartbeat
from hermes_exporter.sources.procfs import Process

NOW = 1_800_000_000.0
CLOCK = Clock(NOW, monotonic=50_000.0)


def process(pid: int = 700, age: float = 3600.0, own_pid: int | None = None, *, stopped: bool = False) -> Process:
    return Process(pid, own_pid or pid, stopped, 12345, NOW - age, None)


def beat(age: float = 10.0, pid: int = 700, monotonic_age: float | None = None) -> Heartbeat:
    return Heartbeat(pid, NOW - age, 50_000.0 - (age if monotonic_age is None else monotonic_age))


def test_the_holder_of_the_lock_is_alive() -> None:
    """A live process that holds the lock proves the gateway, whatever else is missing."""
    verdict = judge(Evidence(lock_holders=(process(),)), CLOCK)

    assert (verdict.up, verdict.proof, verdict.processes) == (True, "lock", 1)


def test_the_recorded_process_is_alive() -> None:
    """Without a holder in sight the process that recorded itself, with its start, proves the gateway."""
    verdict = judge(Evidence(recorded=process()), CLOCK)

    assert (verdict.up, verdict.proof) == (True, "pid_record")


@pytest.mark.parametrize(("age", "up", "proof"), [(299.0, True, "unit"), (301.0, False, "none")])
def test_a_unit_proves_a_start_for_five_minutes(age: float, up: bool, proof: str) -> None:
    """A unit's process without lock and record is starting at first, and a wedged start later."""
    verdict = judge(Evidence(unit_processes=(process(age=age),)), CLOCK)

    assert (verdict.up, verdict.proof) == (up, proof)


def test_nothing_found_is_dead_where_everything_is_visible() -> None:
    """No proof at all means dead, if every process could be seen."""
    assert judge(Evidence(heartbeat=beat(1.0)), CLOCK) == Liveness(up=False, proof="none", frozen=False)


def test_a_hidden_lock_cannot_be_judged() -> None:
    """Where the lock may not be looked at, nothing found proves nothing."""
    assert judge(Evidence(hidden=True), CLOCK).up is None


@pytest.mark.parametrize(("age", "up"), [(10.0, True), (119.0, True), (121.0, False)])
def test_heartbeats_decide_across_pid_namespaces(age: float, up: bool) -> None:
    """Where processes may be hidden, the age of the heartbeat decides, and the proof says so."""
    verdict = judge(Evidence(complete=False, heartbeat=beat(age)), CLOCK)

    assert (verdict.up, verdict.proof) == (up, "heartbeat")


def test_hidden_processes_without_heartbeat_cannot_be_judged() -> None:
    """Where processes may be hidden and nothing beats, nobody can tell."""
    assert judge(Evidence(complete=False), CLOCK).up is None


def test_a_process_held_by_a_signal_is_frozen_and_not_up() -> None:
    """A stopped process keeps its lock and does nothing: not up, frozen, and known to be stopped."""
    verdict = judge(Evidence(lock_holders=(process(stopped=True),), heartbeat=beat(5.0)), CLOCK)

    assert (verdict.up, verdict.frozen, verdict.stopped) == (False, True, True)


@pytest.mark.parametrize(("age", "frozen"), [(30.0, False), (119.0, False), (121.0, True)])
def test_a_live_gateway_without_beats_is_frozen(age: float, frozen: bool) -> None:
    """Four missed beats of a live gateway mean that its loop is stuck; it is still up."""
    verdict = judge(Evidence(lock_holders=(process(),), heartbeat=beat(age)), CLOCK)

    assert (verdict.up, verdict.frozen) == (True, frozen)


def test_a_suspended_host_does_not_freeze_its_gateways() -> None:
    """After eight hours of sleep the beat is old on the wall clock only: the gateway could not have beaten."""
    verdict = judge(Evidence(lock_holders=(process(),), heartbeat=beat(8 * 3600, monotonic_age=12.0)), CLOCK)

    assert verdict.frozen is False


def test_a_beat_from_before_a_reboot_is_judged_by_the_wall_clock() -> None:
    """A monotonic time ahead of ours is from another boot and says nothing."""
    verdict = judge(Evidence(lock_holders=(process(),), heartbeat=beat(500.0, monotonic_age=-9_000.0)), CLOCK)

    assert verdict.frozen is True


@pytest.mark.parametrize(("age", "frozen"), [(200.0, False), (400.0, True)])
def test_a_start_that_never_beats_is_frozen_after_five_minutes(age: float, frozen: bool) -> None:
    """A beat left by an earlier process counts for nothing; the new one has five minutes for its first."""
    verdict = judge(Evidence(lock_holders=(process(pid=701, age=age),), heartbeat=beat(500.0, pid=700)), CLOCK)

    assert verdict.frozen is frozen


def test_without_any_heartbeat_freezing_cannot_be_judged() -> None:
    """Versions that do not beat are not called frozen."""
    assert judge(Evidence(lock_holders=(process(),)), CLOCK).frozen is None


def test_a_beat_with_the_pid_of_its_own_namespace_belongs_to_the_process() -> None:
    """A containerised gateway writes the pid it has inside."""
    verdict = judge(Evidence(lock_holders=(process(pid=9000, own_pid=7),), heartbeat=beat(500.0, pid=7)), CLOCK)

    assert verdict.frozen is True


def test_two_gateways_of_one_home_are_counted() -> None:
    """A lock deleted and made anew leaves two holders: two processes, and the older one is the gateway."""
    older, newer = process(pid=700), Process(701, 701, False, 99999, NOW - 10, None)

    verdict = judge(Evidence(lock_holders=(newer, older)), CLOCK)

    assert (verdict.processes, verdict.process) == (2, older)


def test_a_served_profile_lives_as_its_host_does() -> None:
    """The verdict on a served profile is its host's, and the proof says so."""
    own, host = judge(Evidence(), CLOCK), judge(Evidence(lock_holders=(process(),)), CLOCK)

    verdict = served(own, host)

    assert (verdict.up, verdict.proof, verdict.process) == (True, "host", None)


def test_a_gateway_of_its_own_beats_the_host() -> None:
    """A profile that is on a host's list and runs its own gateway is judged by its own."""
    own = judge(Evidence(lock_holders=(process(),)), CLOCK)

    assert served(own, judge(Evidence(), CLOCK)) is own
