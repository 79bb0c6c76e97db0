"""Logs and records stripped to their shape: ids, pids, names, moments and counts do not matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PREFIX = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) (\w+)(?: \[([^\]]+)\])? ([\w.]+): (.*)")
STRIPPED = (
    (r"cron_[0-9a-f]{12}_\d{8}_\d{6}", "SESSION"),
    (r"Job '[0-9a-f]{12}'", "Job ID"),
    (r"[Jj]ob '[^']*'", "job NAME"),
    (r"\(ID: [0-9a-f]{12}\)", "(ID)"),
    (r"sk-\w+-\*+\d+", "KEY"),
    (r"(ws|http)s?://[^\s']+", "URL"),
    (r"on (URL|[\d.]+:\d+\S*)", "on URL"),
    (r"@[\w-]+ \(\w+\)", "BOT"),
    (r"(model=|provider=|session=)[\w./:-]+", r"\1X"),
    (r"→ [\w-]+ \(\w+\)", "→ X"),
    (r"thread=\S+ ?", "thread=X "),
    (r"(mattermost|telegram):\w+", r"\1:CHAT"),
    (r"Active profile: \w+", "Active profile: X"),
    (r'"(id|message)": "[^"]*"', r'"\1": X'),
    (r"\d+(\.\d+)?", "N"),
)


def shape(message: str) -> str:
    """A log message without what differs from run to run."""
    for pattern, name in STRIPPED:
        message = re.sub(pattern, name, message)
    return message


def line_shapes(log: Path) -> set[tuple[str, bool, str, str]]:
    """Level, whether there is a session, logger and message of every line that begins a record."""
    found = set()
    for line in log.read_text().splitlines():
        match = PREFIX.fullmatch(line)
        if match:
            _, level, session, logger, message = match.groups()
            found.add((level, session is not None, logger, shape(message)))
    return found


def keys(record: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every key of a record in order, and the kind of its value."""
    return [
        (key, keys(value) if isinstance(value, dict) else type(value).__name__) for key, value in record.items()
    ]


def kinds(rows: Iterable[Iterable[object]]) -> set[tuple[str, ...]]:
    """The kinds of values that the rows of a table hold."""
    return {tuple(type(value).__name__ for value in row) for row in rows}
