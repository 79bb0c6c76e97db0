"""What is still to happen: things that go on step by step, and things that merely repeat."""

from __future__ import annotations

import heapq
from itertools import count
from math import ceil, floor, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLERANCE = 1e-6
"""A part of a period within which a moment is that of the beat: what adding floats may cost."""


class Steps:
    """Things that go on: each yields for how many seconds nothing happens before its next step."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Iterator[float]]] = []
        self._order = count()

    def add(self, now: float, steps: Iterator[float]) -> None:
        """Begin something: its first step is taken at once."""
        self._go_on(now, steps)

    def next_at(self) -> float:
        """Return when the next step is due, infinity for never."""
        return self._waiting[0][0] if self._waiting else inf

    def run(self, now: float) -> None:
        """Take the next step."""
        self._go_on(now, heapq.heappop(self._waiting)[2])

    def shift(self, seconds: float) -> None:
        """Put everything off."""
        if seconds:
            self._waiting = [(when + seconds, order, steps) for when, order, steps in self._waiting]

    def _go_on(self, now: float, steps: Iterator[float]) -> None:
        wait = next(steps, None)
        if wait is not None:
            heapq.heappush(self._waiting, (now + wait, next(self._order), steps))


class Beat:
    """Something that is done every so many seconds; nobody acts it out, one asks when it was done last."""

    def __init__(self, first: float, period: float) -> None:
        self.period = period
        self.next = first
        self._last: float | None = None
        self._left = 0.0

    def last(self, now: float) -> float | None:
        """Return when it was last done, None if never."""
        if now < self.next:
            return self._last
        return self.next + floor((now - self.next) / self.period + TOLERANCE) * self.period

    def after(self, moment: float) -> float:
        """Return the first time at or after a moment at which it is done."""
        if moment <= self.next:
            return self.next
        return (
            inf
            if moment == inf
            else self.next + ceil((moment - self.next) / self.period - TOLERANCE) * self.period
        )

    def done(self, now: float, took: float = 0.0) -> None:
        """It is done now, and next a period after it is over."""
        self._last = now
        self.next = now + took + self.period

    def hold(self, now: float) -> None:
        """It stops, with this much of its wait left."""
        self._last = self.last(now)
        self._left = self.after(now) - now
        self.next = inf

    def resume(self, now: float, *, waits: bool = False) -> None:
        """It goes on: at once, or as soon as the wait that was left is over."""
        self.next = now + (self._left if waits else 0.0)
