"""A portion of a log to what it tells: the fast path over everything Hermes writes.

errors.log has every record from WARNING on, so it is joined and classified record by record. agent.log has the
same records again among many times as many of INFO: of it, one regular expression takes the lines whose class is
INFO, and the calls that a provider answered, up to a seventh of all lines, are folded without an event for each.
What an INFO record tells stands on its first line, so there nothing is joined.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hermes_exporter.logs.catalogue import ROWS
from hermes_exporter.logs.choice import Choice, choice, without_groups
from hermes_exporter.logs.events import Event, event_of
from hermes_exporter.logs.records import (
    LOGGER,
    MAX_RECORD_BYTES,
    STAMP,
    last_stamp,
    message,
    naive_seconds,
    starts,
)
from hermes_exporter.logs.row import END

if TYPE_CHECKING:
    from hermes_exporter.logs.row import Row

File = Literal["agent", "errors"]
LEVELS = ("WARNING", "ERROR", "CRITICAL")

_COUNTED = frozenset(level.encode() for level in LEVELS)
_ANSWERED = "provider_ok"
_MAX_PROVIDER = 64


@dataclass(frozen=True, slots=True)
class Scan:
    """What a portion of one log tells.

    Attributes:
        levels: how many records of each level; of errors.log only.
        newest: stamp of the last record, seconds of the writer's wall clock since 1970-01-01 00:00; None where
            no record begins.
        answered: by provider as it stands in the log, how many calls it answered and the stamp of the last one.
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
        stamp, level, session, logger = start.groups()
        if level in _COUNTED:
            levels[level] += 1
            rows = choice(level, logger)
            if not rows.nothing:
                _append(events, rows, stamp, session, message(text, start.end(), end))
    return Scan(
        levels={level.decode(): count for level, count in levels.items()}, newest=last_stamp(data), events=events
    )


def _scan_agent(data: bytes) -> Scan:
    found = _INFO.findall(b"\n" + data)
    calls = [(provider, stamp) for _, provider, _, _, stamp in found if provider]
    counts = Counter([provider for provider, _ in calls])
    answered = {}
    for provider, stamp in dict(calls).items():
        at = naive_seconds(stamp)
        if at is not None and len(provider) <= _MAX_PROVIDER:
            answered[provider.decode(errors="replace")] = (counts[provider], at)
    events: list[Event] = []
    if len(calls) < len(found):
        for tag, _, logger, line, stamp in found:
            if logger:
                _append(
                    events,
                    choice(b"INFO", logger),
                    stamp,
                    tag[1:-2],
                    line[:MAX_RECORD_BYTES].rstrip(b"\r").decode(errors="replace"),
                )
    return Scan(newest=last_stamp(data), answered=answered, events=events)


def _append(events: list[Event], rows: Choice, stamp: bytes, session: bytes | None, text: str) -> None:
    at = naive_seconds(stamp)
    if at is not None:
        event = event_of(rows, at, session.decode(errors="replace") if session else None, text)
        if event:
            events.append(event)


def _info_lines() -> re.Pattern[bytes]:
    """Make the expression out of the catalogue.

    It finds the lines that some INFO row may match: tag, provider of an answered call, else logger and message,
    and the stamp, which is looked at last, on the few lines whose rest is right.
    """
    by_family: dict[str, dict[str, list[str]]] = {}
    answered = ""
    for row in ROWS:
        if row.kind == _ANSWERED:
            answered = rf"{re.escape(row.logger)}: {row.pattern}"
        elif "INFO" in row.levels and not row.bulk:
            family, dot, rest = row.logger.partition(".")
            by_family.setdefault(family + dot, {}).setdefault(rest, []).append(_on_a_line(row))
    loggers = "|".join(
        rf"{re.escape(family)}(?:{'|'.join(_logger(rest, patterns) for rest, patterns in members.items())})"
        for family, members in by_family.items()
    )
    rest = rf"{answered}|(?={loggers})({LOGGER.decode()}): ([^\n]*+)"
    return re.compile(rb"\n(?=.{24}INFO (\[(?:\S++(?<=\])|[^\]\n]++\]) )?+(?:%b))(%b)" % (rest.encode(), STAMP))


def _logger(rest: str, patterns: list[str]) -> str:
    return rf"{re.escape(rest)}[\w.\-]*+: (?:{'|'.join(patterns)})"


def _on_a_line(row: Row) -> str:
    return without_groups(row.pattern.removesuffix(END))


_INFO = _info_lines()
