"""The throw-away machine that exporters and gateways are measured on."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tests.lab.user_systemd import UserSystemd

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def machine() -> Iterator[tuple[UserSystemd, Path]]:
    """Start it, and yield it with a directory of the host for what the benchmark leaves; both go in the end."""
    if os.geteuid() != 0:
        raise click.UsageError("the real systemd runs in namespaces that only root may make: run this as root")
    with tempfile.TemporaryDirectory(prefix="hermes-bench-") as scratch:
        systemd = UserSystemd(Path(scratch) / "machine")
        systemd.start()
        try:
            yield systemd, Path(scratch)
        finally:
            systemd.stop()
