"""Where the artefacts of one profile are taken in: what was wrong with each is kept beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from hermes_exporter.problems import Kind, Problem
from hermes_exporter.sources import exit_diagnostics
from hermes_exporter.sources.artefact import MAX_FAULTS, Notes, Read, Reader, SourceError
from hermes_exporter.sources.sqlite_copy import DatabaseReader
from hermes_exporter.sources.watch import MISSING
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hermes_exporter.sources.exit_diagnostics import ExitDiagnostics
    from hermes_exporter.sources.watch import Sign

T = TypeVar("T")

NO_SIGNS: Mapping[str, Sign] = {}


class Readers(Value):
    """What reads the files and the databases of one home, and keeps what did not change."""

    files: Reader = field(default_factory=Reader)
    databases: DatabaseReader = field(default_factory=DatabaseReader)


class Desk:
    """Takes in the artefacts below one directory. What ``signs`` tells of a path is not looked at again.

    Attributes:
        problems: what was wrong, under ``label``.
        seconds: what the reading cost, by collector.
        paths: everything that was asked for.
        passing: something was refused that may be read a moment later though nothing changes.
    """

    def __init__(
        self, label: str, directory: Path, readers: Readers, now: float, signs: Mapping[str, Sign] = NO_SIGNS
    ) -> None:
        self.directory = str(directory)
        self.problems: list[Problem] = []
        self.seconds: dict[str, float] = {}
        self.paths: list[str] = []
        self.passing = False
        self._since = time.perf_counter()
        self._label, self._readers, self._latest = label, readers, now + FUTURE_TOLERANCE_SECONDS
        self._signs = signs
        self._usable: dict[str, bool | None] = {}
        self._refused: set[str] = set()

    def spent(self, collector: str) -> None:
        """File the time since the last call, or since the beginning, under a collector."""
        now = time.perf_counter()
        self.seconds[collector] = self.seconds.get(collector, 0.0) + now - self._since
        self._since = now

    def path(self, name: str) -> str:
        """Return where an artefact lies, and remember that it was asked for."""
        path = f"{self.directory}/{name}"
        self.paths.append(path)
        return path

    def take(
        self,
        collector: str,
        name: str,
        parse: Callable[[bytes, Notes], T],
        max_bytes: int,
    ) -> T | None:
        """Return a parsed file; None where it is absent or of no use."""
        path = self.path(name)
        sign = self._signs.get(path)
        if sign in MISSING:
            return None
        try:
            read = self._readers.files.read(path, parse, max_bytes, sign)
        except SourceError as error:
            self._usable[name] = None if error.denied else False
            self._refused.add(name)
            self.failed(collector, error)
            return None
        if read is None:
            return None
        self._usable[name] = True
        if read.faults or read.newest > self._latest:
            self._noticed(collector, name, read)
        return read.record

    def query(self, collector: str, name: str, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return what a database says; None where it is absent or of no use."""
        wal, path = self.path(f"{name}-wal"), self.path(name)
        sign, wal_sign = self._signs.get(path), self._signs.get(wal)
        if sign in MISSING:
            return None
        try:
            return self._readers.databases.read(path, query, (sign, None if wal_sign in MISSING else wal_sign))
        except SourceError as error:
            self._refused.add(name)
            self.failed(collector, error)
            return None

    def usable(self, name: str) -> bool | None:
        """Whether a file that was taken could be understood; None where it is absent or nobody may read it."""
        return self._usable.get(name)

    def known(self, name: str) -> bool:
        """Whether an artefact that was taken in could be understood, or is absent, which says something too."""
        return name not in self._refused

    def follow(self, collector: str, diagnostics: ExitDiagnostics) -> None:
        """Read what is new in the exit diagnostics."""
        name = exit_diagnostics.FILENAME
        try:
            bad = diagnostics.follow(self.path(name))
        except SourceError as error:
            self.failed(collector, error)
            return
        if bad:
            reason = f"{bad} lines before byte {diagnostics.offset} are not understood"
            self.problems.append(Problem(self._label, collector, self.path(name), reason, "value"))

    def failed(self, collector: str, error: SourceError) -> None:
        """Keep that an artefact could not be read at all."""
        kind: Kind = "unreadable" if error.denied else "unusable"
        self.passing |= error.passing
        self.problems.append(Problem(self._label, collector, str(error.path), error.reason, kind))

    def _noticed(self, collector: str, name: str, read: Read[T]) -> None:
        for fault in read.faults:
            self.problems.append(Problem(self._label, collector, self.path(name), fault, "value"))
        for place in [place for place, seconds in read.stamps if seconds > self._latest][:MAX_FAULTS]:
            reason = f"{place}: a time in the future"
            self.problems.append(Problem(self._label, collector, self.path(name), reason, "future"))
