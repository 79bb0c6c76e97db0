"""Paths that begin with ~, for users without a home directory too: a container's user often is only a number."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(text: str) -> Path:
    """Return the path with ~ resolved: / for a user without a home directory; that of an unknown user stays."""
    path = Path(os.path.expanduser(text))  # noqa: PTH111  # Path.expanduser raises where there is nothing to resolve
    return Path("/", *path.parts[1:]) if path.parts[:1] == ("~",) else path
