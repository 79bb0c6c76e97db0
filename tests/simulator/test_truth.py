"""The rules of the truth, on lives made by hand."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from hermes_exporter.simulator.book import Life, Outcome, RunFact, Term, Ticking
from hermes_exporter.simulator.plan import Schedule
from hermes_exporter.simulator.truth import SlotTruth, judge

UTC = ZoneInfo("UTC")
MIDNIGHT = 1795305600.0
HOUR = 3600.0
NINE = MIDNIGHT + 9 * HOUR
DAY = 86400.0
DAILY = Schedule("cron", "0 9 * * *", expr="0 9 * * *")


def life(*runs: RunFact, schedule: Schedule = DAILY) -> Life:
    """A job that was created at midnight."""
    return Life("0a1b2c3d4e5f", [Term(MIDNIGHT, schedule)], anchors=[MIDNIGHT], runs=list(runs))


def run(start: float, seconds: float = 60.0, outcome: Outcome = "delivered") -> RunFact:
    """A run that ended as it should, whatever came of it."""
    return RunFact(start, ended_at=start + seconds, outcome=outcome, arrived_at=start + seconds - 1)


def always() -> Ticking:
    """The store was ticked all the time."""
    return Ticking([(MIDNIGHT - DAY, None)])


def verdicts(job: Life, now: float, ticking: Ticking | None = None, zone: ZoneInfo = UTC) -> list[SlotTruth]:
    """What became of the job's slots up to a moment."""
    return judge(job, ticking or always(), zone, now)


@pytest.mark.parametrize("outcome", ["delivered", "suppressed", "local", "notice", "unverified", "partial"])
def test_evidence_of_a_run_settles(outcome: Outcome) -> None:
    """A report, its deliberate silence, and word of its failure leave nothing owed."""
    (slot,) = verdicts(life(run(NINE + 30, outcome=outcome)), NINE + HOUR)
    assert (slot.at, slot.fate, slot.outcome, slot.arrived_at) == (NINE, "settled", outcome, NINE + 89)


@pytest.mark.parametrize("outcome", ["failed", "not_configured", "none"])
def test_a_run_that_nobody_hears_of_does_not_settle(outcome: Outcome) -> None:
    """It is open past its deadline, and missed when the next one comes; the last run says how."""
    job = life(run(NINE + 30, outcome=outcome))

    (before,) = verdicts(job, NINE + DAY - 1)
    first, second = verdicts(job, NINE + DAY)

    assert (before.fate, before.deadline) == (None, NINE + 900)
    assert (first.fate, first.fixed_at, first.outcome) == ("missed", NINE + DAY, outcome)
    assert second.fate is None


def test_a_run_for_the_slot_before_says_nothing_of_this_one() -> None:
    """Though it ended just before it came."""
    fives = Schedule("cron", "", expr="*/5 * * * *")
    job = life(run(MIDNIGHT + 310, seconds=280), schedule=fives)

    first, second = verdicts(job, MIDNIGHT + DAY)[:2]

    assert (first.fate, first.outcome) == ("settled", "delivered")
    assert (second.fate, second.outcome) == ("missed", "none")


def test_evidence_after_the_deadline_is_late() -> None:
    """As long as the next slot has not come."""
    (slot,) = verdicts(life(run(NINE + 3 * HOUR)), NINE + 4 * HOUR)
    assert (slot.fate, slot.fixed_at) == ("late", NINE + 3 * HOUR + 59)


def test_one_run_settles_what_had_piled_up_within_their_deadlines() -> None:
    """A job every five minutes, and a run after twenty: three slots are in time, the first was missed by then."""
    fives = Schedule("cron", "", expr="*/5 * * * *")
    job = life(run(MIDNIGHT + 1200 + 5, seconds=20), schedule=fives)

    found = verdicts(job, MIDNIGHT + 1260)

    assert [(slot.at - MIDNIGHT, slot.fate) for slot in found] == [
        (300, "missed"),
        (600, "settled"),
        (900, "settled"),
        (1200, "settled"),
    ]
    assert found[0].fixed_at == found[0].deadline == MIDNIGHT + 1200


def test_slots_that_come_while_it_runs_are_merged_into_the_run() -> None:
    """A run settles every slot up to its end, and up to a minute after its start."""
    quarters = Schedule("cron", "", expr="*/15 * * * *")
    job = life(run(MIDNIGHT + 900 - 30, seconds=2 * HOUR), schedule=quarters)

    found = verdicts(job, MIDNIGHT + 3 * HOUR)

    assert [slot.fate for slot in found[:8]] == ["settled"] * 8
    assert {slot.fate for slot in found[8:]} <= {"missed", None}


def test_grace_grows_with_the_usual_run_time() -> None:
    """Three times the median of the last ten run times, at most two hours."""
    earlier = [run(MIDNIGHT + 60 * index, seconds=600) for index in range(20)]
    (slot,) = verdicts(life(*earlier), NINE + 60)
    assert slot.deadline == NINE + 1800
    long = [run(MIDNIGHT + 60 * index, seconds=3 * HOUR) for index in range(20)]
    (slot,) = verdicts(life(*long), NINE + 60)
    assert slot.deadline == NINE + 7200


def test_a_run_in_flight_puts_the_deadline_off() -> None:
    """Up to two hours, as long as its process lives."""
    long = life(run(NINE + 20, seconds=1.5 * HOUR))
    endless = life(RunFact(NINE + 20))
    broken = life(RunFact(NINE + 20, broken_at=NINE + HOUR))

    assert verdicts(long, NINE + 2 * HOUR)[0].fate == "settled"
    assert verdicts(endless, NINE + DAY - 1)[0].deadline == NINE + 900 + 7200
    assert verdicts(broken, NINE + DAY - 1)[0].deadline == NINE + HOUR


def test_where_nothing_ticked_the_deadline_counts_from_when_it_ticks_again() -> None:
    """A quarter of an hour and the usual run time after that; and only once it does."""
    down = Ticking([(MIDNIGHT, NINE - HOUR), (NINE + 3 * HOUR, None)])
    job = life(run(MIDNIGHT + 60, seconds=100), run(NINE + 3 * HOUR + 5, seconds=100))

    before = verdicts(job, NINE + 2 * HOUR, down)[-1]
    after = verdicts(job, NINE + 4 * HOUR, down)[-1]

    assert (before.fate, before.deadline) == (None, NINE + 900)
    assert (after.fate, after.deadline) == ("settled", NINE + 3 * HOUR + 900 + 100)


def test_what_comes_too_late_does_not_revise_a_sealed_fate() -> None:
    """Two days without a tick: the first slot is missed, whatever the third day brings."""
    down = Ticking([(MIDNIGHT, NINE - HOUR), (NINE + DAY + HOUR, None)])
    job = life(run(NINE + DAY + HOUR + 5))

    first, second = verdicts(job, NINE + DAY + 2 * HOUR, down)

    assert (first.fate, first.fixed_at) == ("missed", NINE + DAY)
    assert second.fate == "settled"


def test_a_slot_is_owed_only_by_a_job_that_was_there_and_on() -> None:
    """Not before it was created, not while it was held, not after it was gone."""
    job = life()
    job.hold(NINE + HOUR)
    job.release(NINE + DAY + HOUR)
    job.leave(NINE + 3 * DAY - 1, "finished")

    assert [slot.at for slot in verdicts(job, NINE + 5 * DAY)] == [NINE, NINE + 2 * DAY]


def test_what_was_open_when_the_job_was_taken_out_is_not_owed() -> None:
    """What was sealed before stays."""
    job = life()
    job.leave(NINE + DAY + 60, "removed")

    (slot,) = verdicts(job, NINE + 5 * DAY)

    assert (slot.at, slot.fate) == (NINE, "missed")


def test_a_new_schedule_owes_from_when_it_was_set() -> None:
    """What the old one wanted before stays owed, what it wanted later does not."""
    job = life()
    job.terms.append(Term(NINE + HOUR, Schedule("cron", "", expr="0 9,11 * * *")))

    assert [slot.at for slot in verdicts(job, NINE + DAY)] == [NINE, NINE + 2 * HOUR, NINE + DAY]


def test_an_interval_owes_one_slot_at_a_time() -> None:
    """Counted from the end of the last run, else from its creation or resumption."""
    hourly = Schedule("interval", "", minutes=60)
    job = life(run(MIDNIGHT + HOUR + 10, seconds=50), schedule=hourly)
    job.anchors.append(MIDNIGHT + HOUR + 60)

    assert [slot.at for slot in verdicts(job, NINE)] == [MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR + 60]
    job.hold(MIDNIGHT + 1.5 * HOUR)
    job.release(MIDNIGHT + 3 * HOUR)
    assert [slot.at for slot in verdicts(job, NINE)] == [MIDNIGHT + HOUR, MIDNIGHT + 4 * HOUR]


def test_a_one_shot_is_missed_a_day_after_its_deadline() -> None:
    """No other slot follows it that could end its time."""
    once = Schedule("once", "", run_at=NINE)

    assert verdicts(life(schedule=once), NINE + DAY)[0].fate is None
    assert verdicts(life(schedule=once), NINE + DAY + 900)[0].fate == "missed"
    assert verdicts(life(run(NINE + 5 * HOUR), schedule=once), NINE + DAY)[0].fate == "late"


def test_the_first_slot_after_a_clock_change_has_an_hour_more() -> None:
    """Before it and after it: Hermes may be off by as much."""
    berlin = ZoneInfo("Europe/Berlin")
    nine = 1774767600.0
    """29 March 2026, 09:00 in summer time."""
    early = Life("0a1b2c3d4e5f", [Term(nine - DAY, DAILY)], runs=[run(nine - HOUR + 10)])
    late = Life("0a1b2c3d4e5f", [Term(nine - DAY, DAILY)], runs=[run(nine + HOUR + 10)])

    for job in (early, late):
        slot = verdicts(job, nine + 2 * HOUR, zone=berlin)[-1]
        assert (slot.at, slot.fate, slot.deadline) == (nine, "settled", nine + 900 + HOUR)


def test_a_run_before_its_slot_settles_only_if_it_began_within_a_minute_of_it() -> None:
    """An earlier one served the slot before."""
    assert verdicts(life(run(NINE - 50, seconds=5)), NINE + 60)[0].fate == "settled"
    assert verdicts(life(run(NINE - 70, seconds=5)), NINE + 60)[0].fate is None
