"""What the records say of a job's runs: rows of the ledger, records of the logs, and Hermes' notes, as runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import run_outcome
from hermes_exporter.judge.run_outcome import Logged, Reach
from hermes_exporter.logs.tally import MAX_TOLD
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value, replace

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
LOG_SECONDS = 10.0
"""Hermes writes its log in a thread of its own: so long after a run ended its last records may not be there."""
NOTHING_LOGGED = Logged()


class Book(NamedTuple):
    """A profile's logs: what they told of each job, and what they would have told."""

    of_jobs: Mapping[str, Evidence]
    reach: Reach | None


class Evidence(NamedTuple):
    """What the logs say of one job."""

    logged: Logged
    reach: Reach | None


class Ended(NamedTuple):
    """Runs that ended since the last look.

    Attributes:
        runs: oldest first.
        waiting: rows of the ledger that are not over, or whose report is on its way.
        told_at: when the log will have told of those that ended just now, Unix seconds; infinity where it has.
        since: when the oldest of those that are not over, or not told of, was taken up.
    """

    runs: tuple[Run, ...]
    waiting: tuple[str, ...] = ()
    told_at: float = math.inf
    since: float | None = None


NOTHING_KNOWN = Evidence(NOTHING_LOGGED, None)


class _Kept(Value):
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
) -> Ended:
    """Return the runs that ended since the last look; at first sight all that are known.

    Stamps that lie ahead are no evidence, nor are they when their time has come: the clock was wrong.
    """
    states = queue.states if queue else {}
    found, waiting, since, told_at = [], [], [], math.inf
    for row in () if _taken_up(rows, facts) else rows:
        word = run_outcome.OF_LEDGER.get(states.get(row.id) or row.delivery_outcome or "")
        if not row.ended or (word == "queued" and now - (row.finished_at or now) < QUEUED_SECONDS):
            waiting.append(row.id)
            since += [] if row.ended else [row.claimed_at or row.started_at or now]
            continue
        if not _is_new(row, facts):
            continue
        run = run_outcome.of_row(row, states.get(row.id), job, evidence.logged, evidence.reach)
        if run is None or max(run.began, run.ended) > now + FUTURE_TOLERANCE_SECONDS:
            continue
        if word is None and _unwritten(run, evidence.reach, now):
            waiting.append(row.id)
            since.append(run.taken_up)
            told_at = min(told_at, run.ended + LOG_SECONDS)
        else:
            found.append(_arrived(run, queue.ended.get(row.id) if queue else None, now))
    noted = _noted(job, rows, evidence, facts, now)
    if noted is not None and _unwritten(noted, evidence.reach, now):
        since.append(noted.ended)
        told_at, noted = min(told_at, noted.ended + LOG_SECONDS), None
    taken = sorted((*found, *([noted] if noted else ())), key=lambda run: (run.ended, run.began))
    return Ended(tuple(taken), tuple(waiting), told_at, min(since, default=None))


def _arrived(run: Run, sent_at: float | None, now: float) -> Run:
    """Return the run with when its report left Hermes' queue, if that proves its delivery."""
    if run.evidence != "ledger" or sent_at is None or not run.ended <= sent_at <= now:
        return run
    return replace(run, arrived_at=sent_at)


def mark(facts: JobFacts, rows: Sequence[Execution], waiting: Sequence[str]) -> None:
    """Take over which rows of the ledger were taken up; those that wait will be again."""
    if not rows or _taken_up(rows, facts):
        return
    facts.row = rows[-1].number
    facts.flying = list(waiting)


def _unwritten(run: Run, reach: Reach | None, now: float) -> bool:
    """Whether the log has no good word of a run, and may get one yet; nobody writes what a dead process knew."""
    told = (run.settles and run.evidence != "claim") or run.status == "unknown" or reach is None
    return not told and now < run.ended + LOG_SECONDS


def until(job: Job, rows: Sequence[Execution], facts: JobFacts, now: float) -> float:
    """Return the first moment after now at which time alone may make another run known, Unix seconds."""
    open_rows = [row for row in rows if row.id in facts.flying] if facts.flying else []
    moments = [row.finished_at + QUEUED_SECONDS for row in open_rows if row.finished_at is not None]
    if rows and job.noted.last_run_at is not None:
        moments.append(job.noted.last_run_at + ROW_SECONDS)
    return min((moment for moment in moments if moment > now), default=math.inf)


def _taken_up(rows: Sequence[Execution], facts: JobFacts | None) -> bool:
    """Whether no row is newer than those that were taken up, and none of them waits."""
    return facts is not None and not facts.flying and (not rows or rows[-1].number == facts.row)


def _is_new(row: Execution, facts: JobFacts | None) -> bool:
    """Whether a row was not taken up yet; where no number is known, what began before the newest run is old."""
    if facts is None or row.id in facts.flying:
        return True
    if not facts.row:
        return facts.last_began is None or (row.started_at or row.claimed_at or 0.0) > facts.last_began
    return row.number > facts.row


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
