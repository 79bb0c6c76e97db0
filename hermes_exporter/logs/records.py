"""agent.log and errors.log as records: a line with a prefix, and the lines without one that follow it.

Every process of a profile appends ``2026-11-22 06:47:14,312 WARNING [session] logger: message``, stamped in the
writer's local time without an offset. Tracebacks and foreign error bodies follow as bare lines; since such bodies
are printed as they are, they can also pretend to be records of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORD_BYTES = 16 << 10
MAX_RECORD_LINES = 64
"""What goes beyond either is not looked at."""

STAMP = rb"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d,\d{3}"
TAG = rb"(?:\[(?P<session>[^\]\n]{1,256}+)\] )?+"
START = re.compile(
    rb"\n(?P<stamp>" + STAMP + rb") (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) " + TAG + rb"(?P<logger>[A-Za-z_]"
    rb"[\w.\-]{0,127}+): "
)
"""The newline before a record and its prefix."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the stamps are naive, and so is what they are counted from


@dataclass(frozen=True, slots=True)
class Record:
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
        return (datetime.fromisoformat(stamp.decode()) - _EPOCH).total_seconds()
    except ValueError:
        return None


def starts(data: bytes) -> tuple[bytes, list[re.Match[bytes]]]:
    """Return the data with a newline before it, and where records begin in that."""
    text = b"\n" + data
    return text, list(START.finditer(text))


def message(text: bytes, begin: int, end: int) -> str:
    """Return the joined message of the record that lies between two positions, within the limits."""
    body = text[begin : min(end, begin + MAX_RECORD_BYTES)]
    if body.count(b"\n") >= MAX_RECORD_LINES:
        body = b"\n".join(body.split(b"\n", MAX_RECORD_LINES)[:MAX_RECORD_LINES])
    return body.rstrip(b"\r\n").decode(errors="replace")


def records(data: bytes) -> Iterator[Record]:
    """Yield the records of a portion that ``boundary`` allowed; bare lines before the first one are nobody's."""
    text, found = starts(data)
    ends = [start.start() for start in found[1:]] + [len(text)]
    for start, end in zip(found, ends, strict=False):
        at = naive_seconds(start["stamp"])
        if at is not None:
            session = start["session"]
            yield Record(
                at=at,
                level=start["level"].decode(),
                session=None if session is None else session.decode(errors="replace"),
                logger=start["logger"].decode(),
                message=message(text, start.end(), end),
            )


def last_stamp(data: bytes) -> float | None:
    """Return the stamp of the last record that begins in the data; None where none does."""
    newline = len(data)
    while newline >= 0:
        newline = data.rfind(b"\n", 0, newline)
        begin = max(newline, 0)
        line = data[begin : begin + 512]
        start = START.match(line if newline >= 0 else b"\n" + line)
        if start and (at := naive_seconds(start["stamp"])) is not None:
            return at
    return None


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
    if quiet or START.match(b"\n" + data[complete : complete + 512]):
        return complete
    window = max(0, complete - MAX_RECORD_BYTES - 1)
    text = data[window:complete] if window else b"\n" + data[:complete]
    begun = [start.start() for start in START.finditer(text)]
    if not begun:
        return complete
    return window + begun[-1] + (1 if window else 0)
