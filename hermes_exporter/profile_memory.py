"""What is remembered of a profile: counters, and facts that Hermes and systemd forget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hermes_exporter.judge.conditions import LOOP_STARTS, LOOP_WINDOW_SECONDS
from hermes_exporter.logs.news import LogMemory
from hermes_exporter.sources.exit_diagnostics import ExitDiagnostics
from hermes_exporter.sources.proc_environ import ZoneVariables  # noqa: TC001  # who decodes asks for it
from hermes_exporter.values import Mutable, field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hermes_exporter.sources.unit import Unit

ALIVE_STEP_SECONDS = 3600.0
"""Nothing depends on it by the minute, and what did not change is not written."""
UNWATCHED_SECONDS = ALIVE_STEP_SECONDS + LOOP_WINDOW_SECONDS
"""A count that was last seen in an hour that began so long ago tells nothing of the present window."""


class ProfileMemory(Mutable):
    """What is remembered of one profile: plain data, stored as it is; a field that is new has a default.

    Attributes:
        starts: gateway starts since the first look.
        alive_at: in which hour the gateway last lived, as far as is known: its beginning, Unix seconds.
        enabled: whether one of its units was enabled when systemd was last asked.
        logs: where the logs were read to, and what they told.
        deaths: gateways that died while their life was noted as running, where no exit diagnostics are kept.
        diagnostics: where the exit diagnostics were read to, and what they told.
        reports: what ``report_memory`` stores of its jobs.
        gone_jobs: recurring jobs that went not long ago: whether anything is left of them tells why.
        resting: nothing ticked its cron when last looked at.
        ticks_again_at: when that was last seen to end, Unix seconds.
        zone: what the environment of its gateway said of its zone while that lived; None where it was never seen.
    """

    starts: int = 0
    alive_at: float | None = None
    enabled: bool = False
    diagnostics: ExitDiagnostics = field(default_factory=ExitDiagnostics)
    deaths: int = 0
    logs: LogMemory = field(default_factory=LogMemory)
    reports: bytes = b""
    gone_jobs: tuple[str, ...] = ()
    resting: bool = False
    ticks_again_at: float | None = None
    zone: ZoneVariables | None = None
    _newest_start: float | None = None
    _last_life: tuple[int, bool] | None = None
    _restart_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _restarts: list[float] = field(default_factory=list)
    _newest_of_history: float | None = None
    _counted_at: dict[tuple[str, str], float] = field(default_factory=dict)

    def lives(self, now: float) -> None:
        """Take over that the gateway is proved alive."""
        self.alive_at = now - now % ALIVE_STEP_SECONDS

    def wrote(self, alive_at: float | None) -> None:
        """Take over when it last wrote that it lives: its directory may be gone tomorrow."""
        if alive_at is not None and alive_at > (self.alive_at or 0.0):
            self.lives(alive_at)

    def rests(self, looked_at: float, *, resting: bool | None) -> None:
        """Take over whether anything ticks its cron; what rested at the last look ticks since then.

        None is cannot tell, or there is nothing to tick.
        """
        if resting is None:
            return
        if self.resting and not resting:
            self.ticks_again_at = looked_at
        self.resting = resting

    def count_starts(self, ring: Iterable[float], now: float) -> None:
        """Take over the starts recorded up to now; those of the first look are history and not counted."""
        known = self._newest_start
        stamps = [stamp for stamp in ring if stamp <= now]
        if known is not None:
            self.starts += sum(stamp > known for stamp in stamps)
        self._newest_start = max([*stamps, known or 0.0])
        if known is None:
            self._newest_of_history = self._newest_start

    def since_the_first_look(self, starts: Iterable[float] | None) -> list[float] | None:
        """Return those of the recorded starts that are no history."""
        return None if starts is None else [start for start in starts if start > (self._newest_of_history or 0.0)]

    def moments(self) -> tuple[float | None, ...]:
        """Return when what is remembered happened, Unix seconds."""
        return self.alive_at, *self._restarts

    def count_death(self, pid: int, *, dead: bool) -> None:
        """Take over whether the gateway whose life is noted as running is dead; each death counts once."""
        if dead and self._last_life == (pid, False):
            self.deaths += 1
        self._last_life = (pid, dead)

    def watches(self, units: Iterable[Unit], now: float) -> None:
        """Take over that systemd's counts are as they were last taken over."""
        for unit in units:
            self._counted_at[unit.scope, unit.name] = now - now % ALIVE_STEP_SECONDS

    def restarts_within_window(self, units: Collection[Unit], now: float) -> list[float]:
        """Take over systemd's counts; return when restarts were seen within the crash loop window.

        None of them is later than the unit's last change of state, and what a count grew by while nobody watched
        is history.
        """
        for unit in units:
            key = (unit.scope, unit.name)
            before = self._restart_counts.get(key, unit.restarts)
            watched = now - self._counted_at.get(key, -math.inf) <= UNWATCHED_SECONDS
            if unit.restarts > before and watched:
                at = min(now, unit.state_changed_at or now)
                self._restarts.extend([at] * min(unit.restarts - before, LOOP_STARTS))
            self._restart_counts[key] = unit.restarts
        self.watches(units, now)
        self._restarts = [at for at in self._restarts if now - at <= LOOP_WINDOW_SECONDS]
        return list(self._restarts)
