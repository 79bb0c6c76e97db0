"""What one gather says of a profile's reports: whether all was read, what ticks the store, which logs tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import ticking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.cases import Case
    from hermes_exporter.job_evidence import Book, Books
    from hermes_exporter.judge.job_runs import JobRuns
    from hermes_exporter.judge.liveness import Clock
    from hermes_exporter.judge.scheduler import Scheduler
    from hermes_exporter.judge.ticking import Ticking
    from hermes_exporter.memory import Memory


class Look(NamedTuple):
    """What one gather says of a profile besides its case.

    Attributes:
        looked_at: when the look before was.
        readable: everything that a verdict stands on was read, and the clock can be trusted.
        jobs_known: the store was read, and the clock can be trusted.
        jobs: of the store.
        zone: that schedules are read in.
        ticking: what ticks the store.
        books: the logs that may tell of the jobs.
    """

    now: float
    looked_at: float
    readable: bool
    jobs_known: bool
    jobs: Sequence[JobRuns]
    zone: str
    ticking: Ticking
    books: Sequence[Book]


def look(  # noqa: PLR0913, PLR0917  # all that a verdict on reports stands on
    case: Case,
    memory: Memory,
    books: Books,
    jobs: Sequence[JobRuns],
    clock: Clock,
    looked_at: float,
    *,
    zone: str,
    scheduler: Scheduler,
    with_logs: bool,
) -> Look:
    """Return the look at a profile, and take over whether anything ticks it.

    ``looked_at`` is when the look before was.
    """
    server = case.host or case
    mine = memory.of(case.profile.label)
    draining = server.files.drain is not None
    idle = draining or scheduler.ticked is False
    rests = True if idle or server.liveness.up is False else None if scheduler.ticked is None else False
    mine.rests(looked_at, resting=rests)
    again = max((at for at in (mine.ticks_again_at, clock.woke_at) if at is not None), default=None)
    asked = server.files.drain.requested_at if server.files.drain else None
    ticks = ticking.of(
        server.liveness, server.files.starts or (), again, idle=idle, last=asked or case.files.cron.heartbeat
    )
    jobs_known = clock.trusted and _jobs_read(case)
    ledger_known = case.files.cron.ledger_known and case.files.queue_known
    return Look(
        now=clock.now,
        looked_at=looked_at,
        readable=jobs_known and ledger_known and (not with_logs or _logs_read(case, memory)),
        jobs_known=jobs_known,
        jobs=jobs,
        zone=zone,
        ticking=ticks if scheduler.built_in else ticking.ALWAYS,
        books=books.of(case, memory) if with_logs else (),
    )


def _jobs_read(case: Case) -> bool:
    """Whether the jobs of the profile are known, with what Hermes notes of them."""
    cron = case.files.cron
    return case.looks is not None and cron.notes_known and cron.store_known


def _logs_read(case: Case, memory: Memory) -> bool:
    """Whether the logs that may tell of its jobs were read to their ends."""
    labels = [case.profile.label] if case.host is None else [case.profile.label, case.host.profile.label]
    logs = [memory.of(label).logs for label in labels]
    return all(each.seen and not each.behind and not each.refused for each in logs)
