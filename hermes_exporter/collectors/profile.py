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
UPDATE = Family(
    "hermes_update_last_outcome",
    "gauge",
    "Always 1; outcome of the last update of Hermes: success, partial, failed, refused, running or other. Source: "
    "logs/update_receipts/latest.json. Absent: no receipt, as before 0.21.",
    ("outcome",),
)
UPDATE_TIME = Family(
    "hermes_update_last_finish_timestamp_seconds",
    "gauge",
    "When the last update of Hermes ended, Unix time. Absent: no receipt, or it runs.",
)
UPDATE_UNITS = Family(
    "hermes_update_last_units_failed",
    "gauge",
    "Gateways that the last update of Hermes could not start again. Absent: the receipt does not say.",
)
OUTCOMES = ("success", "partial", "failed", "refused", "running")


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
        files.installed,
        files.update,
        view.past(files.update.finished_at if files.update else None),
        process,
        bool(view.units),
    )


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the profile's verdicts."""
    state = view.files.state
    running = state.code_version if state and view.liveness.process else None
    kind = "served" if view.host else "own" if _has_gateway(view) else "none"
    installed = view.files.installed.version or ""
    yield INFO(1, version=installed, code_version=running or "", gateway=kind, host_profile=view.host or "")
    yield EXPECTED(view.expected)
    for condition, holds in view.conditions.items():
        if holds is not None:
            yield CONDITION(holds, condition=condition)
    yield HEALTH(1, verdict=view.headline)
    if view.files.config is not None:
        yield CONFIG_VALID(view.files.config.valid)
    yield from _update(view)


def _update(view: ProfileView) -> Iterator[Sample]:
    receipt = view.files.update
    if receipt is None:
        return
    if receipt.outcome is not None:
        yield UPDATE(1, outcome=receipt.outcome if receipt.outcome in OUTCOMES else "other")
    if (finished := view.past(receipt.finished_at)) is not None:
        yield UPDATE_TIME(finished)
    if receipt.units_failed is not None:
        yield UPDATE_UNITS(receipt.units_failed)


def _has_gateway(view: ProfileView) -> bool:
    return view.liveness.process is not None or bool(view.units) or view.files.state is not None


FAMILIES = (INFO, EXPECTED, CONDITION, HEALTH, CONFIG_VALID, UPDATE, UPDATE_TIME, UPDATE_UNITS)

COLLECTOR = Collector(
    "Profile",
    "discovery",
    FAMILIES,
    _inputs,
    collect,
)
