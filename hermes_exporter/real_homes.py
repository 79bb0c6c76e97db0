"""Where the homes that units set really are: systemd tells them as they are written, maybe by way of a link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermes_exporter.worker import StalledError, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.sources.unit import Unit

PATIENCE_SECONDS = 0.5
"""A file system that takes longer is not waited for: its homes are known by what is written alone."""
MAX_KNOWN = 1000


class RealHomes:
    """Looks each home up once, away from the server's loop: it may lie where nothing answers."""

    def __init__(self) -> None:
        self._worker = Worker("homes of units")
        self._known: Mapping[str, str] = {}

    async def of(self, units: Iterable[Unit]) -> Mapping[str, str]:
        """Return the real path of each home that a unit sets, as far as it is known."""
        wanted = {unit.hermes_home for unit in units if unit.hermes_home} - self._known.keys()
        if wanted:
            known = self._known if len(self._known) + len(wanted) <= MAX_KNOWN else {}
            try:
                self._known = {**known, **await self._worker.run(lambda: _real(wanted), PATIENCE_SECONDS)}
            except StalledError:
                return self._known
        return self._known

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()


def _real(paths: Iterable[str]) -> dict[str, str]:
    return {path: os.path.realpath(path) for path in paths}
