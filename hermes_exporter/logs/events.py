"""A record of a class to an event: what happened, without anything that somebody wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.logs.choice import Choice, choice
from hermes_exporter.logs.names import platform_of, provider_in
from hermes_exporter.logs.row import BY_TEXT, VALUES, plane_of
from hermes_exporter.sources.refusals import by_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.logs.records import Record

_VALUES = {name: re.compile(pattern).fullmatch for name, pattern in VALUES.items()}
_OF_PLATFORMS = ("platform_", "inbound_")
_CASELESS = frozenset({"platform", "provider"})
_CRON_TAG = re.compile(r"cron_([A-Za-z0-9_-]{1,64})_\d{8}_\d{6}")
_BY_WORDS = frozenset({"provider_preflight_auth", "provider_preflight_quota"})
_WORDS_WITHIN = 400
"""Characters of a record in which a provider is looked for by its name."""


class Event(NamedTuple):
    """One record of a class in the catalogue.

    Attributes:
        at: seconds of the writer's wall clock since 1970-01-01 00:00.
        job: id of the job that the record tells of, or whose run wrote it.
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
        return plane_of(self.kind)


def classify(record: Record) -> Event | None:
    """Return what a record tells, None where it tells nothing."""
    rows = choice(record.level.encode(), record.logger.encode())
    return event_of(rows, record.at, record.session, record.message)


def event_of(rows: Choice, at: float, session: str | None, message: str) -> Event | None:
    """Return what a record tells whose level and logger have these rows, None where it tells nothing."""
    found = rows.find(message)
    if found is None or found.row.ignored:
        return None
    row = found.row
    fields = {}
    for name, value in found.values:
        known = value.lower() if name in _CASELESS else value
        if _VALUES[name](known):
            fields[name] = known
    if "platform" not in fields and row.kind.startswith(_OF_PLATFORMS):
        platform = rows.platform or platform_of(rows.logger, message)
        if platform and _VALUES["platform"](platform):
            fields["platform"] = platform
    if row.kind in _BY_WORDS:
        provider = provider_in(message[:_WORDS_WITHIN])
        if provider:
            fields["provider"] = provider.lower()
    error = by_text(row.kind, fields, message[found.end :]) if row.error == BY_TEXT else row.error
    job = fields.pop("job", None)
    if job is None and session:
        tag = _CRON_TAG.fullmatch(session)
        job = tag[1] if tag else None
    return Event(row.kind, at, rows.logger, rows.level, job, error, fields)
