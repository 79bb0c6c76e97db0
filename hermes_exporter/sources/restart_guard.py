"""gateway/restart_loop.json: starts of the gateway that found work which an earlier end had interrupted.

Three of them within a minute make Hermes drop that work. A start with nothing to resume is not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "gateway/restart_loop.json"
MAX_BYTES = 64 << 10


def parse(data: bytes, notes: Notes) -> float | None:
    """Return the newest of these starts, Unix seconds; None where none is noted."""
    newest: float | None = None
    for index, value in enumerate(JsonObject.decode(data, notes).array("boots") or ()):
        place = f"boots[{index}]"
        try:
            seconds = unix_seconds(value)
        except ValueError as error:
            notes.fault(place, str(error))
            continue
        notes.stamp(place, seconds)
        newest = seconds if newest is None else max(newest, seconds)
    return newest
