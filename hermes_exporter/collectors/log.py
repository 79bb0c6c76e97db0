"""What went wrong by Hermes' logs: refused credentials, failed calls; and how far the logs were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.logs.scan import LEVELS
from hermes_exporter.logs.tally import PLATFORM_CLASSES, PROVIDER_CLASSES
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermes_exporter.collectors.view import LogFacts, ProfileView

UNREAD = "Absent: a log is there and cannot be read."

AUTH_ERRORS = Family(
    "hermes_auth_errors_total",
    "counter",
    "Credentials refused by a model provider (plane provider) or a messenger (plane platform), or found missing "
    "before they were used. One refusal counts once, however many lines it logs. Source: errors.log, agent.log; "
    f"what they held when the exporter first saw them is not counted. {UNREAD}",
    ("plane", "name"),
)
AUTH_LAST_ERROR = Family(
    "hermes_auth_last_error_timestamp_seconds",
    "gauge",
    "When credentials were last refused, Unix time, by the clock of who logged it. Source: errors.log, "
    "agent.log, also before the exporter first saw them. Absent: never, or a log is there and cannot be read.",
    ("plane", "name"),
)
PROVIDER_ERRORS = Family(
    "hermes_provider_errors_total",
    "counter",
    "Calls of a model provider that failed for anything but refused credentials; a call and its retries count "
    "once, but for one that reached nobody: Hermes begins it anew on a fresh connection, and that counts. Source: "
    f"errors.log and agent.log. {UNREAD}",
    ("provider", "class"),
)
PROVIDER_LAST_SUCCESS = Family(
    "hermes_provider_last_success_timestamp_seconds",
    "gauge",
    "When the model provider last answered a call, Unix time: the newest proof that it accepts the credentials. "
    "Source: agent.log. Absent: not logged, as with hermes_log_level_hides_events 1, or a log cannot be read.",
    ("provider",),
)
PLATFORM_ERRORS = Family(
    "hermes_platform_errors_total",
    "counter",
    "Failures of a messenger other than refused credentials: lost connections, refused and failed messages. "
    f"Source: errors.log and agent.log. {UNREAD}",
    ("platform", "class"),
)
RECORDS = Family(
    "hermes_log_records_total",
    "counter",
    f"Records that Hermes logged, by level. Source: errors.log, which has them at any logging.level. {UNREAD}",
    ("level",),
)
HIDES = Family(
    "hermes_log_level_hides_events",
    "gauge",
    "1 if config.yaml sets logging.level above INFO: what goes well, an answered call or a delivery, is then not "
    "logged. Absent: no config.yaml, or not readable.",
)
READ_BYTES = Family(
    "hermes_exporter_log_bytes_total",
    "counter",
    f"Bytes read of agent.log and errors.log. {UNREAD}",
    ("file",),
)
LOST_BYTES = Family(
    "hermes_exporter_log_bytes_lost_total",
    "counter",
    f"Bytes of a log that were known to be unread and are gone, rotated away or cut off. {UNREAD}",
    ("file",),
)


def _inputs(view: ProfileView) -> object:
    return view.logs, tuple(platform.name for platform in view.platforms), view.files.settings


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield what the logs tell."""
    if view.files.settings is not None:
        yield HIDES(view.files.settings.hides_info)
    logs = view.logs
    if logs is None:
        return
    platforms = [platform.name for platform in view.platforms]
    known = [("auth", "provider", name) for name in logs.providers] + [
        ("auth", "platform", name) for name in platforms
    ]
    for _, plane, name in _keys(known, logs, "auth"):
        yield AUTH_ERRORS(logs.counts.get(("auth", plane, name), 0), plane=plane, name=name)
        if (at := logs.times.get(("auth", plane, name))) is not None:
            yield AUTH_LAST_ERROR(at, plane=plane, name=name)
    for key in _keys(_each("provider", logs.providers, PROVIDER_CLASSES), logs, "provider"):
        yield Sample(PROVIDER_ERRORS, float(logs.counts.get(key, 0)), key[1:])
    for key in _keys((), logs, "answered"):
        yield PROVIDER_LAST_SUCCESS(logs.times[key], provider=key[1])
    for key in _keys(_each("platform", platforms, PLATFORM_CLASSES), logs, "platform"):
        yield Sample(PLATFORM_ERRORS, float(logs.counts.get(key, 0)), key[1:])
    for level in LEVELS:
        yield RECORDS(logs.counts.get(("records", level), 0), level=level)
    for file in ("agent", "errors"):
        yield READ_BYTES(logs.read_bytes.get(file, 0), file=file)
        yield LOST_BYTES(logs.lost_bytes.get(file, 0), file=file)


def _each(kind: str, names: Iterable[str], classes: Iterable[str]) -> list[tuple[str, ...]]:
    return [(kind, name, error) for name in names for error in classes]


def _keys(known: Iterable[tuple[str, ...]], logs: LogFacts, kind: str) -> list[tuple[str, ...]]:
    """Return the keys of a kind that are known beforehand or were met, in order."""
    return sorted({*known, *(key for key in (*logs.counts, *logs.times) if key[0] == kind)})


COLLECTOR = Collector(
    "Logs",
    "logs",
    (
        AUTH_ERRORS,
        AUTH_LAST_ERROR,
        PROVIDER_ERRORS,
        PROVIDER_LAST_SUCCESS,
        PLATFORM_ERRORS,
        RECORDS,
        HIDES,
        READ_BYTES,
        LOST_BYTES,
    ),
    _inputs,
    collect,
)
