"""When a token that is a JWT expires, by its own word; it is decoded, never verified, and nothing of it kept."""

from __future__ import annotations

import base64

from hermes_exporter.sources import lenient_json
from hermes_exporter.sources.artefact import UnusableError
from hermes_exporter.times import unix_seconds

MAX_CHARACTERS = 16 << 10


def expiry(token: str) -> float | None:
    """Return the ``exp`` of a token, Unix seconds; None where it has none, or is no JWT."""
    parts = token.split(".", 3)
    if len(parts) != 3 or len(token) > MAX_CHARACTERS:
        return None
    middle = parts[1]
    try:
        claims = lenient_json.decode(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        moment = claims.get("exp") if isinstance(claims, dict) else None
        return unix_seconds(moment) if isinstance(moment, (int, float)) else None
    except (ValueError, UnusableError):
        return None
