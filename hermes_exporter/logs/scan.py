"""A portion of a log to what it tells: the fast path over everything Hermes writes.

errors.log has every record from WARNING on, so it is joined and classified record by record. agent.log has the
same records again among many times as many of INFO: of it, one regular expression takes the lines whose class
is INFO, and the calls that a provider answered, up to a seventh of all lines, and deliveries are folded without
an event for each. What an INFO record tells stands on its first line, so there nothing is joined.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeVar

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
from hermes_exporter.logs.row import VALUES

File = Literal["agent", "errors"]
Newest = tuple[int, float]
"""How many there were, and the stamp of the last one."""
What = TypeVar("What")
LEVELS = ("WARNING", "ERROR", "CRITICAL")

_COUNTED = frozenset(level.encode() for level in LEVELS)
_FOLDED = ("provider_ok", "cron_delivered")
"""Of these only the newest is wanted, so they become no events; in the order of their groups."""
_PROVIDER, _JOB, _PLATFORM = (
    re.compile(VALUES[name].encode()).fullmatch for name in ("provider", "job", "platform")
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a portion of one log tells.

    Attributes:
        levels: how many records of each level; of errors.log only.
        newest: stamp of the last record, seconds of the writer's wall clock since 1970-01-01 00:00; None where
            no record begins.
        answered: calls, by provider as it stands in the log.
        delivered: deliveries, by job and by platform as it stands in the log.
        events: in the order of the file, without the two above.
    """

    levels: dict[str, int] = field(default_factory=dict)
    newest: float | None = None
    answered: dict[str, Newest] = field(default_factory=dict)
    delivered: dict[tuple[str, str], Newest] = field(default_factory=dict)
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
    calls = [(provider, stamp) for _, provider, _, _, _, _, stamp in found if provider]
    deliveries = [((job, platform), stamp) for _, _, job, platform, _, _, stamp in found if job]
    events: list[Event] = []
    if len(calls) + len(deliveries) < len(found):
        for tag, _, _, _, logger, line, stamp in found:
            if logger:
                text = line[:MAX_RECORD_BYTES].rstrip(b"\r").decode(errors="replace")
                _append(events, choice(b"INFO", logger), stamp, tag[1:-2], text)
    return Scan(
        newest=last_stamp(data),
        answered={provider.decode(): newest for provider, newest in _fold(calls).items() if _PROVIDER(provider)},
        delivered={
            (job.decode(), platform.decode()): newest
            for (job, platform), newest in _fold(deliveries).items()
            if _JOB(job) and _PLATFORM(platform)
        },
        events=events,
    )


def _fold(pairs: list[tuple[What, bytes]]) -> dict[What, Newest]:
    """Return how often each thing stands there, and its last stamp."""
    counts = Counter([what for what, _ in pairs])
    stamps = {what: naive_seconds(stamp) for what, stamp in dict(pairs).items()}
    return {what: (counts[what], at) for what, at in stamps.items() if at is not None}


def _append(events: list[Event], rows: Choice, stamp: bytes, session: bytes | None, text: str) -> None:
    at = naive_seconds(stamp)
    if at is not None:
        event = event_of(rows, at, session.decode(errors="replace") if session else None, text)
        if event:
            events.append(event)


def _info_lines() -> re.Pattern[bytes]:
    """Make the expression out of the catalogue.

    It finds the lines that some INFO row may match: tag; provider of an answered call, or job and platform of a
    delivery, or else logger and message; and the stamp, which is looked at last, on the few lines whose rest fits.
    """
    by_family: dict[str, dict[str, list[str]]] = {}
    folded = {}
    for row in ROWS:
        if row.kind in _FOLDED:
            folded[row.kind] = rf"{re.escape(row.logger)}: {row.pattern}"
        elif "INFO" in row.levels and not row.bulk:
            family, dot, rest = row.logger.partition(".")
            by_family.setdefault(family + dot, {}).setdefault(rest, []).append(without_groups(row.pattern))
    loggers = "|".join(
        rf"{re.escape(family)}(?:{'|'.join(_logger(rest, patterns) for rest, patterns in members.items())})"
        for family, members in by_family.items()
    )
    told = "|".join(folded[kind] for kind in _FOLDED)
    rest = rf"{told}|(?={loggers})({LOGGER.decode()}): ([^\n]*+)"
    return re.compile(rb"\n(?=.{24}INFO (\[(?:\S++(?<=\])|[^\]\n]++\]) )?+(?:%b))(%b)" % (rest.encode(), STAMP))


def _logger(rest: str, patterns: list[str]) -> str:
    return rf"{re.escape(rest)}[\w.\-]*+: (?:{'|'.join(patterns)})"


_INFO = _info_lines()
