"""Judging the reports of every job, gather after gather, from what was read and what is remembered.

A verdict is made only where the ledger, the jobs and the logs were all read; else the last one stands for a while,
and then nobody can tell.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter import job_evidence, job_seen, report_memory
from hermes_exporter.judge import job_rules, overdue, reports
from hermes_exporter.judge.report import Report
from hermes_exporter.report_memory import Kept
from hermes_exporter.values import Mutable, Value, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hermes_exporter.cases import Case
    from hermes_exporter.judge.job_rules import JobRule
    from hermes_exporter.judge.reports import Seen
    from hermes_exporter.profile_memory import ProfileMemory
    from hermes_exporter.report_look import Look
    from hermes_exporter.report_memory import ReportMemory
    from hermes_exporter.sources.executions import Executions
    from hermes_exporter.sources.job import Job

STANDS_SECONDS = 15 * 60.0
"""So long the last verdict stands when a source cannot be read."""
GAP_SECONDS = 300.0
"""A longer time between two gathers was not watched."""


class Reports(Value):
    """The verdicts on a profile's reports.

    Attributes:
        jobs: by id.
        ended: one-shots that ended not long ago; the store has them no more.
        vanished: recurring jobs that are gone though nobody removed them; None where nobody can tell.
        overdue: jobs that are by Hermes' own rule; None likewise.
        moments: at which time alone may change any of it, Unix seconds.
        known: which jobs there are is known, or was not long ago.
    """

    jobs: Mapping[str, Report]
    ended: tuple[Job, ...] = ()
    vanished: int | None = None
    overdue: int | None = None
    moments: tuple[float, ...] = ()
    known: bool = False


NOTHING = Reports({})


class _Verdict(NamedTuple):
    """A verdict with what it was made from, and when: the same makes the same until a moment."""

    made_from: object
    since: float
    until: float
    report: Report


class _State(Mutable):
    """What is known of one profile while the process lives."""

    owner: ProfileMemory
    memory: ReportMemory
    verdicts: dict[str, _Verdict] = field(default_factory=dict)
    ledger: Executions | None = None
    looked_at: float | None = None
    read_at: float | None = None
    readable: bool = False


class ReportAssessor:
    """Judges the reports of every profile. ``rules`` are the owner's.

    Attributes:
        looked_before: when the gather before this one was; this one, where nobody watched in between.
    """

    def __init__(self, rules: Sequence[JobRule]) -> None:
        self._rules = rules
        self._states: dict[str, _State] = {}
        self._watched_since = math.inf
        self._looked_at = -math.inf
        self.looked_before = math.inf

    def begin(self, now: float) -> None:
        """Begin a gather: what came while none was made for long was not watched."""
        if not 0 <= now - self._looked_at <= GAP_SECONDS:
            self._watched_since = self._looked_at = now
        self.looked_before, self._looked_at = self._looked_at, now

    def stands(self, label: str, now: float) -> None:
        """Take over that a profile was looked at, and that nothing about it was new."""
        state = self._states.get(label)
        if state is not None and state.readable:
            state.looked_at = state.read_at = now

    def judge(self, case: Case, owner: ProfileMemory, look: Look) -> Reports:
        """Return the verdicts on a profile, and take what is new into its memory."""
        state = self._state(case.profile.label, owner)
        state.readable = look.readable
        if not look.readable:
            return _standing(case, state, look)
        changed = self._take(case, state, look)
        state.looked_at = state.read_at = look.now
        if changed:
            state.memory.forget(look.now)
            owner.gone_jobs = state.memory.vanishing(look.now)
            owner.reports = report_memory.encoded(state.memory)
        return _told(case, state, look)

    def _state(self, label: str, owner: ProfileMemory) -> _State:
        state = self._states.get(label)
        if state is None or state.owner is not owner:
            memory = report_memory.decoded(owner.reports, label)
            state = self._states[label] = _State(owner, memory)
        return state

    def _take(self, case: Case, state: _State, look: Look) -> bool:
        """Judge every job that is there, and every one-shot that ended; return whether anything was new."""
        ledger, memory = case.files.cron.executions, state.memory
        if ledger is not None and ledger is not state.ledger:
            numbers = {row.number: row.id for rows in ledger.rows.values() for row in rows}
            changed = memory.numbered(numbers, look.now)
            state.ledger = ledger
        else:
            changed = False
        changed |= memory.missing({runs.job.id for runs in look.jobs}, look.now)
        for runs in look.jobs:
            flying = runs.running is not False and runs.run_started_at is not None
            changed |= self._job(case, state, look, runs.job, flying=flying)
        for kept in list(memory.jobs.values()):
            if kept.recent(look.now) and kept.last is not None and kept.facts.owing:
                rows = ledger.rows.get(kept.last.id, ()) if ledger else ()
                flying = any(not row.ended for row in rows)
                changed |= self._job(case, state, look, kept.last, flying=flying)
        return changed

    def _job(self, case: Case, state: _State, look: Look, job: Job, *, flying: bool) -> bool:
        """Judge a job; return whether anything was new."""
        ledger, queue = case.files.cron.executions, case.files.deliveries
        rows = ledger.rows.get(job.id, ()) if ledger else ()
        evidence = job_evidence.of_job(look.books, job.id)
        kept = state.memory.jobs.get(job.id)
        gone_at = kept.gone_at if kept else None
        made_from = (job, gone_at, rows, queue, flying, evidence.logged, look.zone, look.ticking, ledger is None)
        verdict = state.verdicts.get(job.id)
        if verdict and verdict.made_from == made_from and verdict.since <= look.now < verdict.until:
            return False
        facts = kept.facts if kept else None
        ended = job_evidence.runs(job, rows, queue, evidence, facts, look.now)
        terms = job_rules.terms(self._rules, case.profile.label, job.id, job.name)
        recorded_since = max(ledger.complete_since, state.memory.recorded_since) if ledger else None
        see = partial(
            job_seen.seen,
            job,
            ended=ended,
            look=look,
            terms=terms,
            flying=flying,
            watched_since=self._watched_since,
            recorded_since=recorded_since,
        )
        seen = see(kept)
        before, since = report_memory.fingerprint(kept), facts.since if facts else None
        kept = _remembered(state, job, kept, seen)
        if kept.facts.since != since:
            seen = see(kept)  # the slots of an interval begin there
        job_evidence.mark(kept.facts, rows, ended.waiting)
        until = min(
            reports.until(kept.facts, seen),
            job_seen.until(job, ended, look.now),
            job_evidence.until(job, rows, kept.facts, look.now),
        )
        state.verdicts[job.id] = _Verdict(made_from, look.now, until, reports.report(kept.facts, seen))
        return before != report_memory.fingerprint(kept)


def _standing(case: Case, state: _State, look: Look) -> Reports:
    """Return the last verdicts for a while, then none, with what was counted."""
    stands = state.read_at is not None and 0 <= look.now - state.read_at <= STANDS_SECONDS
    shown = state.memory.shown(look.now) | {runs.job.id for runs in look.jobs}
    kept = {name: state.memory.jobs.get(name) for name in shown}
    verdicts = {name: reports.withheld(each.facts) if each else Report() for name, each in kept.items()}
    if stands:
        verdicts |= {name: verdict.report for name, verdict in state.verdicts.items()}
    moments = (state.read_at + STANDS_SECONDS + 1.0,) if state.read_at is not None else ()
    return _with_the_store(case, state, look, verdicts, moments, known=stands or look.jobs_known)


def _told(case: Case, state: _State, look: Look) -> Reports:
    shown = state.memory.shown(look.now)
    state.verdicts = {name: verdict for name, verdict in state.verdicts.items() if name in shown}
    verdicts = {name: verdict.report for name, verdict in state.verdicts.items()}
    moments = [verdict.until for verdict in state.verdicts.values()]
    return _with_the_store(case, state, look, verdicts, moments, known=True)


def _with_the_store(  # noqa: PLR0913  # what was judged, and what it was judged by
    case: Case,
    state: _State,
    look: Look,
    verdicts: Mapping[str, Report],
    moments: Iterable[float],
    *,
    known: bool,
) -> Reports:
    """Return the verdicts with what the store alone tells, where it is known."""
    memory, cron = state.memory, case.files.cron
    late, later = overdue.count([runs.job for runs in look.jobs], look.zone, look.now)
    vanished = memory.vanished(look.now, cron.left_over, None if cron.jobs is None else len(look.jobs))
    return Reports(
        verdicts,
        memory.ended(look.now),
        vanished if look.jobs_known else None,
        late if look.jobs_known and cron.jobs is not None else None,
        tuple(at for at in (*moments, *memory.moments(), *later) if look.now < at < math.inf),
        known,
    )


def _remembered(state: _State, job: Job, kept: Kept | None, seen: Seen) -> Kept:
    """Take what was seen into the memory of a job; return it."""
    if kept is None:
        since = math.inf if state.looked_at is None else state.looked_at
        kept = state.memory.jobs[job.id] = Kept(reports.first_sight(seen, since))
    else:
        reports.take(kept.facts, seen)
    kept.recurring = seen.owing and job.kind != "once" and (job.runs_left is None or job.runs_left > 1)
    kept.last = job if job.kind == "once" or job.runs_left == 1 else None
    return kept
