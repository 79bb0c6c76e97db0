"""gateway/dead_targets.json: chats that the gateway has proved unreachable, and no longer sends to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter.sources.gateway_state import PLATFORM
from hermes_exporter.sources.json_object import JsonObject

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "gateway/dead_targets.json"
MAX_BYTES = 4 << 20


def parse(data: bytes, notes: Notes) -> dict[str, int]:
    """Return how many targets of each messenger are dead; which they are is private."""
    table = JsonObject.decode(data, notes)
    counts: Counter[str] = Counter()
    for key in table.names():
        entry = table.value(key)
        if isinstance(entry, dict):
            platform = JsonObject(entry, notes).raw_text("platform")
            counts[platform if PLATFORM.fullmatch(platform) else "other"] += 1
        elif entry is not None:
            notes.fault("an entry", "expected an object")  # its key names the chat
    return dict(counts)
