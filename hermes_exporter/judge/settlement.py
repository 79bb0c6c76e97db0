"""What becomes of a job's slots: each comes, waits for evidence, and is counted once.

A slot is settled by a run that began at most a minute before it, or that was under way when it came; one run
settles all slots that came until then, because Hermes makes one run of a backlog. Evidence by the deadline makes
it settled, later and before the job's next slot late. What then still waits is missed, if that is proved, or
unknown. Times are Unix seconds.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from itertools import accumulate
from typing import TYPE_CHECKING

from hermes_exporter.judge import deadline
from hermes_exporter.judge.deadline import EARLY_SECONDS
from hermes_exporter.judge.job_facts import HISTORY, OpenSlot, Settling
from hermes_exporter.judge.report import Slot
from hermes_exporter.judge.slots import Until, expiry, final
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from hermes_exporter.judge.deadline import Terms
    from hermes_exporter.judge.job_facts import JobFacts
    from hermes_exporter.judge.report import Fate
    from hermes_exporter.judge.run_outcome import Run
    from hermes_exporter.judge.slots import Slots
    from hermes_exporter.judge.ticking import Ticking

KEPT = 4
"""Runs that may settle slots which come after them."""
MOST_AT_ONCE = 5000
"""So many of the slots that came while nobody looked are judged one by one; of the older ones nobody can tell."""


class Circumstances(Value):
    """What besides runs and slots decides.

    Attributes:
        watched_since: since when we look on without a gap.
        recorded_since: every run that ended after it is known; None where no ledger is kept.
        flying_since: when the run began that is under way and whose process lives; None where there is none.
        owed_by_hermes: the moment that Hermes itself says it still has to run the job for.
        looked_at: when the look before was.
    """

    now: float
    watched_since: float
    ticking: Ticking
    recorded_since: float | None
    flying_since: float | None
    terms: Terms
    zone: tzinfo
    owed_by_hermes: float | None = None
    looked_at: float | None = None


def come(facts: JobFacts, slots: Slots, at: Circumstances) -> list[OpenSlot]:
    """Return the slots that came since the last look, and take over that they were.

    Of very many the older ones are unknown: no ledger reaches as far.
    """
    newest = slots.newest(at.now)
    if newest is None or newest <= facts.frontier:
        return []
    count, moments = 0, deque[float](maxlen=MOST_AT_ONCE)
    for count, moment in enumerate(slots.between(facts.frontier, at.now), 1):  # noqa: B007
        moments.append(moment)
    if count > MOST_AT_ONCE:
        facts.slots["unknown"] = facts.slots.get("unknown", 0) + count - MOST_AT_ONCE
    facts.frontier = newest
    return [
        OpenSlot(
            at=moment,
            early=EARLY_SECONDS + slots.offset_change(moment),
            watched=moment >= at.watched_since,
            ticked=at.ticking.at(moment),
        )
        for moment in moments
    ]


def settle(
    facts: JobFacts, slots: Slots, runs: Sequence[Run], fresh: Sequence[OpenSlot], at: Circumstances
) -> None:
    """Decide the fate of every slot that is ripe.

    ``runs`` are those that ended since the last look, oldest first; ``fresh`` the slots that came.
    """
    settlings = [*facts.settlings, *(_settling(run) for run in runs if _settles(run, at.terms))]
    failed = [run.taken_up for run in runs if not _settles(run, at.terms) and not run.doubtful]
    facts.failures = [*facts.failures, *failed][-KEPT:]
    facts.doubts = [*facts.doubts, *(_settling(run) for run in runs if run.doubtful)][-KEPT:]
    covers = list(accumulate((max(each.began + EARLY_SECONDS, each.ended) for each in settlings), max))
    waiting = []
    for slot in (*facts.open, *fresh):
        kept = _caught_up(facts, slot, at)
        first = bisect_left(covers, kept.at - (kept.early - EARLY_SECONDS))
        evidence = next((each for each in settlings[first:] if each.covers(kept)), None)
        if not _decided(facts, slots, kept, evidence, at):
            waiting.append(kept)
    facts.open = waiting
    facts.settlings = settlings[-KEPT:]
    _overdue(facts, slots, settlings, at)


def _caught_up(facts: JobFacts, slot: OpenSlot, at: Circumstances) -> OpenSlot:
    """Return the slot with when something first ticked the store again, if nothing did when it came.

    Whoever ran the job for it before that did tick.
    """
    if slot.ticked and not at.ticking.ended_before(slot.at):
        return slot
    again = slot.again_at or at.ticking.again(slot.at)
    began = (facts.last_began, *facts.failures)
    served = any(run is not None and slot.at - slot.early <= run < (again or math.inf) for run in began)
    return slot._replace(ticked=served, again_at=again)


def _moment(slot: OpenSlot) -> float:
    return slot.at


def _settles(run: Run, terms: Terms) -> bool:
    return run.settles and not (terms.verified and run.outcome == "unverified")


def _settling(run: Run) -> Settling:
    return Settling(run.taken_up, run.ended, run.arrived_at or run.ended, run.outcome, run.evidence)


def limit(facts: JobFacts, slots: Slots, slot: OpenSlot, at: Circumstances) -> float:
    """Return a slot's deadline."""
    following = slots.next(slot.at)
    last = math.inf if following is None else following
    return deadline.of_slot(slot, last, facts.seconds, at.terms, at.zone, flying_since=at.flying_since)


def _decided(facts: JobFacts, slots: Slots, slot: OpenSlot, evidence: Settling | None, at: Circumstances) -> bool:
    """Count the slot if its fate is decided."""
    until = limit(facts, slots, slot, at)
    last = final(slots, slot.at, until)
    fate: Fate
    if evidence is not None and evidence.began <= until < evidence.arrived:
        until += deadline.IN_FLIGHT_SECONDS
    if evidence is not None and evidence.arrived <= max(last, until):
        fate = "settled" if evidence.arrived <= until else "late"
    elif at.now < last and evidence is None:
        return False
    else:
        fate = "missed" if _missed(facts, slots, slot, at) else "unknown"
        evidence = None
        facts.overdue = max(slot, facts.overdue or slot, key=_moment)
    if slot.counted:
        facts.slots[fate] = facts.slots.get(fate, 0) + 1
    if evidence is not None:
        done = Slot(slot.at, until, fate, evidence.outcome, evidence.evidence, int(evidence.began))
    else:
        done = Slot(slot.at, until, fate, began=_came_to_nothing(facts, slots, slot))
    facts.history = [*facts.history[1 - HISTORY :], done]
    return True


def _came_to_nothing(facts: JobFacts, slots: Slots, slot: OpenSlot) -> int | None:
    """Return when the newest run for the slot began that did not settle it, None where none is known."""
    following = slots.next(slot.at) or math.inf
    tried = (*facts.failures, *(doubt.began for doubt in facts.doubts))
    return max((int(began) for began in tried if slot.at <= began + slot.early < following), default=None)


def _missed(facts: JobFacts, slots: Slots, slot: OpenSlot, at: Circumstances) -> bool:
    if any(doubt.covers(slot) for doubt in facts.doubts):
        return False
    return slot.watched or _proved(facts, slots, slot, at)


def _proved(facts: JobFacts, slots: Slots, slot: OpenSlot, at: Circumstances) -> bool:
    """Whether a slot that nobody watched was certainly missed, if no evidence settles it.

    A run for it that came to nothing proves that, and the whole ledger of that time without one; but at first
    sight nobody knows whether the job was on when the slot came, unless Hermes itself still owes the run. Nor does
    anybody of one that has gone: it may have gone before.
    """
    following = slots.next(slot.at) or math.inf
    if any(slot.at <= began + slot.early < following for began in facts.failures):
        return True
    if isinstance(slots, Until):
        return False
    if not slot.counted:
        owed = at.owed_by_hermes
        return owed is not None and owed <= slot.at + EARLY_SECONDS and owed < following
    return at.recorded_since is not None and at.recorded_since <= slot.at


def _overdue(facts: JobFacts, slots: Slots, settlings: Sequence[Settling], at: Circumstances) -> None:
    """Find the newest slot past its deadline, if nothing settled it."""
    older = [_caught_up(facts, slot, at) for slot in (facts.overdue, facts.unproved) if slot is not None]
    candidates = {slot.at: slot for slot in (*older, *facts.open)}.values()
    due = [slot for slot in candidates if slot.at >= facts.owing_since and limit(facts, slots, slot, at) <= at.now]
    newest = max(due, key=_moment, default=None)
    facts.overdue = facts.unproved = None
    if newest is None or any(each.covers(newest) for each in settlings):
        return
    if slots.next(newest.at) is None and at.now >= expiry(slots, limit(facts, slots, newest, at)):
        return
    if _missed(facts, slots, newest, at):
        facts.overdue = newest
    elif not isinstance(slots, Until):
        facts.unproved = newest
