"""A Hermes home with the thread that reads it: one that does not answer keeps its thread and nobody else."""

from __future__ import annotations

import logging
import os
import pwd
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.discovery import FIRST_HOME, FORGET_SECONDS, Discovery, Found, named
from hermes_exporter.home_reader import HomeLook, HomeReader
from hermes_exporter.sources.buses import user_unit_files
from hermes_exporter.worker import StalledError, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermes_exporter.discovery import Home
    from hermes_exporter.memory import Memory
    from hermes_exporter.settings import Settings

log = logging.getLogger(__name__)


class WatchedHome:
    """A home with the thread that reads it."""

    def __init__(self, home: Home, settings: Settings, memory: Memory) -> None:
        required = frozenset(label for label, setting in settings.gateways.items() if setting == "required")
        ignored = frozenset(label for label, setting in settings.gateways.items() if setting == "ignored")
        known = memory.names(str(home.root), time.time() - FORGET_SECONDS)
        discovery = Discovery(home, required, ignored, known)
        self._reader = HomeReader(home, discovery, memory, settings.collectors, settings.rootfs)
        self._worker = Worker(f"home {home.root}")
        default = named(home, "default")
        memory.recall(default)
        nothing = Found((default,), None, None, ())
        self._last = HomeLook(nothing, {}, {})

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()

    async def look(self, now: float, timeout: float) -> HomeLook:
        """Look at the home; what is left of the last look where it does not answer in time."""
        try:
            self._last = await self._worker.run(lambda: self._reader.look(now), timeout)
        except StalledError:
            return self._last.failed("does not answer")
        except Exception:
            log.exception("reading the home failed")
            return self._last.failed("cannot be read, see the log")
        return self._last


def alias(look: HomeLook) -> str:
    """Return what the ``home`` label says."""
    return look.found.profiles[0].home.alias or FIRST_HOME


def owner(look: HomeLook) -> str | None:
    """Return the user that the home belongs to, None where it was not seen."""
    if look.found.owner is None:
        return None
    return user_name(look.found.owner)


@cache
def user_name(uid: int) -> str:
    """Return a user's name, or number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def unread_units(looks: Iterable[HomeLook]) -> Iterator[str]:
    """Yield what to say of the owners of homes whose own units nobody but they can read."""
    for look in looks:
        owned_by = look.found.owner
        if owned_by is None or owned_by == os.getuid():
            continue
        directory = _home_directory(owned_by)
        if directory and user_unit_files(directory):
            yield f"the user units of {owner(look)} are not read: run an exporter as that user to see them"


def _home_directory(uid: int) -> Path | None:
    try:
        return Path(pwd.getpwuid(uid).pw_dir)
    except KeyError:
        return None
