"""What became of a run's report, on the strongest evidence there is.

A ledger of Hermes' own is believed first, where its version keeps one; then what the log says of this run; then
what Hermes noted of it, which is a claim. A log that could have said that the report was delivered, and did not,
contradicts the claim. Times are Unix seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.judge.report import Evidence, Outcome
    from hermes_exporter.sources.executions import Execution
    from hermes_exporter.sources.job import Job

SLACK_SECONDS = 2.0
"""Between what a run writes to its log and what it notes in its ledger, both of them rounded."""
NOTED_SECONDS = 60.0
"""Hermes notes the end of a run in the job first and, after waiting for locks, in the ledger."""
SETTLING: frozenset[Outcome] = frozenset({"delivered", "partial", "notice", "unverified", "suppressed", "local"})
"""After these a slot owes nothing any more."""
OF_LEDGER: dict[str, Outcome] = {
    "delivered": "delivered",
    "failed": "failed",
    "suppressed": "suppressed",
    "suppressed_acked": "suppressed",
    "not_configured": "not_configured",
    "queued": "queued",
    "pending": "queued",
    "delivering": "queued",
}
"""Words of Hermes' ledgers for what became of a report."""


class Logged(NamedTuple):
    """When the log told what of one job."""

    delivered: tuple[float, ...] = ()
    silent: tuple[float, ...] = ()
    failed: tuple[float, ...] = ()
    assumed: tuple[float, ...] = ()
    partial: tuple[float, ...] = ()


class Reach(NamedTuple):
    """Between which moments the log would have told of a delivery."""

    since: float
    until: float


class Run(Value):
    """A run that ended.

    Attributes:
        began, ended: as the ledger says; where there is none, both are when Hermes noted the end.
        status: completed, failed or unknown.
        arrived_at: when the report did, None where it did not or nobody can tell.
        by_hand: its owner asked for it.
        claimed_at: when Hermes took it up: it begins when one of the threads for runs is free.
    """

    began: float
    ended: float
    status: str
    outcome: Outcome
    evidence: Evidence | None = None
    arrived_at: float | None = None
    by_hand: bool = False
    scheduled_at: float | None = None
    claimed_at: float | None = None

    @property
    def taken_up(self) -> float:
        """Since when it has been under way."""
        return min(self.claimed_at or self.began, self.began)

    @property
    def settles(self) -> bool:
        """Whether a slot that it served owes nothing any more."""
        return self.outcome in SETTLING

    @property
    def doubtful(self) -> bool:
        """Whether it ended well, and nobody can tell what became of its report."""
        return self.status == "completed" and self.outcome == "none"

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(self.ended - self.began, 0.0)


class _Told(NamedTuple):
    outcome: Outcome
    evidence: Evidence | None = None
    at: float | None = None


def of_row(row: Execution, queued: str | None, job: Job, logged: Logged, reach: Reach | None) -> Run | None:
    """Return the run of a row that ended; None where it says not when.

    ``queued`` is the state of its report in Hermes' delivery queue; ``reach`` is None where the log cannot tell.
    Of a run whose process died Hermes notes when that was found out: it ended when it was last heard of, which is
    when its gateway was stopped if Hermes could note that.
    """
    began = row.started_at or row.claimed_at or row.finished_at
    if began is None:
        return None
    ended = max(row.finished_at or began, began)
    told = _outcome(row, queued, job, logged, reach, (row.claimed_at or began, ended))
    told_of = (told.outcome, told.evidence, told.at)
    if row.status == "unknown":
        noted = job.noted.last_run_at
        ended = max(told.at or began, began, noted if noted is not None and noted <= ended else began)
    return Run(began, ended, row.status, *told_of, row.by_hand, row.scheduled_at, row.claimed_at)


def of_notes(job: Job, logged: Logged, reach: Reach | None) -> Run | None:
    """Return the last run by Hermes' notes alone, where no ledger has it; None where it notes none."""
    noted = job.noted
    if noted.last_run_at is None or noted.last_status is None:
        return None
    at = noted.last_run_at
    status = "failed" if noted.last_status in ("error", "blocked_config") else "completed"
    told = _by_log(status, job, logged, (at - NOTED_SECONDS, at)) or _by_notes(status, job, None, reach, at)
    return Run(at, at, status, told.outcome, told.evidence, told.at)


def _outcome(  # noqa: PLR0913, PLR0917  # every source, the strongest first
    row: Execution,
    queued: str | None,
    job: Job,
    logged: Logged,
    reach: Reach | None,
    span: tuple[float, float],
) -> _Told:
    by_ledger = OF_LEDGER.get(queued or row.delivery_outcome or "")
    if by_ledger == "delivered" and row.status == "failed":
        by_ledger = "notice"
    if by_ledger == "delivered" and _is_of(job, span[1]) and job.noted.unverified:
        by_ledger = "unverified"
    if by_ledger is not None:
        arrived = by_ledger in ("delivered", "notice")
        return _Told(by_ledger, "ledger" if arrived else None, span[1] if arrived else None)
    return _by_log(row.status, job, logged, span) or _by_notes(row.status, job, row, reach, span[1])


def _by_log(status: str, job: Job, logged: Logged, span: tuple[float, float]) -> _Told | None:
    """Return what the log says of the run, None where it says nothing."""
    delivered, silent, failed, assumed, partial = (_within(stamps, span) for stamps in logged)
    if delivered is not None and assumed is None:
        if status == "failed":
            return _Told("notice", "log", delivered)
        short = failed is not None or partial is not None or (_is_of(job, span[1]) and job.noted.undelivered)
        return _Told("partial" if short else "delivered", "log", delivered)
    if assumed is not None:
        return _Told("unverified")
    if silent is not None:
        return _Told("suppressed")
    if failed is not None:
        return _Told(_why(job, span[1]))
    return None


def _by_notes(status: str, job: Job, row: Execution | None, reach: Reach | None, ended: float) -> _Told:
    """Return what is left where no record tells: a claim, unless the log contradicts it."""
    if status != "completed" or is_local(job):
        return _Told("local" if status == "completed" else "none")
    mine = row is None or _is_of(job, ended)
    if mine and job.noted.undelivered:
        return _Told(_why(job, ended))
    began = ended if row is None else (row.claimed_at or ended)
    if reach is not None and reach.since <= began and reach.until >= began:
        return _Told("not_configured" if job.deliver == ("origin",) else "failed")
    return _claim(job, ended) if mine else _Told("none")


def _claim(job: Job, ended: float) -> _Told:
    if job.noted.last_status == "delivery_queued":
        return _Told("queued")
    if job.noted.last_status != "ok":
        return _Told("failed" if job.noted.last_status == "delivery_failed" else "none")
    return _Told("unverified") if job.noted.unverified else _Told("delivered", "claim", ended)


def is_local(job: Job) -> bool:
    """Whether its report goes nowhere."""
    return set(job.deliver) <= {"local"}


def _why(job: Job, ended: float) -> Outcome:
    not_configured = _is_of(job, ended) and job.noted.undelivered == "not_configured"
    return "not_configured" if not_configured else "failed"


def _is_of(job: Job, ended: float) -> bool:
    """Whether Hermes' notes on the job are of the run that ended then."""
    return job.noted.last_run_at is not None and abs(job.noted.last_run_at - ended) <= NOTED_SECONDS


def _within(stamps: Sequence[float], span: tuple[float, float]) -> float | None:
    """Return the newest of the stamps that lies in a span, give or take what clocks differ by."""
    if not stamps:
        return None
    return max((at for at in stamps if span[0] - SLACK_SECONDS <= at <= span[1] + SLACK_SECONDS), default=None)
