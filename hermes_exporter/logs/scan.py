"""A portion of a log to what it tells: the fast path over everything Hermes writes.

errors.log has every record from WARNING on, so it is joined and classified record by record. agent.log has the
same records again among many times as many of INFO: of it, one regular expression takes the lines whose class
is INFO, and the calls that a provider answered, up to a seventh of all lines, and deliveries are folded without
an event for each. What an INFO record tells stands on its first line, so there nothing is joined.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import Literal

from hermes_exporter.logs.catalogue import ROWS
from hermes_exporter.logs.choice import Choice, choice, without_groups
from hermes_exporter.logs.events import Event, event_of
from hermes_exporter.logs.records import (
    STAMP,
    last_stamp,
    message,
    naive_seconds,
    split,
)
from hermes_exporter.values import Value, field

File = Literal["agent", "errors"]
Newest = tuple[int, float]
"""How many there were, and the stamp of the last one."""
MAX_DELIVERIES = 32
"""So many of the newest deliveries of a job are told apart."""
LEVELS = ("WARNING", "ERROR", "CRITICAL")

_COUNTED = frozenset(level.encode() for level in LEVELS)
_FOLDED = ("provider_ok", "cron_delivered")
"""Of these only the newest are wanted, so they become no events; in the order of their groups."""


class Scan(Value):
    """What a portion of one log tells.

    Attributes:
        levels: how many records of each level; of errors.log only.
        newest: stamp of the last record, seconds of the writer's wall clock since 1970-01-01 00:00; None where
            no record begins.
        answered: calls, by provider as it stands in the log.
        delivered: deliveries, by job and by platform as it stands in the log: how many, and the stamps of the
            newest, oldest first.
        events: in the order of the file, without the two above.
    """

    levels: dict[str, int] = field(default_factory=dict)
    newest: float | None = None
    answered: dict[str, Newest] = field(default_factory=dict)
    delivered: dict[tuple[str, str], tuple[int, tuple[float, ...]]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def scan(data: bytes, file: File) -> Scan:
    """Return what a portion tells, as ``boundary`` allowed it; bare lines before its first record are nobody's."""
    return _scan_agent(data) if file == "agent" else _scan_errors(data)


def _scan_errors(data: bytes) -> Scan:
    levels: Counter[bytes] = Counter()
    events: list[Event] = []
    for stamp, level, session, logger, body in split(data):
        if level in _COUNTED:
            levels[level] += 1
            rows = choice(level, logger)
            if not rows.nothing:
                _append(events, rows, stamp, session, message(body))
    return Scan(
        levels={level.decode(): count for level, count in levels.items()}, newest=last_stamp(data), events=events
    )


def _scan_agent(data: bytes) -> Scan:
    calls: dict[bytes, bytes] = {}
    deliveries: dict[tuple[bytes, bytes], list[bytes]] = {}
    counts: dict[bytes, int] = {}
    events: list[Event] = []
    first = b"\n" + data[: data.find(b"\n") + 1]
    for provider, job, platform, line in chain(_INFO.findall(first), _INFO.findall(data)):
        if provider:
            calls[provider] = line
            counts[provider] = counts.get(provider, 0) + 1
        elif job:
            deliveries.setdefault((job, platform), []).append(line)
        else:
            for stamp, level, session, logger, body in split(line):
                _append(events, choice(level, logger), stamp, session, message(body))
    return Scan(
        newest=last_stamp(data),
        answered={
            provider.decode(): (counts[provider], at)
            for provider, stamp in calls.items()
            if (at := naive_seconds(stamp)) is not None
        },
        delivered={
            (pair[0].decode(), pair[1].decode()): (len(stamps), _seconds(stamps[-MAX_DELIVERIES:]))
            for pair, stamps in deliveries.items()
        },
        events=events,
    )


def _seconds(stamps: list[bytes]) -> tuple[float, ...]:
    return tuple(at for stamp in stamps if (at := naive_seconds(stamp)) is not None)


def _append(events: list[Event], rows: Choice, stamp: bytes, session: bytes | None, text: str) -> None:
    at = naive_seconds(stamp)
    if at is not None:
        event = event_of(rows, at, session.decode(errors="replace") if session else None, text)
        if event:
            events.append(event)


def _info_lines() -> re.Pattern[bytes]:
    """Make the expression out of the catalogue.

    It finds the lines that some INFO row may match and no bulk row does: provider of an answered call, or job and
    platform of a delivery; and the stamp, with the rest of the line where it is of any other row. The stamp is
    looked at last, on the few lines whose rest fits.
    """
    rows = [row for row in ROWS if "INFO" in row.levels]
    records = {}
    for logger in {row.logger for row in rows if not row.bulk}:
        told = [
            row.pattern if row.kind in _FOLDED and row.logger == logger else without_groups(row.pattern)
            for row in sorted(rows, key=lambda row: row.kind not in _FOLDED)
            if logger.startswith(row.logger) and not row.bulk
        ]
        bulk = [without_groups(row.pattern) for row in rows if row.logger.startswith(logger) and row.bulk]
        unless = f"(?!{'|'.join(bulk)})" if bulk else ""
        records[logger] = rf"[\w.\-]*+: {unless}(?:{'|'.join(told)})"
    tag = r"(?:\[(?:[^ ]{2,}+(?<=\])|[^\]\n]++\]) )?+"
    line = rf"\n(?=(?s:.{{24}})INFO {tag}{_tree(records)})({STAMP.decode()}(?(provider)|(?(job)|[^\n]*+)))"
    return re.compile(line.encode())


def _tree(records: dict[str, str]) -> str:
    """Return one pattern for what follows each beginning of a logger's name: every letter is looked at once.

    The longest name that fits decides, as it has the rows of the shorter ones, too.
    """
    by_letter: dict[str, dict[str, str]] = {}
    for name in sorted(records):
        by_letter.setdefault(name[:1], {})[name[1:]] = records[name]
    own = by_letter.pop("", {}).get("")
    branches = [re.escape(letter) + _tree(rest) for letter, rest in by_letter.items()]
    if own:
        longer = "|".join(re.escape(name) for name in sorted(records) if name)
        branches.append(f"(?!{longer}){own}" if longer else own)
    return f"(?:{'|'.join(branches)})"


_INFO = _info_lines()
