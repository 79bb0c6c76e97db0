"""The files by which a gateway tells of itself: its state, its record, its beat, its starts and its ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hermes_exporter.simulator.clock import utc

if TYPE_CHECKING:
    from hermes_exporter.simulator.disk import Disk
    from hermes_exporter.simulator.gateway import Process

ARGV = ["/home/user/.hermes/hermes-agent/venv/bin/hermes", "gateway", "run"]
STATE = "gateway_state.json"
PID = "gateway.pid"
LOCK = "gateway.lock"
STARTS = "gateway-starts.log"
KEPT_STARTS = 40
CLEAN = ".clean_shutdown"
DIAGNOSTICS = "logs/gateway-exit-diag.log"
BEAT = "state/gateway.heartbeat"
LIFECYCLE = "state/gateway.lifecycle.json"
CODE_VERSION = "0.22.1"


def record(process: Process) -> dict[str, Any]:
    """Return what a gateway writes of its process."""
    return {"pid": process.pid, "kind": "hermes-gateway", "argv": ARGV, "start_time": process.start_ticks}


def state(  # noqa: PLR0913  # what the file says
    process: Process,
    claim: str,
    platforms: dict[str, Any],
    at: float,
    *,
    served: tuple[str, ...] = (),
    newer: bool,
) -> bytes:
    """Return gateway_state.json as saved at a moment; ``claim`` is its gateway_state."""
    content = {
        **record(process),
        "gateway_state": claim,
        "exit_reason": None,
        "restart_requested": False,
        "active_agents": 0,
        "platforms": platforms,
        "updated_at": utc(at),
    }
    if served:
        content["served_profiles"] = list(served)
    if newer:
        content["code_version"] = CODE_VERSION
    return json.dumps(content, separators=(",", ":")).encode()


def claim_home(disk: Disk, process: Process, at: float) -> None:
    """Write the record into the lock, which is rewritten in place, and into the pid file."""
    data = json.dumps(record(process)).encode()
    disk.put(LOCK, data, at, 0o644, in_place=True)
    disk.put(PID, data, at, 0o755)


def beat(disk: Disk, process: Process, at: float, *, monotonic: float, since: float) -> None:
    """Write a beat; ``monotonic`` is the process' clock then, ``since`` when it began to run, Unix seconds."""
    content = {"pid": process.pid, "updated_at": utc(at), "monotonic": monotonic, "start_time": since}
    disk.put(BEAT, json.dumps(content).encode(), at)


def starts(disk: Disk, moments: list[float], at: float) -> None:
    """Write the ring of the last starts, Unix seconds."""
    lines = "".join(f"{moment}\n" for moment in moments[-KEPT_STARTS:])
    disk.put(STARTS, lines.encode(), at, 0o644)


def diagnose(disk: Disk, process: Process, at: float, tag: str, **more: Any) -> None:
    """Add a line to the diagnostics of starts and exits."""
    content = {"ts": utc(at), "tag": tag, "pid": process.pid, "python": "3.11.7", "platform": "linux", **more}
    disk.append(DIAGNOSTICS, f"{json.dumps(content)}\n".encode(), at)


def born(disk: Disk, process: Process, at: float) -> None:
    """Write the diagnostics of a start."""
    more = {"replace": False, "argv": ARGV, "stdin_is_tty": False, "absorb_windows_console_controls": False}
    diagnose(disk, process, at, "gateway.start", **more)


def ended(disk: Disk, process: Process, at: float, *, success: bool) -> None:
    """Write the diagnostics of an exit that went Hermes' own way."""
    diagnose(disk, process, at, "asyncio.run.returned", success=success)
    diagnose(disk, process, at, "gateway.exit_clean" if success else "gateway.exit_nonzero")
    diagnose(disk, process, at, "atexit.hook", sys_exc="(None, None, None)")


def lifecycle(process: Process, at: float, *, since: float, exit_code: int | None, unclean: bool) -> bytes:
    """Return how the process' life goes, as later versions note it: it runs, or it exited with this code.

    ``unclean`` is whether the one before it died without a word.
    """
    content: dict[str, Any] = {
        "phase": "running" if exit_code is None else "exited",
        "pid": process.pid,
        "start_time": process.start_ticks,
        "started_at": utc(since),
        "prior_unclean_exit": unclean,
        "prior_suspected_oom": False,
    }
    if exit_code is not None:
        content |= {"exit_code": exit_code, "exit_reason": "graceful_shutdown", "exited_at": utc(at)}
    return json.dumps(content).encode()
