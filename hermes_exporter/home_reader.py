"""One look at everything in one Hermes home. Runs in the home's own thread: any of these reads may stall."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hermes_exporter.problems import Problem
from hermes_exporter.sources import profile_files
from hermes_exporter.sources.artefact import Reader
from hermes_exporter.sources.profile_files import ProfileFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.discovery import Discovery, Found
    from hermes_exporter.memory import Memory


@dataclass(frozen=True, slots=True)
class HomeLook:
    """What one look saw.

    Attributes:
        files: by label of the profile; empty records where it is missing or its home did not answer.
        seconds: what the look cost, by collector.
        unread: the home could not be read in time; the profiles are those of the last look.
    """

    found: Found
    files: Mapping[str, ProfileFiles]
    seconds: Mapping[str, float]
    unread: bool = False

    def failed(self, reason: str) -> HomeLook:
        """Return what is left of this look while the home cannot be read."""
        nothing = {profile.label: ProfileFiles() for profile in self.found.profiles}
        home = self.found.profiles[0].home
        problems = tuple(
            Problem(home.key, collector, str(home.root), reason, "unreadable")
            for collector in ("discovery", "gateway")
        )
        return HomeLook(replace(self.found, problems=problems), nothing, {}, unread=True)


class HomeReader:
    """Looks at one home again and again, reading only what changed."""

    def __init__(self, discovery: Discovery, memory: Memory, *, with_gateways: bool) -> None:
        self._discovery, self._memory, self._with_gateways = discovery, memory, with_gateways
        self._reader = Reader()

    def look(self, now: float) -> HomeLook:
        """Read the home as of ``now`` (Unix seconds)."""
        started = time.perf_counter()
        found = self._discovery.find(self._reader, now)
        discovered = time.perf_counter()
        files = {}
        for profile in found.profiles:
            if profile.present and self._with_gateways:
                diagnostics = self._memory.of(profile.label).diagnostics
                files[profile.label] = profile_files.read(profile, self._reader, diagnostics, now)
            else:
                files[profile.label] = ProfileFiles()
        seconds = {"discovery": discovered - started, "gateway": time.perf_counter() - discovered}
        return HomeLook(found, files, seconds)
