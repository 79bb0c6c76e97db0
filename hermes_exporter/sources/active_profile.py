"""active_profile: one line in the root that a gateway without --profile obeys, whatever its unit is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "active_profile"
MAX_BYTES = 4096


def parse(data: bytes, _notes: Notes) -> str | None:
    """Return the name of the sticky profile; None where the default one is active."""
    name = data.decode("utf-8", "replace").strip()
    return None if name in ("", "default") else name
