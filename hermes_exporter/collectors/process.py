"""What the gateway's process uses, and its last beat: what changes with nearly every scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

HEARTBEAT_TIME = Family(
    "hermes_gateway_heartbeat_timestamp_seconds",
    "gauge",
    "The gateway's last beat, Unix time; due every 30 s. Source: state/gateway.heartbeat.",
)
RESIDENT = Family("hermes_gateway_resident_memory_bytes", "gauge", "Resident memory of the live process, bytes.")
OPEN_FDS = Family("hermes_gateway_open_fds", "gauge", "Open file descriptors of the live process.")
MAX_FDS = Family("hermes_gateway_max_fds", "gauge", "Soft limit of file descriptors of the live process.")
THREADS = Family("hermes_gateway_threads", "gauge", "Threads of the live process.")
CPU = Family("hermes_gateway_cpu_seconds_total", "counter", "CPU seconds (user and system) of the live process.")


def _inputs(view: ProfileView) -> object:
    return view.figures, _beat(view)


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the beat, and the figures of a live process."""
    beat = _beat(view)
    if beat is not None:
        yield HEARTBEAT_TIME(beat)
    if view.figures is None:
        return
    figures = (
        (RESIDENT, view.figures.resident_bytes),
        (OPEN_FDS, view.figures.open_fds),
        (MAX_FDS, view.figures.max_fds),
        (THREADS, view.figures.threads),
        (CPU, view.figures.cpu_seconds),
    )
    for family, value in figures:
        if value is not None:
            yield family(value)


def _beat(view: ProfileView) -> float | None:
    return view.past(view.files.heartbeat.updated_at if view.files.heartbeat else None)


COLLECTOR = Collector(
    "Process", "gateway", (HEARTBEAT_TIME, RESIDENT, OPEN_FDS, MAX_FDS, THREADS, CPU), _inputs, collect
)
