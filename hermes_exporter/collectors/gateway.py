"""The gateway of a profile: alive by proof, what it claims, and what its process uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.judge import code
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
DRAINING = Family(
    "hermes_gateway_draining_since_timestamp_seconds",
    "gauge",
    "When somebody asked the gateway to drain, Unix time; cron pauses until the marker is gone. "
    "Source: .drain_request.json. Absent: no drain.",
)
STOP_ANNOUNCED = Family(
    "hermes_gateway_stop_announced_timestamp_seconds",
    "gauge",
    "When the gateway was told that it will be stopped (kind stop) or replaced (kind takeover) on purpose, Unix "
    "time. Source: .gateway-planned-stop.json, .gateway-takeover.json. Absent: no marker; one older than a minute "
    "is a leftover.",
    ("kind",),
)
INTERRUPTED_START = Family(
    "hermes_gateway_last_interrupted_start_timestamp_seconds",
    "gauge",
    "Newest start that found work interrupted by the end before it, Unix time; three within a minute make Hermes "
    "drop that work. Source: gateway/restart_loop.json. Absent: none is noted.",
)
CODE_STALE = Family(
    "hermes_gateway_code_stale",
    "gauge",
    "1 if the live gateway runs other code than lies on disk: it was updated without a restart. By commit, else "
    "by version. Source: gateway_state.json, the installation. Absent: none is live, or one of the two is not "
    "known, as before 0.20.",
)


def _inputs(view: ProfileView) -> object:
    state, drain = view.files.state, view.files.drain
    past = (
        view.past(state.updated_at if state else None),
        view.past(drain.requested_at if drain else None),
        view.past(view.files.interrupted_start),
        *(view.past(at) for _kind, at in view.files.stops),
    )
    return view.liveness, state, view.starts, view.unclean_exits, view.files.installed, view.files.stops, past


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the gateway's proofs, then its claims, then what its process is."""
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
        (DRAINING, files.drain.requested_at if files.drain else None),
        (INTERRUPTED_START, files.interrupted_start),
    )
    for family, stamp in stamps:
        if (past := view.past(stamp)) is not None:
            yield family(past)
    for kind, stamp in files.stops:
        if (past := view.past(stamp)) is not None:
            yield STOP_ANNOUNCED(past, kind=kind)


def _process(view: ProfileView) -> Iterator[Sample]:
    process = view.liveness.process
    if process is None:
        return
    state = view.files.state
    if state and process.goes_by(state.pid):
        if state.active_agents is not None:
            yield ACTIVE_AGENTS(state.active_agents)
        if (stale := code.stale(state, view.files.installed)) is not None:
            yield CODE_STALE(stale)
    yield SUPERVISED(process.unit is not None and process.unit[1].startswith("hermes"))
    if process.started_at is not None:
        yield START_TIME(process.started_at)


COLLECTOR = Collector(
    "Gateway",
    "gateway",
    (
        UP,
        PROOF,
        STATE,
        STATE_TIME,
        START_TIME,
        PROCESSES,
        SUPERVISED,
        STARTS,
        UNCLEAN_EXITS,
        ACTIVE_AGENTS,
        DRAINING,
        STOP_ANNOUNCED,
        INTERRUPTED_START,
        CODE_STALE,
    ),
    _inputs,
    collect,
)
