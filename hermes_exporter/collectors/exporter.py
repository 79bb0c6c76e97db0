"""The exporter about itself: what it could read, how long it took, what it could not understand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import HostView, ProfileView

BUILD_INFO = Family(
    "hermes_exporter_build_info",
    "gauge",
    "Always 1; the labels name the exporter's version and the Python it runs on.",
    ("version", "python"),
    host=True,
)
SUCCESS = Family(
    "hermes_exporter_collector_success",
    "gauge",
    "1 if everything that should be readable was, 0 if not. An absent artefact is no failure. "
    "Absent: the collector is switched off.",
    ("collector",),
)
DURATION = Family(
    "hermes_exporter_collector_duration_seconds",
    "gauge",
    "Seconds the collector took in the last gather, over all profiles.",
    ("collector",),
    host=True,
)
MEMORY_DURABLE = Family(
    "hermes_exporter_memory_durable",
    "gauge",
    "1 if counters and facts survive a restart of the exporter, 0 if not.",
    host=True,
)
LAST_GATHER = Family(
    "hermes_exporter_last_gather_timestamp_seconds",
    "gauge",
    "When these values were gathered, Unix time.",
    host=True,
)
PARSE_ERRORS = Family(
    "hermes_exporter_parse_errors_total",
    "counter",
    "Artefacts or values of them that could not be understood, each counted when it appears.",
    ("collector",),
)
FUTURE_TIMESTAMPS = Family(
    "hermes_exporter_future_timestamps_total",
    "counter",
    "Time stamps more than 60 s ahead of the host's clock, ignored, each counted when it appears.",
    ("collector",),
)
SERIES_DROPPED = Family(
    "hermes_exporter_series_dropped",
    "gauge",
    "Series held back by a limit of ours.",
    ("reason",),
    host=True,
)
HOST_FAMILIES = (BUILD_INFO, DURATION, MEMORY_DURABLE, LAST_GATHER, SERIES_DROPPED)


def _inputs(view: ProfileView) -> object:
    return dict(view.succeeded), view.parse_errors, view.future_stamps


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield what a profile's reading came to."""
    for collector, succeeded in view.succeeded.items():
        yield SUCCESS(succeeded, collector=collector)
        yield PARSE_ERRORS(view.parse_errors.get(collector, 0), collector=collector)
        yield FUTURE_TIMESTAMPS(view.future_stamps.get(collector, 0), collector=collector)


def collect_host(view: HostView) -> Iterator[Sample]:
    """Yield what speaks of the exporter as a whole."""
    yield BUILD_INFO(1, version=view.version, python=view.python)
    for collector, seconds in view.durations.items():
        yield DURATION(seconds, collector=collector)
    yield MEMORY_DURABLE(view.memory_durable)
    yield LAST_GATHER(view.now)
    for reason, series in view.series_dropped.items():
        yield SERIES_DROPPED(series, reason=reason)


COLLECTOR = Collector("Exporter", "discovery", (SUCCESS, PARSE_ERRORS, FUTURE_TIMESTAMPS), _inputs, collect)
