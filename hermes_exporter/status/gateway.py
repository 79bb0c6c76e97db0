"""A gateway in one word, and how it ended in a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.status.document import GatewayStatus, UnitStatus

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.sources.unit import Unit
    from hermes_exporter.status.document import GatewayState

BY_CLAIM = {"startup_failed": ": Hermes refused to start it", "stopped": ": it was stopped in good order"}
BY_EXIT_STATUS = {
    75: "it asked for a restart",
    78: "Hermes refused its configuration",
    200: "its working directory is gone",
    203: "its Python interpreter is gone",
}
BY_RESULT = {
    "core-dump": "it crashed",
    "oom-kill": "killed because memory ran out",
    "signal": "killed by a signal",
    "start-limit-hit": "systemd gave up after too many starts",
    "success": "stopped in good order, or not started since boot",
    "watchdog": "it hung and systemd killed it",
}


def gateway(view: ProfileView) -> GatewayStatus:
    """Return the profile's gateway."""
    state = _state(view)
    return GatewayStatus(
        state=state,
        expected=view.expected,
        since=_since(view, state),
        proof=view.liveness.proof,
        host=view.host,
        units=tuple(_unit(unit) for unit in view.units),
    )


def ending(unit: Unit) -> str:
    """Return what systemd makes of a unit whose gateway is not there."""
    now = f"{unit.name} is {unit.active_state}"
    if unit.active_state == "active":
        return f"{now}, but its process never became a gateway"
    status = unit.exit_status
    cause = BY_EXIT_STATUS.get(status or 0) or BY_RESULT.get(unit.result)
    ended = f", exit status {status}" if status else ""
    return f"{now}{ended}: {cause}" if cause else f"{now}{ended}"


def claimed_ending(view: ProfileView) -> str:
    """Return what a gateway without a unit last said of itself, as the end of a sentence."""
    state = view.files.state
    return BY_CLAIM.get(state.state or "", "") if state else ""


def _state(view: ProfileView) -> GatewayState:
    liveness = view.liveness
    if liveness.up is None or "gateway" not in view.succeeded:
        return "unknown"
    if liveness.stopped or liveness.frozen:
        return "frozen"
    if liveness.up:
        return "alive"
    return "dead" if view.expected else "none"


def _since(view: ProfileView, state: GatewayState) -> float | None:
    """Return since when, Unix seconds; of a gateway that does not live, its last sign of life.

    Without a state file a heartbeat is that of the profile it was cloned from.
    """
    process, files = view.liveness.process, view.files
    if state == "alive":
        return process.started_at if process else None
    if state not in ("dead", "frozen") or files.state is None:
        return None
    beat = files.heartbeat.updated_at if files.heartbeat else None
    return view.past(beat if beat is not None else files.state.updated_at)


def _unit(unit: Unit) -> UnitStatus:
    return UnitStatus(unit.name, unit.scope, unit.active_state, unit.sub_state, unit.result, unit.exit_status)
