"""A record and the catalogue to an event: what happened, without anything that somebody wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from hermes_exporter.logs.catalogue import ROWS
from hermes_exporter.logs.names import platform_of, provider_in
from hermes_exporter.logs.refusals import by_text
from hermes_exporter.logs.row import BY_TEXT, VALUES, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.logs.records import Record

_VALUES = {name: re.compile(pattern) for name, pattern in VALUES.items()}
_CRON_TAG = re.compile(r"cron_([A-Za-z0-9_-]{1,64})_\d{8}_\d{6}")
_STANDALONE = re.compile(r"plugins\.platforms\.(\w+)")
_BY_WORDS = frozenset({"provider_preflight_auth", "provider_preflight_quota"})
_KNOWN_LOGGERS = 1024
"""Loggers of foreign text are without number; their rows are looked up again beyond this many."""


@dataclass(frozen=True, slots=True)
class Event:
    """One record of a class in the catalogue.

    Attributes:
        at: seconds of the writer's wall clock since 1970-01-01 00:00.
        job: id of the cron run that wrote it, or that it tells of.
        error: class of error that it counts under; empty where another record does, or none.
        fields: the values in ``row.VALUES``, nothing else of the text.
    """

    kind: str
    at: float
    logger: str
    level: str
    job: str | None
    error: str
    fields: Mapping[str, str]

    @property
    def plane(self) -> str:
        """Whose error it is: ``platform`` or ``provider``."""
        return "platform" if self.kind.startswith("platform_") else "provider"


@lru_cache(maxsize=_KNOWN_LOGGERS)
def rows_for(level: str, logger: str) -> tuple[Row, ...]:
    """Return the rows to try on a record, in their order."""
    name = _STANDALONE.sub(r"hermes_plugins.\1_platform", logger, count=1)
    return tuple(row for row in ROWS if level in row.levels and (row.logger == "*" or name.startswith(row.logger)))


def row_of(record: Record) -> tuple[Row, re.Match[str]] | None:
    """Return the first row that matches a record, and how; None for a record of no class."""
    for row in rows_for(record.level, record.logger):
        match = row.compiled.match(record.message)
        if match:
            return row, match
    return None


def classify(record: Record) -> Event | None:
    """Return what a record tells, None where it tells nothing."""
    found = row_of(record)
    return None if found is None or found[0].ignored else _event(record, *found)


def _event(record: Record, row: Row, match: re.Match[str]) -> Event:
    fields = {}
    for group, value in match.groupdict().items():
        if value is not None:
            name = group.rstrip("23")
            known = value.lower() if name in ("provider", "platform") else value
            if _VALUES[name].fullmatch(known):
                fields[name] = known
    if "platform" not in fields and row.kind.startswith(("platform_", "inbound_")):
        platform = platform_of(record.logger, record.message)
        if platform and _VALUES["platform"].fullmatch(platform):
            fields["platform"] = platform
    if row.kind in _BY_WORDS:
        provider = provider_in(record.message[:400])
        if provider:
            fields["provider"] = provider.lower()
    error = row.error
    if error == BY_TEXT:
        error = by_text(row.kind, fields, record.message[match.end() :])
    tag = _CRON_TAG.fullmatch(record.session) if record.session else None
    return Event(
        kind=row.kind,
        at=record.at,
        logger=record.logger,
        level=record.level,
        job=fields.pop("job", None) or (tag[1] if tag else None),
        error=error,
        fields=fields,
    )
