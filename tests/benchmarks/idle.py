"""Some minutes of an idle day: scrapes every 15 seconds, while gateways beat and nothing else happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.benchmarks import kernel, made_home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.fleet import Fleet
    from tests.benchmarks.rounds import Target

STEP_SECONDS = 15.0
STEPS_A_MINUTE = 4


def daily_cpu_seconds(fleet: Fleet, targets: Sequence[Target], minutes: int) -> list[float]:
    """CPU seconds a day of each exporter, from so many real minutes; background work and refreshes included."""
    before = [kernel.cpu_seconds(target.pid) for target in targets]
    begun = time.monotonic()
    for step in range(minutes * STEPS_A_MINUTE):
        time.sleep(max(0.0, begun + step * STEP_SECONDS - time.monotonic()))
        for name, gateway in fleet.gateways.items():
            if step % 2 == 0:
                made_home.beat(fleet.profile(name), gateway)
            if step % STEPS_A_MINUTE == 0:
                made_home.tick(fleet.profile(name))
        time.sleep(STEP_SECONDS / 3)
        for target in targets:
            target.scrape()
    time.sleep(max(0.0, begun + minutes * 60 - time.monotonic()))
    used = [kernel.cpu_seconds(target.pid) - start for target, start in zip(targets, before, strict=True)]
    return [seconds * 24 * 60 / minutes for seconds in used]
