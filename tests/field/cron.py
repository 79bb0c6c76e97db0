"""Hosts with jobs, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.simulator import owner

if TYPE_CHECKING:
    from hermes_exporter.simulator import Habits, Job
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost
    from tests.field.rules import Fired

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
DAILY = "0 6 * * *"
RARE = "0 6 1 1 *"
"""A schedule that owes nothing in any of these tests."""
TOLD_SECONDS = 18 * MINUTE
"""A report is missing a quarter of an hour after its slot, and that is told within three minutes."""


def watched(
    make_host: MakeHost,
    schedule: str = DAILY,
    *,
    day: str = "2026-05-04",
    since: float = 5.5 * HOUR,
    deliver: str = "mattermost",
    habits: Habits | None = None,
    **options: object,
) -> tuple[FieldHost, Job]:
    """Return a host whose gateway lives, with one job, which is watched since so many seconds after midnight."""
    host = make_host(day, **options)
    job = owner.create_job(host.profile, schedule, "Morning brief", deliver=deliver, habits=habits)
    host.start_gateway(host.profile)
    host.run(host.start + since)
    host.watch()
    host.look()
    return host, job


def told(host: FieldHost, *alerts: str) -> dict[str, Fired]:
    """Return the first of each alert that fired, by name: these, of the one profile, and no others."""
    fired = host.alerts()
    assert {each.alert for each in fired} == set(alerts), f"{host.in_hours(fired)}\n{host.log}"
    return {each.alert: each for each in reversed(fired)}
