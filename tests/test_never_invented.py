"""Whatever happens around a job: no report is missing that nobody owes, and none that is missing is forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.job_home import DAY, HOUR, LATE, MINUTE, SEVEN, JobHome
from tests.odd_homes import AT, running, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONLY_THERE = {"HERMES_TIMEZONE": "Africa/Abidjan"}
"""A zone that only the gateway's environment names; what is left without it has the same offset."""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[JobHome]:
    """A profile whose gateway lives, and an exporter."""
    made = JobHome(tmp_path)
    yield made
    made.close()


def test_a_one_shot_that_went_while_nobody_looked(box: JobHome) -> None:
    """It may have gone before it was due: nobody can tell, and nothing is overdue."""
    due = SEVEN + 3 * HOUR
    box.cron.put("j1", schedule={"kind": "once", "run_at": stamp(due)}, next_run_at=stamp(due))
    box.cron.put("j2")
    box.watch(SEVEN + HOUR)
    box.cron.drop("j1")
    box.restart()

    assert box.at(due + 2 * HOUR).verdict() == (1, 0)
    later = box.at(due + 2 * HOUR + MINUTE)
    assert later.verdict() == (1, 0)
    assert later.counted() == {"slots unknown": 1}


def test_a_job_whose_last_run_came_while_nobody_looked(box: JobHome) -> None:
    """Hermes removed it after that run: the slots since then are none of its own."""
    box.cron.put("j1", repeat={"times": 3, "completed": 2})
    box.at(AT)
    box.cron.run("j1", SEVEN)
    box.cron.drop("j1", output=True)
    box.restart()

    assert box.at(SEVEN + DAY + HOUR).verdict() == (1, 0)
    later = box.at(SEVEN + DAY + HOUR + MINUTE)
    assert later.verdict() == (1, 0)
    assert "slots missed" not in later.counted()


def test_an_interval_that_was_resumed_and_never_ran_again(box: JobHome) -> None:
    """Its next slot counts from when it was resumed, though nothing about the job changes any more."""
    box.cron.put("j1", schedule={"kind": "interval", "minutes": 60}, next_run_at=stamp(AT + HOUR))
    box.at(AT)
    box.cron.put("j1", enabled=False, state="paused")
    box.watch(AT + 3 * HOUR)
    box.cron.put("j1", enabled=True, state="scheduled", next_run_at=stamp(AT + 4 * HOUR + 30))

    assert box.at(AT + 3 * HOUR + MINUTE).verdict() == (1, 0)
    assert box.watch(AT + 4 * HOUR + 30 * MINUTE).verdict() == (1, 1)


def test_an_interval_that_is_saved_again_begins_anew(box: JobHome) -> None:
    """Hermes counts from when the owner saved it: what was due before that is owed no more, and then it is."""
    daily = {"kind": "interval", "minutes": 1440}
    box.cron.put("j1", schedule=daily, created_at=stamp(AT - 22 * HOUR), next_run_at=stamp(AT + 2 * HOUR))
    box.watch(AT + HOUR)
    box.cron.put("j1", prompt="write better", next_run_at=stamp(AT + HOUR + 30 + DAY))

    assert box.watch(AT + 3 * HOUR).verdict() == (1, 0)
    assert box.at(AT + 3 * HOUR).of("next_slot_timestamp_seconds") == AT + HOUR + 30 + DAY
    assert box.watch(AT + DAY + 2 * HOUR).verdict() == (1, 1)


def test_a_zone_that_only_the_gateway_names_outlives_it(box: JobHome) -> None:
    """A gateway that dies, and one that is started again, change no schedule: what is overdue stays so."""
    box.home.procfs.environ(3001, **ONLY_THERE)
    box.cron.put("j1")
    box.at(AT)
    assert box.watch(LATE + MINUTE).verdict() == (1, 1)

    box.home.procfs.kill(3001)
    assert box.at(LATE + 2 * MINUTE).verdict() == (1, 1)
    box.restart()
    assert box.watch(LATE + 15 * MINUTE).verdict() == (1, 1)
    running(box.home, "default", 3001)
    box.home.procfs.environ(3001, **ONLY_THERE)
    assert box.watch(LATE + HOUR).verdict() == (1, 1)


def test_a_look_that_cannot_read_after_an_hour_of_nothing_new(box: JobHome) -> None:
    """The verdict was seen to stand until then, so it stands for a quarter of an hour more."""
    box.home.procfs.kill(3001)
    box.cron.put("j1")
    box.at(AT)
    assert box.watch(LATE + HOUR).verdict() == (1, 1)
    (box.cron.path / "executions.db").write_bytes(b"garbage" * 1000)

    assert box.at(LATE + HOUR + MINUTE).verdict() == (1, 1)
    assert box.watch(LATE + 2 * HOUR).verdict() == (0, None)


def test_a_long_run_of_a_process_that_cannot_be_seen(box: JobHome) -> None:
    """It may be under way: its slot has two hours more, and no longer."""
    box.home.procfs.kill(3001)
    (box.home.procfs.root / "self/ns").mkdir(parents=True)
    (box.home.procfs.root / "self/ns/pid").touch()
    beat = box.home.root / "state/gateway.heartbeat"
    beat.parent.mkdir(exist_ok=True)

    def seen(until: float) -> tuple[float | None, float | None]:
        verdict: tuple[float | None, float | None] = (None, None)
        for moment in range(int(box.scraper.clock.at), int(until) + 1, 200):
            beats = {"pid": 77, "updated_at": stamp(moment - 5), "monotonic": 1.0, "start_time": AT - HOUR}
            beat.write_text(json.dumps(beats))
            verdict = box.at(moment).verdict()
        return verdict

    box.cron.put("j1")
    box.at(AT)
    seen(SEVEN - MINUTE)
    box.cron.owner = (77, 555)
    box.cron.run("j1", SEVEN + 1, outcome=None, status="running")

    assert seen(LATE + 5 * MINUTE) == (1, 0)
    assert seen(SEVEN + 3 * HOUR) == (1, 1)
