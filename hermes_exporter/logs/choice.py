"""Which rows of the catalogue a record may be of, and the first that matches, in one regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from hermes_exporter.logs.catalogue import ROWS

if TYPE_CHECKING:
    from hermes_exporter.logs.row import Row

_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_STANDALONE = re.compile(r"plugins\.platforms\.(\w+)")
_KNOWN_LOGGERS = 1024
"""Loggers of forged records are without number; beyond this many, choices are made anew."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The rows of one level and logger, in their order.

    Attributes:
        nothing: whether every record of theirs tells nothing.
    """

    level: str
    logger: str
    rows: tuple[Row, ...]
    nothing: bool
    _any: re.Pattern[str] = field(repr=False)

    def row_of(self, message: str) -> tuple[Row, re.Match[str]] | None:
        """Return the first row that matches, and how; None for a message of no class."""
        found = self._any.match(message)
        if not found or not found.lastindex:
            return None
        row = self.rows[found.lastindex - 1]
        match = row.compiled.match(message)
        return (row, match) if match else None


@lru_cache(maxsize=_KNOWN_LOGGERS)
def choice(level: bytes, logger: bytes) -> Choice:
    """Return the rows for records of a level and a logger."""
    wanted, known_as = level.decode(), logger.decode()
    name = _STANDALONE.sub(r"hermes_plugins.\1_platform", known_as, count=1)
    rows = tuple(
        row for row in ROWS if wanted in row.levels and (row.logger == "*" or name.startswith(row.logger))
    )
    alternatives = "|".join(f"{unnamed(row.pattern)}()" for row in rows)
    return Choice(
        level=wanted,
        logger=known_as,
        rows=rows,
        nothing=not rows or (rows[0].ignored and not rows[0].pattern),
        _any=re.compile(alternatives, re.DOTALL),
    )


def unnamed(pattern: str) -> str:
    """Return a row's pattern as one part of another, without the groups that it takes out."""
    return f"(?:{_NAMED_GROUP.sub('(?:', pattern)})"
