"""The reports of jobs, from what Hermes writes to what is exposed, as time goes on and exporters come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.judge.deadline import Terms
from hermes_exporter.judge.job_rules import JobRule
from tests.job_home import DAY, HOUR, LATE, MINUTE, SEVEN, JobHome
from tests.odd_homes import AT, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTLED, MISSING, NOBODY_KNOWS = (1, 0), (1, 1), (0, None)
ARRIVED = {"slots settled": 1, "runs completed": 1, "deliveries delivered": 1}


@pytest.fixture
def where(tmp_path: Path) -> Iterator[JobHome]:
    """One job that is due at seven, looked at before."""
    where = JobHome(tmp_path)
    where.cron.put("j1")
    where.at(AT)
    yield where
    where.close()


def test_a_day_of_a_report(where: JobHome) -> None:
    """Owed from its slot on, overdue past its deadline, late when it arrives then, and the next day's in time."""
    before = where.at(AT + 60)
    assert (before.of("next_slot_timestamp_seconds"), before.of("last_slot_timestamp_seconds")) == (SEVEN, None)
    assert before.of("owed_slot_timestamp_seconds") is None

    owed = where.at(SEVEN + 60)
    assert (owed.of("last_slot_timestamp_seconds"), owed.of("owed_slot_timestamp_seconds")) == (SEVEN, SEVEN)
    assert owed.of("report_deadline_timestamp_seconds") == LATE
    assert (owed.verdict(), owed.condition()) == (SETTLED, 0)

    overdue = where.at(LATE)
    assert (overdue.verdict(), overdue.condition(), overdue.counted()) == (MISSING, 1, {})
    assert where.at(SEVEN + HOUR).verdict() == MISSING

    where.cron.run("j1", SEVEN + HOUR)
    late = where.at(SEVEN + HOUR + 60)
    assert (late.verdict(), late.condition()) == (SETTLED, 0)
    assert late.counted() == {"slots late": 1, "runs completed": 1, "deliveries delivered": 1}
    assert late.of("start_delay_seconds") == HOUR
    assert late.of("last_delivery_timestamp_seconds") == SEVEN + HOUR + 30

    where.cron.run("j1", SEVEN + DAY + 2)
    found = where.at(SEVEN + DAY + 60)
    assert found.counted() == {"slots late": 1, "slots settled": 1, "runs completed": 2, "deliveries delivered": 2}


def test_a_run_counts_when_it_ends(where: JobHome) -> None:
    """While it is under way it is waited for, and when its report has arrived it is taken up once."""
    run = where.cron.run("j1", SEVEN + 5, None, "running")
    flying = where.at(SEVEN + 60)
    assert (flying.counted(), flying.of("report_deadline_timestamp_seconds")) == ({}, LATE + 2 * HOUR)
    assert where.at(LATE + HOUR).verdict() == SETTLED

    where.cron.end(run, LATE + HOUR, "delivered")
    ended = where.at(LATE + HOUR + 60)
    assert ended.counted() == ARRIVED
    assert where.at(LATE + 2 * HOUR).counted() == ARRIVED


def test_a_second_run_for_a_slot_is_a_duplicate(where: JobHome) -> None:
    """Unless its owner asked for it."""
    where.cron.run("j1", SEVEN + 5)
    where.at(SEVEN + 60)
    where.cron.run("j1", SEVEN + 20 * MINUTE, source="direct")
    assert "duplicate_runs" not in where.at(SEVEN + HOUR).counted()

    where.cron.run("j1", SEVEN + 2 * HOUR)
    assert where.at(SEVEN + 3 * HOUR).counted()["duplicate_runs"] == 1


def test_counters_go_on_after_a_restart(where: JobHome) -> None:
    """What was counted stays, and no run, slot or report of before is counted again."""
    where.cron.run("j1", SEVEN + 5)
    before = where.at(SEVEN + 60)
    assert before.counted() == ARRIVED

    for number in range(3):
        where.restart()
        after = where.at(SEVEN + 120 + number)
        assert after.counted() == ARRIVED
        assert after.verdict() == SETTLED
        for fact in ("last_delivery_timestamp_seconds", "start_delay_seconds", "next_slot_timestamp_seconds"):
            assert after.of(fact) == before.of(fact)


def test_an_overdue_report_stays_so_over_a_restart(where: JobHome) -> None:
    """It was seen to be missing, and nothing has changed."""
    assert where.at(LATE + 1).verdict() == MISSING

    where.restart()

    assert where.at(LATE + 60).verdict() == MISSING
    where.cron.run("j1", LATE + HOUR)
    assert where.at(LATE + 2 * HOUR).counted() == {"slots late": 1, "runs completed": 1, "deliveries delivered": 1}


def test_a_run_that_was_under_way_at_the_restart(where: JobHome) -> None:
    """It is taken up when it has ended, and once."""
    run = where.cron.run("j1", SEVEN + 5, None, "running")
    where.at(SEVEN + 60)
    where.restart()
    where.cron.end(run, SEVEN + 90, "delivered")

    assert where.at(SEVEN + 120).counted() == ARRIVED
    where.restart()
    assert where.at(SEVEN + 180).counted() == ARRIVED


@pytest.mark.parametrize(("outcome", "fate"), [("delivered", "settled"), ("failed", "missed"), (None, "missed")])
def test_slots_that_came_while_nobody_looked(where: JobHome, outcome: str | None, fate: str) -> None:
    """Two days without an exporter: the ledger tells what ran and what did not, and each slot counts once."""
    for day in (0, 1) if outcome else ():
        where.cron.run("j1", SEVEN + day * DAY + 5, outcome)
    where.restart()

    found = where.at(SEVEN + DAY + 12 * HOUR)

    slots = {name: count for name, count in found.counted().items() if name.startswith("slots")}
    last = {} if fate == "settled" else {"slots missed": 1}
    assert slots == ({"slots settled": 2} if fate == "settled" else last)
    assert found.verdict() == (SETTLED if fate == "settled" else MISSING)


def test_a_job_that_came_while_nobody_looked_is_history(where: JobHome) -> None:
    """What it did before it was first seen is not counted, but what came of its last report is known."""
    where.at(SEVEN)
    where.cron.put("j2", created_at=stamp(SEVEN + HOUR), schedule={"kind": "cron", "expr": "0 9 * * *"})
    where.cron.run("j2", SEVEN + 2 * HOUR + 1)
    where.restart()

    found = where.at(SEVEN + 3 * HOUR)

    assert (found.verdict("j2"), found.counted("j2")) == (SETTLED, {})
    assert found.of("last_delivery_timestamp_seconds", "j2") == SEVEN + 2 * HOUR + 31


def test_profiles_with_one_job_id_are_told_apart(tmp_path: Path) -> None:
    """A cloned profile has the same ids: the reports of one say nothing of the other's."""
    where = JobHome(tmp_path, "default", "coder")
    for cron in where.crons.values():
        cron.put("j1")
    where.at(AT)
    where.crons["coder"].run("j1", SEVEN + 5)

    for _ in range(2):
        found = where.at(LATE + 1)
        assert (found.verdict(), found.counted(), found.condition()) == (MISSING, {}, 1)
        assert found.verdict(profile="coder") == SETTLED
        assert (found.counted(profile="coder"), found.condition("coder")) == (ARRIVED, 0)
        where.restart()
    where.close()


def test_a_renamed_job_keeps_what_was_counted(where: JobHome) -> None:
    """Its series go on under the new name, and there is nothing left of the old one."""
    where.cron.run("j1", SEVEN + 5)
    where.at(SEVEN + 60)

    where.cron.put("j1", name="Morning")

    found = where.at(SEVEN + 120)
    assert found.counted() == ARRIVED
    assert found.of("judged", job_name="Morning") == 1
    assert all('job_name="Morning"' in name for name in found.about("j1"))


def test_another_schedule_owes_other_slots(where: JobHome) -> None:
    """What was missed by the old one is overdue no more; it counts when the next slot comes."""
    assert where.watch(LATE + 1).verdict() == MISSING

    where.cron.put("j1", schedule={"kind": "cron", "expr": "0 9 * * *"})

    found = where.at(LATE + 60)
    assert (found.verdict(), found.counted()) == (SETTLED, {})
    assert where.at(SEVEN + 2 * HOUR + 1).counted() == {"slots missed": 1}
    assert found.of("next_slot_timestamp_seconds") == SEVEN + 2 * HOUR


@pytest.mark.parametrize(
    "off",
    [
        {"enabled": False},
        {"enabled": False, "state": "paused"},
        {"quota_hold_until": SEVEN + 10 * DAY},
    ],
    ids=["disabled", "paused", "held"],
)
def test_a_job_that_is_off_owes_nothing(where: JobHome, off: dict[str, object]) -> None:
    """Nor does it owe later what came meanwhile."""
    where.cron.put("j1", **off)
    where.at(AT + 60)
    found = where.at(LATE + HOUR)
    assert (found.verdict(), found.counted()) == (SETTLED, {})
    assert found.of("next_slot_timestamp_seconds") is None

    where.cron.put("j1", enabled=True, state="scheduled", quota_hold_until=None)
    again = where.at(LATE + 2 * HOUR)
    assert (again.verdict(), again.counted()) == (SETTLED, {})
    assert where.at(LATE + DAY).verdict() == MISSING


def test_a_job_whose_reports_nobody_wants_owes_none(tmp_path: Path) -> None:
    """Its runs are told of as ever, its slots are not; the other jobs are judged."""
    rules = (JobRule("j1-*", terms=Terms(ignored=True)),)
    where = JobHome(tmp_path, job_rules=rules)
    where.cron.put("j1")
    where.cron.put("j2")
    where.at(AT)

    found = where.at(LATE + 1)
    assert (found.verdict("j1"), found.counted("j1")) == (SETTLED, {})
    assert found.of("owed_slot_timestamp_seconds", "j1") is None
    assert found.verdict("j2") == MISSING

    where.cron.run("j1", LATE + 60, "failed", "failed")
    assert where.at(LATE + HOUR).counted("j1") == {"runs failed": 1, "deliveries failed": 1}
    where.close()


def test_the_owners_terms_count(tmp_path: Path) -> None:
    """A grace of one's own is the deadline of the jobs that it is for."""
    where = JobHome(tmp_path, job_rules=(JobRule("j1", terms=Terms(grace_seconds=HOUR)),))
    where.cron.put("j1")
    where.cron.put("j2")
    where.at(AT)

    found = where.at(LATE + 1)
    where.close()

    assert found.of("report_deadline_timestamp_seconds", "j1") == SEVEN + HOUR
    assert (found.verdict("j1"), found.verdict("j2")) == (SETTLED, MISSING)


def test_a_ledger_that_was_replaced(where: JobHome) -> None:
    """Runs of the old one are not counted again, and those of the new one are, whatever numbers they have."""
    where.cron.put("j2", schedule={"kind": "cron", "expr": "0 9 * * *"})
    where.at(AT + 60)
    for number in range(5):
        where.cron.run("j2", AT + 100 + number, "failed", "failed", seconds=1, source="direct")
    old = where.cron.run("j1", SEVEN + 5)
    before = where.at(SEVEN + 60)
    assert before.counted() == ARRIVED

    where.cron.new_ledger()
    assert where.at(SEVEN + 90).counted() == ARRIVED
    where.cron.run("j1", SEVEN + 5)
    assert where.at(SEVEN + 120).counted() == ARRIVED, f"{old} was carried over"
    where.cron.run("j2", SEVEN + 2 * HOUR + 1)
    found = where.at(SEVEN + 2 * HOUR + 60)
    assert found.counted("j2") == {"runs failed": 5, "deliveries failed": 5, **ARRIVED}
    assert found.verdict("j2") == SETTLED


@pytest.mark.parametrize("flying", [True, False])
def test_a_ledger_that_is_away_for_a_while(where: JobHome, tmp_path: Path, flying: bool) -> None:
    """Without it nothing is known to have run; back again, nothing counts twice and nothing is overlooked."""
    where.cron.run("j1", SEVEN + 5)
    run = where.cron.run("j1", SEVEN + HOUR, None, "running", source="direct") if flying else None
    before = where.at(SEVEN + HOUR + 60)
    (where.cron.path / "executions.db").rename(tmp_path / "away")

    assert where.at(SEVEN + HOUR + 90).counted() == before.counted()
    (tmp_path / "away").rename(where.cron.path / "executions.db")

    assert where.at(SEVEN + HOUR + 120).counted() == before.counted() == ARRIVED
    if run is not None:
        where.cron.end(run, SEVEN + 2 * HOUR, "failed", "failed")
        expected = {**ARRIVED, "runs failed": 1, "deliveries failed": 1}
        assert where.at(SEVEN + 3 * HOUR).counted() == expected


def test_a_report_in_the_queue_is_waited_for(where: JobHome) -> None:
    """A run that ended while its report is queued is taken up when that has arrived, and once."""
    run = where.cron.run("j1", SEVEN + 5, "queued")
    where.cron.queue(**{run: "pending"})
    waiting = where.at(SEVEN + 60)
    assert (waiting.counted(), waiting.of("owed_slot_timestamp_seconds")) == ({}, SEVEN)
    assert where.at(LATE + 1).verdict() == MISSING
    where.restart()

    where.cron.queue(**{run: "delivered"})
    found = where.at(LATE + 60)
    assert (found.verdict(), found.counted()) == (SETTLED, ARRIVED)
    assert where.at(LATE + 120).counted() == ARRIVED
    assert found.of("last_delivery_evidence", evidence="ledger") == 1


def test_a_report_that_stays_in_the_queue_is_given_up(where: JobHome) -> None:
    """A day after its run a queued report, overdue long since, is one that did not arrive."""
    run = where.cron.run("j1", SEVEN + 5, "queued")
    where.cron.queue(**{run: "delivering"})
    where.at(SEVEN + 60)

    queued = where.at(SEVEN + 3 * HOUR)
    assert (queued.verdict(), queued.counted()) == (MISSING, {})
    given_up = where.at(SEVEN + DAY + MINUTE)
    counted = {"slots missed": 1, "runs completed": 1, "deliveries queued": 1}
    assert (given_up.verdict(), given_up.counted()) == (MISSING, counted)


@pytest.mark.parametrize("ran", [SEVEN + 5, LATE + HOUR], ids=["in time", "late"])
def test_a_run_that_no_row_tells_of(where: JobHome, ran: float) -> None:
    """Two minutes after Hermes noted a run its row is not waited for any more, though nothing else happens."""
    where.cron.run("j1", AT - 600, seconds=5, source="direct")
    where.cron.put("j1", last_run_at=stamp(ran - DAY), last_status="ok")
    where.watch(ran)
    where.cron.put("j1", last_run_at=stamp(ran + 60), last_status="ok")
    assert "slots" not in " ".join(where.watch(ran + 120).counted())

    found = where.watch(ran + 180)

    assert found.verdict() == SETTLED
    fate = "slots settled" if ran < LATE else "slots late"
    assert found.counted() == {fate: 1, "runs completed": 2, "deliveries delivered": 2}
    assert where.watch(ran + 600).counted() == found.counted()


def test_runs_that_lie_ahead_are_no_evidence(where: JobHome) -> None:
    """A run that is said to have ended tomorrow settles nothing today."""
    where.cron.run("j1", SEVEN + DAY)
    where.cron.put("j1", last_run_at=stamp(SEVEN + DAY), last_status="ok")

    found = where.at(LATE + 1)

    assert (found.verdict(), found.counted()) == (MISSING, {})
    assert found.series['hermes_exporter_future_timestamps_total{collector="cron",profile="default"}'] == 1
