"""The rules by which a slot was settled, late or missed: pure functions of what truly happened.

To be read beside the rules of whoever judges from the files. Here everything is known: when each run began and
ended, when its report arrived, when the store was ticked. The verdict is that of a moment, and causal: what seals
a slot's fate is never revised by what comes later.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Literal

from hermes_exporter.simulator import slots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from hermes_exporter.simulator.book import Life, Outcome, RunFact, Term, Ticking

Fate = Literal["settled", "late", "missed", "unknown"]
SETTLING = frozenset({"delivered", "suppressed", "local", "notice", "unverified", "partial"})
"""Outcomes after which the run's slots owe nothing."""


@dataclass(frozen=True)
class Rules:
    """The numbers of the rules, in seconds.

    Attributes:
        early: a run that begins so long before a slot still serves it.
        least_grace, most_grace: bounds of the grace; in between it is ``grace_factor`` times the usual run time.
        run_times: so many last run times make the usual one, by their median.
        again: what is added once the store is ticked again, besides the usual run time.
        in_flight: what a run in flight with a live owner adds at most.
        one_shot: so long after its deadline a one-shot that nothing settled is missed for good.
    """

    early: float = 60.0
    least_grace: float = 900.0
    most_grace: float = 7200.0
    grace_factor: float = 3.0
    run_times: int = 10
    again: float = 900.0
    in_flight: float = 7200.0
    one_shot: float = 86400.0


RULES = Rules()


@dataclass(frozen=True)
class Moment:
    """A moment at which a schedule wants a run.

    Attributes:
        change: by how much the zone's offset changed since the one before it.
        once: no other follows, as a one-shot has but one.
    """

    at: float
    change: float = 0.0
    once: bool = False


@dataclass(frozen=True)
class SlotTruth:
    """What became of an owed slot. Moments are Unix seconds.

    Attributes:
        deadline: until when its report was not late, as far as is known at the moment of the verdict.
        fate: None while it is open.
        fixed_at: when its fate was sealed.
        outcome: of the run that settled it; of the last run before its fate was sealed, where none did.
        arrived_at: when what settled it arrived.
    """

    at: float
    deadline: float
    fate: Fate | None
    fixed_at: float | None
    outcome: Outcome
    arrived_at: float | None


@dataclass(frozen=True)
class Evidence:
    """A run that settles slots up to ``covers``."""

    covers: float
    run: RunFact
    arrived_at: float


@dataclass
class _Case:
    life: Life
    ticking: Ticking
    now: float
    rules: Rules
    runs: list[RunFact] = field(init=False)
    starts: list[float] = field(init=False)
    longest: list[float] = field(init=False)
    ended: list[RunFact] = field(init=False)
    ends: list[float] = field(init=False)
    evidence: list[Evidence] = field(init=False)

    def __post_init__(self) -> None:
        known = [run for run in self.life.runs if run.started_at <= self.now]
        self.runs = sorted(known, key=lambda run: run.started_at)
        self.starts = [run.started_at for run in self.runs]
        self.longest = list(accumulate(map(_over_at, self.runs), max))
        self.ended = sorted((run for run in known if _ended_at(run) <= self.now), key=_ended_at)
        self.ends = [_ended_at(run) for run in self.ended]
        found = (evidence(run, self.now, self.rules) for run in known)
        self.evidence = sorted((each for each in found if each), key=lambda each: each.arrived_at)


def judge(life: Life, ticking: Ticking, zone: ZoneInfo, now: float, rules: Rules = RULES) -> list[SlotTruth]:
    """Return every slot owed up to ``now``, oldest first. ``zone`` is whose wall clock the owner means.

    What was open when the owner took the job out, or when it was lost, is not owed any more and left out.
    """
    case = _Case(life, ticking, now, rules)
    wanted = list(moments(life, zone, now))
    found = []
    first = 0
    for index, moment in enumerate(wanted):
        if not owed(life, moment.at):
            continue
        while first < len(case.evidence) and case.evidence[first].covers < moment.at - rules.most_grace:
            first += 1
        following = wanted[index + 1].at if index + 1 < len(wanted) else inf
        slot = _fate(case, moment, following, first)
        if life.end not in ("removed", "vanished") or (slot.fixed_at or inf) < (life.ended_at or inf):
            found.append(slot)
    return found


def owed(life: Life, at: float) -> bool:
    """Whether the job existed and was to run when this slot came."""
    if at <= life.created_at or (life.ended_at is not None and at >= life.ended_at):
        return False
    return not any(hold.since <= at and (hold.until is None or at <= hold.until) for hold in life.holds)


def moments(life: Life, zone: ZoneInfo, now: float) -> Iterator[Moment]:
    """Yield when the job's schedules wanted a run, in order, whether it was held back then or not."""
    ends = [term.since for term in life.terms[1:]] + [min(now, life.ended_at or inf)]
    for term, end in zip(life.terms, ends, strict=True):
        before = term.since
        for at in _of_term(life, term, min(end, now), zone):
            shift = slots.offset(at, zone) - slots.offset(before, zone)
            once = term.schedule.kind == "once"
            yield Moment(at, 0.0 if once else abs(shift.total_seconds()), once)
            before = at


def _of_term(life: Life, term: Term, end: float, zone: ZoneInfo) -> list[float]:
    schedule = term.schedule
    if schedule.kind == "cron":
        return slots.scan(schedule.expr, zone, term.since, end)
    if schedule.kind == "once":
        return [schedule.run_at] if term.since < schedule.run_at <= end else []
    anchors = sorted(anchor for anchor in life.anchors if term.since <= anchor <= end)
    wait = schedule.minutes * 60.0
    return [anchor + wait for anchor, after in pairwise([*anchors, inf]) if anchor + wait <= min(after, end)]


def evidence(run: RunFact, now: float, rules: Rules = RULES) -> Evidence | None:
    """Return what a run settles, None where it settles nothing, or nothing yet."""
    if run.outcome not in SETTLING or run.arrived_at is None or run.arrived_at > now:
        return None
    end = min(_over_at(run), now)
    return Evidence(max(run.started_at + rules.early, end), run, run.arrived_at)


def grace(usual: float, rules: Rules = RULES) -> float:
    """Return how late a report may be of a job that takes ``usual`` seconds."""
    return min(max(rules.least_grace, rules.grace_factor * usual), rules.most_grace)


def _usual(case: _Case, at: float) -> float:
    """Return the median of the job's last run times at a moment, 0 if it never ran."""
    known = bisect_right(case.ends, at)
    last = case.ended[max(0, known - case.rules.run_times) : known]
    return median(_ended_at(run) - run.started_at for run in last) if last else 0.0


def _fate(case: _Case, moment: Moment, following: float, first: int) -> SlotTruth:
    at, rules = moment.at, case.rules
    usual = _usual(case, at)
    deadline = at + grace(usual, rules) + moment.change
    limit = deadline + rules.one_shot if moment.once else following
    if not case.ticking.at(at):
        again = case.ticking.again(at)
        if again is not None and again <= min(case.now, max(deadline, limit)):
            deadline = max(deadline, again + rules.again + usual)
    deadline = _extended(case, deadline)
    end = max(deadline, limit)
    later = (case.evidence[index] for index in range(first, len(case.evidence)))
    proof = next((each for each in later if each.covers >= at - moment.change), None)
    if proof is not None and proof.arrived_at <= end:
        fate: Fate = "settled" if proof.arrived_at <= deadline else "late"
        return SlotTruth(at, deadline, fate, max(at, proof.arrived_at), proof.run.outcome, proof.arrived_at)
    sealed = end <= case.now
    last = _last_outcome(case, at, min(end, case.now))
    return SlotTruth(at, deadline, "missed" if sealed else None, end if sealed else None, last, None)


def _extended(case: _Case, deadline: float) -> float:
    """Return the deadline put off by a run that was in flight then, as long as its process lived."""
    longest = deadline
    index = bisect_right(case.starts, min(deadline, case.now)) - 1
    while index >= 0 and case.longest[index] > deadline:
        end = _over_at(case.runs[index])
        if end > deadline:
            longest = max(longest, min(end, deadline + case.rules.in_flight))
        index -= 1
    return longest


def _last_outcome(case: _Case, at: float, until: float) -> Outcome:
    """Return what became of the last run that ended by a moment and might have served this slot."""
    known = bisect_right(case.ends, until)
    last = case.ended[known - 1] if known else None
    served = last is not None and max(last.started_at + case.rules.early, _ended_at(last)) >= at
    return last.outcome if last is not None and served else "none"


def _ended_at(run: RunFact) -> float:
    return run.ended_at if run.ended_at is not None else inf


def _over_at(run: RunFact) -> float:
    """Return when a run was over one way or the other, infinity while it is not."""
    return run.broken_at if run.broken_at is not None else _ended_at(run)
