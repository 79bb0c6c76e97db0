"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, data: bytes, mode: int) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part; raise OSError."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        made = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            made.chmod(mode)
            made.replace(path)
        except OSError:
            made.unlink()
            raise
