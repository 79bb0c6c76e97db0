"""What is remembered of one job's reports: plain values, stored as they are. Times are Unix seconds."""

from __future__ import annotations

from typing import NamedTuple

from hermes_exporter.judge.report import Evidence, Outcome, Slot  # noqa: TC001  # stored by their types
from hermes_exporter.values import Mutable, field

LAST_RUNS = 10
HISTORY = 10


class Settling(NamedTuple):
    """A run after which slots owe nothing any more: those up to its end, and just after its beginning."""

    began: float
    ended: float
    arrived: float
    outcome: Outcome
    evidence: Evidence | None

    def covers(self, slot: OpenSlot) -> bool:
        """Whether it settles a slot."""
        return slot.at <= max(self.began + slot.early, self.ended)


class OpenSlot(NamedTuple):
    """A slot whose fate is open.

    Attributes:
        early: so many seconds before it a run may begin that serves it.
        watched: it came while we looked on.
        counted: its fate counts; that of the one that was there at first sight does not.
        ticked: something ticked the store when it came.
        again_at: where nothing did, when something first did again.
    """

    at: float
    early: float
    watched: bool
    counted: bool = True
    ticked: bool = True
    again_at: float | None = None


class JobFacts(Mutable):
    """What is remembered of one job.

    Attributes:
        schedule: what it was; another one owes other slots.
        since: since when it is known to be there and on, with this schedule.
        owing: it was on when last looked at.
        owing_since: when it was switched on, or given this schedule; it is not overdue for what came before.
        frontier: slots up to it were taken up.
        open: slots whose fate is open, oldest first.
        overdue: newest slot past its deadline that nothing settled, though its fate may be counted.
        unproved: in its place where nobody can tell.
        settlings: the newest, oldest first.
        doubts: the newest runs of whose reports nobody can tell.
        failures: when the newest runs began of which it is known that they settle nothing.
        seconds: of the last ten runs that ended well.
        row: number of the newest row of the ledger that was taken up; 0 where none was, or it is a new ledger.
        flying: ids of rows that were met before they ended.
        last_began, last_ended: of the newest run.
        planned: when Hermes meant to run an interval next.
    """

    schedule: str
    since: float
    owing: bool
    frontier: float
    open: list[OpenSlot] = field(default_factory=list)
    owing_since: float = 0.0
    overdue: OpenSlot | None = None
    unproved: OpenSlot | None = None
    settlings: list[Settling] = field(default_factory=list)
    doubts: list[Settling] = field(default_factory=list)
    failures: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    row: int = 0
    flying: list[str] = field(default_factory=list)
    last_began: float | None = None
    last_ended: float | None = None
    planned: float | None = None
    last_delivery_at: float | None = None
    last_delivery_evidence: Evidence | None = None
    last_outcome: Outcome | None = None
    start_delay_seconds: float | None = None
    slots: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    history: list[Slot] = field(default_factory=list)
