"""Failures of the scheduler: what does not run is told in time, and what only looks like it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Habits, Process, faults, owner
from tests.field.cron import DAILY, DAY, HOUR, MINUTE, RARE, TOLD_SECONDS, told, watched
from tests.field.row import shows

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.simulator import Job
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost

STALLED, MISSING = "HermesCronSchedulerStalled", "HermesReportNotDelivered"
HEARTBEAT = "hermes_cron_scheduler_heartbeat_timestamp_seconds"
SUCCESS = "hermes_cron_scheduler_last_success_timestamp_seconds"


@shows("ticker dies")
def test_a_ticker_that_dies_is_told(make_host: MakeHost) -> None:
    """Its gateway and that one's heartbeat live on; a restart ends it."""
    host, _ = watched(make_host, RARE)
    died = host.simulation.now
    faults.ticker_dies(host.profile)
    host.run(died + 30 * MINUTE)

    assert host.value("hermes_gateway_up", profile="default") == 1
    assert host.simulation.now - (host.value("hermes_gateway_heartbeat_timestamp_seconds") or 0) < 2 * MINUTE
    assert died - 2 * MINUTE < (host.value(HEARTBEAT) or 0) <= died
    host.start_gateway(host.profile)
    host.run(died + HOUR)

    stalled = told(host, STALLED)[STALLED]
    assert stalled.profile == "default"
    assert stalled.since - died <= 7 * MINUTE
    assert stalled.until - died <= 38 * MINUTE
