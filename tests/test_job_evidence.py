"""Which runs of a job are taken up when: the ledger may be ahead of the log."""

from __future__ import annotations

import math

from hermes_exporter import job_evidence
from hermes_exporter.job_evidence import LOG_SECONDS, Ended, Evidence
from hermes_exporter.judge.job_facts import JobFacts
from hermes_exporter.judge.run_outcome import Logged, Reach
from hermes_exporter.sources.executions import Execution
from hermes_exporter.sources.job import Job, Noted
from hermes_exporter.values import replace

ENDED = 1_800_000_060.0
SILENT_LOG = Evidence(Logged(), Reach(ENDED - 999, ENDED - 1))
NOTED = Noted("scheduled", ENDED + 86400, ENDED, "ok", None, None)
JOB = Job("a", "Brief", "cron", "0 7 * * *", None, ("telegram",), False, True, ENDED - 9999, NOTED)


def row(status: str = "completed", **more: object) -> Execution:
    """A run that took a minute."""
    made = Execution("a", 7, 70, status, ENDED - 60, ENDED - 60, ENDED, 5, "f" * 32)
    return replace(made, **more)  # type: ignore[arg-type]


def taken(
    each: Execution, evidence: Evidence = SILENT_LOG, after: float = 1.0, facts: JobFacts | None = None
) -> Ended:
    """What is taken up of it so long after its end."""
    return job_evidence.runs(JOB, (each,), None, evidence, facts, ENDED + after)


def test_a_run_that_the_log_does_not_know_yet_waits() -> None:
    """Hermes' log is written later than its ledger: what it may yet tell is waited for, then it tells nothing."""
    facts = JobFacts("x", 0.0, True, 0.0)
    waits = taken(row())
    job_evidence.mark(facts, (row(),), waits.waiting)
    told = taken(row(), Evidence(Logged(delivered=(ENDED - 1,)), SILENT_LOG.reach), facts=facts)
    given_up = taken(row(), after=LOG_SECONDS, facts=facts)

    assert waits == Ended((), (row().id,), ENDED + LOG_SECONDS, ENDED - 60)
    assert ([run.outcome for run in told.runs], told.waiting) == (["delivered"], ())
    assert ([run.outcome for run in given_up.runs], given_up.waiting) == (["failed"], ())


def test_a_log_that_has_not_come_so_far_is_waited_for() -> None:
    """Hermes' claim counts only where no log will tell."""
    behind = Evidence(Logged(), Reach(ENDED - 999, ENDED - 61))

    assert taken(row(), behind) == Ended((), (row().id,), ENDED + LOG_SECONDS, ENDED - 60)
    assert [run.evidence for run in taken(row(), behind, after=LOG_SECONDS).runs] == ["claim"]


def test_nothing_more_is_waited_for() -> None:
    """A good word, a ledger that tells, a process that died, a log that could not tell: taken up at once."""
    for each, evidence in (
        (row(), Evidence(Logged(silent=(ENDED - 1,)), SILENT_LOG.reach)),
        (row(delivery_outcome="failed"), SILENT_LOG),
        (row("unknown"), SILENT_LOG),
        (row(), Evidence(Logged(), None)),
    ):
        found = taken(each, evidence)
        assert (len(found.runs), found.waiting, found.told_at, found.since) == (1, (), math.inf, None)


def test_a_run_is_under_way_since_it_was_taken_up() -> None:
    """It waits for its turn, and is waited for, from when Hermes claimed it."""
    flying = row("claimed", claimed_at=ENDED - 90, started_at=None, finished_at=None)

    assert taken(flying) == Ended((), (flying.id,), math.inf, ENDED - 90)
