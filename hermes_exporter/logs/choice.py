"""Which rows of the catalogue a record may be of, and the first that matches, in one regular expression."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.logs.catalogue import ROWS
from hermes_exporter.logs.names import platform_of
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.logs.row import Row

_NAMED_GROUP = re.compile(r"\(\?P<(\w+)>")
_STANDALONE = re.compile(r"plugins\.platforms\.(\w+)")
_FAMILY = ("*", ".")
"""How the prefix of a row's logger ends that is not one logger's alone."""
_KNOWN_LOGGERS = 1024
"""Loggers of forged records are without number; beyond this many, choices are made anew."""


class Found(NamedTuple):
    """The row that a message is of.

    Attributes:
        values: by name of the group, what stands there; a digit that only tells alternatives apart is left out.
        end: how much of the message the pattern took.
    """

    row: Row
    values: list[tuple[str, str]]
    end: int


class Rows(NamedTuple):
    """Rows in one expression: an empty group after each row's pattern marks it."""

    any: re.Pattern[str]
    by_mark: dict[int, tuple[Row, tuple[tuple[str, int], ...]]]


class Choice(Value):
    """The rows of one level and logger, in their order.

    Attributes:
        platform: whose adapter the logger is; None where only a message can say.
        nothing: whether every record of theirs tells nothing.
    """

    level: str
    logger: str
    platform: str | None
    nothing: bool
    _rows: tuple[Rows, ...]

    def find(self, message: str) -> Found | None:
        """Return the first row that matches; None for a message of no class."""
        for rows in self._rows:
            match = rows.any.match(message)
            if match is not None and match.lastindex is not None:
                row, groups = rows.by_mark[match.lastindex]
                values = [(name, value) for name, group in groups if (value := match[group]) is not None]
                return Found(row, values, match.end())
        return None


@lru_cache(maxsize=_KNOWN_LOGGERS)
def choice(level: bytes, logger: bytes) -> Choice:
    """Return the rows for records of a level and a logger; those of a family that come last are made only once."""
    wanted, known_as = level.decode(), logger.decode()
    name = _STANDALONE.sub(r"hermes_plugins.\1_platform", known_as, count=1)
    rows = [row for row in ROWS if wanted in row.levels and (row.logger == "*" or name.startswith(row.logger))]
    own = max((number for number, row in enumerate(rows, 1) if not row.logger.endswith(_FAMILY)), default=0)
    return Choice(
        level=wanted,
        logger=known_as,
        platform=platform_of(known_as, ""),
        nothing=not rows or (rows[0].ignored and not rows[0].pattern),
        _rows=tuple(_together(part) for part in (tuple(rows[:own]), tuple(rows[own:])) if part),
    )


@lru_cache(maxsize=_KNOWN_LOGGERS)
def _together(rows: tuple[Row, ...]) -> Rows:
    alternatives, by_mark, groups = [], {}, 0
    for row in rows:
        names = [group.rstrip("23") for group in _NAMED_GROUP.findall(row.pattern)]
        alternatives.append(f"(?:{_NAMED_GROUP.sub('(', row.pattern)})()")
        mark = groups + len(names) + 1
        by_mark[mark] = (row, tuple(zip(names, range(groups + 1, mark), strict=True)))
        groups = mark
    return Rows(re.compile("|".join(alternatives), re.DOTALL), by_mark)


def without_groups(pattern: str) -> str:
    """Return a row's pattern as one part of another, without the groups that it takes out."""
    return f"(?:{_NAMED_GROUP.sub('(?:', pattern)})"
