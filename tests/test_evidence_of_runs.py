"""What ledger, logs and notes say of a job's runs: each run once, and none that lies ahead."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter import job_evidence
from hermes_exporter.cases import Case
from hermes_exporter.discovery import Home, Profile
from hermes_exporter.job_evidence import LOG_SECONDS, QUEUED_SECONDS, ROW_SECONDS, Book, Books, Evidence
from hermes_exporter.judge.job_facts import JobFacts
from hermes_exporter.judge.liveness import Liveness
from hermes_exporter.judge.run_outcome import Logged, Reach, Run
from hermes_exporter.memory import Memory
from hermes_exporter.sources.cron_files import CronFiles
from hermes_exporter.sources.deliveries import Deliveries
from hermes_exporter.sources.executions import Execution
from hermes_exporter.sources.hermes_config import HermesConfig
from hermes_exporter.sources.jobs import JobStore
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.values import replace
from tests.judge.job_story import DAILY, DAY, HOUR, MINUTE, NOTED, SLOT

if TYPE_CHECKING:
    from hermes_exporter.sources.job import Job

SILENCE = Evidence(Logged(), None)
"""No log tells anything."""


def row(number: int, began: float, status: str = "completed", outcome: str | None = "delivered") -> Execution:
    """A run of a minute, unless it has not ended."""
    ended = None if status in ("claimed", "running") else began + MINUTE
    return Execution("a", 7, 70, status, began, began, ended, number, f"{number:032x}", delivery_outcome=outcome)


class Ledger:
    """A job that is looked at again and again, with what is remembered of it."""

    def __init__(self, job: Job = DAILY) -> None:
        self.job = job
        self.facts: JobFacts | None = None

    def look(
        self,
        now: float,
        *rows: Execution,
        queue: dict[str, str] | None = None,
        evidence: Evidence = SILENCE,
        replaced: bool = False,
    ) -> list[Run]:
        """The runs that are new; they are taken up."""
        queued = Deliveries(0, None, queue) if queue is not None else None
        if replaced and self.facts is not None:
            self.facts.row = 0
        found, waiting, *_ = job_evidence.runs(self.job, rows, queued, evidence, self.facts, now)
        if self.facts is None:
            self.facts = JobFacts("cron", now, owing=True, frontier=now)
        for run in found:
            self.facts.last_began, self.facts.last_ended = run.began, run.ended
        job_evidence.mark(self.facts, rows, waiting)
        return list(found)

    def noted(self, at: float, status: str = "ok") -> None:
        """Let Hermes note a run that ended."""
        self.job = replace(self.job, noted=replace(NOTED, last_run_at=at, last_status=status))

    def until(self, now: float, *rows: Execution) -> float:
        """Until when nothing becomes known by time alone."""
        assert self.facts is not None
        return job_evidence.until(self.job, rows, self.facts, now)


def test_at_first_sight_every_run_that_ended_is_known() -> None:
    """Oldest first, in whatever order they ended; what is under way is none yet."""
    rows = (
        row(1, SLOT),
        replace(row(2, SLOT + 60), finished_at=SLOT + HOUR),
        row(3, SLOT + 120),
        row(4, SLOT, "running"),
    )

    found = Ledger().look(SLOT + 2 * HOUR, *rows)

    assert [run.began for run in found] == [SLOT, SLOT + 120, SLOT + 60]


def test_each_run_is_taken_up_once() -> None:
    """Those that are new since the last look, however many rows of before are still there or were dropped."""
    ledger, rows = Ledger(), [row(number, SLOT + number * HOUR) for number in range(1, 6)]
    now = SLOT + DAY
    assert len(ledger.look(now, *rows[:3])) == 3

    assert ledger.look(now, *rows[:3]) == []
    assert [run.began for run in ledger.look(now, *rows[:4])] == [SLOT + 4 * HOUR]
    assert [run.began for run in ledger.look(now, *rows[3:])] == [SLOT + 5 * HOUR]
    assert ledger.look(now, *rows[3:]) == ledger.look(now) == ledger.look(now, *rows[3:]) == []


@pytest.mark.parametrize("first", ["claimed", "running"])
def test_a_run_is_taken_up_when_it_has_ended(first: str) -> None:
    """It is met before, and later ones may end before it does."""
    ledger, now = Ledger(), SLOT + DAY
    long, short = row(1, SLOT, first), row(2, SLOT + HOUR)
    assert ledger.look(now, long) == []
    assert [run.began for run in ledger.look(now, long, short)] == [SLOT + HOUR]
    assert ledger.look(now, long, short) == []

    ended = replace(long, status="failed", finished_at=SLOT + 5 * HOUR)

    assert [(run.began, run.status) for run in ledger.look(now, ended, short)] == [(SLOT, "failed")]
    assert ledger.look(now, ended, short) == []


@pytest.mark.parametrize("left", [0, 1], ids=["no row", "an older row"])
def test_a_run_under_way_outlives_a_look_without_its_row(left: int) -> None:
    """A ledger that cannot be found for a moment makes nothing new, and nothing old."""
    ledger, now = Ledger(), SLOT + DAY
    old, flying = row(1, SLOT - DAY), row(2, SLOT, "running")
    assert len(ledger.look(now, old, flying)) == 1

    assert ledger.look(now, *[old][:left]) == []
    assert ledger.look(now, old, flying) == []
    ended = replace(flying, status="completed", finished_at=SLOT + HOUR)
    assert [run.began for run in ledger.look(now, old, ended)] == [SLOT]


@pytest.mark.parametrize("waits", ["pending", "delivering"])
def test_a_queued_report_is_taken_up_when_it_is_known_what_became_of_it(waits: str) -> None:
    """By the queue, whatever the row still says; a report that is delivered counts once."""
    ledger, run = Ledger(), row(1, SLOT, outcome="queued")
    assert ledger.look(SLOT + 2 * MINUTE, run, queue={run.id: waits}) == []
    assert ledger.look(SLOT + HOUR, run, queue={run.id: waits}) == []

    (found,) = ledger.look(SLOT + 61 * MINUTE, run, queue={run.id: "delivered"})

    assert (found.outcome, found.evidence) == ("delivered", "ledger")
    assert ledger.look(SLOT + 62 * MINUTE, run, queue={run.id: "delivered"}) == []


def test_a_queue_of_others_says_nothing() -> None:
    """The row's own word counts where the queue has none of its run."""
    (found,) = Ledger().look(SLOT + HOUR, row(1, SLOT), queue={"f" * 32: "pending"})
    assert found.outcome == "delivered"


def test_a_report_is_given_up_after_a_day_in_the_queue() -> None:
    """Then the run is one whose report did not arrive; until when that is waited for is said."""
    ledger, run = Ledger(), row(1, SLOT, outcome="queued")
    up = SLOT + MINUTE + QUEUED_SECONDS
    assert ledger.look(up - 1, run) == []
    assert ledger.until(up - 1, run) == up

    (found,) = ledger.look(up, run)

    assert (found.outcome, found.settles) == ("queued", False)
    assert ledger.until(up, run) == math.inf


def test_of_another_ledger_only_later_runs_are_new() -> None:
    """Its numbers say nothing: a run that began before the newest known one was carried over."""
    ledger, now = Ledger(), SLOT + DAY
    ledger.look(now, row(900, SLOT), row(901, SLOT + HOUR))

    found = ledger.look(now, row(1, SLOT), row(2, SLOT + HOUR), row(3, SLOT + 2 * HOUR), replaced=True)

    assert [run.began for run in found] == [SLOT + 2 * HOUR]
    assert [run.began for run in ledger.look(now, row(3, SLOT + 2 * HOUR), row(4, SLOT + 3 * HOUR))] == [
        SLOT + 3 * HOUR
    ]


@pytest.mark.parametrize(("ahead", "count"), [(60.0, 1), (61.0, 0)])
def test_what_lies_ahead_is_no_evidence(ahead: float, count: int) -> None:
    """A run that ends more than a minute from now did not happen, whether the ledger or Hermes' notes say so."""
    assert len(Ledger().look(SLOT, row(1, SLOT + ahead - MINUTE))) == count

    ledger = Ledger()
    ledger.noted(SLOT + ahead)
    assert len(ledger.look(SLOT)) == count


def test_a_run_that_only_the_notes_tell_of() -> None:
    """Without a ledger each run that Hermes notes is one, at once and once."""
    ledger = Ledger()
    for day in range(3):
        ledger.noted(SLOT + day * DAY)
        (found,) = ledger.look(SLOT + day * DAY + 1)
        assert (found.ended, found.outcome, found.evidence) == (SLOT + day * DAY, "delivered", "claim")
        assert ledger.look(SLOT + day * DAY + 2) == []


def test_a_ledger_is_given_two_minutes_for_a_run_that_was_noted() -> None:
    """Hermes notes a run first in the job; one that is in no row by then went into another ledger."""
    ledger, old = Ledger(), row(1, SLOT - DAY)
    ledger.look(SLOT - HOUR, old)
    ledger.noted(SLOT)
    assert ledger.look(SLOT + ROW_SECONDS - 1, old) == []
    assert ledger.until(SLOT + 1, old) == SLOT + ROW_SECONDS

    assert [run.ended for run in ledger.look(SLOT + ROW_SECONDS, old)] == [SLOT]
    assert ledger.until(SLOT + ROW_SECONDS, old) == math.inf
    assert ledger.look(SLOT + HOUR, old) == []


@pytest.mark.parametrize("late", [-59.0, 0.0, 59.0])
def test_a_run_with_a_row_is_not_taken_from_the_notes_too(late: float) -> None:
    """Both say when it ended, give or take a minute."""
    ledger, run = Ledger(), row(1, SLOT)
    ledger.noted(SLOT + MINUTE + late)

    assert len(ledger.look(SLOT + HOUR, run)) == 1
    assert ledger.look(SLOT + DAY, run) == []


def test_while_a_run_is_under_way_the_notes_wait() -> None:
    """The run that is noted may be the one whose row has not ended yet."""
    ledger = Ledger()
    ledger.noted(SLOT)
    flying = row(1, SLOT - HOUR, "running")
    assert ledger.look(SLOT + HOUR, flying) == []

    assert len(ledger.look(SLOT + HOUR, replace(flying, status="completed", finished_at=SLOT))) == 1


@pytest.mark.parametrize("status", ["ok", "error"])
def test_without_a_ledger_the_log_is_waited_for(status: str) -> None:
    """Versions that keep none note the run before the log can be read that tells what became of its report."""
    ledger = Ledger()
    ledger.look(SLOT - HOUR)
    ledger.noted(SLOT, status)
    behind = Evidence(Logged(), Reach(SLOT - DAY, SLOT))
    assert ledger.look(SLOT + 1, evidence=behind) == []

    told = Evidence(Logged(delivered=(SLOT,)), Reach(SLOT - DAY, SLOT))
    (run,) = ledger.look(SLOT + 2, evidence=told)

    assert (run.outcome, run.evidence) == ({"ok": "delivered", "error": "notice"}[status], "log")


def test_without_a_ledger_a_log_that_says_nothing_is_believed() -> None:
    """Ten seconds after the run it would have told of a delivery."""
    ledger = Ledger()
    ledger.look(SLOT - HOUR)
    ledger.noted(SLOT)
    silent = Evidence(Logged(), Reach(SLOT - DAY, SLOT + MINUTE))
    assert ledger.look(SLOT + LOG_SECONDS - 1, evidence=silent) == []

    assert [run.outcome for run in ledger.look(SLOT + LOG_SECONDS, evidence=silent)] == ["failed"]


LABELS = {"default": "/h", "coder": "/h/profiles/coder"}


def case(label: str, *job_ids: str, host: Case | None = None, hides: bool = False) -> Case:
    """A profile with these jobs."""
    profile = Profile(label, Home("", Path("/h")), label, Path(LABELS[label]), Path(LABELS[label]))
    store = JobStore(tuple(replace(DAILY, id=job_id) for job_id in job_ids))
    settings = HermesConfig(valid=True, log_level="WARNING" if hides else None)
    files = ProfileFiles(cron=CronFiles(jobs=store), settings=settings)
    return Case(profile, files, (), Liveness(up=True, proof="lock"), host=host)


def logged(memory: Memory, label: str, job_id: str, *stamps: float, kind: str = "cron_delivered") -> None:
    """Let the profile's log have told of a job, and reach from the day before the slot to an hour after it."""
    logs = memory.of(label).logs
    logs.told[kind, job_id, "telegram"] = stamps
    logs.unbroken["agent"], logs.newest["agent"] = SLOT - DAY, SLOT + HOUR
    logs.changes += 1


REACH = Reach(SLOT - DAY, SLOT + HOUR)


def test_a_log_in_order_by_job() -> None:
    """What each kind of record says of a job, on all platforms together, oldest first; and how far it reaches."""
    memory = Memory()
    logged(memory, "default", "a", SLOT + 5, SLOT + 9)
    memory.of("default").logs.told["cron_delivered", "a", "mattermost"] = (SLOT + 7,)
    for kind, name in job_evidence.KINDS.items():
        logged(memory, "default", name, SLOT, kind=kind)

    (book,) = Books().of(case("default"), memory)

    assert book.reach == REACH
    assert book.of_jobs["a"].logged == Logged(delivered=(SLOT + 5, SLOT + 7, SLOT + 9))
    for name in job_evidence.KINDS.values():
        assert book.of_jobs[name].logged == Logged(**{name: (SLOT,)})


def test_a_log_is_put_in_order_when_something_was_read() -> None:
    """As long as nothing was it is the same book; afterwards, or where its level changed, it is another."""
    memory, books = Memory(), Books()
    logged(memory, "default", "a", SLOT)
    (book,) = books.of(case("default"), memory)
    assert books.of(case("default"), memory)[0] is book

    logged(memory, "default", "a", SLOT, SLOT + 60)
    assert books.of(case("default"), memory)[0].of_jobs["a"].logged.delivered == (SLOT, SLOT + 60)
    assert books.of(case("default", hides=True), memory)[0].reach is None


@pytest.mark.parametrize("what", ["behind", "refused", "unbroken", "newest"])
def test_a_log_that_is_not_read_to_its_end_reaches_nowhere(what: str) -> None:
    """It proves what it says and nothing by its silence; so it is with one that is not there."""
    memory = Memory()
    logged(memory, "default", "a", SLOT)
    logs = memory.of("default").logs
    if what in ("behind", "refused"):
        setattr(logs, what, True)
    else:
        getattr(logs, what).clear()

    (book,) = Books().of(case("default"), memory)

    assert (book.reach, book.of_jobs["a"].logged.delivered) == (None, (SLOT,))


def test_the_log_of_the_host_tells_of_a_served_profile() -> None:
    """Of the jobs that are not the host's by the same id; the profile's own log tells of them too."""
    memory, books = Memory(), Books()
    logged(memory, "default", "mine", SLOT)
    logged(memory, "default", "both", SLOT)
    logged(memory, "default", "spoken for", SLOT + 1)
    logged(memory, "coder", "spoken for", SLOT + 2)
    served = case("coder", "mine", "both", "spoken for", host=case("default", "both"))

    found = books.of(served, memory)

    told = {
        job_id: job_evidence.of_job(found, job_id).logged.delivered for job_id in ("mine", "both", "spoken for")
    }
    assert told == {"mine": (SLOT,), "both": (), "spoken for": (SLOT + 1, SLOT + 2)}


def test_a_job_that_no_log_tells_of() -> None:
    """The host's log would have told of it, or the profile's own where there is no host; without logs nobody."""
    silent = Book({}, None)
    reaching = Book({"other": Evidence(Logged(silent=(SLOT,)), REACH)}, REACH)

    assert job_evidence.of_job((silent, reaching), "a") == Evidence(Logged(), REACH)
    assert job_evidence.of_job((reaching, silent), "a") == SILENCE
    assert job_evidence.of_job((), "a") == SILENCE
