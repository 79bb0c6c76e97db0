"""One look at everything in one Hermes home. Runs in the home's own thread: any of these reads may stall."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hermes_exporter import known_names
from hermes_exporter.logs.follower import LOOK_SECONDS, Asked, Follower
from hermes_exporter.problems import Problem
from hermes_exporter.sources import env_file, hermes_config, host_zone, profile_files, storage
from hermes_exporter.sources.artefact import SourceError
from hermes_exporter.sources.desk import Desk, Readers
from hermes_exporter.sources.installed_code import Installs
from hermes_exporter.sources.profile_files import Above, Followed, ProfileFiles
from hermes_exporter.sources.storage import DatabaseTraces
from hermes_exporter.sources.watch import Watch
from hermes_exporter.values import Value, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hermes_exporter.discovery import Discovery, Found, Home, Profile
    from hermes_exporter.logs.names import Names
    from hermes_exporter.logs.news import LogNews
    from hermes_exporter.memory import Memory
    from hermes_exporter.sources.env_file import EnvFile
    from hermes_exporter.sources.hermes_config import HermesConfig
    from hermes_exporter.sources.storage import Space
    from hermes_exporter.sources.watch import Sign


ABSENT = ProfileFiles()
READ_HERE = ("discovery", "gateway", "platforms", "cron", "delivery", "credentials", "logs", "storage")
"""Collectors that live on what is read in a home."""


class HomeLook(Value):
    """What one look saw.

    Attributes:
        files: by label of the profile; empty records where it is missing or its home did not answer.
        seconds: what the look cost, by collector.
        space: of the file system that the home lies on.
        env: the host's environment file for Hermes.
        logs: what is new in them, by label of the profile.
        problems: of the logs.
        unread: the home could not be read in time; the profiles are those of the last look.
    """

    found: Found
    files: Mapping[str, ProfileFiles]
    seconds: Mapping[str, float]
    space: Space | None = None
    env: EnvFile | None = None
    logs: Mapping[str, LogNews] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    unread: bool = False

    def failed(self, reason: str) -> HomeLook:
        """Return what is left of this look while the home cannot be read."""
        nothing = {profile.label: ProfileFiles() for profile in self.found.profiles}
        home = self.found.profiles[0].home
        problems = tuple(
            Problem(home.key, collector, str(home.root), reason, "unreadable") for collector in READ_HERE
        )
        return HomeLook(replace(self.found, problems=problems), nothing, {}, unread=True)


class HomeReader:
    """Looks at one home again and again, reading only what changed."""

    def __init__(
        self, home: Home, discovery: Discovery, memory: Memory, collectors: frozenset[str], rootfs: Path
    ) -> None:
        self._discovery, self._memory, self._collectors = discovery, memory, collectors
        self._managed_directory = rootfs / "etc/hermes"
        self._installs = Installs(rootfs, home.root)
        self._readers = Readers()
        self._watches: dict[str, Watch[ProfileFiles]] = {}
        self._above: dict[str, Above] = {}
        self._pulses: dict[str, frozenset[str]] = {}
        self._databases: dict[str, DatabaseTraces] = {}
        self._follower = Follower(host_zone.clock(rootfs), LOOK_SECONDS)
        self._names: dict[str, tuple[ProfileFiles, Names]] = {}

    def look(self, now: float) -> HomeLook:
        """Read the home as of ``now`` (Unix seconds)."""
        started = time.perf_counter()
        found = self._discovery.find(self._readers.files, now)
        seconds = {"discovery": time.perf_counter() - started}
        overlay, env = self._managed(now)
        if self._installs.changed(time.monotonic()):
            self._watches.clear()
        for profile in found.profiles:
            if not profile.present:
                self._memory.recall(profile)
        former = [self._memory.meet(profile) for profile in found.profiles if profile.present]
        if any(former):
            self._discovery.renamed({name for name in former if name})
            found = self._discovery.find(self._readers.files, now)
        files: dict[str, ProfileFiles] = {}
        above = Above(overlay)
        for profile in found.profiles:  # the root is the first
            holds = replace(above, gone_jobs=self._memory.of(profile.label).gone_jobs)
            files[profile.label] = self._read(profile, holds, seconds, now) if profile.present else ABSENT
            if profile.name == "default":
                above = Above(overlay, files[profile.label].auth)
        return self._with_space(self._with_logs(HomeLook(found, files, seconds, env=env), seconds, now))

    def _read(self, profile: Profile, above: Above, seconds: dict[str, float], now: float) -> ProfileFiles:
        """Return the profile's records, the same object as before where nothing that they are made of changed."""
        started = time.perf_counter()
        watch = self._watches.get(profile.label)
        if watch is None:
            watch = self._watches[profile.label] = Watch(ABSENT)
        as_before = self._above.get(profile.label) == above
        if as_before and watch.same():
            seconds["gateway"] = seconds.get("gateway", 0.0) + time.perf_counter() - started
            return watch.made
        signs = watch.look()
        if not as_before or not self._renewed(profile, watch, signs, seconds, now):
            diagnostics = self._memory.of(profile.label).diagnostics
            followed = Followed(diagnostics, self._traces(profile.label), self._installs)
            desk = Desk(profile.label, profile.path, self._readers, now, signs)
            files = profile_files.read(desk, followed, self._collectors, above)
            self._above[profile.label] = above
            timeless = not diagnostics.behind and all(problem.kind != "future" for problem in files.problems)
            timeless &= not desk.passing
            watch.keep(watch.made if watch.made == files else files, desk.paths if timeless else (), signs)
            _add(seconds, desk.seconds)
        return watch.made

    def _renewed(
        self,
        profile: Profile,
        watch: Watch[ProfileFiles],
        signs: dict[str, Sign],
        seconds: dict[str, float],
        now: float,
    ) -> bool:
        """Whether only pulses changed, and were read: an idle gateway writes some every 30 seconds."""
        pulses = self._pulses.get(profile.label)
        if pulses is None:
            pulses = self._pulses[profile.label] = profile_files.pulses(str(profile.path))
        if not signs or not watch.changed() <= pulses:
            return False
        desk = Desk(profile.label, profile.path, self._readers, now, signs)
        files = profile_files.renewed(watch.made, desk, self._collectors)
        if files is None:
            return False
        watch.renew(files, signs)
        _add(seconds, desk.seconds)
        return True

    def _with_logs(self, look: HomeLook, seconds: dict[str, float], now: float) -> HomeLook:
        if "logs" not in self._collectors:
            return look
        started = time.perf_counter()
        asked = [
            Asked(
                label, str(profile.path), self._memory.of(label).logs, self._known_names(label, look.files[label])
            )
            for profile in look.found.profiles
            if profile.present and (label := profile.label)
        ]
        brought = self._follower.look(asked, now)
        problems = tuple(
            Problem(label, "logs", str(error.path), error.reason, "unreadable")
            for label, each in brought.items()
            for error in each.errors
        )
        seconds["logs"] = time.perf_counter() - started
        return replace(look, logs={label: each.news for label, each in brought.items()}, problems=problems)

    def _known_names(self, label: str, files: ProfileFiles) -> Names:
        kept = self._names.get(label)
        if kept is None or kept[0] is not files:
            kept = self._names[label] = files, known_names.names(files)
        return kept[1]

    def _traces(self, label: str) -> DatabaseTraces:
        return self._databases.setdefault(label, DatabaseTraces())

    def _managed(self, now: float) -> tuple[HermesConfig | None, EnvFile | None]:
        """Read what the host's administrator lays over every profile."""
        desk = Desk("", self._managed_directory, self._readers, now)
        overlay = desk.take("discovery", hermes_config.FILENAME, hermes_config.parse, hermes_config.MAX_BYTES)
        return overlay, desk.take("discovery", env_file.FILENAME, env_file.parse, env_file.MAX_BYTES)

    def _with_space(self, look: HomeLook) -> HomeLook:
        home = look.found.profiles[0].home
        if "storage" not in self._collectors:
            return look
        try:
            return replace(look, space=storage.space(str(home.root)))
        except SourceError as error:
            problem = Problem(home.key, "storage", str(error.path), error.reason, "unreadable")
            return replace(look, found=replace(look.found, problems=(*look.found.problems, problem)))


def _add(seconds: dict[str, float], more: Mapping[str, float]) -> None:
    for collector, spent in more.items():
        seconds[collector] = seconds.get(collector, 0.0) + spent
