""".drain_request.json: somebody asked the gateway to finish its work and take no more; cron pauses meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = ".drain_request.json"
MAX_BYTES = 64 << 10


class DrainRequest(Value):
    """A drain marker; ``requested_at`` in Unix seconds."""

    requested_at: float | None


def parse(data: bytes, notes: Notes) -> DrainRequest:
    """Parse the marker."""
    return DrainRequest(JsonObject.decode(data, notes).stamp("requested_at"))
