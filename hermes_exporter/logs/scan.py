"""A portion of a log to what it tells: the fast path over everything Hermes writes.

errors.log has every record from WARNING on, so it is joined and classified record by record. agent.log has the
same records again among many times as many of INFO: of it, one regular expression takes the lines whose class is
INFO, and the calls that a provider answered, up to a seventh of all lines, are folded without an event for each.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from hermes_exporter.logs.catalogue import ROWS
from hermes_exporter.logs.events import Event, classify, rows_for
from hermes_exporter.logs.records import STAMP, START, Record, last_stamp, message, naive_seconds, starts
from hermes_exporter.logs.row import END, Row

File = Literal["agent", "errors"]
LEVELS = ("WARNING", "ERROR", "CRITICAL")

_NAMED_GROUP = re.compile(r"\(\?P<(?!answered>)\w+>")
_TAG = rb"(?:\[[^\]\n]++\] )?+"
_ANSWERED = "provider_ok"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a portion of one log tells.

    Attributes:
        levels: how many records of each level; of errors.log only.
        newest: stamp of the last record, seconds of the writer's wall clock since 1970-01-01 00:00; None where
            no record begins.
        answered: by provider as it stands in the log, how many calls it answered and the stamp of the newest.
        events: in the order of the file, without the answered calls.
    """

    levels: dict[str, int] = field(default_factory=dict)
    newest: float | None = None
    answered: dict[str, tuple[int, float]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def scan(data: bytes, file: File) -> Scan:
    """Return what a portion tells, as ``boundary`` allowed it; bare lines before its first record are nobody's."""
    return _scan_agent(data) if file == "agent" else _scan_errors(data)


def _scan_errors(data: bytes) -> Scan:
    text, found = starts(data)
    levels: Counter[bytes] = Counter()
    events: list[Event] = []
    ends = [start.start() for start in found[1:]]
    ends.append(len(text))
    for start, end in zip(found, ends, strict=False):
        level = start["level"]
        if level in _COUNTED:
            levels[level] += 1
            rows = rows_for(level.decode(), start["logger"].decode())
            if rows and rows[0].pattern:
                _append(events, start, message(text, start.end(), end))
    return Scan(
        levels={level.decode(): count for level, count in levels.items()}, newest=last_stamp(data), events=events
    )


def _scan_agent(data: bytes) -> Scan:
    events: list[Event] = []
    counts: dict[bytes, int] = {}
    newest: dict[bytes, bytes] = {}
    text = b"\n" + data
    for found in _INFO.finditer(text):
        provider, stamp = found.groups()
        if provider is not None:
            counts[provider] = counts.get(provider, 0) + 1
            if stamp > newest.get(provider, b""):
                newest[provider] = stamp
            continue
        start = START.match(text, found.start())
        end = text.find(b"\n", found.end())
        if start:
            _append(events, start, message(text, start.end(), end if end >= 0 else len(text)))
    answered = {}
    for provider, count in counts.items():
        at = naive_seconds(newest[provider])
        if at is not None:
            answered[provider.decode(errors="replace")] = (count, at)
    return Scan(newest=last_stamp(data), answered=answered, events=events)


def _append(events: list[Event], start: re.Match[bytes], text: str) -> None:
    at = naive_seconds(start["stamp"])
    if at is None:
        return
    session = start["session"]
    record = Record(
        at=at,
        level=start["level"].decode(),
        session=session.decode(errors="replace") if session else None,
        logger=start["logger"].decode(),
        message=text,
    )
    event = classify(record)
    if event:
        events.append(event)


def _info_lines() -> re.Pattern[bytes]:
    """Make the expression out of the catalogue: it matches what begins a line that some INFO row may match.

    The stamp is looked at last, on the few lines whose rest is right.
    """
    by_logger: dict[str, list[str]] = {}
    for row in ROWS:
        if "INFO" in row.levels and not row.bulk:
            by_logger.setdefault(row.logger, []).append(_on_a_line(row))
    loggers = "|".join(
        rf"{re.escape(logger)}[\w.\-]*+: (?:{'|'.join(patterns)})" for logger, patterns in by_logger.items()
    )
    return re.compile(rb"\n(?=.{24}INFO %b(?:%b))(%b)" % (_TAG, loggers.encode(), STAMP))


def _on_a_line(row: Row) -> str:
    pattern = row.pattern.removesuffix(END)
    if row.kind == _ANSWERED:
        pattern = pattern.replace("(?P<provider>", "(?P<answered>")
    return _NAMED_GROUP.sub("(?:", pattern)


_COUNTED = frozenset(level.encode() for level in LEVELS)
_INFO = _info_lines()
