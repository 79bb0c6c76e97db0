"""One job's reports from gather to gather: what is new is taken into what is remembered, and a verdict made of it.

Times are Unix seconds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hermes_exporter.judge import settlement
from hermes_exporter.judge.deadline import EARLY_SECONDS
from hermes_exporter.judge.job_facts import LAST_RUNS, JobFacts, OpenSlot
from hermes_exporter.judge.report import Report
from hermes_exporter.judge.slots import UNREADABLE, expiry, final
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.judge.run_outcome import Run
    from hermes_exporter.judge.settlement import Circumstances
    from hermes_exporter.judge.slots import Slots


AHEAD_SECONDS = 86400.0
"""What is remembered of a time so far ahead came and ran by a clock that was wrong."""


class Seen(Value):
    """What one look saw of a job.

    Attributes:
        schedule: identity of its schedule and zone.
        owing: it is there, on, and not held back.
        slots: that it owes.
        runs: those that ended since the last look, oldest first; at first sight all that are known.
        created_at: None where Hermes does not say.
        plan: of an interval: when Hermes means to run it next, and what that counts from; None while one runs.
    """

    schedule: str
    owing: bool
    slots: Slots
    runs: Sequence[Run]
    created_at: float | None
    at: Circumstances
    plan: tuple[float, float] | None = None


def first_sight(seen: Seen, since: float) -> JobFacts:
    """Begin to remember a job. What came before is history: it is judged, and not counted.

    Of the slots that came only the newest is judged, unless the job is so new that none of them was missed out:
    ``since`` is when it was last known not to be there.
    """
    now, created = seen.at.now, seen.created_at
    facts = JobFacts(seen.schedule, min(created or now, now), seen.owing, frontier=now)
    facts.planned = seen.plan[0] if seen.plan else None
    if created is not None and since <= created <= now:
        facts.frontier = created
        take(facts, seen)
        return facts
    _history(facts, seen.slots, seen.runs)
    if not seen.owing:
        return facts
    newest = seen.slots.newest(now)
    fresh = []
    if newest is not None and (created is None or newest >= created):
        early = EARLY_SECONDS + seen.slots.offset_change(newest)
        fresh = [OpenSlot(newest, early, watched=False, counted=False, ticked=seen.at.ticking.at(newest))]
    settlement.settle(facts, seen.slots, seen.runs, fresh, seen.at)
    return facts


def take(facts: JobFacts, seen: Seen) -> None:
    """Take what a look saw into what is remembered."""
    if max(facts.frontier, facts.last_ended or 0.0) > seen.at.now + AHEAD_SECONDS:
        _set_right(facts, seen.at.now)
    if seen.schedule != facts.schedule or seen.owing != facts.owing:
        _turn(facts, seen)
    elif (anew := _planned_anew(facts, seen)) is not None:
        _turn(facts, seen)
        facts.since = anew
    facts.planned = seen.plan[0] if seen.plan else None
    for run in seen.runs:
        _count(facts, seen, run)
        _history(facts, seen.slots, (run,))
    fresh = settlement.come(facts, seen.slots, seen.at) if seen.owing else []
    settlement.settle(facts, seen.slots, seen.runs, fresh, seen.at)


def withheld(facts: JobFacts) -> Report:
    """Return what is known whatever could be read: what happened, and what was counted."""
    return Report(
        last_delivery_at=facts.last_delivery_at,
        last_delivery_evidence=facts.last_delivery_evidence,
        last_outcome=facts.last_outcome,
        start_delay_seconds=facts.start_delay_seconds,
        slots=dict(facts.slots),
        runs=dict(facts.runs),
        deliveries=dict(facts.deliveries),
        duplicates=facts.duplicates,
        history=tuple(facts.history),
    )


def report(facts: JobFacts, seen: Seen) -> Report:
    """Return the verdict."""
    current = [slot for slot in facts.open if slot.at >= facts.owing_since]
    owed = facts.overdue or max(current, key=lambda slot: slot.at, default=None)
    judged = facts.unproved is None and not (seen.owing and seen.slots is UNREADABLE)
    return replace(
        withheld(facts),
        last_slot=_last_slot(facts, seen),
        next_slot=seen.slots.next(seen.at.now) if seen.owing else None,
        owed_slot=owed.at if owed else None,
        deadline=settlement.limit(facts, seen.slots, owed, seen.at) if owed else None,
        overdue=facts.overdue is not None if judged else None,
        judged=judged,
    )


def _last_slot(facts: JobFacts, seen: Seen) -> float | None:
    """Return the newest slot that has come; that of an interval is known from when it came."""
    newest = seen.slots.newest(seen.at.now)
    if newest is not None:
        return newest if newest >= (seen.created_at or 0.0) else None
    came = [slot.at for slot in facts.open] + [slot.at for slot in facts.history]
    return max((at for at in came if at >= facts.since), default=None)


def until(facts: JobFacts, seen: Seen) -> float:
    """Return the first moment after now at which time alone may change the verdict."""
    moments = [seen.slots.next(seen.at.now)]
    for slot in (*facts.open, facts.overdue, facts.unproved):
        if slot is not None:
            limit = settlement.limit(facts, seen.slots, slot, seen.at)
            moments += [limit, final(seen.slots, slot.at, limit), expiry(seen.slots, limit)]
    return min((moment for moment in moments if moment is not None and moment > seen.at.now), default=math.inf)


def _planned_anew(facts: JobFacts, seen: Seen) -> float | None:
    """Return from when Hermes counts an interval anew, before it was due and without a run, else None.

    Whoever saves a job, or pauses and resumes it, makes it begin anew.
    """
    if seen.plan is None or facts.planned is None or seen.runs:
        return None
    planned, counts_from = seen.plan
    anew = planned > facts.planned + EARLY_SECONDS and counts_from < facts.planned - EARLY_SECONDS
    return counts_from if anew else None


def _turn(facts: JobFacts, seen: Seen) -> None:
    """Take over that it is another schedule now, or was switched off or on: what came before is overdue no more.

    What became of that is still counted. It happened some time since the last look: an interval counts from then.
    """
    facts.frontier = facts.owing_since = seen.at.now
    facts.since = seen.at.now if seen.at.looked_at is None else seen.at.looked_at
    facts.schedule, facts.owing = seen.schedule, seen.owing


def _set_right(facts: JobFacts, now: float) -> None:
    """Forget what lies ahead, but for what was counted: it settles nothing, and its slots come again."""
    facts.frontier, facts.since = now, min(facts.since, now)
    facts.owing_since = min(facts.owing_since, now)
    facts.open = [slot for slot in facts.open if slot.at <= now]
    facts.overdue, facts.unproved = (
        slot if slot is not None and slot.at <= now else None for slot in (facts.overdue, facts.unproved)
    )
    facts.settlings, facts.doubts = (
        [run for run in runs if run.ended <= now] for runs in (facts.settlings, facts.doubts)
    )
    facts.failures = [began for began in facts.failures if began <= now]
    if facts.last_ended is not None and facts.last_ended > now:
        facts.last_began = facts.last_ended = None
    if facts.last_delivery_at is not None and facts.last_delivery_at > now:
        facts.last_delivery_at = facts.last_delivery_evidence = None


def _history(facts: JobFacts, slots: Slots, runs: Sequence[Run]) -> None:
    """Take over when and how the newest runs went."""
    for run in runs:
        facts.last_began, facts.last_ended = run.began, run.ended
        facts.last_outcome = run.outcome
        if run.status in ("completed", "failed") and run.ended > run.began:
            facts.seconds = [*facts.seconds[1 - LAST_RUNS :], run.seconds]
        if run.arrived_at is not None and run.outcome in ("delivered", "partial"):
            facts.last_delivery_at, facts.last_delivery_evidence = run.arrived_at, run.evidence
    by_slot = [run for run in runs if not run.by_hand]
    if by_slot:
        facts.start_delay_seconds = _start_delay(facts, slots, by_slot[-1])


def _start_delay(facts: JobFacts, slots: Slots, run: Run) -> float | None:
    """Return how long after its slot a run began; None where its beginning or its slot is not known."""
    slot = slots.newest(run.began + EARLY_SECONDS)
    return None if slot is None or slot < facts.since or run.began == run.ended else max(run.began - slot, 0.0)


def _count(facts: JobFacts, seen: Seen, run: Run) -> None:
    status = run.status if run.status in ("completed", "failed") else "unknown"
    facts.runs[status] = facts.runs.get(status, 0) + 1
    if run.outcome not in ("none", "local"):
        facts.deliveries[run.outcome] = facts.deliveries.get(run.outcome, 0) + 1
    if facts.last_began is not None and not run.by_hand and _same_slot(seen.slots, facts.last_began, run.began):
        facts.duplicates += 1


def _same_slot(slots: Slots, one: float, other: float) -> bool:
    slot = slots.newest(other + EARLY_SECONDS)
    return slot is not None and slot <= one + EARLY_SECONDS and not slots.offset_change(slot)
