"""What is wrong with a profile: independent conditions that alerts stand on, and the headline made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.judge.platforms import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.judge.platforms import Platform
    from hermes_exporter.judge.report import Report
    from hermes_exporter.judge.scheduler import Scheduler
    from hermes_exporter.sources.hermes_config import HermesConfig
    from hermes_exporter.sources.unit import Unit

CONDITIONS = (
    "gateway_dead",
    "gateway_frozen",
    "gateway_crash_looping",
    "scheduler_stalled",
    "report_missing",
    "provider_auth",
    "provider_quota",
    "provider_unreachable",
    "platform_auth",
    "platform_down",
    "config_invalid",
    "degraded",
)
"""Worst first: the order in which the headline takes them."""

LOOP_WINDOW_SECONDS = 900.0
LOOP_STARTS = 4
"""So many starts within the window are a crash loop, whoever restarts it."""
LOOP_QUIET_SECONDS = 300.0
"""No start for so long ends it."""
SLOW_LOOP_WINDOW_SECONDS = 4 * 3600.0
SLOW_LOOP_STARTS = 8
"""So many starts within the longer window are a loop too: a watchdog takes minutes to strike each time."""
SLOW_LOOP_APART_SECONDS = 240.0
"""Those closer to one another count as one: what looped fast and is over is over."""
SLOW_LOOP_QUIET_SECONDS = 1800.0


def gateway_dead(liveness: Liveness, *, expected: bool) -> bool | None:
    """Whether a gateway that should be there is not; one held by a signal is frozen, not dead."""
    if not expected:
        return False
    return None if liveness.up is None else not liveness.up and not liveness.stopped


def gateway_frozen(liveness: Liveness) -> bool | None:
    """Whether the gateway lives and does nothing."""
    return liveness.frozen


def gateway_crash_looping(
    starts: Iterable[float] | None, units: Iterable[Unit], restarts: Iterable[float], now: float
) -> bool | None:
    """Whether the gateway is started again and again.

    ``starts`` are its own records, None where they cannot be read; ``restarts`` the moments at which systemd was
    seen to have restarted it; all in Unix seconds. A unit that waits for its next attempt and has had its share is
    in a loop even at first sight.
    """
    waiting = any(unit.sub_state == "auto-restart" and unit.restarts >= LOOP_STARTS for unit in units)
    if waiting or any(_in_a_loop(moments, now) for moments in (starts or (), restarts)):
        return True
    return None if starts is None else False


def _in_a_loop(moments: Iterable[float], now: float) -> bool:
    past = sorted(moment for moment in moments if now - SLOW_LOOP_WINDOW_SECONDS < moment <= now)
    recent = [moment for moment in past if moment > now - LOOP_WINDOW_SECONDS]
    if len(recent) >= LOOP_STARTS and now - recent[-1] < LOOP_QUIET_SECONDS:
        return True
    apart: list[float] = []
    for moment in past:
        if not apart or moment - apart[-1] >= SLOW_LOOP_APART_SECONDS:
            apart.append(moment)
    return len(apart) >= SLOW_LOOP_STARTS and now - apart[-1] < SLOW_LOOP_QUIET_SECONDS


def scheduler_stalled(scheduler: Scheduler | None) -> bool | None:
    """Whether a live gateway does not get its cron to tick."""
    return scheduler.stalled if scheduler else None


def report_missing(reports: Iterable[Report] | None) -> bool | None:
    """Whether a report is overdue; None where the jobs are not known, or the verdict on one is withheld."""
    verdicts = None if reports is None else {report.overdue for report in reports}
    return None if verdicts is None else True if True in verdicts else None if None in verdicts else False


def platform_down(platforms: Iterable[Platform], liveness: Liveness) -> bool | None:
    """Whether the live gateway notes that it has lost a messenger; a dead gateway's notes say nothing."""
    if not liveness.up:
        return None
    entries = [platform.entry for platform in platforms if platform.entry]
    return any(entry.state in BROKEN or entry.needs_attention is True for entry in entries)


def config_invalid(config: HermesConfig | None) -> bool | None:
    """Whether Hermes ignores the profile's configuration; None where there is none or it cannot be read."""
    return None if config is None else not config.valid


def headline(conditions: Mapping[str, bool | None], up: bool | None) -> str:
    """Return the worst condition that holds, ``unknown`` where the gateway cannot be judged, else ``ok``."""
    for condition in CONDITIONS:
        if conditions.get(condition):
            return condition
    return "unknown" if up is None else "ok"
