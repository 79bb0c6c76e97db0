"""agent.log and errors.log as records: a line with a prefix, and the lines without one that follow it.

Every process of a profile appends ``2026-11-22 06:47:14,312 WARNING [session] logger: message``, stamped in the
writer's local time without an offset. Tracebacks and foreign error bodies follow as bare lines; since such bodies
are printed as they are, they can also pretend to be records of their own.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORD_BYTES = 16 << 10
MAX_RECORD_LINES = 64
"""What goes beyond either is not looked at."""

MAX_PREFIX_BYTES = 512
"""More than the longest prefix."""

STAMP = rb"\d{4}-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d,\d{3}"
"""May still be of no real date, which ``naive_seconds`` knows."""
LOGGER = rb"[A-Za-z_][\w.\-]{0,127}+"
START = re.compile(
    rb"\n(?P<stamp>%b) (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) "
    rb"(?:\[(?P<session>[^\]\n]{1,256}+)\] )?+(?P<logger>%b): " % (STAMP, LOGGER)
)
"""The newline before a record and its prefix."""

Parts = tuple[bytes, bytes, bytes | None, bytes, bytes]
"""Stamp, level, session, logger, and what follows up to the next record."""


class Record(Value):
    """One record.

    Attributes:
        at: seconds from 1970-01-01 00:00 to the stamp, both on the writer's wall clock.
        session: the tag in brackets; a stale one can stand on lines of chats, never on those of a cron run.
        message: with the lines that follow, cut to MAX_RECORD_BYTES and MAX_RECORD_LINES.
    """

    at: float
    level: str
    session: str | None
    logger: str
    message: str


def naive_seconds(stamp: bytes) -> float | None:
    """Return a stamp as seconds of the writer's wall clock since 1970-01-01 00:00, None for no real date."""
    try:
        return datetime.fromisoformat(stamp.decode() + "Z").timestamp()
    except ValueError:
        return None


def split(data: bytes) -> Iterator[Parts]:
    """Return the parts of every record."""
    parts = iter(START.split(b"\n" + data)[1:])
    return zip(parts, parts, parts, parts, parts, strict=True)


def message(body: bytes) -> str:
    """Return the joined message of what stands between two prefixes, within the limits."""
    body = body[:MAX_RECORD_BYTES]
    if len(body) > MAX_RECORD_LINES and body.count(b"\n") >= MAX_RECORD_LINES:
        body = b"\n".join(body.split(b"\n", MAX_RECORD_LINES)[:MAX_RECORD_LINES])
    return body.rstrip(b"\r\n").decode("utf-8", "replace")


def records(data: bytes) -> Iterator[Record]:
    """Yield the records of a portion that ``boundary`` allowed; bare lines before the first one are nobody's."""
    for stamp, level, session, logger, body in split(data):
        at = naive_seconds(stamp)
        if at is not None:
            yield Record(
                at=at,
                level=level.decode(),
                session=None if session is None else session.decode(errors="replace"),
                logger=logger.decode(),
                message=message(body),
            )


def first_stamp(data: bytes) -> float | None:
    """Return the stamp of the first record that begins in the data; None where none does."""
    stamps = (naive_seconds(start["stamp"]) for start in START.finditer(b"\n" + data[:MAX_RECORD_BYTES]))
    return next((at for at in stamps if at is not None), None)


def stamps(data: bytes) -> Iterator[tuple[int, float]]:
    """Yield where each record begins, and its stamp."""
    for start in START.finditer(b"\n" + data):
        at = naive_seconds(start["stamp"])
        if at is not None:
            yield start.start(), at


def last_stamp(data: bytes) -> float | None:
    """Return the stamp of the last record that begins in the data; None where none does."""
    begin = len(data)
    for _ in range(MAX_RECORD_LINES):
        begin = _line_before(data, begin)
        if begin < 0:
            return None
        start = _start_at(data, begin)
        if start and (at := naive_seconds(start["stamp"])) is not None:
            return at
    stamps = (naive_seconds(stamp) for stamp, *_ in reversed(START.findall(b"\n" + data[:begin])))
    return next((at for at in stamps if at is not None), None)


def _line_before(data: bytes, position: int) -> int:
    """Return where the last line that begins before a position does; -1 before the first."""
    return data.rfind(b"\n", 0, position - 1) + 1 if position > 0 else -1


def _start_at(data: bytes, begin: int) -> re.Match[bytes] | None:
    """Return the prefix of the line that begins there; None for a bare line."""
    return START.match(b"\n" + data[begin : begin + MAX_PREFIX_BYTES])


def boundary(data: bytes, *, quiet: bool) -> int:
    """Return how many leading bytes can be taken now without tearing a record.

    The last record may go on, so it waits until the next one begins, or until the file is ``quiet``: nothing was
    written for a second. A half-written last line always waits. Waiting ends where the limits of a record end: the
    excess of a longer record or line is nobody's, so it is taken whatever it is, and nothing waits for more than
    MAX_RECORD_BYTES.
    """
    complete = data.rfind(b"\n") + 1
    if len(data) - complete > MAX_RECORD_BYTES:
        return len(data)
    if quiet or _start_at(data, complete):
        return complete
    begin = complete
    while (begin := _line_before(data, begin)) >= 0 and complete - begin <= MAX_RECORD_BYTES:
        if _start_at(data, begin):
            return begin
    return complete
