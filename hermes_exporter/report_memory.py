"""What is remembered of the reports of a profile's jobs, as it is stored."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from hermes_exporter.judge.job_facts import JobFacts  # noqa: TC001  # stored by its type
from hermes_exporter.sources.job import Job  # noqa: TC001
from hermes_exporter.values import Mutable, field

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

log = logging.getLogger(__name__)

EARLY_SECONDS = 60.0
SHOWN_SECONDS = 86400.0
"""So long a one-shot that ended is shown, and a job that vanished is missed."""
FORGET_SECONDS = 90 * 86400.0
MAX_GONE = 2000
"""Of jobs that are gone, the newest so many are remembered."""


class Kept(Mutable):
    """What is remembered of one job.

    Attributes:
        recurring: it was meant to run again and again when it was last there.
        last: the job itself, if it had one run left: Hermes removes it when that ends.
        gone_at: since when it is not in the store, Unix seconds.
    """

    facts: JobFacts
    recurring: bool = False
    last: Job | None = None
    gone_at: float | None = None

    def recent(self, now: float) -> bool:
        """Whether it went less than a day ago."""
        return self.gone_at is not None and now < self.gone_at + SHOWN_SECONDS


class ReportMemory(Mutable):
    """What is remembered of a profile's jobs, by id.

    Attributes:
        newest_row, newest_run: the highest number of any row of the ledger, and the id of that row; a lower
            number, or another id under it, tells that it was replaced.
        recorded_since: when that was last seen, Unix seconds; what ran before need not be in the ledger.
    """

    jobs: dict[str, Kept] = field(default_factory=dict)
    newest_row: int = 0
    newest_run: str = ""
    recorded_since: float = 0.0

    def numbered(self, runs: Mapping[int, str], now: float) -> bool:
        """Take over the ids of all rows by number; return whether there is news. A new ledger begins with one."""
        newest_row = max(runs, default=0)
        if newest_row == 0:
            return False
        if newest_row < self.newest_row or runs.get(self.newest_row, self.newest_run) != self.newest_run:
            self.recorded_since = now
            for kept in self.jobs.values():
                kept.facts.row = 0
        before = self.newest_row, self.newest_run
        self.newest_row, self.newest_run = newest_row, runs.get(newest_row, "")
        return before != (self.newest_row, self.newest_run)

    def missing(self, there: Collection[str], now: float) -> bool:
        """Take over which jobs are there; return whether that is new.

        A one-shot that went before its time was removed by its owner, and is forgotten. What comes back owes
        nothing of the time in between.
        """
        changed = False
        for name, kept in list(self.jobs.items()):
            if (name in there) == (kept.gone_at is None):
                continue
            changed = True
            if name in there:
                kept.gone_at, kept.facts.owing = None, False
                continue
            kept.gone_at = now
            if kept.last is not None and now < (kept.last.once_at or 0.0) - EARLY_SECONDS:
                del self.jobs[name]
        return changed

    def vanishing(self, now: float) -> tuple[str, ...]:
        """Return the recurring jobs that went less than a day ago."""
        return tuple(name for name, kept in self.jobs.items() if kept.recurring and kept.recent(now))

    def vanished(self, now: float, left_over: Collection[str], there: int | None) -> int:
        """Return how many of those nobody removed: their output is left over, or the whole store went at once.

        ``there`` is how many jobs the store has, None where there is no store. A last job that goes by itself was
        removed like those before it.
        """
        gone = self.vanishing(now)
        last = max((self.jobs[name].gone_at or 0.0 for name in gone), default=0.0)
        together = [name for name in gone if self.jobs[name].gone_at == last]
        emptied = together if there is None or (there == 0 and len(together) > 1) else []
        return sum(name in left_over or name in emptied for name in gone)

    def ended(self, now: float) -> tuple[Job, ...]:
        """Return the one-shots that ended less than a day ago."""
        return tuple(kept.last for kept in self.jobs.values() if kept.last is not None and kept.recent(now))

    def shown(self, now: float) -> frozenset[str]:
        """Return the jobs that are there, and those that ended less than a day ago."""
        there = (name for name, kept in self.jobs.items() if kept.gone_at is None)
        return frozenset((*there, *(job.id for job in self.ended(now))))

    def moments(self) -> tuple[float, ...]:
        """Return when each job that is gone is no longer shown or missed, Unix seconds."""
        return tuple(kept.gone_at + SHOWN_SECONDS for kept in self.jobs.values() if kept.gone_at is not None)

    def forget(self, now: float) -> None:
        """Drop what is remembered of jobs that are gone for long, or are too many."""
        gone = sorted((kept.gone_at, name) for name, kept in self.jobs.items() if kept.gone_at is not None)
        since = now - FORGET_SECONDS
        for number, (gone_at, name) in enumerate(gone):
            if gone_at < since or number < len(gone) - MAX_GONE:
                del self.jobs[name]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ReportMemory)


def encoded(memory: ReportMemory) -> bytes:
    """Return a memory as it is stored."""
    return _ENCODER.encode(memory)


def fingerprint(kept: Kept | None) -> bytes:
    """Return what tells a job's memory from the same one changed."""
    return _ENCODER.encode(kept)


def decoded(data: bytes, label: str) -> ReportMemory:
    """Return what was stored, a new memory where that is nothing or cannot be understood."""
    if not data:
        return ReportMemory()
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError:
        log.warning("what was stored of the reports of %s cannot be understood: they are counted anew", label)
        return ReportMemory()
