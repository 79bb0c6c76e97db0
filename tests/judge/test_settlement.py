"""What becomes of a slot: each rule with the neighbour that it must not touch."""

from __future__ import annotations

from datetime import time

import pytest

from hermes_exporter.judge.deadline import Terms
from hermes_exporter.judge.settlement import MOST_AT_ONCE
from hermes_exporter.judge.ticking import Ticking
from hermes_exporter.values import replace
from tests.judge.job_story import DAILY, DAY, EIGHT, HOUR, MINUTE, MONDAY, NOTED, Story, run, watched

SLOT = MONDAY + EIGHT


def test_a_report_in_time_settles_its_slot() -> None:
    """Delivered before the deadline: settled, nothing owed, never overdue."""
    story = watched()

    waiting = story.look(SLOT + 30)
    done = story.look(SLOT + 90, run(SLOT + 5))

    assert (waiting.owed_slot, waiting.deadline, waiting.overdue) == (SLOT, SLOT + 15 * MINUTE, False)
    assert (done.owed_slot, done.overdue, done.slots) == (None, False, {"settled": 1})
    assert (done.last_slot, done.next_slot) == (SLOT, SLOT + DAY)
    assert done.start_delay_seconds == 5


def test_a_report_that_does_not_come_is_overdue_and_then_missed() -> None:
    """Past the deadline it is overdue; once the next slot comes it is missed, and stays overdue until evidence."""
    story = watched()

    before = story.look(SLOT + 15 * MINUTE - 1)
    after = story.look(SLOT + 15 * MINUTE)
    next_day = story.look(SLOT + DAY + 1)
    back = story.look(SLOT + DAY + 90, run(SLOT + DAY + 20))

    assert (before.overdue, after.overdue, after.slots) == (False, True, {})
    assert (next_day.overdue, next_day.owed_slot, next_day.slots) == (True, SLOT, {"missed": 1})
    assert (back.overdue, back.slots) == (False, {"missed": 1, "settled": 1})


def test_a_report_after_its_deadline_is_late() -> None:
    """Evidence after the deadline and before the next slot: late, and no longer overdue."""
    story = watched()
    assert story.look(SLOT + HOUR).overdue is True

    report = story.look(SLOT + 3 * HOUR + 90, run(SLOT + 3 * HOUR))

    assert (report.overdue, report.slots) == (False, {"late": 1})


@pytest.mark.parametrize("outcome", ["failed", "not_configured", "none", "queued"])
def test_a_run_whose_report_did_not_arrive_settles_nothing(outcome: str) -> None:
    """A run is no report."""
    story = watched()
    story.look(SLOT + 90, run(SLOT + 5, outcome, status="failed"))  # type: ignore[arg-type]

    report = story.look(SLOT + 16 * MINUTE)

    assert (report.overdue, report.owed_slot, report.last_outcome) == (True, SLOT, outcome)
    assert report.last_delivery_at == MONDAY - DAY + EIGHT + 60


@pytest.mark.parametrize("outcome", ["suppressed", "local", "notice", "unverified", "partial"])
def test_a_report_that_is_not_owed_or_came_otherwise_settles(outcome: str) -> None:
    """Silence, a local run, word of a failure, an unconfirmed send, one target of two: nothing is owed."""
    story = watched()

    report = story.look(SLOT + 90, run(SLOT + 5, outcome))  # type: ignore[arg-type]

    assert (report.overdue, report.owed_slot, report.slots) == (False, None, {"settled": 1})
    assert (report.last_delivery_at == SLOT + 65) == (outcome == "partial")


def test_who_wants_verified_reports_is_owed_them() -> None:
    """With ``evidence: verified`` an unverified send settles nothing."""
    story = watched(terms=Terms(verified=True))
    story.look(SLOT + 90, run(SLOT + 5, "unverified"))

    assert story.look(SLOT + 16 * MINUTE).overdue is True


def test_a_backlog_is_settled_by_one_run() -> None:
    """Hermes makes one run of all that it missed: it settles every slot that came until then."""
    story = watched(job=replace(DAILY, schedule="*/30 * * * *"), ticking=Ticking(None))
    story.look(MONDAY + 1, run(MONDAY + 2))
    story.look(MONDAY + 95 * MINUTE)
    story.ticking = Ticking(MONDAY + 96 * MINUTE, (MONDAY + 96 * MINUTE,))
    report = story.look(MONDAY + 98 * MINUTE, run(MONDAY + 97 * MINUTE))

    assert report.overdue is False
    assert sum(report.slots.values()) == 3
    assert "unknown" not in report.slots


def test_slots_during_a_run_are_merged_into_it() -> None:
    """What comes while a run is under way is settled by its report, and waited for two hours longer."""
    story = watched(job=replace(DAILY, schedule="*/10 * * * *"))
    flying = story.look(MONDAY + 35 * MINUTE, flying_since=MONDAY + 11)
    report = story.look(MONDAY + 41 * MINUTE, run(MONDAY + 11, seconds=40 * MINUTE))

    assert flying.overdue is False
    assert (report.overdue, report.slots) == (False, {"settled": 4})


def test_a_run_in_flight_is_waited_for_two_hours_and_no_more() -> None:
    """A run that hangs for ever does not excuse the report for ever."""
    story = watched()
    limit = SLOT + 15 * MINUTE + 2 * HOUR

    assert story.look(limit - 1, flying_since=SLOT + 5).overdue is False
    assert story.look(limit, flying_since=SLOT + 5).overdue is True


def test_a_run_in_flight_is_no_report() -> None:
    """What was overdue when it began stays so until its report arrives: that of every hour, refused, for hours."""
    story = watched(job=replace(DAILY, schedule="0 * * * *"))
    story.look(SLOT + 90, run(SLOT + 5, "failed"))
    assert story.look(SLOT + 20 * MINUTE).overdue is True

    flying = story.look(SLOT + HOUR + 30, flying_since=SLOT + HOUR + 5)
    failed = story.look(SLOT + HOUR + 90, run(SLOT + HOUR + 5, "failed"))
    arrived = story.look(SLOT + 2 * HOUR + 90, run(SLOT + 2 * HOUR + 5))

    assert [each.overdue for each in (flying, failed, arrived)] == [True, True, False]


def test_a_run_is_under_way_since_hermes_took_it_up() -> None:
    """One that waited for its turn until the deadline was over is as good as one that ran so long."""
    story = watched()
    story.look(SLOT + 20 * MINUTE, flying_since=SLOT + 1)
    queued = replace(run(SLOT + 16 * MINUTE), claimed_at=SLOT + 1)

    report = story.look(SLOT + 20 * MINUTE, queued)

    assert (report.overdue, report.slots, report.start_delay_seconds) == (False, {"settled": 1}, 16 * MINUTE)


def test_the_last_run_of_a_job_may_be_late() -> None:
    """Hermes removes the job when its last run ends, which is known a moment later: late, not missed."""
    job = replace(DAILY, kind="once", schedule="", once_at=SLOT)
    story = Story(job=job)
    story.look(MONDAY)
    assert story.look(SLOT + HOUR - 1).overdue is True

    story.gone_at = SLOT + HOUR
    story.look(SLOT + HOUR, flying_since=SLOT + HOUR - 60)
    report = story.look(SLOT + HOUR + 1, run(SLOT + HOUR - 60, seconds=60.5))

    assert (report.overdue, report.slots) == (False, {"late": 1})


def test_a_run_just_before_its_slot_serves_it() -> None:
    """Clocks differ: up to 60 seconds early is not another run."""
    story = watched()

    early = story.look(SLOT + 1, run(SLOT - 59, seconds=10))
    assert (early.owed_slot, early.slots) == (None, {"settled": 1})

    other = watched()
    assert other.look(SLOT + 1, run(SLOT - 61, seconds=10)).owed_slot == SLOT


def test_grace_follows_how_long_runs_take() -> None:
    """Three times the median of the last ten runs, at least 15 minutes, at most two hours."""
    story = Story(watched_since=MONDAY)
    story.look(MONDAY, *(run(MONDAY - days * DAY, seconds=10 * MINUTE) for days in range(9, 0, -1)))
    assert story.look(SLOT + 1).deadline == SLOT + 30 * MINUTE

    slow = Story(watched_since=MONDAY)
    slow.look(MONDAY, *(run(MONDAY - days * DAY, seconds=3 * HOUR) for days in range(9, 0, -1)))
    assert slow.look(SLOT + 1).deadline == SLOT + 2 * HOUR


def test_the_owner_may_say_how_long_to_wait() -> None:
    """``grace`` counts from the slot, ``by`` is a time on the wall of the job's zone."""
    assert watched(terms=Terms(grace_seconds=90)).look(SLOT + 1).deadline == SLOT + 90

    by = watched(terms=Terms(by=time(9, 30)), zone="Europe/Berlin")
    assert by.look(MONDAY + 7 * HOUR + 1).deadline == MONDAY + 8.5 * HOUR


def test_a_store_that_nobody_ticked_is_given_time_to_catch_up() -> None:
    """Down at the slot: 15 minutes and a usual run from the moment that something ticks again, the first one."""
    story = watched(ticking=Ticking(None))
    down = story.look(SLOT + HOUR)
    again = SLOT + 2 * HOUR
    story.ticking = Ticking(again, (again,))
    back = story.look(again + 60)
    story.ticking = Ticking(again + HOUR, (again, again + HOUR))
    restarted = story.look(again + HOUR + 60)

    assert down.overdue is True
    assert (back.overdue, back.deadline) == (False, again + 16 * MINUTE)
    assert (restarted.overdue, restarted.deadline) == (True, again + 16 * MINUTE)


def test_a_run_for_the_slot_shows_that_something_ticked() -> None:
    """At first sight only the newest start is known: a run that failed before it was not caught up by it."""
    story = Story(watched_since=SLOT + HOUR, ticking=Ticking(SLOT + HOUR, (SLOT + HOUR,)))

    assert story.look(SLOT + HOUR, run(SLOT + 5, "failed")).overdue is True


def test_a_restart_after_the_slot_excuses_nothing() -> None:
    """Who ticked when the slot came and did not run it is not given more time by restarting."""
    story = watched(ticking=Ticking(MONDAY, (MONDAY,)))
    story.look(SLOT + 30)
    story.ticking = Ticking(SLOT + 10 * MINUTE, (MONDAY, SLOT + 10 * MINUTE))

    assert story.look(SLOT + 15 * MINUTE).overdue is True


def test_what_is_switched_off_owes_nothing() -> None:
    """Paused before its slot: never owed. Resumed: it owes what comes after."""
    story = watched()
    story.look(SLOT - HOUR, owing=False)
    paused = story.look(SLOT + HOUR, owing=False)
    resumed = story.look(SLOT + 2 * HOUR)

    assert (paused.owed_slot, paused.overdue, paused.slots) == (None, False, {})
    assert (resumed.owed_slot, resumed.overdue, resumed.slots) == (None, False, {})
    assert story.look(SLOT + DAY + HOUR).overdue is True


def test_what_is_switched_off_is_overdue_no_more() -> None:
    """Whoever pauses a job waits for nothing; resumed, it is not overdue for what came before. It still counts."""
    story = watched()
    assert story.look(SLOT + HOUR).overdue is True

    paused = story.look(SLOT + 2 * HOUR, owing=False)
    resumed = story.look(SLOT + 3 * HOUR)

    assert (paused.overdue, paused.owed_slot, paused.next_slot) == (False, None, None)
    assert (resumed.overdue, resumed.owed_slot) == (False, None)
    assert story.look(SLOT + DAY + 1).slots == {"missed": 1}


def test_another_schedule_owes_other_slots() -> None:
    """A job moved from 8:00 to 7:00 at half past seven did not miss 7:00."""
    story = watched()
    story.look(MONDAY + 7 * HOUR + 1)
    story.with_job(schedule="0 7 * * *")

    moved = story.look(MONDAY + 7.5 * HOUR)
    later = story.look(SLOT + HOUR)

    assert (moved.owed_slot, later.owed_slot, later.overdue) == (None, None, False)
    assert later.next_slot == MONDAY + DAY + 7 * HOUR


def test_a_new_job_owes_from_its_creation() -> None:
    """The slots before a job existed are nobody's; the first one after it is owed."""
    story = Story(watched_since=MONDAY, looked_at=SLOT - HOUR, job=replace(DAILY, created_at=SLOT - 10 * MINUTE))

    assert story.look(SLOT - 9 * MINUTE).owed_slot is None
    assert story.look(SLOT + 20 * MINUTE).overdue is True


@pytest.mark.parametrize(
    ("recorded_since", "fate"), [(MONDAY, "missed"), (SLOT + 1, "unknown"), (None, "unknown")]
)
def test_what_nobody_watched_is_missed_only_where_that_is_proved(recorded_since: float | None, fate: str) -> None:
    """The exporter was down over the slot: a ledger of that time without the run proves it, else nobody knows."""
    story = watched(recorded_since=recorded_since)
    story.watched_since = SLOT + HOUR
    story.look(SLOT + HOUR)

    report = story.look(SLOT + DAY + 1, run(SLOT + DAY - 30))

    assert report.slots == {fate: 1, "settled": 1}


def test_a_slot_of_the_dark_that_ran_is_settled() -> None:
    """The exporter was down and the report came in time."""
    story = watched()
    story.watched_since = SLOT + 5 * HOUR

    assert story.look(SLOT + 5 * HOUR, run(SLOT + 5)).slots == {"settled": 1}


def test_a_run_of_whose_report_nobody_can_tell_leaves_its_slot_unknown() -> None:
    """It ran in the dark, well, and no log or note is left of its report: no alarm, and no all-clear."""
    story = watched()
    story.watched_since = SLOT + 5 * HOUR

    dark = story.look(SLOT + 5 * HOUR, run(SLOT + 5, "none"))
    after = story.look(SLOT + DAY + 90, run(SLOT + DAY + 5))

    assert (dark.overdue, dark.judged) == (None, False)
    assert (after.overdue, after.slots) == (False, {"unknown": 1, "settled": 1})


def test_first_sight_judges_the_newest_slot_and_counts_nothing() -> None:
    """A report that failed shows as overdue at once; one that came is settled; neither counts."""
    failed = Story(watched_since=SLOT + HOUR).look(SLOT + HOUR, run(SLOT + 5, "failed"))
    came = Story(watched_since=SLOT + HOUR).look(SLOT + HOUR, run(SLOT + 5))

    assert (failed.overdue, failed.owed_slot, failed.slots, failed.runs) == (True, SLOT, {}, {})
    assert (came.overdue, came.slots, came.last_delivery_at) == (False, {}, SLOT + 65)


def test_first_sight_does_not_take_a_quiet_night_for_a_failure() -> None:
    """No run, and Hermes plans the next: the job may have been paused. If Hermes still owes it, it is missing."""
    quiet = Story(watched_since=SLOT + HOUR).look(SLOT + HOUR, run(SLOT - DAY), owed_by_hermes=SLOT + DAY)
    owed = Story(watched_since=SLOT + HOUR).look(SLOT + HOUR, run(SLOT - DAY), owed_by_hermes=SLOT)

    assert (quiet.overdue, quiet.judged) == (None, False)
    assert (owed.overdue, owed.judged) == (True, True)


def test_at_first_sight_the_next_plan_is_no_debt_however_near() -> None:
    """Of a job that runs every minute Hermes plans the next run within a minute of the slot before."""
    job, terms = replace(DAILY, schedule="* * * * *"), Terms(grace_seconds=20)

    quiet = Story(job=job, terms=terms).look(SLOT + 30, owed_by_hermes=SLOT + MINUTE)
    owed = Story(job=job, terms=terms).look(SLOT + 30, owed_by_hermes=SLOT)

    assert (quiet.overdue, quiet.judged) == (None, False)
    assert (owed.overdue, owed.judged) == (True, True)


def test_an_interval_owes_one_run_after_each() -> None:
    """Every two hours from the end of the last run, whatever that run came to."""
    job = replace(DAILY, kind="interval", schedule="every 120m", minutes=120)
    story = watched(job=job)
    ended = MONDAY - DAY + EIGHT + 60
    story = Story(job=job, watched_since=MONDAY)
    story.look(MONDAY, run(MONDAY - HOUR))
    first = MONDAY - HOUR + 60 + 2 * HOUR
    assert story.look(first - 1).next_slot == first
    assert story.look(first + 20 * MINUTE).overdue is True

    report = story.look(first + 31 * MINUTE, run(first + 30 * MINUTE))

    assert (report.overdue, report.slots, report.next_slot) == (False, {"late": 1}, first + 31 * MINUTE + 2 * HOUR)
    assert ended < first


def test_an_interval_over_a_change_of_the_clocks_may_take_an_hour_more() -> None:
    """Hermes adds it to the clock on the wall: twelve hours are thirteen when Berlin goes back to winter time."""
    job = replace(DAILY, kind="interval", schedule="every 720m", minutes=720)
    ended = MONDAY - 9 * DAY + 15 * HOUR  # 2026-10-24
    story = Story(job=job, zone="Europe/Berlin", watched_since=ended)
    story.look(ended, run(ended - 60))
    due = ended + 12 * HOUR

    assert story.look(due + HOUR + 14 * MINUTE).overdue is False
    assert story.look(due + HOUR + 16 * MINUTE).overdue is True

    same = Story(job=job, zone="UTC", watched_since=ended)
    same.look(ended, run(ended - 60))
    assert same.look(due + 16 * MINUTE).overdue is True


def test_an_interval_counts_from_the_stop_that_interrupted_a_run() -> None:
    """Hermes notes an interrupted run when it stops, and plans the next one from then."""
    began, stopped = MONDAY, MONDAY + 10 * MINUTE
    job = replace(DAILY, kind="interval", schedule="every 120m", minutes=120)
    story = Story(job=job, watched_since=MONDAY - HOUR)
    story.look(began - MINUTE, run(began - 2 * HOUR))

    story.job = replace(job, noted=replace(NOTED, last_run_at=stopped, last_status="error"))

    assert story.look(began + 30).next_slot == began + MINUTE, "a stamp that lies ahead is not believed"
    assert story.look(stopped + 1).next_slot == stopped + 2 * HOUR


def test_a_one_shot_is_owed_once_and_overdue_for_a_day() -> None:
    """It has no next slot: a day after its deadline it is missed, and no longer shown as overdue."""
    job = replace(DAILY, kind="once", schedule="", once_at=SLOT, noted=NOTED)
    story = Story(job=job, watched_since=MONDAY)
    story.look(MONDAY)
    deadline = SLOT + 15 * MINUTE

    assert story.look(deadline).overdue is True
    assert story.look(deadline + DAY - 1).overdue is True
    gone = story.look(deadline + DAY)
    assert (gone.overdue, gone.slots) == (False, {"missed": 1})


def test_a_change_of_the_clocks_widens_the_grace() -> None:
    """Hermes runs the first slot after it an hour early or late: either settles it, neither is late."""
    day = MONDAY - 8 * DAY  # 2026-10-25, when Berlin goes back to winter time
    slot = day + 7 * HOUR
    early, late = (
        Story(zone="Europe/Berlin", watched_since=day - DAY, job=replace(DAILY, created_at=day - 9 * DAY))
        for _ in range(2)
    )
    for story in (early, late):
        story.look(day - DAY + 7 * HOUR, run(day - DAY + 6 * HOUR))

    assert early.look(slot + 1, run(slot - HOUR + 30)).slots == {"settled": 1}
    assert late.look(slot + HOUR + 10 * MINUTE).overdue is False
    assert late.look(slot + HOUR + 11 * MINUTE, run(slot + HOUR + 9 * MINUTE)).slots == {"settled": 1}


def test_the_next_slot_after_that_is_as_strict_as_ever() -> None:
    """A day later an hour early is no evidence."""
    day = MONDAY - 7 * DAY
    slot = day + 7 * HOUR
    story = Story(zone="Europe/Berlin", watched_since=day, job=replace(DAILY, created_at=day - 9 * DAY))
    story.look(day, run(day - DAY + 7 * HOUR))

    story.look(slot + 1, run(slot - HOUR + 30))

    assert story.look(slot + 15 * MINUTE).overdue is True


def test_a_second_run_for_one_slot_is_a_duplicate() -> None:
    """Twice for one slot counts once; the next day's run and one that its owner started do not."""
    story = watched()
    story.look(SLOT + 90, run(SLOT + 5))
    twice = story.look(SLOT + 10 * MINUTE, run(SLOT + 5 * MINUTE))
    by_hand = story.look(SLOT + HOUR, replace(run(SLOT + 30 * MINUTE), by_hand=True))
    next_day = story.look(SLOT + DAY + 90, run(SLOT + DAY + 5))

    assert (twice.duplicates, by_hand.duplicates, next_day.duplicates) == (1, 1, 1)
    assert next_day.runs == {"completed": 4}


def test_a_year_without_a_look_is_counted_in_bounded_time() -> None:
    """Half a million slots of a job that runs every minute: the newest are judged, the others are unknown."""
    story = watched(job=replace(DAILY, schedule="* * * * *"))
    story.watched_since = MONDAY + 365 * DAY

    report = story.look(MONDAY + 365 * DAY, run(MONDAY + 365 * DAY - 30, seconds=5))

    assert sum(report.slots.values()) == 365 * 1440
    assert report.slots["unknown"] == 365 * 1440 - 5000


def test_of_a_run_that_only_its_end_is_known_of_nobody_says_how_late_it_began() -> None:
    """Hermes' notes alone tell when a run ended; a delay from before is none of this run's."""
    story = watched()
    assert story.look(SLOT + 90, run(SLOT + 5)).start_delay_seconds == 5

    noted = story.look(SLOT + DAY + HOUR, run(SLOT + DAY + 40 * MINUTE, seconds=0.0))

    assert (noted.start_delay_seconds, noted.last_outcome, noted.slots) == (
        None,
        "delivered",
        {"settled": 1, "late": 1},
    )


def test_of_a_run_before_the_schedule_was_this_one_nobody_says_how_late_it_began() -> None:
    """A job that is younger than the slot that its run would belong to had another schedule when it ran."""
    story = Story()
    story.with_job(created_at=MONDAY + 6 * HOUR)

    report = story.look(MONDAY + 7 * HOUR, run(MONDAY + 6.5 * HOUR))

    assert (report.start_delay_seconds, report.last_outcome) == (None, "delivered")


def test_a_slot_counts_once() -> None:
    """However often it is looked at, and whatever comes later."""
    story = watched()
    for minutes in range(0, 3 * 24 * 60 + 7, 7):
        began = SLOT + DAY + 5
        now = SLOT + minutes * MINUTE
        report = story.look(now, *([run(began)] if now - 7 * MINUTE < began + 60 <= now else []))

    assert report.slots == {"missed": 2, "settled": 1}


def test_a_clock_that_was_far_ahead_hides_nothing_once_it_is_set_right() -> None:
    """A year ahead for an hour: what came and ran by that clock is forgotten; the next report is owed again."""
    year = 365 * DAY
    story = watched()
    story.look(MONDAY + year)
    story.look(MONDAY + year + HOUR, run(MONDAY + year + HOUR - 90))
    story.watched_since = MONDAY + HOUR

    back = story.look(MONDAY + HOUR)
    missed = story.look(SLOT + HOUR)

    assert (back.overdue, back.owed_slot) == (False, None)
    assert (missed.overdue, missed.owed_slot) == (True, SLOT)


def test_a_year_in_the_dark_costs_no_more_than_two_weeks() -> None:
    """Of a job that runs every minute only the newest slots are judged; each of the others is counted, too."""
    story = watched(job=replace(DAILY, schedule="* * * * *"))
    story.watched_since = MONDAY + 60 * DAY

    report = story.look(MONDAY + 60 * DAY)
    waiting = len(story.facts.open) if story.facts else 0

    assert sum(report.slots.values()) + waiting == 60 * 24 * 60
    assert report.slots["unknown"] == 60 * 24 * 60 - MOST_AT_ONCE
    assert report.overdue is True
