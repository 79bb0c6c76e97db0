"""The systemd units of a profile, as systemd tells them over D-Bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import HostView, ProfileView

STATES = ("active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance")
RESULTS = (
    "success",
    "exit-code",
    "signal",
    "core-dump",
    "watchdog",
    "start-limit-hit",
    "oom-kill",
    "timeout",
    "resources",
    "protocol",
    "exec-condition",
    "other",
)
LABELS = ("unit", "scope")

STATE = Family(
    "hermes_unit_state",
    "gauge",
    "1 on the unit's ActiveState, 0 on the others. A crash loop is active or activating, never failed. "
    "Absent: no such unit, or its manager cannot be asked.",
    (*LABELS, "state"),
)
SUB_STATE = Family(
    "hermes_unit_sub_state",
    "gauge",
    "Always 1; sub_state is the unit's SubState: running, auto-restart, stop-sigterm and others.",
    (*LABELS, "sub_state"),
)
RESULT = Family(
    "hermes_unit_result",
    "gauge",
    "Always 1; result is how the unit's last run ended; success while it runs and before it ever ran.",
    (*LABELS, "result"),
)
EXIT_STATUS = Family(
    "hermes_unit_exit_status",
    "gauge",
    "ExecMainStatus of the last exit: 75 wanted restart, 78 fatal config, 200 directory gone, 203 interpreter "
    "gone, or the signal that killed it. Absent: no exit was seen.",
    LABELS,
)
RESTARTS = Family(
    "hermes_unit_restarts_total",
    "counter",
    "Automatic restarts as systemd counts them (NRestarts); falls to 0 when the unit is restarted by hand.",
    LABELS,
)
STATE_CHANGE = Family(
    "hermes_unit_state_change_timestamp_seconds",
    "gauge",
    "When the unit last changed its state, Unix time. Absent: never.",
    LABELS,
)
ACTIVE_ENTER = Family(
    "hermes_unit_active_enter_timestamp_seconds",
    "gauge",
    "When the unit last became active, Unix time. Absent: never.",
    LABELS,
)
ENABLED = Family("hermes_unit_enabled", "gauge", "1 if the unit starts with its manager.", LABELS)
NEED_RELOAD = Family(
    "hermes_unit_need_daemon_reload",
    "gauge",
    "1 if the unit file changed on disk since systemd read it.",
    LABELS,
)
LINGER = Family(
    "hermes_unit_linger_enabled",
    "gauge",
    "1 if this user's units run without a login, 0 if they end with the last session. "
    "Source: /var/lib/systemd/linger.",
    ("user",),
    host=True,
)
HOST_FAMILIES = (LINGER,)


def _inputs(view: ProfileView) -> object:
    return view.units


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the profile's units; a unit that serves several profiles shows up under each."""
    for unit in view.units:
        names = {"unit": unit.name, "scope": unit.scope}
        yield from STATE.each("state", STATES, unit.active_state, **names)
        yield SUB_STATE(1, **names, sub_state=unit.sub_state)
        yield RESULT(1, **names, result=unit.result if unit.result in RESULTS else "other")
        if unit.exit_status is not None:
            yield EXIT_STATUS(unit.exit_status, **names)
        yield RESTARTS(unit.restarts, **names)
        if unit.state_changed_at is not None:
            yield STATE_CHANGE(unit.state_changed_at, **names)
        if unit.active_since is not None:
            yield ACTIVE_ENTER(unit.active_since, **names)
        yield ENABLED(unit.enabled, **names)
        yield NEED_RELOAD(unit.needs_reload, **names)


def collect_host(view: HostView) -> Iterator[Sample]:
    """Yield whether the units of each user survive a logout."""
    for user, linger in view.linger.items():
        yield LINGER(linger, user=user)


COLLECTOR = Collector(
    "Unit",
    "units",
    (
        STATE,
        SUB_STATE,
        RESULT,
        EXIT_STATUS,
        RESTARTS,
        STATE_CHANGE,
        ACTIVE_ENTER,
        ENABLED,
        NEED_RELOAD,
    ),
    _inputs,
    collect,
)
