"""The clocks: what time it is, whether that can be believed, and when the host last woke."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hermes_exporter.judge.liveness import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

JUMP_SECONDS = 60.0
"""A wall clock that was set by so much makes every comparison with earlier stamps doubtful."""
DOUBT_SECONDS = 300.0


class ReadsClock(Protocol):
    """Something that tells what time it is."""

    def read(self) -> Clock:
        """Return the moment."""


class StillClock:
    """Always shows the same moment: a copied home is judged as of then."""

    def __init__(self, at: float) -> None:
        self._at = at

    def read(self) -> Clock:
        """Return the moment."""
        return Clock(self._at)


class Hands(NamedTuple):
    """What the clocks of a host show, seconds.

    Attributes:
        wall: since 1970.
        monotonic: since boot, without what the host slept.
        boot: since boot.
    """

    wall: float
    monotonic: float
    boot: float


def hands() -> Hands:
    """Return what this host's clocks show."""
    return Hands(time.time(), time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))


class HostClock:
    """Reads the clocks again and again, and compares; ``look`` tells what they show."""

    def __init__(self, look: Callable[[], Hands] = hands) -> None:
        self._look = look
        self._set_by: float | None = None
        self._asleep: float | None = None
        self._monotonic = 0.0
        self._doubtful_until = 0.0
        self._woke_at: float | None = None

    def read(self) -> Clock:
        """Return the moment, and what its comparison with the last one tells.

        It may have slept at any time since the last reading, so the earliest is when it woke.
        """
        now, monotonic, boot = self._look()
        if self._set_by is not None and abs(now - boot - self._set_by) > JUMP_SECONDS:
            self._doubtful_until = boot + DOUBT_SECONDS
        if self._asleep is not None and boot - monotonic - self._asleep > JUMP_SECONDS:
            self._woke_at = now - (monotonic - self._monotonic)
        self._set_by, self._asleep, self._monotonic = now - boot, boot - monotonic, monotonic
        return Clock(now, monotonic, trusted=boot >= self._doubtful_until, woke_at=self._woke_at)
