"""Since when something ticks a profile's jobs, and when it began to before. Unix seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.judge.liveness import Liveness


class Ticking(Value):
    """When something ticks the store.

    Attributes:
        since: since when it does now; None where nothing does.
        beginnings: when something began to, as far as is known.
        last: the last sign of it, where nothing does now.
    """

    since: float | None
    beginnings: tuple[float, ...] = ()
    last: float | None = None

    def at(self, moment: float) -> bool:
        """Whether something did then, as far as the present span tells."""
        return self.since is not None and self.since <= moment

    def ended_before(self, moment: float) -> bool:
        """Whether nothing ticks, and nothing has since before that moment."""
        return self.since is None and self.last is not None and self.last < moment

    def again(self, moment: float) -> float | None:
        """Return when something first began to after that moment."""
        return min((start for start in self.beginnings if start > moment), default=None)


ALWAYS = Ticking(0.0)
"""Nobody can tell, or another provider fires the jobs: no slot is given more time."""


def of(
    liveness: Liveness,
    starts: Iterable[float],
    again_at: float | None,
    *,
    idle: bool,
    last: float | None,
) -> Ticking:
    """Return what is known of the ticker of a profile.

    Args:
        liveness: of the gateway that serves it.
        starts: of that gateway, as recorded.
        again_at: when a drain, a standstill or a sleep of the host was last seen to end.
        idle: the cron is held back, or its loop stands still.
        last: the last sign of a tick.
    """
    if liveness.up is None:
        return ALWAYS
    began = liveness.process.started_at if liveness.process else None
    beginnings = tuple(sorted({stamp for stamp in (*starts, began, again_at) if stamp is not None}))
    if idle or not liveness.up:
        return Ticking(None, beginnings, last)
    if began is None:
        return ALWAYS
    return Ticking(max(began, again_at or began), beginnings)
