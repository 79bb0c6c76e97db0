"""Each profile as a whole: what it is, whether a gateway is expected, what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

INFO = Family(
    "hermes_profile_info",
    "gauge",
    "Always 1. gateway: own, served (by host_profile's gateway) or none; code_version: of the running code, empty "
    "before 0.20; version: of the installed code, empty where unknown.",
    ("version", "code_version", "gateway", "host_profile"),
)
EXPECTED = Family(
    "hermes_profile_gateway_expected",
    "gauge",
    "1 if this profile should have a live gateway: its unit is enabled, or it lived within 30 days, or it is "
    "served, or the configuration requires it. 0: nobody is waiting for one.",
)
CONDITION = Family(
    "hermes_profile_condition",
    "gauge",
    "1 while the condition holds; conditions are independent of one another. Absent: cannot tell, or not judged.",
    ("condition",),
)
HEALTH = Family(
    "hermes_profile_health",
    "gauge",
    "Always 1; verdict is the worst condition that holds, ok, or unknown where the gateway cannot be judged.",
    ("verdict",),
)
CONFIG_VALID = Family(
    "hermes_config_valid",
    "gauge",
    "1 if config.yaml parses, 0 if Hermes ignores it and runs on its defaults. Absent: no file, or not readable.",
)


def _inputs(view: ProfileView) -> object:
    files = view.files
    process = view.liveness.process is not None
    return (
        view.host,
        view.expected,
        view.headline,
        view.conditions,
        files.config,
        files.state,
        process,
        bool(view.units),
    )


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the profile's verdicts."""
    state = view.files.state
    running = state.code_version if state and view.liveness.process else None
    kind = "served" if view.host else "own" if _has_gateway(view) else "none"
    yield INFO(1, version="", code_version=running or "", gateway=kind, host_profile=view.host or "")
    yield EXPECTED(view.expected)
    for condition, holds in view.conditions.items():
        if holds is not None:
            yield CONDITION(holds, condition=condition)
    yield HEALTH(1, verdict=view.headline)
    if view.files.config is not None:
        yield CONFIG_VALID(view.files.config.valid)


def _has_gateway(view: ProfileView) -> bool:
    return view.liveness.process is not None or bool(view.units) or view.files.state is not None


COLLECTOR = Collector("Profile", "discovery", (INFO, EXPECTED, CONDITION, HEALTH, CONFIG_VALID), _inputs, collect)
