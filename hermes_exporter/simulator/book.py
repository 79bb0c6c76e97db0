"""What truly happened to a profile's jobs, kept beside what Hermes writes and never read from its files."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hermes_exporter.simulator.plan import Schedule

Outcome = Literal[
    "delivered",
    "partial",
    "notice",
    "unverified",
    "suppressed",
    "queued",
    "failed",
    "not_configured",
    "local",
    "none",
]
"""What became of a run's report. notice: the run failed, and word of that arrived; none: nothing left the host."""
End = Literal["removed", "vanished", "finished"]
"""How a job left the store: taken out by its owner, lost, or used up."""


@dataclass
class RunFact:
    """One run as it was. Moments are Unix seconds.

    Attributes:
        ended_at: when it was over, its report sent and everything noted; None if that never came.
        broken_at: when its process died under it.
        arrived_at: when its report, or word of its failure, arrived, or its silence was final.
    """

    started_at: float
    ended_at: float | None = None
    broken_at: float | None = None
    outcome: Outcome = "none"
    arrived_at: float | None = None


@dataclass
class Term:
    """A schedule that a job had from a moment on."""

    since: float
    schedule: Schedule


@dataclass
class Hold:
    """A time in which a job owed nothing: paused, disabled, used up, or held back by its provider's quota."""

    since: float
    until: float | None = None


@dataclass
class Life:
    """One job, from its creation on.

    Attributes:
        terms: its schedules, the first since its creation.
        anchors: what an interval counts from: creation, a new schedule, resumption, the end of each run.
        ended_at, end: when and how it left the store.
    """

    job_id: str
    terms: list[Term]
    holds: list[Hold] = field(default_factory=list)
    anchors: list[float] = field(default_factory=list)
    runs: list[RunFact] = field(default_factory=list)
    ended_at: float | None = None
    end: End | None = None

    @property
    def created_at(self) -> float:
        """When the job was created."""
        return self.terms[0].since

    def hold(self, at: float) -> None:
        """From this moment on the job owes nothing."""
        if not self.holds or self.holds[-1].until is not None:
            self.holds.append(Hold(at))

    def release(self, at: float) -> None:
        """From this moment on the job owes its reports again."""
        if self.holds and self.holds[-1].until is None:
            self.holds[-1].until = at
            self.anchors.append(at)

    def leave(self, at: float, end: End) -> None:
        """The job is in the store no more."""
        if self.ended_at is None:
            self.ended_at, self.end = at, end


@dataclass
class Ticking:
    """When a live process ticked a profile's store: beginnings and ends, None while it lasts."""

    spans: list[tuple[float, float | None]] = field(default_factory=list)

    def begin(self, at: float) -> None:
        """Something ticks from now on."""
        if not self.spans or self.spans[-1][1] is not None:
            self.spans.append((at, None))

    def stop(self, at: float) -> None:
        """Nothing ticks any more."""
        if self.spans and self.spans[-1][1] is None:
            self.spans[-1] = (self.spans[-1][0], at)

    def at(self, moment: float) -> bool:
        """Whether something ticked at this moment."""
        index = bisect_right(self.spans, moment, key=itemgetter(0)) - 1
        if index < 0:
            return False
        end = self.spans[index][1]
        return end is None or moment < end

    def again(self, moment: float) -> float | None:
        """Return when something ticked next after this moment."""
        index = bisect_right(self.spans, moment, key=itemgetter(0))
        return self.spans[index][0] if index < len(self.spans) else None
