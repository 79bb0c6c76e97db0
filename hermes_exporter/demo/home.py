"""A made-up Hermes home that lives: days of a past, and a present that goes on while somebody looks.

It lies in a temporary directory. Its gateways are played by processes of their own, which hold their locks.
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.demo import cast
from hermes_exporter.demo.failures import FAILURES
from hermes_exporter.demo.gateways import boot_time, players
from hermes_exporter.simulator import faults, owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.demo.cast import Cast
    from hermes_exporter.demo.failures import Failure
    from hermes_exporter.demo.gateways import Players
    from hermes_exporter.simulator import Profile

PACE_SECONDS = 3.0
UP_SECONDS = 2.6
"""A simulated gateway ticks so long after its start."""
NOTICED_SECONDS = 2.0
"""A failure has left its marks by then, and a reader may take the last line of a log for whole."""


@contextmanager
def made_up_home(failure: str = "") -> Iterator[Path]:
    """Yield the root of a made-up home of two profiles, one of which fails so; afterwards it is gone.

    Raises KeyError for a failure of no such name.
    """
    wanted = FAILURES[failure]
    with tempfile.TemporaryDirectory(prefix="hermes-demo-") as directory, players() as troupe:
        root = Path(directory)
        made_up = cast.assemble(root, time.time(), boot_time())
        try:
            _begin(made_up, wanted, troupe)
            with _living(made_up, wanted, troupe):
                yield root
        finally:
            made_up.host.close()


def _begin(made_up: Cast, failure: Failure, troupe: Players) -> None:
    """Let the past happen, and then the gateways come up, played from now on by processes."""
    now = time.time()
    failure.before(made_up, now)
    made_up.host.advance(now)
    for profile in made_up.host.profiles.values():
        if profile is made_up.main and failure.alone:
            continue
        _restart(profile, troupe)
    _catch_up(made_up, until=time.time() + UP_SECONDS)
    if failure.after is not None:
        failure.after(made_up, troupe)
        _catch_up(made_up, until=time.time() + NOTICED_SECONDS)


def _catch_up(made_up: Cast, until: float) -> None:
    while time.time() < until:
        time.sleep(0.1)
    made_up.host.advance(time.time())
    made_up.host.materialise()


def _restart(profile: Profile, troupe: Players) -> None:
    """End what gateway there is, and start one that a process plays."""
    owner.stop_gateway(profile)
    process = troupe.start(profile.home)
    profile.advance(time.time())
    owner.start_gateway(profile, process)


@contextmanager
def _living(made_up: Cast, failure: Failure, troupe: Players) -> Iterator[None]:
    """Let the home go on in the background."""
    over = threading.Event()
    life = threading.Thread(target=_live, args=(made_up, failure, troupe, over), name="demo", daemon=True)
    life.start()
    try:
        yield
    finally:
        over.set()
        life.join()


def _live(made_up: Cast, failure: Failure, troupe: Players, over: threading.Event) -> None:
    crash_at = time.time() + failure.every if failure.every else None
    while not over.wait(PACE_SECONDS):
        made_up.host.advance(time.time())
        if crash_at is not None and time.time() >= crash_at:
            crash_at = time.time() + failure.every
            troupe.kill(made_up.main.home)
            faults.kill(made_up.main)
            _restart(made_up.main, troupe)
        made_up.host.materialise()
