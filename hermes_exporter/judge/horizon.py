"""Until when does a verdict stand if nothing happens? Time alone changes it only at a few moments, all known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hermes_exporter.judge import conditions, credentials, expectation, liveness, scheduler
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermes_exporter.judge.liveness import Clock
    from hermes_exporter.sources.procfs import Process
    from hermes_exporter.sources.profile_files import ProfileFiles


def next_change(
    files: ProfileFiles, processes: Iterable[Process], others: Iterable[float | None], clock: Clock
) -> float:
    """Return the first moment after now at which time alone may change a verdict, Unix seconds.

    ``processes`` are all that speak for the gateway; ``others`` are moments kept elsewhere: restarts that systemd
    was seen to make, the last sign of life, the start of a run in flight.
    """
    moments = (
        *_of_the_heartbeat(files, clock),
        *_of_the_cron(files),
        *credentials.moments(files.auth, files.root_auth),
        *(process.started_at for process in processes),
        *(files.starts or ()),
        *others,
        files.state.updated_at if files.state else None,
    )
    first = math.inf
    for moment in moments:
        if moment is not None:
            for later in _LATER:
                if clock.now < moment + later < first:
                    first = moment + later
    return first


_LATER = (
    -FUTURE_TOLERANCE_SECONDS,
    0.0,
    liveness.HEARTBEAT_STALE_SECONDS,
    liveness.STARTING_SECONDS,
    scheduler.STALE_SECONDS,
    scheduler.DEAD_STALE_SECONDS,
    scheduler.STARTING_SECONDS,
    scheduler.LONG_TICK_SECONDS,
    conditions.LOOP_WINDOW_SECONDS,
    conditions.LOOP_QUIET_SECONDS,
    conditions.SLOW_LOOP_WINDOW_SECONDS,
    conditions.SLOW_LOOP_QUIET_SECONDS,
    expectation.MEMORY_SECONDS,
)
"""How long after something happened a judge changes its mind about it."""


def _of_the_heartbeat(files: ProfileFiles, clock: Clock) -> Iterator[float | None]:
    beat = files.heartbeat
    if beat is None:
        return
    yield beat.updated_at
    if beat.monotonic is not None and clock.monotonic is not None:
        yield clock.now - (clock.monotonic - beat.monotonic)


def _of_the_cron(files: ProfileFiles) -> tuple[float | None, ...]:
    return files.cron.heartbeat, files.cron.success
