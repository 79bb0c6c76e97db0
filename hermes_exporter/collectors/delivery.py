"""Reports on their way, and chats that can no longer be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.logs.tally import DELIVERED
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

PENDING = Family(
    "hermes_delivery_pending",
    "gauge",
    "Reports queued in Hermes' delivery ledger. Source: cron/deliveries.db. Absent: versions that keep none.",
)
OLDEST_PENDING = Family(
    "hermes_delivery_oldest_pending_timestamp_seconds",
    "gauge",
    "When the oldest queued report was queued, Unix time. Absent: none is queued.",
)
LAST_SUCCESS = Family(
    "hermes_delivery_last_success_timestamp_seconds",
    "gauge",
    "Newest proof that a job's report reached this platform, Unix time. Source: agent.log. Absent: none.",
    ("platform",),
)
DEAD_TARGETS = Family(
    "hermes_delivery_dead_targets",
    "gauge",
    "Chats that the gateway has proved unreachable and no longer sends to. Source: gateway/dead_targets.json.",
    ("platform",),
)


def _inputs(view: ProfileView) -> object:
    queue = view.files.deliveries
    return queue, view.past(queue.oldest if queue else None), view.files.dead_targets, _reached(view)


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the queue and the dead targets, where Hermes keeps them."""
    queue = view.files.deliveries
    if queue is not None:
        yield PENDING(queue.pending)
        if (oldest := view.past(queue.oldest)) is not None:
            yield OLDEST_PENDING(oldest)
    for platform, at in sorted(_reached(view).items()):
        yield LAST_SUCCESS(at, platform=platform)
    for platform, count in sorted((view.files.dead_targets or {}).items()):
        yield DEAD_TARGETS(count, platform=platform)


def _reached(view: ProfileView) -> dict[str, float]:
    """Return when each platform was last reached."""
    reached: dict[str, float] = {}
    for key, at in view.logs.times.items() if view.logs else ():
        if key[0] == DELIVERED:
            reached[key[2]] = max(at, reached.get(key[2], at))
    return reached


COLLECTOR = Collector(
    "Delivery", "delivery", (PENDING, OLDEST_PENDING, LAST_SUCCESS, DEAD_TARGETS), _inputs, collect
)
