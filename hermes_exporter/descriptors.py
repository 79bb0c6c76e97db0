"""How many files and connections each part of us may keep open, so that together they fit into the limit."""

from __future__ import annotations

import resource


def share(wanted: int, part: int) -> int:
    """Return how many may be kept open: as many as wanted, and no more than a part of all that we may open."""
    return min(wanted, max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // part))
