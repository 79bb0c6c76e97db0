"""The verdict on reports from files to series: what the records of a home come to, look after look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.odd_homes import stamp
from tests.report_home import DAY, HOUR, SLOT, Watched, value

if TYPE_CHECKING:
    from pathlib import Path


def test_a_record_that_may_still_go_on_is_waited_for(tmp_path: Path) -> None:
    """A look in the second after a delivery: its record is not read yet, and that contradicts nothing."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.run("a", SLOT + 5)
    watched.profile.written_just_now()

    early = watched.look(SLOT + 26)
    watched.profile.log.touch()
    watched.profile.say(SLOT + 60, "gateway.run: x")
    later = watched.look(SLOT + HOUR)

    assert value(early, "job_deliveries_total", outcome="failed") == 0
    assert value(later, "job_report_overdue") == 0
    assert value(later, "job_deliveries_total", outcome="delivered") == 1
    assert value(later, "job_slots_total", result="settled") == 1


def test_a_ledger_that_was_replaced_loses_no_run(tmp_path: Path) -> None:
    """A new ledger counts its rows from one: the first run of every job in it is as new as that of the first."""
    watched = Watched(tmp_path)
    for job in ("a", "b"):
        watched.profile.job(job)
        for days in (2, 1):
            watched.profile.run(job, SLOT - days * DAY)
    watched.look(SLOT - HOUR)
    watched.profile.ledger.unlink()
    watched.look(SLOT - HOUR + 60)

    watched.profile.run("a", SLOT + 5)
    watched.look(SLOT + 60)
    watched.profile.run("b", SLOT + 65)
    series = watched.look(SLOT + HOUR)

    for job in ("a", "b"):
        assert value(series, "job_report_overdue", job_id=job) == 0
        assert value(series, "job_slots_total", job_id=job, result="settled") == 1
        assert value(series, "job_runs_total", job_id=job, status="completed") == 1


def test_a_ledger_that_was_away_is_not_counted_again(tmp_path: Path) -> None:
    """Gone at one look and back at the next, with all of its rows: none of them is new."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    for days in (3, 2, 1):
        watched.profile.run("a", SLOT - days * DAY)
    watched.look(SLOT - HOUR)
    watched.profile.run("a", SLOT + 5)
    watched.look(SLOT + 60)
    away = watched.profile.ledger.with_suffix(".away")
    watched.profile.ledger.rename(away)
    watched.look(SLOT + 120)
    away.rename(watched.profile.ledger)

    series = watched.look(SLOT + 180)

    assert value(series, "job_runs_total", status="completed") == 1
    assert value(series, "job_duplicate_runs_total") == 0


def test_a_log_that_went_while_nobody_looked_contradicts_nothing(tmp_path: Path) -> None:
    """The logs were removed, or rotated away, while the exporter was down: what stood in them is not known."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.run("a", SLOT + 5)
    watched.profile.run("a", SLOT + DAY + 5)
    watched.profile.log.unlink()
    watched.profile.say(SLOT + DAY + HOUR, "gateway.run: begun anew")
    watched.restart()

    series = watched.look(SLOT + DAY + 2 * HOUR)

    assert value(series, "job_report_overdue") == 0
    assert value(series, "job_deliveries_total", outcome="failed") == 0
    assert value(series, "job_slots_total", result="missed") == 0


def test_a_log_that_was_emptied_contradicts_nothing(tmp_path: Path) -> None:
    """Somebody emptied it after the delivery, and a look saw it empty."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.run("a", SLOT + 5)
    watched.profile.log.write_text("")
    watched.look(SLOT + 26)
    watched.profile.say(SLOT + 28, "gateway.run: begun anew")

    series = watched.look(SLOT + HOUR)

    assert value(series, "job_report_overdue") == 0
    assert value(series, "job_slots_total", result="settled") == 1


def test_two_profiles_of_one_gateway_may_have_the_same_job(tmp_path: Path) -> None:
    """A copied profile has the job's id too: its host's log can neither prove nor contradict a delivery of it."""
    watched = Watched(tmp_path, "default", "coder")
    watched.serve("coder")
    for profile in watched.profiles.values():
        profile.job("a")
        profile.row("a", SLOT - DAY, SLOT - DAY + 20)
    watched.profile.say(SLOT - DAY, "gateway.run: x")
    watched.look(SLOT - HOUR)
    for profile in watched.profiles.values():
        profile.job("a", last_run_at=stamp(SLOT + 25), last_status="ok")
        profile.row("a", SLOT + 5, SLOT + 25)
    watched.profile.say(SLOT + 24, "cron.scheduler: Job 'a': delivered to telegram:1")

    series = watched.look(SLOT + HOUR)

    assert value(series, "job_report_overdue", profile="coder") == 0
    assert value(series, "job_last_delivery_evidence", profile="coder", evidence="claim") == 1


def test_a_run_that_died_after_its_delivery_settles_nothing_later(tmp_path: Path) -> None:
    """Hermes notes as its end when it was found dead, hours later: the slots in between were not served by it."""
    watched = Watched(tmp_path)
    watched.profile.job("a", schedule={"kind": "cron", "expr": "0 * * * *"})
    watched.profile.run("a", SLOT - HOUR)
    watched.look(SLOT - HOUR / 2)
    watched.profile.say(SLOT + 5, "cron.scheduler: Job 'a': delivered to telegram:1")
    watched.profile.row("a", SLOT + 4, SLOT + 4.5 * HOUR, "unknown")
    watched.restart()

    series = watched.look(SLOT + 4.5 * HOUR + 60)

    assert value(series, "job_slots_total", result="settled") == 1
    assert value(series, "job_slots_total", result="missed") == 3


def test_doubt_in_the_clock_ends_by_itself(tmp_path: Path) -> None:
    """The clock was set by a day, and nothing in the home changes: once it can be trusted, all is judged again."""
    watched = Watched(tmp_path)
    watched.home.procfs.kill(3001)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.clock.trusted = False
    for later in range(0, 300, 60):
        doubtful = watched.look(SLOT + DAY + HOUR + later)
    watched.clock.trusted = True

    series = watched.look(SLOT + DAY + HOUR + 300)

    assert value(doubtful, "job_judged") == 0
    assert value(series, "job_judged") == 1
    assert value(series, "job_report_overdue") == 1


@pytest.mark.parametrize("alive", [True, False])
def test_a_clock_that_is_set_back_leaves_no_verdict_of_the_future(tmp_path: Path, *, alive: bool) -> None:
    """What was judged a year ahead does not stand until that year has passed."""
    watched = Watched(tmp_path)
    if not alive:
        watched.home.procfs.kill(3001)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT + 365 * DAY)
    watched.look(SLOT + 365 * DAY + 60)
    watched.look(SLOT - HOUR)
    before = watched.look(SLOT - HOUR + 60)
    for minutes in range(0, 60, 4):
        series = watched.look(SLOT + minutes * 60)

    assert value(before, "job_next_slot_timestamp_seconds") == SLOT
    assert value(series, "job_report_overdue") == 1


def test_what_ran_while_nobody_looked_is_not_missed_for_want_of_a_ledger(tmp_path: Path) -> None:
    """Hermes begins a new ledger when the old one is removed: it proves nothing of the time before it."""
    watched = Watched(tmp_path)
    watched.profile.job("a", schedule={"kind": "cron", "expr": "0 * * * *"})
    watched.profile.run("a", SLOT - HOUR)
    watched.look(SLOT - HOUR / 2)
    for hours in (0, 1, 2):
        watched.profile.run("a", SLOT + hours * HOUR + 5)
    watched.profile.ledger.unlink()
    watched.profile.run("a", SLOT + 3 * HOUR + 5)
    watched.restart()

    series = watched.look(SLOT + 3 * HOUR + 60)

    assert value(series, "job_report_overdue") == 0
    assert value(series, "job_slots_total", result="missed") == 0


def test_a_run_that_no_row_has_ends_the_alarm_when_it_is_believed(tmp_path: Path) -> None:
    """Noted just before the deadline: two minutes later no row can come any more, and the report is there."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.say(SLOT + 840, "cron.scheduler: Job 'a': delivered to telegram:1")
    watched.profile.job("a", last_run_at=stamp(SLOT + 841), last_status="ok")
    watched.look(SLOT + 860)
    for later in range(900, 1200, 20):
        series = watched.look(SLOT + later)

    assert value(series, "job_report_overdue") == 0


def test_a_report_that_waited_for_hours_is_there_when_it_arrives(tmp_path: Path) -> None:
    """It stands in Hermes' queue while a platform is down: overdue, and no longer once it was delivered."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.run("a", SLOT + 5, delivered=None)
    watched.profile.queue("pending", SLOT + 20)
    waiting = [watched.look(SLOT + hours * HOUR) for hours in (1, 2, 3, 4)]
    watched.profile.queue("delivered", SLOT + 20, ended=SLOT + 4.5 * HOUR)

    series = watched.look(SLOT + 5 * HOUR)

    assert [value(each, "job_report_overdue") for each in waiting] == [1, 1, 1, 1]
    assert value(series, "job_report_overdue") == 0
    assert value(series, "job_deliveries_total", outcome="delivered") == 1
    assert value(series, "job_slots_total", result="late") == 1
    assert value(series, "job_last_delivery_timestamp_seconds") == SLOT + 4.5 * HOUR


@pytest.mark.parametrize("delivered", [True, False])
def test_a_served_profile_is_told_of_by_both_logs(tmp_path: Path, *, delivered: bool) -> None:
    """It had a gateway of its own, and its commands still write into its log: its runs are in its host's."""
    watched = Watched(tmp_path, "default", "coder")
    own, host = watched.profiles["coder"], watched.profile
    own.job("a")
    own.run("a", SLOT - DAY)
    host.say(SLOT - DAY, "gateway.run: x")
    watched.serve("coder")
    watched.look(SLOT - HOUR)
    host.say(SLOT + 5, "gateway.run: x")
    if delivered:
        host.say(SLOT + 24, "cron.scheduler: Job 'a': delivered to telegram:1")
    own.job("a", last_run_at=stamp(SLOT + 25), last_status="ok")
    own.row("a", SLOT + 5, SLOT + 25)
    own.say(SLOT + 28, "hermes_cli.main: x")

    series = watched.look(SLOT + HOUR)

    assert value(series, "job_report_overdue", profile="coder") == (not delivered)
    assert value(series, "job_last_delivery_evidence", profile="coder", evidence="log") == 1


def test_an_id_may_become_a_number(tmp_path: Path) -> None:
    """Somebody edits jobs.json by hand: it is the same job."""
    watched = Watched(tmp_path)
    watched.profile.job("123456789012")
    watched.profile.run("123456789012", SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.job("123456789012", id=123456789012)
    watched.look(SLOT - HOUR / 2)
    watched.profile.run("123456789012", SLOT + 5)
    series = watched.look(SLOT + HOUR)

    assert value(series, "job_report_overdue") == 0
    assert value(series, "job_slots_total", result="settled") == 1
    assert value(series, "jobs_vanished") == 0


def test_a_job_that_is_gone_for_a_while_is_counted_on(tmp_path: Path) -> None:
    """The store is replaced by an older one without the job, and put back."""
    watched = Watched(tmp_path)
    for job in ("a", "b"):
        watched.profile.job(job)
        watched.profile.run(job, SLOT - DAY)
    watched.look(SLOT - HOUR)
    watched.profile.run("a", SLOT + 5)
    watched.look(SLOT + 60)
    watched.profile.drop("a")
    watched.look(SLOT + 120)
    watched.restart()
    watched.look(SLOT + 180)
    watched.profile.run("b", SLOT + 240)
    watched.profile.job("a")
    watched.look(SLOT + 300)
    watched.profile.run("a", SLOT + DAY + 5)
    series = watched.look(SLOT + DAY + 60)

    assert value(series, "job_slots_total", job_id="a", result="settled") == 2
    assert value(series, "job_runs_total", job_id="a", status="completed") == 2


@pytest.mark.parametrize("text", ["{", "", "null"])
def test_a_store_that_cannot_be_read_for_a_while_hides_nothing(tmp_path: Path, text: str) -> None:
    """Cut off or empty over the slot: when it is back, the report that did not come is missing."""
    watched = Watched(tmp_path)
    watched.profile.job("a")
    watched.profile.run("a", SLOT - DAY)
    watched.look(SLOT - HOUR)
    whole = watched.profile.store.read_text()
    watched.profile.store.write_text(text)
    for later in range(-600, 1800, 60):
        watched.look(SLOT + later)
    watched.profile.store.write_text(whole)
    series = watched.look(SLOT + 1900)

    assert value(series, "job_report_overdue") == 1


@pytest.mark.parametrize("schedule", [{"kind": "cron", "expr": "every morning"}, {"kind": "moon"}, None])
def test_a_schedule_that_cannot_be_read_is_not_judged(tmp_path: Path, schedule: object) -> None:
    """Nobody can tell when its reports are due: that is no all-clear."""
    watched = Watched(tmp_path)
    watched.profile.job("a", schedule=schedule)
    watched.look(SLOT - HOUR)

    series = watched.look(SLOT + HOUR)

    assert (value(series, "job_judged"), value(series, "job_report_overdue")) == (0, None)


def test_a_schedule_that_never_comes_is_judged(tmp_path: Path) -> None:
    """The thirtieth of February: nothing is owed."""
    watched = Watched(tmp_path)
    watched.profile.job("a", schedule={"kind": "cron", "expr": "0 8 30 2 *"})

    series = watched.look(SLOT)

    assert (value(series, "job_judged"), value(series, "job_report_overdue")) == (1, 0)
