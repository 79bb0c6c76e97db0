"""Reading one file of a Hermes home: bounded, read-only, and only when its stat changed.

Nothing here locks, creates or waits: a FIFO, a device or a directory in the place of a file is refused before it
is opened, and a file larger than its cap is refused before it is read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_FAULTS = 10
LASTING = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG})
"""Refusals that stay until something is changed about the file; any other may be over a moment later."""
SETTLED_SECONDS = 2.0
"""A file changed more recently than this may change again within one tick of its mtime: it is read again."""


class SourceError(Exception):
    """An artefact that should be readable is not; ``reason`` never quotes its content.

    Attributes:
        path: the artefact.
        reason: what is wrong with it, for the log.
        denied: True where the file system refused, False where the content could not be understood.
        passing: another attempt may succeed though nothing about the artefact has changed.
    """

    def __init__(self, path: Path, reason: str, *, denied: bool = False, passing: bool = False) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason, self.denied, self.passing = path, reason, denied, passing


class UnusableError(Exception):
    """Raised by a parser for content that is of no use at all; the message never quotes it."""


class Notes:
    """What a parser noticed on the way: values it could not understand, and the time stamps it met."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.stamps: list[tuple[str, float]] = []

    def fault(self, place: str, reason: str) -> None:
        """Note that the value at ``place`` was left out, and why; of many the first few are told."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(f"{place}: {reason}")
        elif len(self.faults) == MAX_FAULTS:
            self.faults.append("there are more")

    def stamp(self, place: str, seconds: float) -> None:
        """Note a time stamp, so that one from the future can be counted."""
        self.stamps.append((place, seconds))


class Read(Value, Generic[T]):
    """A parsed artefact with what its parser noticed; ``newest`` is the latest of its time stamps."""

    record: T
    faults: tuple[str, ...]
    stamps: tuple[tuple[str, float], ...]
    newest: float


Signature = tuple[int, int, int, int, int]
signature: Callable[[os.stat_result], Signature] = attrgetter(
    "st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"
)
"""Return what changes whenever a file does."""


class Reader:
    """Reads artefacts and keeps each parsed record while the file's stat is the same. One per thread."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Signature, Read[Any] | SourceError]] = {}

    def forget(self, path: str) -> None:
        """Parse the artefact anew at the next reading, because something else that it depends on changed."""
        self._kept.pop(path, None)

    def read(
        self, path: str, parse: Callable[[bytes, Notes], T], max_bytes: int, sign: tuple[int, ...] | None = None
    ) -> Read[T] | None:
        """Return the parsed artefact, None where it does not exist, or raise SourceError.

        ``sign`` is its signature where the caller has just looked. What cannot be understood is read once more if
        it changed meanwhile: it may have been caught half-written.
        """
        kept = self._kept.get(path)
        if kept is not None and kept[0] == sign:
            return _given(kept[1])
        try:
            status = os.stat(path)  # noqa: PTH116  # a Path for each artefact costs more than its stat
        except (FileNotFoundError, NotADirectoryError):
            self._kept.pop(path, None)
            return None
        except OSError as error:
            raise refused(path, error) from error
        sign = signature(status)
        if kept is not None and kept[0] == sign:
            return _given(kept[1])
        outcome, sign = self._settled(path, status, parse, max_bytes)
        if settled(sign) and not (isinstance(outcome, SourceError) and outcome.passing):
            self._kept[path] = (sign, outcome)
        else:
            self._kept.pop(path, None)
        return _given(outcome)

    def _settled(
        self, path: str, status: os.stat_result, parse: Callable[[bytes, Notes], T], max_bytes: int
    ) -> tuple[Read[T] | SourceError, Signature]:
        try:
            outcome = self._parse(Path(path), status, parse, max_bytes)
        except MemoryError:
            outcome = no_memory(Path(path))
        if isinstance(outcome, SourceError) and not outcome.denied:
            with contextlib.suppress(OSError):
                again = os.stat(path)  # noqa: PTH116
                if signature(again) != signature(status):
                    return self._parse(Path(path), again, parse, max_bytes), signature(again)
        return outcome, signature(status)

    @staticmethod
    def _parse(
        path: Path, status: os.stat_result, parse: Callable[[bytes, Notes], T], max_bytes: int
    ) -> Read[T] | SourceError:
        try:
            data = contents(path, status, max_bytes)
        except SourceError as error:
            return error
        except FileNotFoundError:
            return SourceError(path, "vanished while it was opened", denied=True, passing=True)
        notes = Notes()
        try:
            record = parse(data, notes)
        except UnusableError as error:
            return SourceError(path, str(error))
        newest = max((seconds for _place, seconds in notes.stamps), default=0.0)
        return Read(record, tuple(notes.faults), tuple(notes.stamps), newest)


def _given(outcome: Read[T] | SourceError) -> Read[T]:
    if isinstance(outcome, SourceError):
        raise outcome.with_traceback(None)  # it grows at each raise, and keeps what it has passed
    return outcome


def settled(*signatures: tuple[int, ...] | None, at: float | None = None) -> bool:
    """Whether the newest change is old enough that another one would show; None stands for an absent file.

    ``at`` is when they were looked at, Unix seconds; now where it is not given.
    """
    latest = max((sign[-1] for sign in signatures if sign is not None), default=0)
    return (time.time() if at is None else at) - latest / 1e9 > SETTLED_SECONDS


def contents(path: Path, status: os.stat_result, max_bytes: int) -> bytes:
    """Return the whole file, or raise SourceError, or FileNotFoundError where it vanished meanwhile."""
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(path, f"is {_kind(status.st_mode)}, not a file", denied=True)
    if status.st_size > max_bytes:
        raise SourceError(
            path, f"has {status.st_size} bytes, more than the {max_bytes} that are read", denied=True
        )
    try:
        descriptor = opened(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise refused(path, error) from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceError(path, "was replaced by something that is not a file", denied=True)
        try:
            return _up_to(file.read, max_bytes)
        except OSError as error:
            raise refused(path, error) from error


def opened(path: Path | str) -> int:
    """Return a descriptor to read from: opening waits for nobody, and takes no terminal; raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


def _up_to(read: Callable[[int], bytes | None], max_bytes: int) -> bytes:
    pieces, left = [], max_bytes
    while left > 0 and (piece := read(min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def refused(path: Path | str, error: OSError) -> SourceError:
    """Return what to raise where the file system refused."""
    reason = error.strerror or type(error).__name__
    return SourceError(Path(path), reason, denied=True, passing=error.errno not in LASTING)


def no_memory(path: Path) -> SourceError:
    """Return what stands for an artefact that there is not enough memory for."""
    return SourceError(path, "there is not enough memory to read it", denied=True, passing=True)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
