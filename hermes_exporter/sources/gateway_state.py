"""gateway_state.json: what a profile's gateway last said about itself.

Written by the gateway on changes of state and at turns; before 0.19.1 an idle healthy gateway leaves it untouched
for weeks, so its age proves nothing. A killed gateway leaves ``running`` behind, and ``served_profiles`` is never
cleared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "gateway_state.json"
MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class GatewayState:
    """The gateway's own claim.

    Attributes:
        state: starting, running, degraded, draining, stopped, startup_failed; Hermes may add more.
        pid: process that wrote it, in the writer's pid namespace.
        start_ticks: that process' start, in clock ticks since boot.
        active_agents: turns in flight.
        updated_at: Unix seconds.
        served: names of the profiles this gateway serves besides its own.
        code_version: version of the running code, from 0.20 on.
    """

    state: str | None
    pid: int | None
    start_ticks: int | None
    active_agents: int | None
    updated_at: float | None
    served: tuple[str, ...]
    code_version: str | None


def parse(data: bytes, notes: Notes) -> GatewayState:
    """Parse the file; a key of the wrong type is noted and None."""
    record = JsonObject.decode(data, notes)
    return GatewayState(
        state=record.text("gateway_state"),
        pid=record.integer("pid"),
        start_ticks=record.integer("start_time"),
        active_agents=record.integer("active_agents"),
        updated_at=record.stamp("updated_at"),
        served=_served(record, notes),
        code_version=record.text("code_version"),
    )


def _served(record: JsonObject, notes: Notes) -> tuple[str, ...]:
    names = []
    for index, entry in enumerate(record.array("served_profiles") or ()):
        name = entry.get("profile_id") if isinstance(entry, dict) else entry
        if isinstance(name, str):
            names.append(name)
        else:
            notes.fault(f"served_profiles[{index}]", "expected the name of a profile")
    return tuple(names)
