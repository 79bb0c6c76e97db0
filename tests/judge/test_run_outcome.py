"""What became of a run's report: the strongest evidence decides, and a log that could tell contradicts a claim."""

from __future__ import annotations

import pytest

from hermes_exporter.judge.run_outcome import Logged, Reach, of_notes, of_row
from hermes_exporter.sources.executions import Execution
from hermes_exporter.sources.job import Job, Noted
from hermes_exporter.values import replace

BEGAN, ENDED = 1_800_000_000.0, 1_800_000_060.0
ROW = Execution("a", 7, 70, "completed", BEGAN - 1, BEGAN, ENDED, 5, "f" * 32)
NOTED = Noted("scheduled", ENDED + 86400, ENDED - 1, "ok", None, None)
JOB = Job("a", "Brief", "cron", "0 7 * * *", None, ("telegram",), False, True, BEGAN - 9999, NOTED)
WITHIN = (ENDED - 5,)
REACH = Reach(BEGAN - 999, ENDED + 1)
UNDELIVERED = replace(JOB, noted=replace(NOTED, undelivered="failed"))


def outcome(
    row: Execution = ROW,
    job: Job = JOB,
    logged: Logged = Logged(),  # noqa: B008
    reach: Reach | None = REACH,
    queued: str | None = None,
) -> tuple[str, str | None]:
    """What became of it, and on what evidence."""
    run = of_row(row, queued, job, logged, reach)
    assert run is not None
    return run.outcome, run.evidence


FAILED = replace(ROW, status="failed")
UNKNOWN = replace(ROW, status="unknown")
LOCAL = replace(JOB, deliver=("local",))


@pytest.mark.parametrize(
    ("row", "job", "logged", "told"),
    [
        (ROW, JOB, Logged(delivered=WITHIN), ("delivered", "log")),
        (FAILED, JOB, Logged(delivered=WITHIN), ("notice", "log")),
        (UNKNOWN, JOB, Logged(delivered=WITHIN), ("delivered", "log")),
        (ROW, JOB, Logged(delivered=WITHIN, failed=WITHIN), ("partial", "log")),
        (ROW, JOB, Logged(delivered=WITHIN, partial=WITHIN), ("partial", "log")),
        (ROW, UNDELIVERED, Logged(delivered=WITHIN), ("partial", "log")),
        (ROW, JOB, Logged(delivered=WITHIN, assumed=WITHIN), ("unverified", None)),
        (ROW, JOB, Logged(silent=WITHIN), ("suppressed", None)),
        (ROW, UNDELIVERED, Logged(failed=WITHIN), ("failed", None)),
        (FAILED, JOB, Logged(), ("none", None)),
        (UNKNOWN, JOB, Logged(), ("none", None)),
        (ROW, LOCAL, Logged(), ("local", None)),
        (FAILED, LOCAL, Logged(), ("none", None)),
    ],
)
def test_the_log_tells(row: Execution, job: Job, logged: Logged, told: tuple[str, str | None]) -> None:
    """Delivered, notice, partial, unverified, suppressed, failed: each by the records of that run."""
    assert outcome(row, job, logged) == told


@pytest.mark.parametrize(
    ("noted_at", "logged", "ended"),
    [
        (BEGAN - 9999, Logged(), BEGAN),
        (BEGAN + 20, Logged(), BEGAN + 20),
        (BEGAN + 20, Logged(delivered=WITHIN), ENDED - 5),
        (ENDED + 9999, Logged(), BEGAN),
        (None, Logged(), BEGAN),
    ],
)
def test_a_run_whose_process_died_ended_when_it_was_last_heard_of(
    noted_at: float | None, logged: Logged, ended: float
) -> None:
    """Killed: when it began, or its report arrived; stopped: when Hermes noted that, not when it was found out."""
    job = replace(JOB, noted=replace(NOTED, last_run_at=noted_at))

    run = of_row(UNKNOWN, None, job, logged, REACH)

    assert run is not None
    assert run.ended == ended


@pytest.mark.parametrize("at", [BEGAN - 60, ENDED + 60])
def test_records_of_another_run_tell_nothing(at: float) -> None:
    """A delivery before it began or after it ended is another run's."""
    assert outcome(logged=Logged(delivered=(at,))) == ("failed", None)


def test_a_log_that_could_have_told_contradicts_the_claim() -> None:
    """Hermes says ok; the log reaches past the run and has no delivery."""
    assert outcome() == ("failed", None)
    assert outcome(job=replace(JOB, deliver=("origin",))) == ("not_configured", None)


@pytest.mark.parametrize("reach", [None, Reach(BEGAN + 1, ENDED + 1), Reach(BEGAN - 999, BEGAN - 2)])
def test_without_a_log_of_that_time_the_claim_counts(reach: Reach | None) -> None:
    """No log, one that began later, one that ended before: Hermes' word is all there is."""
    assert outcome(reach=reach) == ("delivered", "claim")
    assert outcome(reach=reach, job=UNDELIVERED) == ("failed", None)


def test_a_claim_of_another_run_is_none() -> None:
    """What Hermes notes is of the newest run; of an older one nobody can tell."""
    older = replace(JOB, noted=replace(NOTED, last_run_at=ENDED + 86400))

    run = of_row(ROW, None, older, Logged(), None)

    assert run is not None
    assert (run.outcome, run.doubtful) == ("none", True)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("delivered", ("delivered", "ledger")),
        ("failed", ("failed", None)),
        ("suppressed", ("suppressed", None)),
        ("suppressed_acked", ("suppressed", None)),
        ("not_configured", ("not_configured", None)),
        ("queued", ("queued", None)),
    ],
)
def test_a_ledger_is_believed_before_the_log(word: str, told: tuple[str, str | None]) -> None:
    """Where a version notes what became of a report, that decides; a queue that has it knows better still."""
    row = replace(ROW, delivery_outcome=word)

    assert outcome(row, logged=Logged(silent=WITHIN)) == told
    assert outcome(row, queued="delivered") == ("delivered", "ledger")


def test_ledger_words_of_runs_that_failed_or_of_sends_that_nobody_confirmed() -> None:
    """A failed run's delivery is a notice; a send that was not confirmed is no delivery."""
    row = replace(ROW, delivery_outcome="delivered")

    assert outcome(replace(row, status="failed")) == ("notice", "ledger")
    assert outcome(row, replace(JOB, noted=replace(NOTED, unverified=True))) == ("unverified", None)


@pytest.mark.parametrize(
    ("status", "undelivered", "told"),
    [
        ("ok", None, "delivered"),
        ("ok", "failed", "failed"),
        ("error", None, "none"),
        ("delivery_failed", None, "failed"),
    ],
)
def test_without_a_ledger_the_notes_are_the_run(status: str, undelivered: str | None, told: str) -> None:
    """Where no row has the run, Hermes' notes tell when it ended and what it claims."""
    job = replace(JOB, noted=replace(NOTED, last_status=status, undelivered=undelivered))

    run = of_notes(job, Logged(), None)

    assert run is not None
    assert (run.outcome, run.ended) == (told, NOTED.last_run_at)
