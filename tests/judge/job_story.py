"""One job's reports looked at again and again: a story told to the judge in the way that the exporter does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hermes_exporter.judge import reports, zone
from hermes_exporter.judge.deadline import Terms
from hermes_exporter.judge.job_facts import HISTORY, LAST_RUNS, JobFacts, OpenSlot, Settling
from hermes_exporter.judge.report import Slot
from hermes_exporter.judge.reports import Seen
from hermes_exporter.judge.run_outcome import Run
from hermes_exporter.judge.settlement import KEPT, Circumstances
from hermes_exporter.judge.slots import Until, of_job
from hermes_exporter.judge.ticking import ALWAYS, Ticking
from hermes_exporter.sources.job import Job, Noted
from hermes_exporter.values import replace

if TYPE_CHECKING:
    from hermes_exporter.judge.report import Outcome, Report

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MONDAY = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
NOTED = Noted("scheduled", None, None, None, None, None)
DAILY = Job("a", "Brief", "cron", "0 8 * * *", None, ("telegram",), False, True, MONDAY - 9 * DAY, NOTED)
EIGHT = 8 * HOUR
SLOT = MONDAY + EIGHT


def run(began: float, outcome: Outcome = "delivered", seconds: float = 60.0, status: str = "completed") -> Run:
    """A run that began then."""
    arrived = began + seconds if outcome in ("delivered", "partial") else None
    return Run(began, began + seconds, status, outcome, "log" if arrived else None, arrived)


def full_facts() -> JobFacts:
    """Everything that can be known of a job, as much of it as is ever kept."""
    slot = OpenSlot(SLOT, 60.0, watched=True, counted=False, ticked=False, again_at=SLOT + 5)
    run = Settling(SLOT + 1, SLOT + 60, SLOT + 61, "delivered", "ledger")
    return JobFacts(
        schedule="cron 0 8 * * * Europe/Berlin",
        since=MONDAY - DAY,
        owing=True,
        owing_since=MONDAY,
        frontier=SLOT,
        open=[slot, slot],
        overdue=slot,
        unproved=slot,
        settlings=[run] * KEPT,
        doubts=[run] * KEPT,
        failures=[SLOT] * KEPT,
        seconds=[61.5] * LAST_RUNS,
        row=1234,
        flying=["9f0c5b1e7d3a4c2b8e6f1a2b3c4d5e6f"],
        last_began=SLOT + 1,
        last_ended=SLOT + 60,
        planned=SLOT + DAY,
        last_delivery_at=SLOT + 61,
        last_delivery_evidence="log",
        last_outcome="partial",
        start_delay_seconds=1.5,
        slots={"settled": 5, "late": 1, "missed": 2, "unknown": 1},
        runs={"completed": 7, "failed": 1, "unknown": 1},
        deliveries={"delivered": 6, "partial": 1, "failed": 1},
        duplicates=3,
        history=[Slot(SLOT, SLOT + 900, "settled", "delivered", "ledger", int(SLOT) + 1)] * HISTORY,
    )


@dataclass
class Story:
    """A job that is looked at; ``watched_since`` is when the watch began, ``gone_at`` when its store lost it."""

    job: Job = DAILY
    zone: str = "UTC"
    watched_since: float = 0.0
    ticking: Ticking = ALWAYS
    recorded_since: float | None = 0.0
    terms: Terms = field(default_factory=Terms)
    facts: JobFacts | None = None
    looked_at: float = float("inf")
    gone_at: float | None = None

    def look(
        self,
        now: float,
        *runs: Run,
        flying_since: float | None = None,
        owing: bool = True,
        owed_by_hermes: float | None = None,
    ) -> Report:
        """Look at the job; ``runs`` are those that ended since the last look."""
        since = self.facts.since if self.facts else min(self.job.created_at or now, now)
        slots = of_job(self.job, self.zone, since, self.facts.last_ended if self.facts else None, runs, now)
        seen = Seen(
            schedule=f"{self.job.schedule} {self.zone}",
            owing=owing,
            slots=slots if self.gone_at is None else Until(slots, self.gone_at),
            runs=runs,
            created_at=self.job.created_at,
            at=Circumstances(
                now=now,
                watched_since=self.watched_since,
                ticking=self.ticking,
                recorded_since=self.recorded_since,
                flying_since=flying_since,
                terms=self.terms,
                zone=zone.of(self.zone),
                owed_by_hermes=owed_by_hermes,
            ),
        )
        if self.facts is None:
            self.facts = reports.first_sight(seen, self.looked_at)
        else:
            reports.take(self.facts, seen)
        self.looked_at = now
        return reports.report(self.facts, seen)

    def with_job(self, **changes: object) -> None:
        """Go on with the job changed."""
        self.job = replace(self.job, **changes)  # type: ignore[arg-type]


def watched(at: float = MONDAY, **changes: object) -> Story:
    """A story of a job that has been watched since then, its last report having arrived the day before."""
    story = Story(watched_since=at, **changes)  # type: ignore[arg-type]
    story.look(at, run(at - DAY + EIGHT))
    return story
