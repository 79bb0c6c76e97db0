"""Is a gateway alive? Only the kernel is believed; what Hermes wrote about itself proves nothing.

Proofs, strongest first: the process that holds the profile's lock; the process that recorded itself and whose
start matches; the main process of its unit, while it is still starting; its host's, for a served profile. Where
other pid namespaces may hide the gateway, its heartbeat decides. Without any of them it is dead, unless nobody
could look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from hermes_exporter.sources.heartbeat import Heartbeat
    from hermes_exporter.sources.procfs import Process

STARTING_SECONDS = 300.0
"""For so long a unit's process may live without lock and record; then it is a wedged start."""
HEARTBEAT_STALE_SECONDS = 120.0
"""Four missed beats."""
PROOFS = ("lock", "pid_record", "unit", "host", "heartbeat", "none")


class Evidence(Value):
    """What the kernel and the heartbeat say about one profile's gateway.

    Attributes:
        lock_holders: processes that hold the profile's gateway.lock, a deleted one included.
        recorded: the process that recorded itself in gateway.pid or beside it, if it still lives.
        unit_processes: main processes of its units.
        heartbeat: the newest beat.
        complete: every process of the host is visible, or this gateway was seen here before; so none means dead.
        hidden: the lock may not be looked at.
    """

    lock_holders: tuple[Process, ...] = ()
    recorded: Process | None = None
    unit_processes: tuple[Process, ...] = ()
    heartbeat: Heartbeat | None = None
    complete: bool = True
    hidden: bool = False


class Clock(Value):
    """The moment of a judgement: Unix seconds, and CLOCK_MONOTONIC where the host is the one that is judged.

    Attributes:
        trusted: the wall clock was not set just now.
        woke_at: when the host was last seen to wake from sleep, Unix seconds.
    """

    now: float
    monotonic: float | None = None
    trusted: bool = True
    woke_at: float | None = None


class Liveness(Value):
    """The verdict.

    Attributes:
        up: True proved alive, False proved dead or doing nothing, None cannot tell.
        proof: which proof decided.
        process: the gateway's process, where it has one of its own that can be seen.
        processes: live gateway processes of this home.
        frozen: alive, and its heartbeat has stopped; None where no heartbeat can tell.
        stopped: held by a signal: it exists, keeps its lock, and does nothing.
    """

    up: bool | None
    proof: str
    process: Process | None = None
    processes: int = 0
    frozen: bool | None = None
    stopped: bool = False


def judge(evidence: Evidence, clock: Clock) -> Liveness:
    """Judge a profile by its own evidence."""
    process, proof = _own_process(evidence, clock)
    if process is None:
        return _without_process(evidence, clock)
    witnesses = (*evidence.lock_holders, *([evidence.recorded] if evidence.recorded else []), process)
    return Liveness(
        up=not process.stopped,
        proof=proof,
        process=process,
        processes=len({witness.pid for witness in witnesses}),
        frozen=process.stopped or _frozen(witnesses, process, evidence.heartbeat, clock),
        stopped=process.stopped,
    )


def served(own: Liveness, host: Liveness) -> Liveness:
    """Return the verdict on a profile that another one's gateway serves, unless it has a gateway of its own."""
    if own.process is not None:
        return own
    return replace(host, proof="host", process=None, processes=0)


def _own_process(evidence: Evidence, clock: Clock) -> tuple[Process | None, str]:
    if evidence.lock_holders:
        return min(evidence.lock_holders, key=lambda process: process.start_ticks), "lock"
    if evidence.recorded:
        return evidence.recorded, "pid_record"
    for process in evidence.unit_processes:
        if process.started_at is not None and clock.now - process.started_at < STARTING_SECONDS:
            return process, "unit"
    return None, "none"


def _without_process(evidence: Evidence, clock: Clock) -> Liveness:
    if evidence.complete and not evidence.hidden:
        return Liveness(up=False, proof="none", frozen=False)
    age = _age(evidence.heartbeat, clock)
    if age is None or evidence.hidden:
        return Liveness(up=None, proof="none")
    return Liveness(up=age < HEARTBEAT_STALE_SECONDS, proof="heartbeat", frozen=False)


def _frozen(
    witnesses: tuple[Process, ...], process: Process, heartbeat: Heartbeat | None, clock: Clock
) -> bool | None:
    age = _age(heartbeat, clock)
    if heartbeat is None or heartbeat.pid is None or age is None:
        return None
    if any(witness.goes_by(heartbeat.pid) for witness in witnesses):
        return age > HEARTBEAT_STALE_SECONDS
    running = None if process.started_at is None else clock.now - process.started_at
    return None if running is None else running > STARTING_SECONDS


def _age(heartbeat: Heartbeat | None, clock: Clock) -> float | None:
    """Return the beat's age in seconds of a running host: a suspend or a step of the wall clock does not count."""
    if heartbeat is None or heartbeat.updated_at is None:
        return None
    age = clock.now - heartbeat.updated_at
    if age < -FUTURE_TOLERANCE_SECONDS:
        return None
    if clock.monotonic is not None and heartbeat.monotonic is not None and clock.monotonic >= heartbeat.monotonic:
        age = min(age, clock.monotonic - heartbeat.monotonic)
    return max(age, 0.0)
