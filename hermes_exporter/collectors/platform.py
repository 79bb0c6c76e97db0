"""The messengers of a profile, as its live gateway notes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

STATES = ("connected", "connecting", "disconnected", "retrying", "fatal", "paused", "disabled", "other")
ERROR_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")

UP = Family(
    "hermes_platform_up",
    "gauge",
    "1 if the live gateway calls the messenger connected, which may mean: was connected once. Source: "
    "gateway_state.json. Absent: it says nothing of it, or only a dead gateway did.",
    ("platform",),
)
CONFIGURED = Family(
    "hermes_platform_configured",
    "gauge",
    "1 if config.yaml or .env switches the messenger on; hermes_platform_up absent beside it is a fault.",
    ("platform",),
)
STATE = Family(
    "hermes_platform_state",
    "gauge",
    "Always 1; state is what the live gateway notes of the messenger.",
    ("platform", "state"),
)
STATE_TIME = Family(
    "hermes_platform_state_timestamp_seconds",
    "gauge",
    "When the gateway noted that state, Unix time.",
    ("platform",),
)
NEEDS_ATTENTION = Family(
    "hermes_platform_needs_attention",
    "gauge",
    "1 if the gateway has given up on it without a human. Absent: versions that do not say so.",
    ("platform",),
)
ERROR = Family(
    "hermes_platform_error",
    "gauge",
    "Always 1 while the gateway notes an error code for the messenger.",
    ("platform", "error_code"),
)


def _inputs(view: ProfileView) -> object:
    return view.platforms


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield each messenger that is configured or alive."""
    for platform in view.platforms:
        name = platform.name
        if platform.configured:
            yield CONFIGURED(1, platform=name)
        if platform.up is not None:
            yield UP(platform.up, platform=name)
        entry = platform.entry
        if entry is None:
            continue
        yield STATE(1, platform=name, state=entry.state if entry.state in STATES else "other")
        if (stamp := view.past(entry.updated_at)) is not None:
            yield STATE_TIME(stamp, platform=name)
        if entry.needs_attention is not None:
            yield NEEDS_ATTENTION(entry.needs_attention, platform=name)
        if entry.error_code:
            code = entry.error_code if ERROR_CODE.fullmatch(entry.error_code) else "other"
            yield ERROR(1, platform=name, error_code=code)


COLLECTOR = Collector(
    "Platform", "platforms", (UP, CONFIGURED, STATE, STATE_TIME, NEEDS_ATTENTION, ERROR), _inputs, collect
)
