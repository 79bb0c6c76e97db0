"""Markers that announce to a gateway that it is about to be stopped, or replaced, on purpose.

The gateway removes the marker that names it; Hermes itself heeds one for a minute, so an older one is a leftover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAMES = {"stop": ".gateway-planned-stop.json", "takeover": ".gateway-takeover.json"}
"""By kind of announcement."""
MAX_BYTES = 64 << 10


def parse(data: bytes, notes: Notes) -> float | None:
    """Return when the marker was written, Unix seconds."""
    return JsonObject.decode(data, notes).stamp("written_at")
