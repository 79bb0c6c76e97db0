"""What the records say of a job's runs: rows of the ledger, records of the logs, and Hermes' notes, as runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import run_outcome
from hermes_exporter.judge.run_outcome import Logged, Reach
from hermes_exporter.logs.tally import MAX_TOLD
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hermes_exporter.cases import Case
    from hermes_exporter.judge.job_facts import JobFacts
    from hermes_exporter.judge.run_outcome import Run
    from hermes_exporter.logs.news import LogMemory
    from hermes_exporter.memory import Memory
    from hermes_exporter.sources.deliveries import Deliveries
    from hermes_exporter.sources.executions import Execution
    from hermes_exporter.sources.job import Job

KINDS = {
    "cron_delivered": "delivered",
    "cron_silent": "silent",
    "cron_deliver_failed": "failed",
    "cron_deliver_assumed": "assumed",
    "cron_deliver_partial": "partial",
}
"""What each kind of record of a job tells of its report."""
ROW_SECONDS = 120.0
"""So long after Hermes noted a run its row must be in the ledger, if there ever is one."""
QUEUED_SECONDS = 86400.0
"""So long a queued report is waited for, which is overdue meanwhile."""
LOGGED_SECONDS = 5.0
"""So long after a run its last record may be in the log and not read yet: it could still go on."""
NOTHING_LOGGED = Logged()


class Book(NamedTuple):
    """A profile's logs: what they told of each job, and what they would have told."""

    of_jobs: Mapping[str, Evidence]
    reach: Reach | None


class Evidence(NamedTuple):
    """What the logs say of one job."""

    logged: Logged
    reach: Reach | None


NOTHING_KNOWN = Evidence(NOTHING_LOGGED, None)


@dataclass(frozen=True, slots=True)
class _Kept:
    key: object
    book: Book


class Books:
    """The logs of every profile, in order by job; made anew when something was read."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def of(self, case: Case, memory: Memory) -> tuple[Book, ...]:
        """Return the logs that may tell of a profile's jobs: its own, and those of the gateway that serves it.

        A job whose id the host has as well may be the host's, so its host's log tells nothing of it, nor could it.
        """
        own = self._book(case, memory.of(case.profile.label).logs)
        if case.host is None:
            return (own,)
        host = self._book(case.host, memory.of(case.host.profile.label).logs)
        store = case.host.files.cron.jobs
        others = dict.fromkeys((job.id for job in store.jobs) if store else (), NOTHING_KNOWN)
        return own, Book({**host.of_jobs, **others}, host.reach)

    def _book(self, case: Case, logs: LogMemory) -> Book:
        settings = case.files.settings
        key = (logs, logs.changes, settings)
        kept = self._kept.get(case.profile.label)
        if kept is None or kept.key != key:
            hidden = settings is not None and settings.hides_info
            reach = _reach(logs, hidden=hidden)
            kept = self._kept[case.profile.label] = _Kept(key, Book(_by_job(logs, reach), reach))
        return kept.book


def _reach(logs: LogMemory, *, hidden: bool) -> Reach | None:
    since, until = logs.unbroken.get("agent"), logs.newest.get("agent")
    if hidden or since is None or until is None or logs.behind or logs.refused:
        return None
    return Reach(since, until)


def _by_job(logs: LogMemory, reach: Reach | None) -> dict[str, Evidence]:
    """Return what the logs say of each job; of one with many records only the newest are known."""
    found: dict[str, dict[str, list[float]]] = {}
    since: dict[str, float] = {}
    for (kind, job, _platform), stamps in logs.told.items():
        found.setdefault(job, {}).setdefault(KINDS[kind], []).extend(stamps)
        if len(stamps) >= MAX_TOLD:
            since[job] = max(stamps[0], since.get(job, stamps[0]))
    return {
        job: Evidence(
            Logged(**{name: tuple(sorted(stamps)) for name, stamps in told.items()}),
            reach and Reach(max(reach.since, since.get(job, reach.since)), reach.until),
        )
        for job, told in found.items()
    }


def of_job(books: Sequence[Book], job_id: str) -> Evidence:
    """Return what the logs say of a job, all together.

    The last is that of the gateway which runs it; it contradicts a claim as far back as none of them has a gap.
    """
    told = [book.of_jobs.get(job_id, Evidence(NOTHING_LOGGED, book.reach)) for book in books]
    if len(told) <= 1:
        return told[0] if told else NOTHING_KNOWN
    logged = (tuple(sorted(set().union(*stamps))) for stamps in zip(*(each.logged for each in told), strict=True))
    reach = told[-1].reach
    since = max((each.reach.since for each in told if each.reach), default=0.0)
    return Evidence(Logged(*logged), reach and Reach(since, reach.until))


def runs(  # noqa: PLR0913, PLR0917  # every source of evidence
    job: Job,
    rows: Sequence[Execution],
    queue: Deliveries | None,
    evidence: Evidence,
    facts: JobFacts | None,
    now: float,
) -> tuple[Run, ...]:
    """Return the runs that ended since the last look, oldest first; at first sight all that are known.

    Stamps that lie ahead are no evidence.
    """
    latest = now + FUTURE_TOLERANCE_SECONDS
    states = queue.states if queue else {}
    found = []
    for row in () if _taken_up(rows, facts) else rows:
        if not row.ended or not _is_new(row, facts) or _waits(row, states, now):
            continue
        run = run_outcome.of_row(row, states.get(row.id), job, evidence.logged, evidence.reach)
        if run is not None and run.began <= latest and run.ended <= latest:
            found.append(_arrived(run, queue.ended.get(row.id) if queue else None, now))
    noted = _noted(job, rows, evidence, facts, now)
    return tuple(sorted((*found, *([noted] if noted else ())), key=lambda run: (run.ended, run.began)))


def _arrived(run: Run, sent_at: float | None, now: float) -> Run:
    """Return the run with when its report left Hermes' queue, if that proves its delivery."""
    if run.evidence != "ledger" or sent_at is None or not run.ended <= sent_at <= now:
        return run
    return replace(run, arrived_at=sent_at)


def mark(facts: JobFacts, rows: Sequence[Execution], queue: Deliveries | None, now: float) -> None:
    """Take over which rows of the ledger were taken up; those that are not over will be again."""
    if _taken_up(rows, facts):
        return
    states = queue.states if queue else {}
    facts.row = max((row.number for row in rows), default=0)
    facts.flying = [row.id for row in rows if not row.ended or _waits(row, states, now)]


def _taken_up(rows: Sequence[Execution], facts: JobFacts | None) -> bool:
    """Whether no row is newer than those that were taken up, and none of them waits."""
    return facts is not None and not facts.flying and (not rows or rows[-1].number == facts.row)


def _is_new(row: Execution, facts: JobFacts | None) -> bool:
    """Whether a row was not taken up yet; where no number is known, what began before the newest run is old."""
    if facts is None or row.id in facts.flying:
        return True
    if not facts.row:
        began = row.started_at or row.claimed_at or 0.0
        return facts.last_began is None or began > facts.last_began
    return row.number > facts.row


def just_ended(row: Execution, now: float) -> bool:
    """Whether the run is over, and what the log tells of it may not have been read yet."""
    return row.ended and row.finished_at is not None and 0 <= now - row.finished_at < LOGGED_SECONDS


def until(job: Job, rows: Sequence[Execution], queue: Deliveries | None, now: float) -> float:
    """Return the first moment after now at which time alone ends the waiting for a run, Unix seconds."""
    states = queue.states if queue else {}
    waits = [(row.finished_at or now, just_ended(row, now)) for row in rows if _waits(row, states, now)]
    moments = [at + (LOGGED_SECONDS if soon else QUEUED_SECONDS) for at, soon in waits]
    if job.noted.last_run_at is not None:
        moments.append(job.noted.last_run_at + ROW_SECONDS)
    return min((moment for moment in moments if moment > now), default=math.inf)


def _waits(row: Execution, states: Mapping[str, str], now: float) -> bool:
    """Whether the run is over and its report, or what the log tells of it, still on its way."""
    word = states.get(row.id) or row.delivery_outcome or ""
    queued = run_outcome.OF_LEDGER.get(word) == "queued"
    queues = row.ended and queued and now - (row.finished_at or now) < QUEUED_SECONDS
    return queues or just_ended(row, now)


def _noted(
    job: Job, rows: Sequence[Execution], evidence: Evidence, facts: JobFacts | None, now: float
) -> Run | None:
    """Return the last run that Hermes noted where no row has it: there is no ledger, or it went into another."""
    at = job.noted.last_run_at
    if at is None or at > now + FUTURE_TOLERANCE_SECONDS:
        return None
    if facts is not None and at <= (facts.last_ended or 0.0) + run_outcome.NOTED_SECONDS:
        return None
    newest = max((row.finished_at or row.claimed_at or 0.0 for row in rows), default=0.0)
    if at <= newest + run_outcome.NOTED_SECONDS or (rows and now - at < ROW_SECONDS):
        return None
    if any(not row.ended for row in rows):
        return None
    return run_outcome.of_notes(job, evidence.logged, evidence.reach)
