"""Jobs that leave jobs.json: those that ended, those that were removed, and those that nobody removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.job_home import DAY, HOUR, LATE, MINUTE, SEVEN, JobHome
from tests.odd_homes import AT, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTLED, MISSING = (1, 0), (1, 1)
ARRIVED = {"slots settled": 1, "runs completed": 1, "deliveries delivered": 1}
ONCE = {"kind": "once", "run_at": stamp(SEVEN)}


@pytest.fixture
def where(tmp_path: Path) -> Iterator[JobHome]:
    """Two daily jobs, looked at before they are due."""
    where = JobHome(tmp_path)
    where.cron.put("j1")
    where.cron.put("j2")
    where.at(AT)
    yield where
    where.close()


def vanished(where: JobHome, moment: float) -> float | None:
    """How many are said to have vanished: whether anything is left of them is looked at one gather later."""
    where.at(moment)
    return where.at(moment + 15).jobs("vanished")


def test_a_job_that_was_removed_takes_its_series_along(where: JobHome) -> None:
    """It owes nothing, nothing of it is shown, and nobody misses it: its output went too."""
    where.watch(LATE + 1)
    assert where.at(LATE + 2).about("j1") != set()

    where.cron.drop("j1")

    assert vanished(where, LATE + 60) == 0
    found = where.at(LATE + 120)
    assert found.about("j1") == set()
    assert (found.condition(), found.verdict("j2")) == (1, MISSING)
    where.cron.drop("j2", output=False)
    where.cron.put("j3", created_at=stamp(LATE + 60))
    assert where.at(LATE + 180).condition() == 0


def test_a_job_that_nobody_removed_has_vanished(where: JobHome) -> None:
    """Its output is left over: it counts for a day, over a restart too, and then no more."""
    where.cron.drop("j1", output=True)

    assert vanished(where, AT + 60) == 1
    where.restart()
    assert vanished(where, AT + HOUR) == 1
    assert where.at(AT + 60 + DAY - 1).jobs("vanished") == 1
    assert where.at(AT + 60 + DAY).jobs("vanished") == 0


def test_all_jobs_gone_at_once_have_vanished(where: JobHome) -> None:
    """Whatever is left of them: nobody removes his jobs like that. So it is with a store that is gone."""
    where.cron.drop("j1", "j2")
    assert where.at(AT + 60).jobs("vanished") == 2

    (where.cron.path / "jobs.json").unlink()
    found = where.at(AT + 120)
    assert (found.jobs("vanished"), found.jobs("overdue"), found.condition()) == (2, None, 0)


def test_a_job_that_was_off_is_not_missed(where: JobHome) -> None:
    """A paused job may go without a word, output or not."""
    where.cron.put("j1", enabled=False, state="paused")
    where.at(AT + 30)
    where.cron.drop("j1", output=True)

    assert vanished(where, AT + 60) == 0


@pytest.mark.parametrize(("completed", "missed"), [(2, 0), (1, 1)])
def test_a_job_whose_runs_are_used_up_is_not_missed(where: JobHome, completed: int, missed: int) -> None:
    """Hermes removes a job after its last run, and leaves its output."""
    where.cron.put("j1", repeat={"times": 3, "completed": completed})
    where.at(AT + 30)
    where.cron.drop("j1", output=True)

    assert vanished(where, AT + 60) == missed


def test_a_job_that_comes_back(where: JobHome) -> None:
    """It has not vanished, keeps what was counted, and owes nothing of the time in between."""
    where.cron.run("j1", SEVEN + 5)
    assert where.at(SEVEN + 60).counted() == ARRIVED
    job = where.cron.jobs["j1"]
    where.cron.drop("j1", output=True)
    assert vanished(where, SEVEN + HOUR) == 1

    where.cron.put("j1", **job)
    found = where.at(SEVEN + DAY + HOUR)
    assert (found.jobs("vanished"), found.verdict(), found.counted()) == (0, SETTLED, ARRIVED)
    assert found.of("next_slot_timestamp_seconds") == SEVEN + 2 * DAY
    assert where.watch(SEVEN + 2 * DAY).counted() == ARRIVED
    assert where.watch(LATE + 2 * DAY).verdict() == MISSING


def test_ids_that_are_no_names_of_files_are_not_looked_for(where: JobHome) -> None:
    """Nothing is looked up under a path that an id could lead astray."""
    (where.cron.path / "output").mkdir()
    for job_id in ("../output", "a/b", "..", "é"):
        where.cron.put(job_id)
    where.at(AT + 30)
    where.cron.drop("../output", "a/b", "..", "é")

    assert vanished(where, AT + 60) == 0


def test_a_one_shot_that_ended_is_shown_for_a_day(where: JobHome) -> None:
    """Hermes forgets it when it ends; what became of it can be seen for a day, over a restart too."""
    where.cron.put("o1", schedule=ONCE)
    where.at(AT + 60)
    where.cron.run("o1", SEVEN + 5)
    where.cron.drop("o1")

    ended = where.at(SEVEN + 60)
    assert (ended.verdict("o1"), ended.counted("o1")) == (SETTLED, ARRIVED)
    assert ended.of("enabled", "o1") == 0
    assert ended.of("last_delivery_outcome", "o1", outcome="delivered") == 1
    where.restart()
    assert where.at(SEVEN + HOUR).counted("o1") == ARRIVED
    assert where.at(SEVEN + 59 + DAY).about("o1") != set()
    assert where.at(SEVEN + 61 + DAY).about("o1") == set()


@pytest.mark.parametrize("outcome", ["failed", None], ids=["it failed", "it never ran"])
def test_a_one_shot_that_reached_nobody_is_overdue_for_a_day(where: JobHome, outcome: str | None) -> None:
    """Hermes removed it together with its error; that its report is missing is told all the same."""
    where.cron.put("o1", schedule=ONCE)
    where.watch(SEVEN)
    if outcome:
        where.cron.run("o1", SEVEN + 5, outcome, "failed")
    where.cron.drop("o1")
    assert where.watch(SEVEN + 60).verdict("o1") == SETTLED

    assert where.watch(LATE).verdict("o1") == MISSING
    assert where.at(SEVEN + 50 + DAY).verdict("o1") == MISSING
    gone = where.at(LATE + DAY + 60)
    assert (gone.about("o1"), gone.verdict("j1")) == (set(), MISSING)


@pytest.mark.parametrize("ago", [30 * MINUTE, 2 * MINUTE])
def test_a_one_shot_that_was_removed_before_its_time_is_forgotten(where: JobHome, ago: float) -> None:
    """Its owner thought better of it: nothing is owed, and nothing is shown."""
    where.cron.put("o1", schedule=ONCE)
    where.at(AT - 1200)
    where.at(SEVEN - ago - 10)
    where.cron.drop("o1")

    found = where.at(SEVEN - ago)

    assert found.about("o1") == set()
    assert where.watch(LATE + 60).about("o1") == set()


def test_a_one_shot_that_was_off_is_not_missed(where: JobHome) -> None:
    """One that was paused at its time and went after it owed nothing."""
    where.cron.put("o1", schedule=ONCE, enabled=False, state="paused")
    where.watch(SEVEN + 60)
    where.cron.drop("o1")

    found = where.watch(LATE + HOUR)

    assert found.verdict("o1") != MISSING
    assert found.counted("o1") == {}
