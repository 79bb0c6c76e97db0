"""Since when something ticks a profile's jobs, and when it began to before. Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.judge.liveness import Liveness


@dataclass(frozen=True, slots=True)
class Ticking:
    """When something ticks the store.

    Attributes:
        since: since when it does now; None where nothing does.
        beginnings: when something began to, as far as is known.
    """

    since: float | None
    beginnings: tuple[float, ...] = ()

    def at(self, moment: float) -> bool:
        """Whether something did then, as far as the present span tells."""
        return self.since is not None and self.since <= moment

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
    draining: bool,
    built_in: bool,
) -> Ticking:
    """Return what the gateway that serves a profile tells of its ticker.

    ``starts`` are its recorded starts; ``again_at`` is when a drain or a sleep of the host was last seen to end.
    """
    if not built_in or liveness.up is None:
        return ALWAYS
    began = liveness.process.started_at if liveness.process else None
    beginnings = {stamp for stamp in (*starts, began, again_at) if stamp is not None}
    if draining or not liveness.up:
        return Ticking(None, tuple(sorted(beginnings)))
    if began is None:
        return ALWAYS
    return Ticking(max(began, again_at or began), tuple(sorted(beginnings)))
