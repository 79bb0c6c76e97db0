"""Until when a report is not late. Times are Unix seconds."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from statistics import median
from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from hermes_exporter.judge.job_facts import OpenSlot

LEAST_GRACE_SECONDS = 15 * 60.0
MOST_GRACE_SECONDS = 2 * 3600.0
USUAL_RUNS = 3.0
IN_FLIGHT_SECONDS = 2 * 3600.0
"""So much longer is waited for a run that is under way."""
EARLY_SECONDS = 60.0
"""So long before a slot a run may begin that serves it."""


class Terms(Value):
    """What the owner wants of a job's reports.

    Attributes:
        grace_seconds: after the slot; None for what its run times say.
        by: wall-clock time that the report is due at; wins over the grace.
        verified: an unverified send does not settle.
        ignored: nothing is owed.
    """

    grace_seconds: float | None = None
    by: time | None = None
    verified: bool = False
    ignored: bool = False


def usual(seconds: Sequence[float]) -> float:
    """Return how long a run usually takes."""
    return median(seconds) if seconds else 0.0


def of_slot(  # noqa: PLR0913  # all that a deadline depends on
    slot: OpenSlot,
    following: float,
    seconds: Sequence[float],
    terms: Terms,
    zone: tzinfo,
    *,
    flying_since: float | None,
) -> float:
    """Return a slot's deadline.

    Args:
        slot: with what was known of the store when it came.
        following: the slot after it; what ticks again only then finds the report missed.
        seconds: of the job's last runs.
        terms: the owner's.
        zone: that its schedule is read in.
        flying_since: when the run began that is under way, None where there is none. What was not overdue then is
            waited for; what was stays so until its report arrives.
    """
    change = slot.early - EARLY_SECONDS
    deadline = _wanted(slot.at, seconds, terms, zone) + change
    if not slot.ticked and slot.again_at is not None and slot.again_at <= max(deadline, following):
        deadline = max(deadline, slot.again_at + LEAST_GRACE_SECONDS + usual(seconds))
    flies = flying_since is not None and flying_since <= deadline
    return deadline + IN_FLIGHT_SECONDS if flies else deadline


def _wanted(at: float, seconds: Sequence[float], terms: Terms, zone: tzinfo) -> float:
    if terms.by is not None:
        return _next_wall_clock(at, terms.by, zone)
    if terms.grace_seconds is not None:
        return at + terms.grace_seconds
    return at + min(max(LEAST_GRACE_SECONDS, USUAL_RUNS * usual(seconds)), MOST_GRACE_SECONDS)


def _next_wall_clock(after: float, by: time, zone: tzinfo) -> float:
    """Return the first moment from then on at which a wall clock in that zone shows the time."""
    day = datetime.fromtimestamp(after, zone).date()
    moments = (datetime.combine(day + timedelta(days=days), by, zone).timestamp() for days in (0, 1))
    return next(moment for moment in moments if moment >= after)
