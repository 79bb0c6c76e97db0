"""Which profiles a Hermes home has, found anew as they come and go.

The one place that knows where Hermes keeps profiles: the root is the profile ``default``, every well-named
directory under ``profiles/`` is another. A profile that was there and is gone is still returned for a day, as
missing. Where nobody may look, nothing is missing: what is known to be there, or must be, is there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.problems import Problem
from hermes_exporter.sources import active_profile
from hermes_exporter.sources.artefact import Reader, SourceError
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORGET_SECONDS = 24 * 3600.0
RELIST_SECONDS = 60.0
FIRST_HOME = "default"
"""What the home without an alias is called where homes are told apart."""
NOBODY: Mapping[str, float] = {}


class Home(Value):
    """A HERMES_HOME root to watch; ``alias`` is empty for the first, which needs no name."""

    alias: str
    root: Path

    @property
    def key(self) -> str:
        """What problems of the home as a whole are filed under; no profile has such a label."""
        return f"{self.alias}/"


class Profile(Value):
    """One profile.

    Attributes:
        label: what the ``profile`` label says: the name, or ALIAS/NAME in a home with an alias.
        name: as Hermes calls it.
        path: its directory as it was found, links not followed.
        real: the same with links followed.
        present: False once its directory is gone.
    """

    label: str
    home: Home
    name: str
    path: Path
    real: Path
    present: bool = True


class Found(Value):
    """What one look at a home found.

    Attributes:
        sticky: the profile that ``active_profile`` names.
        closed: what profiles there are may not be looked at.
    """

    profiles: tuple[Profile, ...]
    sticky: str | None
    owner: int | None
    problems: tuple[Problem, ...]
    closed: bool = False


def root_of(path: Path, standard: Path) -> Path:
    """Return the root that Hermes derives from a HERMES_HOME; ``standard`` is the user's ~/.hermes."""
    if path.is_relative_to(standard):
        return standard
    if path.parent.name == "profiles":
        return path.parent.parent
    return path


def named(home: Home, name: str) -> Profile:
    """Return the profile of that name, whether or not it exists."""
    path = home.root if name == "default" else home.root / "profiles" / name
    return Profile(f"{home.alias}/{name}" if home.alias else name, home, name, path, Path(os.path.realpath(path)))


def absent(home: Home, name: str) -> Profile:
    """Return a profile that somebody names and that does not exist."""
    path = home.root / "profiles" / name
    return Profile(f"{home.alias}/{name}" if home.alias else name, home, name, path, path, present=False)


class Discovery:
    """Follows one home.

    ``required`` and ``ignored`` are labels from the configuration; ``known`` tells of profiles that were there
    before, by name, and when, Unix seconds.
    """

    def __init__(
        self, home: Home, required: frozenset[str], ignored: frozenset[str], known: Mapping[str, float] = NOBODY
    ) -> None:
        self.home, self.ignored = home, ignored
        self._required = [named(home, label.rpartition("/")[2]) for label in sorted(required) if self._ours(label)]
        self._root, self._profiles = str(home.root), str(home.root / "profiles")
        self._sticky_path = str(home.root / active_profile.FILENAME)
        self._seen: dict[str, tuple[Profile, float]] = {}
        for name, at in known.items():
            profile = named(home, name)
            self._seen[profile.label] = (profile, at)
        self._held = False  # anything, when it was looked at
        self._listing: tuple[object, float, tuple[Profile, ...]] | None = None

    def find(self, reader: Reader, now: float) -> Found:
        """Return the home's profiles, the missing ones included."""
        problems: list[Problem] = []
        present: tuple[Profile, ...] = ()
        owner, closed = None, False
        try:
            status = os.stat(self._root)  # noqa: PTH116
            owner = status.st_uid
            _expect_directory(status.st_mode)
            empty = _is_empty(self._root, status)
            if empty and self._held:
                problems.append(self._problem(self.home.root, "is empty, as where nothing is mounted"))
            else:
                present = self._present(now)
            self._held = self._held or not empty
        except (FileNotFoundError, NotADirectoryError):
            problems.append(self._problem(self.home.root, "is no directory, or does not exist"))
        except OSError as error:
            closed = isinstance(error, PermissionError)
            present = tuple(profile for profile, _at in self._seen.values())
            if closed and not present:
                present = (named(self.home, "default"), *self._required)
            problems.append(self._problem(Path(error.filename), error.strerror or "cannot be read"))
        for profile in present:
            self._seen[profile.label] = (profile, now)
        missing = self._missing(present, now)
        problems += [self._problem(profile.path, "is gone", profile.label) for profile in missing]
        sticky = self._sticky(reader, problems)
        return Found((*present, *missing), sticky, owner, tuple(problems), closed)

    def renamed(self, former: Iterable[str]) -> None:
        """Forget the names of profiles that go by other ones now."""
        for name in former:
            self._seen.pop(named(self.home, name).label, None)

    def _present(self, now: float) -> tuple[Profile, ...]:
        try:
            changed: object = os.stat(self._profiles).st_mtime_ns  # noqa: PTH116  # at every scrape
        except (FileNotFoundError, NotADirectoryError):
            changed = None
        kept = self._listing
        if kept and kept[0] == changed and 0 <= now - kept[1] < RELIST_SECONDS:
            return kept[2]
        profiles = [named(self.home, "default")]
        if changed is not None:
            entries = sorted(Path(self._profiles).iterdir(), key=lambda path: (path.is_symlink(), path.name))
            names = [path.name for path in entries if _is_profile(path)]
            profiles += [named(self.home, name) for name in names]
        unique = {profile.real: profile for profile in reversed(profiles)}
        found = tuple(sorted(unique.values(), key=lambda profile: (profile.name != "default", profile.name)))
        self._listing = (changed, now, found)
        return found

    def _missing(self, found: tuple[Profile, ...], now: float) -> list[Profile]:
        present = {profile.label for profile in found}
        for label, (_profile, at) in list(self._seen.items()):
            if label in self.ignored or now - at > FORGET_SECONDS:
                del self._seen[label]
        known = {profile.label: profile for profile, _at in self._seen.values()}
        known |= {profile.label: profile for profile in self._required}
        if not present and not known:
            known = {profile.label: profile for profile in [named(self.home, "default")]}
        gone = [profile for label, profile in sorted(known.items()) if label not in present]
        real = {profile.real for profile in found}
        return [replace(profile, present=False) for profile in gone if not _is_another(profile, real)]

    def _sticky(self, reader: Reader, problems: list[Problem]) -> str | None:
        path = self._sticky_path
        try:
            read = reader.read(path, active_profile.parse, active_profile.MAX_BYTES)
        except SourceError as error:
            problems.append(self._problem(error.path, error.reason))
            return None
        if read is None:
            return None
        problems += [Problem(self.home.key, "discovery", path, fault, "value") for fault in read.faults]
        return read.record

    def _ours(self, label: str) -> bool:
        return label.rpartition("/")[0] == self.home.alias

    def _problem(self, path: Path, reason: str, profile: str | None = None) -> Problem:
        return Problem(profile or self.home.key, "discovery", str(path), reason, "unreadable")


def _expect_directory(mode: int) -> None:
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError


def _is_empty(path: str, status: os.stat_result) -> bool:
    """Whether a directory has nothing in it; most file systems tell of directories in it by the count of links."""
    return status.st_nlink <= 2 and not os.listdir(path)  # noqa: PTH208  # only names are wanted


def _is_profile(path: Path) -> bool:
    return active_profile.NAME.fullmatch(path.name) is not None and path.name != "default" and path.is_dir()


def _is_another(profile: Profile, real: set[Path]) -> bool:
    """Whether the name of a profile leads to another one by now: it was renamed, and a link left behind."""
    return Path(os.path.realpath(profile.path)) in real
