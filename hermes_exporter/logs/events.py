"""A record of a class to an event: what happened, without anything that somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from hermes_exporter.logs.choice import Choice, choice
from hermes_exporter.logs.names import platform_of, provider_in
from hermes_exporter.logs.refusals import by_text
from hermes_exporter.logs.row import BY_TEXT, VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.logs.records import Record

Fits = Callable[[str], re.Match[str] | None]

_VALUES: dict[str, Fits] = {name: re.compile(pattern).fullmatch for name, pattern in VALUES.items()}
_CASELESS = frozenset({"platform", "provider"})
_CRON_TAG = re.compile(r"cron_([A-Za-z0-9_-]{1,64})_\d{8}_\d{6}")
_BY_WORDS = frozenset({"provider_preflight_auth", "provider_preflight_quota"})
_WORDS_WITHIN = 400
"""Characters of a record in which a provider is looked for by its name."""


@dataclass(frozen=True, slots=True)
class Event:
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
        return "platform" if self.kind.startswith("platform_") else "provider"


def classify(record: Record) -> Event | None:
    """Return what a record tells, None where it tells nothing."""
    rows = choice(record.level.encode(), record.logger.encode())
    return event_of(rows, record.at, record.session, record.message)


def event_of(rows: Choice, at: float, session: str | None, message: str) -> Event | None:
    """Return what a record tells whose level and logger have these rows, None where it tells nothing."""
    found = rows.row_of(message)
    if found is None or found[0].ignored:
        return None
    row, match = found
    fields = {}
    for (name, fits), value in zip(_groups(row.pattern), match.groups(), strict=True):
        if value is not None:
            known = value.lower() if name in _CASELESS else value
            if fits(known):
                fields[name] = known
    if "platform" not in fields and row.kind.startswith(("platform_", "inbound_")):
        platform = platform_of(rows.logger, message)
        if platform and _VALUES["platform"](platform):
            fields["platform"] = platform
    if row.kind in _BY_WORDS:
        provider = provider_in(message[:_WORDS_WITHIN])
        if provider:
            fields["provider"] = provider.lower()
    error = by_text(row.kind, fields, message[match.end() :]) if row.error == BY_TEXT else row.error
    job = fields.pop("job", None)
    if job is None and session:
        tag = _CRON_TAG.fullmatch(session)
        job = tag[1] if tag else None
    return Event(row.kind, at, rows.logger, rows.level, job, error, fields)


@cache
def _groups(pattern: str) -> tuple[tuple[str, Fits], ...]:
    """Return what each group of a row is called and what it may be; a digit only tells alternatives apart."""
    names = [name.rstrip("23") for name in re.findall(r"\(\?P<(\w+)>", pattern)]
    return tuple((name, _VALUES[name]) for name in names)
