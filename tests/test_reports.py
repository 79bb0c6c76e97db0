"""The verdict on reports from files to series: what the records of a home come to, look after look."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
