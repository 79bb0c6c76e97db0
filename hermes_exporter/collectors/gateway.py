"""The gateway of a profile: alive by proof, what it claims, and what its process uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

STATES = ("starting", "running", "degraded", "draining", "stopped", "startup_failed", "other")

UP = Family(
    "hermes_gateway_up",
    "gauge",
    "1 if the gateway is proved alive, 0 if it is dead or held by a signal. Source: /proc/locks, /proc/PID, "
    "systemd; never Hermes' own claim. Absent: cannot tell.",
)
PROOF = Family(
    "hermes_gateway_proof",
    "gauge",
    "Always 1; proof names what decided hermes_gateway_up: lock, pid_record, unit, host, heartbeat, or none.",
    ("proof",),
)
STATE = Family(
    "hermes_gateway_state",
    "gauge",
    "1 on the state the gateway last claimed, which outlives it. Source: gateway_state.json. Absent: no claim.",
    ("state",),
)
STATE_TIME = Family(
    "hermes_gateway_state_timestamp_seconds",
    "gauge",
    "When the claim was written, Unix time; before 0.19.1 an idle gateway does not renew it.",
)
HEARTBEAT_TIME = Family(
    "hermes_gateway_heartbeat_timestamp_seconds",
    "gauge",
    "The gateway's last beat, Unix time; due every 30 s. Source: state/gateway.heartbeat.",
)
START_TIME = Family(
    "hermes_gateway_start_timestamp_seconds",
    "gauge",
    "When the live gateway process started, Unix time. Source: /proc/PID/stat. Absent: none is live.",
)
PROCESSES = Family(
    "hermes_gateway_processes",
    "gauge",
    "Live gateway processes of this home; 2 is a fault. Absent: cannot tell.",
)
SUPERVISED = Family(
    "hermes_gateway_supervised",
    "gauge",
    "1 if the live process belongs to a systemd unit, 0 if nobody would restart it. Absent: none is live.",
)
STARTS = Family(
    "hermes_gateway_starts_total",
    "counter",
    "Starts by anybody since the exporter first saw the profile. Source: gateway-starts.log.",
)
UNCLEAN_EXITS = Family(
    "hermes_gateway_unclean_exits_total",
    "counter",
    "Gateways that died without any exit path (killed, out of memory, power) since the exporter first saw the "
    "profile. Source: logs/gateway-exit-diag.log.",
)
ACTIVE_AGENTS = Family(
    "hermes_gateway_active_agents",
    "gauge",
    "Turns in flight as last written by the live gateway; cron jobs are not in it. Source: gateway_state.json.",
)
RESIDENT = Family("hermes_gateway_resident_memory_bytes", "gauge", "Resident memory of the live process, bytes.")
OPEN_FDS = Family("hermes_gateway_open_fds", "gauge", "Open file descriptors of the live process.")
MAX_FDS = Family("hermes_gateway_max_fds", "gauge", "Soft limit of file descriptors of the live process.")
THREADS = Family("hermes_gateway_threads", "gauge", "Threads of the live process.")
CPU = Family("hermes_gateway_cpu_seconds_total", "counter", "CPU seconds (user and system) of the live process.")
DRAINING = Family(
    "hermes_gateway_draining_since_timestamp_seconds",
    "gauge",
    "When somebody asked the gateway to drain, Unix time; cron pauses until the marker is gone. "
    "Source: .drain_request.json. Absent: no drain.",
)
FAMILIES = (
    UP,
    PROOF,
    STATE,
    STATE_TIME,
    HEARTBEAT_TIME,
    START_TIME,
    PROCESSES,
    SUPERVISED,
    STARTS,
    UNCLEAN_EXITS,
    ACTIVE_AGENTS,
    RESIDENT,
    OPEN_FDS,
    MAX_FDS,
    THREADS,
    CPU,
    DRAINING,
)


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the gateway's proofs, then its claims, then its figures."""
    liveness = view.liveness
    if liveness.up is not None:
        yield UP(liveness.up)
        yield PROCESSES(liveness.processes)
    yield PROOF(1, proof=liveness.proof)
    yield STARTS(view.starts)
    yield UNCLEAN_EXITS(view.unclean_exits)
    yield from _claims(view)
    yield from _process(view)


def _claims(view: ProfileView) -> Iterator[Sample]:
    files = view.files
    if files.state and files.state.state is not None:
        yield from STATE.each("state", STATES, files.state.state)
    stamps = (
        (STATE_TIME, files.state.updated_at if files.state else None),
        (HEARTBEAT_TIME, files.heartbeat.updated_at if files.heartbeat else None),
        (DRAINING, files.drain.requested_at if files.drain else None),
    )
    for family, stamp in stamps:
        if (past := view.past(stamp)) is not None:
            yield family(past)


def _process(view: ProfileView) -> Iterator[Sample]:
    process = view.liveness.process
    if process is None:
        return
    state = view.files.state
    if state and state.active_agents is not None and state.pid in (process.pid, process.own_pid):
        yield ACTIVE_AGENTS(state.active_agents)
    yield SUPERVISED(process.unit is not None and process.unit[1].startswith("hermes"))
    if process.started_at is not None:
        yield START_TIME(process.started_at)
    if view.figures is None:
        return
    figures = (
        (RESIDENT, view.figures.resident_bytes),
        (OPEN_FDS, view.figures.open_fds),
        (MAX_FDS, view.figures.max_fds),
        (THREADS, view.figures.threads),
        (CPU, view.figures.cpu_seconds),
    )
    for family, value in figures:
        if value is not None:
            yield family(value)
