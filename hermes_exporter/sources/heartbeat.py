"""state/gateway.heartbeat: rewritten every 30 s by a running gateway, never removed.

Up to 0.20.4 the event loop itself writes it, so a stale one means a frozen loop; later a thread does, and only a
stopped process or a dead thread lets it go stale. Its ``start_time`` is in epoch seconds, not in ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "state/gateway.heartbeat"
MAX_BYTES = 64 << 10


class Heartbeat(Value):
    """One beat.

    Attributes:
        pid: writer, in its pid namespace.
        updated_at: Unix seconds.
        monotonic: the writer's CLOCK_MONOTONIC in seconds; it stands still while the host is suspended.
    """

    pid: int | None
    updated_at: float | None
    monotonic: float | None


def parse(data: bytes, notes: Notes) -> Heartbeat:
    """Parse the file; a key of the wrong type is noted and None."""
    record = JsonObject.decode(data, notes)
    return Heartbeat(record.integer("pid"), record.stamp("updated_at"), record.number("monotonic"))
