"""A limit on how many requests are answered: a bucket of tokens, one more each interval."""

from __future__ import annotations

from hermes_exporter.values import Value


class Rate(Value):
    """One request each ``interval_seconds``, and up to ``burst`` at once after a pause."""

    interval_seconds: float
    burst: int


class Bucket:
    """The tokens that are left; full at first."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._tokens, self._at = float(rate.burst), 0.0

    def take(self, now: float) -> bool:
        """Take one if there is one; ``now`` is in seconds of a clock that never goes back."""
        earned = (now - self._at) / self.rate.interval_seconds
        self._tokens, self._at = min(self._tokens + earned, float(self.rate.burst)), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
