"""The Hermes code on disk, without running it: what a gateway would run if it were started now.

A tree is found from the program that a gateway says it was started with: a script of a virtual environment, or a
file of the package itself. Versions stand in ``hermes_cli/__init__.py`` or in the name of a ``.dist-info``,
commits in ``.git`` or in the stamp that images carry.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hermes_exporter.sources import lenient_json
from hermes_exporter.sources.artefact import SourceError, UnusableError, contents
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

REFRESH_SECONDS = 60.0
MAX_BYTES = 4 << 20
MAX_KEPT = 100
TREE_BELOW_HOME = "hermes-agent"
VERSION = re.compile(rb"""^__version__\s*=\s*["']([0-9A-Za-z.+!-]{1,64})["']""", re.MULTILINE)
DIST_INFO = re.compile(r"hermes_agent-([0-9A-Za-z.+!_]{1,64})\.dist-info")
SHA = re.compile(r"[0-9a-f]{7,64}")
REF = re.compile(r"ref: (refs/[\w./+@-]{1,200})")


class InstalledCode(Value):
    """What lies on disk; None where it does not say. ``sha`` is a commit, in full or its beginning."""

    version: str | None = None
    sha: str | None = None


UNKNOWN = InstalledCode()


class Installs:
    """Looks at the installations that the profiles of one home run, at each once a minute. One per thread."""

    def __init__(self, rootfs: Path, root: Path) -> None:
        self._rootfs, self._below_home = rootfs, root / TREE_BELOW_HOME
        self._kept: dict[str | None, InstalledCode] = {}
        self._at = 0.0

    def changed(self, monotonic: float) -> bool:
        """Whether anything that was looked at before is different now; ``monotonic`` in seconds."""
        if monotonic - self._at < REFRESH_SECONDS:
            return False
        self._at = monotonic
        before, self._kept = self._kept, {program: self._look(program) for program in self._kept}
        return self._kept != before

    def of(self, program: str | None) -> InstalledCode:
        """Return the code that a gateway started as ``program`` would run; None for the usual place."""
        if program not in self._kept:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[program] = self._look(program)
        return self._kept[program]

    def _look(self, program: str | None) -> InstalledCode:
        """Unreadable files say nothing here: the code of another user is nobody's fault."""
        for candidates in (self._of_program(program), iter([(self._below_home, None)])):
            with contextlib.suppress(OSError, ValueError):
                for tree, version in candidates:
                    found = InstalledCode(version or _written_version(tree), _commit(tree))
                    if found != UNKNOWN:
                        return found
        return UNKNOWN

    def _of_program(self, program: str | None) -> Iterator[tuple[Path, str | None]]:
        """Yield the trees that may hold the package, with the version where their name says it."""
        path = PurePath(program or "")
        if path.is_absolute() and ".." not in path.parts:
            path = self._rootfs / path.relative_to("/")
            if path.parent.name == "hermes_cli":
                yield from self._packages(Path(path.parent.parent))
            elif path.parent.name == "bin":
                for site in sorted(Path(path.parent.parent).glob("lib/python3*/site-packages")):
                    yield from self._packages(site)

    def _packages(self, directory: Path) -> Iterator[tuple[Path, str | None]]:
        """Yield what is installed in a site-packages directory, or the directory itself where it is a checkout."""
        for info in sorted(directory.glob("hermes_agent-*.dist-info")):
            named = DIST_INFO.fullmatch(info.name)
            if (checkout := _checkout(info)) is not None:
                yield self._rootfs / checkout.relative_to("/"), None
            elif named:
                yield directory, named[1]
        yield directory, None


def _checkout(info: Path) -> PurePath | None:
    """Return the directory that an editable installation points to (PEP 610)."""
    try:
        record = lenient_json.decode(_read(info / "direct_url.json"))
    except UnusableError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("dir_info"), dict):
        return None
    url = urlsplit(str(record.get("url")))
    path = PurePath(unquote(url.path))
    editable = record["dir_info"].get("editable") is True and url.scheme == "file"
    return path if editable and path.is_absolute() and ".." not in path.parts else None


def _written_version(tree: Path) -> str | None:
    found = VERSION.search(_read(tree / "hermes_cli/__init__.py"))
    return found[1].decode() if found else None


def _commit(tree: Path) -> str | None:
    git = tree / ".git"
    if git.is_file():
        git = tree / _text(git).removeprefix("gitdir: ")
    head = _text(git / "HEAD")
    if SHA.fullmatch(head):
        return head
    if ref := REF.fullmatch(head):
        common = git / _text(git / "commondir") if (git / "commondir").is_file() else git
        loose = _text(common / ref[1])
        return loose if SHA.fullmatch(loose) else _packed(common, ref[1])
    return _stamped(tree)


def _packed(git: Path, ref: str) -> str | None:
    for line in _text(git / "packed-refs").splitlines():
        sha, _, name = line.partition(" ")
        if name == ref and SHA.fullmatch(sha):
            return sha
    return None


def _stamped(tree: Path) -> str | None:
    try:
        record = lenient_json.decode(_read(tree / "install-stamp.json"))
    except UnusableError:
        return None
    commit = record.get("commit") if isinstance(record, dict) else None
    return commit if isinstance(commit, str) and SHA.fullmatch(commit) else None


def _text(path: Path) -> str:
    return _read(path).decode("utf-8", "replace").strip()


def _read(path: Path) -> bytes:
    """Return a file, empty where there is none that may be read."""
    with contextlib.suppress(SourceError, OSError):
        return contents(path, path.stat(), MAX_BYTES)
    return b""
