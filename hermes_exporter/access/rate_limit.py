"""A limit on how many requests are answered: a bucket of tokens, one more each interval."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """One request each ``interval_seconds``, and up to ``burst`` at once after a pause."""

    interval_seconds: float
    burst: int


@dataclass(slots=True)
class Bucket:
    """The tokens that are left; full at first."""

    rate: Rate
    _tokens: float = field(init=False)
    _at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._tokens = float(self.rate.burst)

    def take(self, now: float) -> bool:
        """Take one if there is one; ``now`` is in seconds of a clock that never goes back."""
        earned = (now - self._at) / self.rate.interval_seconds
        self._tokens, self._at = min(self._tokens + earned, float(self.rate.burst)), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
