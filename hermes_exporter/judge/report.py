"""The verdict on one job's reports: what is owed, what came, and on what evidence. Times are Unix seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

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
"""What became of a run's report. notice: the run failed, and word of that arrived; none: nobody can tell."""
Evidence = Literal["ledger", "log", "claim"]
"""What proves a delivery, the strongest first."""
Fate = Literal["settled", "late", "missed", "unknown"]
"""What became of a slot; each is counted once."""

FATES: tuple[Fate, ...] = ("settled", "late", "missed", "unknown")


class Slot(Value):
    """A slot that was judged.

    Attributes:
        at: when the schedule wanted the job to run.
        deadline: until when its report was not late.
        fate: what became of it, None while that is open.
        outcome, evidence: of the run that settled it, None where none did.
        began: when that run was taken up, or the one that served it and came to nothing; None where none is known.
            In whole seconds: it is stored ten times for every job.
    """

    at: float
    deadline: float
    fate: Fate | None
    outcome: Outcome | None = None
    evidence: Evidence | None = None
    began: int | None = None


class Report(Value):
    """What is known of one job's reports at one moment; None is not known, or there is none.

    Attributes:
        last_slot, next_slot: newest slot that has come, and the next, by our own reading of the schedule.
        owed_slot, deadline: newest slot that is not settled, and its deadline.
        overdue: a slot past its deadline is not settled; None where the verdict is withheld.
        judged: every source that the verdict stands on could be read.
        last_delivery_at, last_delivery_evidence: of the newest report that is proved to have arrived.
        last_outcome: of the last run that ended.
        start_delay_seconds: how long after its slot the last run began.
        slots, runs, deliveries, duplicates: counted since the exporter first saw the job, by fate, by status of
            the run, by outcome.
        history: the newest slots that were judged, oldest first.
    """

    last_slot: float | None = None
    next_slot: float | None = None
    owed_slot: float | None = None
    deadline: float | None = None
    overdue: bool | None = None
    judged: bool = False
    last_delivery_at: float | None = None
    last_delivery_evidence: Evidence | None = None
    last_outcome: Outcome | None = None
    start_delay_seconds: float | None = None
    slots: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    history: tuple[Slot, ...] = ()
