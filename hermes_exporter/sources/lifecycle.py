"""state/gateway.lifecycle.json, from 0.20 on: whether the last gateway ended in order, and the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "state/gateway.lifecycle.json"
MAX_BYTES = 64 << 10


class Lifecycle(Value):
    """What the gateway noted of its own life.

    Attributes:
        phase: running or exited; running with a dead pid died without any exit path.
        exit_reason: graceful_shutdown, loop_liveness_watchdog, shutdown_watchdog and others.
    """

    phase: str | None
    pid: int | None
    exit_reason: str | None


def parse(data: bytes, notes: Notes) -> Lifecycle:
    """Parse the file."""
    record = JsonObject.decode(data, notes)
    return Lifecycle(record.text("phase"), record.integer("pid"), record.text("exit_reason"))
