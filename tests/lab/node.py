"""Node.js, for the checkers that are written in JavaScript."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path

NODE = (REPO / ".venv/bin/node", "--single-threaded")
"""With more threads it may wait for its own compiler at its end, for ever."""
SECONDS = 100


def node(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever it returns."""
    return subprocess.run([*NODE, *words], capture_output=True, text=True, check=False, timeout=SECONDS)
