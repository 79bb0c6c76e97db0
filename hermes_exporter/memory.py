"""What has to be remembered from one gather to the next: counters, and facts that Hermes and systemd forget.

It lasts as long as the exporter runs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hermes_exporter.judge.conditions import LOOP_STARTS, LOOP_WINDOW_SECONDS
from hermes_exporter.logs.news import LogMemory
from hermes_exporter.sources.exit_diagnostics import ExitDiagnostics

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hermes_exporter.sources.unit import Unit


@dataclass(slots=True)
class ProfileMemory:
    """What is remembered of one profile.

    Attributes:
        starts: gateway starts since the first look.
        alive_at: when the gateway was last proved alive, Unix seconds.
        seen_here: its process was seen, so it lives where processes can be seen.
        enabled: whether one of its units was enabled when systemd was last asked.
        logs: where the logs were read to, and what they told.
        deaths: gateways that died while their life was noted as running, where no exit diagnostics are kept.
        diagnostics: where the exit diagnostics were read to, and what they told.
    """

    starts: int = 0
    alive_at: float | None = None
    seen_here: bool = False
    enabled: bool = False
    diagnostics: ExitDiagnostics = field(default_factory=ExitDiagnostics)
    deaths: int = 0
    logs: LogMemory = field(default_factory=LogMemory)
    _newest_start: float | None = None
    _last_life: tuple[int, bool] | None = None
    _restart_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _restarts: deque[float] = field(default_factory=deque)

    def would_see(self, units: Collection[Unit]) -> bool:
        """Whether the profile's processes would be among those that can be seen, whatever else is hidden."""
        return bool(units) or self.seen_here

    def count_starts(self, ring: Iterable[float]) -> None:
        """Take over the recorded starts; those of the first look are history and not counted."""
        known = self._newest_start
        stamps = list(ring)
        if known is not None:
            self.starts += sum(stamp > known for stamp in stamps)
        self._newest_start = max([*stamps, known or 0.0])

    def moments(self) -> tuple[float | None, ...]:
        """Return when what is remembered happened, Unix seconds."""
        return self.alive_at, *self._restarts

    def count_death(self, pid: int, *, dead: bool) -> None:
        """Take over whether the gateway whose life is noted as running is dead; each death counts once."""
        if dead and self._last_life == (pid, False):
            self.deaths += 1
        self._last_life = (pid, dead)

    def restarts_within_window(self, units: Iterable[Unit], now: float) -> list[float]:
        """Take over systemd's counts; return when restarts were seen within the crash loop window."""
        for unit in units:
            key = (unit.scope, unit.name)
            before = self._restart_counts.get(key, unit.restarts)
            if unit.restarts > before:
                self._restarts.extend([now] * min(unit.restarts - before, LOOP_STARTS))
            self._restart_counts[key] = unit.restarts
        while self._restarts and now - self._restarts[0] > LOOP_WINDOW_SECONDS:
            self._restarts.popleft()
        return list(self._restarts)


@dataclass(slots=True)
class Memory:
    """Everything remembered, by label of the profile; it does not survive the process."""

    durable: bool = False
    _profiles: dict[str, ProfileMemory] = field(default_factory=dict)

    @property
    def behind(self) -> bool:
        """Whether there is more in the logs of some profile than the last look had time for."""
        return any(memory.logs.behind for memory in self._profiles.values())

    def of(self, label: str) -> ProfileMemory:
        """Return the memory of a profile, a new one at first sight."""
        memory = self._profiles.get(label)
        if memory is None:
            memory = self._profiles[label] = ProfileMemory()
        return memory
