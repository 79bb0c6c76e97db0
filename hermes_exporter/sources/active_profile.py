"""active_profile: one line in the root that a gateway without --profile obeys, whatever its unit is called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "active_profile"
MAX_BYTES = 4096
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What Hermes lets a profile be called."""


def parse(data: bytes, notes: Notes) -> str | None:
    """Return the name of the sticky profile; None where the default one is active."""
    name = data.decode("utf-8", "replace").strip()
    if name in ("", "default"):
        return None
    if not NAME.fullmatch(name):
        notes.fault("file", "expected the name of a profile")
        return None
    return name
