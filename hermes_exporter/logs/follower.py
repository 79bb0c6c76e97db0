"""Following agent.log and errors.log of every profile of a home, for a bounded time at each look.

The look changes nothing that is remembered: it returns what it read as news, which whoever judges takes over. News
that never arrive there, because the home answered too late, are read again.
"""

from __future__ import annotations

import math
import os
import stat
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.logs.clock import ahead, goes_back, offset_seconds, readings, second_hour
from hermes_exporter.logs.news import UNREAD, FileNews, LogNews
from hermes_exporter.logs.records import MAX_RECORD_BYTES, boundary, first_stamp, last_stamp, stamps
from hermes_exporter.logs.scan import scan
from hermes_exporter.logs.tail import LogTail
from hermes_exporter.logs.tally import Tally, tally
from hermes_exporter.sources.artefact import SourceError, opened
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from hermes_exporter.logs.cursor import Cursor
    from hermes_exporter.logs.names import Names
    from hermes_exporter.logs.news import LogMemory
    from hermes_exporter.logs.scan import File, Scan
    from hermes_exporter.logs.tail import Portion

LOGS: dict[File, str] = {"errors": "logs/errors.log", "agent": "logs/agent.log"}
"""Failures are read first: what they were followed by is then known as well."""
LOOK_SECONDS = 0.25
"""One look at a home begins no further portion of a log after so long."""
SLICE_BYTES = 64 << 10
"""So much is scanned at once: what a whole portion makes does not fit into a processor's cache."""


class Asked(Value):
    """A profile whose logs are asked for: its label and directory, what is remembered and known of it."""

    label: str
    directory: str
    memory: LogMemory
    names: Names


class _Look(NamedTuple):
    """Its moment in Unix seconds, and when it ends by the monotonic clock."""

    now: float
    deadline: float


class _Span(NamedTuple):
    """What was written to a log by ``since`` had been read, and nothing is later than ``until``; Unix seconds."""

    since: float
    until: float


class _Told(NamedTuple):
    """What a portion tells, and the moments of its first and its last record."""

    tally: Tally
    oldest: float | None
    newest: float | None


class Brought(Value):
    """News of a profile, and what kept them from being whole."""

    news: LogNews
    errors: tuple[SourceError, ...] = ()


NOTHING_NEW = Brought(LogNews())


class Follower:
    """Follows the logs of one home.

    ``zone`` is the host's, and the writers' unless a file tells otherwise. After ``seconds`` a look begins no
    further portion of a log.
    """

    def __init__(self, zone: tzinfo, seconds: float) -> None:
        self._zone, self._seconds = zone, seconds
        self._tails: dict[str, LogTail] = {}
        self._ends: dict[str, tuple[Cursor | None, float]] = {}
        self._first: str | None = None

    def look(self, profiles: Sequence[Asked], now: float) -> dict[str, Brought]:
        """Read on in the logs of the profiles as of ``now`` (Unix seconds); whoever misses out is next."""
        look = _Look(now, time.monotonic() + self._seconds)
        labels = [asked.label for asked in profiles]
        start = labels.index(self._first) if self._first in labels else 0
        brought: dict[str, Brought] = {}
        self._first = None
        for asked in (*profiles[start:], *profiles[:start]):
            if brought and time.monotonic() >= look.deadline:
                self._first = self._first or asked.label
                brought[asked.label] = Brought(UNREAD)
            else:
                brought[asked.label] = self._profile(asked, look)
        return brought

    def _profile(self, asked: Asked, look: _Look) -> Brought:
        files: dict[File, FileNews] = {}
        errors: list[SourceError] = []
        behind = False
        for file, name in LOGS.items():
            path = f"{asked.directory}/{name}"
            tail = self._tails.get(path)
            if tail is None:
                tail = self._tails[path] = LogTail(path, boundary)
            try:
                first = tail.read(asked.memory.cursors.get(file))
                if asked.memory.knows(file, first):
                    self._ends[path] = first.cursor, look.now
                    continue
                files[file], more = self._file(file, first, tail, asked, look)
            except SourceError as error:
                errors.append(error)
                continue
            behind |= more
        return Brought(LogNews(files, behind, bool(errors)), tuple(errors)) if files or errors else NOTHING_NEW

    def _file(
        self, file: File, portion: Portion, tail: LogTail, asked: Asked, look: _Look
    ) -> tuple[FileNews, bool]:
        """Read on from the first portion, for as long as there is time."""
        memory = asked.memory
        since = cursor = memory.cursors.get(file)
        offset = memory.offsets.get(file)
        span = _Span(self._read_by(tail.path, file, memory), look.now + FUTURE_TOLERANCE_SECONDS)
        total, read, lost = Tally(), 0, 0
        oldest = newest = None
        broken = False
        while True:
            if portion.data:
                if cursor is None:
                    offset = self._told(*_end(tail.path))
                told, offset = self._portion(portion, file, asked.names, span, offset)
                total += told.tally
                oldest = told.oldest if oldest is None or portion.lost_bytes or portion.broken else oldest
                if told.newest is not None:
                    newest = told.newest
                    span = span._replace(since=max(span.since, newest))
            broken |= portion.broken
            read, lost, cursor = read + portion.read_bytes, lost + portion.lost_bytes, portion.cursor
            if not portion.behind or time.monotonic() >= look.deadline:
                break
            portion = tail.read(cursor)
        if not portion.behind:
            self._ends[tail.path] = cursor, look.now
        old = file in memory.history or (not memory.seen and cursor is not None)
        counted = replace(total, counts={}) if old else total
        history = old and portion.behind
        news = FileNews(since, cursor, counted, history, offset, read, lost, oldest, newest, broken)
        return news, portion.behind

    def _read_by(self, path: str, file: File, memory: LogMemory) -> float:
        """Return a moment: what was written to a log by then had been read when the memory was made."""
        cursor, at = self._ends.get(path, (None, -math.inf))
        return at if cursor == memory.cursors.get(file) else memory.newest.get(file, -math.inf)

    def _portion(
        self, portion: Portion, file: File, names: Names, span: _Span, offset: int | None
    ) -> tuple[_Told, int | None]:
        data = portion.data
        scans = _scans(data, file)
        newest = next((one.newest for one in reversed(scans) if one.newest is not None), None)
        if newest is not None and portion.ended_at is not None:
            offset = self._told(newest, portion.ended_at, offset)
        clock = self._zone if offset is None else timezone(timedelta(seconds=offset))
        first = first_stamp(data)
        back = second = None
        if first is not None and newest is not None and goes_back(first, newest, clock):
            back = second_hour(stamps(data), clock, span.since, span.until, portion.ended_at)
        if back is not None:
            scans, second = _scans(data[:back], file), _scans(data[back:], file)
        lies_ahead = ahead(span.until, clock)

        def moments(stamp: float) -> tuple[float, float]:
            return readings(stamp, clock, span.until)

        told = tally(scans, names, lies_ahead).placed(moments)
        if second is not None:
            told += tally(second, names, lies_ahead).placed(lambda stamp: 2 * moments(stamp)[1:])
        return _Told(
            told,
            None if first is None else moments(first)[1],
            None if newest is None else moments(newest)[0 if second is None else 1],
        ), offset

    def _told(self, newest: float | None, written_at: float, before: int | None = None) -> int | None:
        """Return the writer's offset where it is not the host's; ``before`` where the file does not tell."""
        offset = None if newest is None else offset_seconds(newest, written_at)
        if offset is None:
            return before
        try:
            expected = datetime.fromtimestamp(written_at, self._zone).utcoffset()
        except (ValueError, OverflowError):
            return before  # the last hours of the year 9999
        return None if expected == timedelta(seconds=offset) else offset


def _scans(data: bytes, file: File) -> list[Scan]:
    return [scan(piece, file) for piece in _slices(data)]


def _slices(data: bytes) -> Iterator[bytes]:
    """Yield the data in pieces that tear no record."""
    begin = 0
    while len(data) - begin > SLICE_BYTES:
        size = boundary(data[begin : begin + SLICE_BYTES], quiet=False)
        yield data[begin : begin + size]
        begin += size
    if begin < len(data):
        yield data[begin:]


def _end(path: str) -> tuple[float | None, float]:
    """Return the newest stamp in a log and when the log was last written to, before all of it is read."""
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            return None, 0.0
        descriptor = opened(path)
    except OSError:
        return None, 0.0  # the reading that follows says why
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None, 0.0
        data = os.pread(file.fileno(), MAX_RECORD_BYTES, max(0, status.st_size - MAX_RECORD_BYTES))
    return last_stamp(data.partition(b"\n")[2] if len(data) == MAX_RECORD_BYTES else data), status.st_mtime
