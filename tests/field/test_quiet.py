"""A month in which much happens and nothing fails: not one alert."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Habits, faults, owner
from tests.field.cron import DAY, HOUR, MINUTE, told
from tests.field.row import shows
from tests.year.faulty_year import DAILY, FREQUENT

if TYPE_CHECKING:
    from hermes_exporter.simulator import Job, Profile
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost

DAYS = 31
MORE = (
    ("30 20 * * *", "Quiet script", {"script": "watch.sh"}, Habits(answer="silent", seconds=5)),
    ("0 10 * * *", "To where it came from", {"deliver": "origin"}, Habits()),
    ("40 2 * * *", "In the night of the change", {}, Habits(seconds=60)),
)
USUAL = ("Morning brief", "Weekdays", "Six hourly", "Quiet", "Local", "Two targets", "Hourly", "Three quarters")
"""No more than these: promtool's engine loads ten thousand samples for an expression, and no more."""


def furnish(host: FieldHost) -> dict[str, Job]:
    """Create the jobs, by name; each of them has somewhere to send its report to."""
    wanted = (*(job for job in (*DAILY, *FREQUENT) if job[1] in USUAL), *MORE)
    return {
        name: owner.create_job(host.profile, schedule, name, habits=replace(habits, answers=deque()), **options)  # type: ignore[arg-type]
        for schedule, name, options, habits in wanted
    }


def live(host: FieldHost, jobs: dict[str, Job]) -> None:
    """Let the owner do what owners do: each at its moment."""
    at, begin = host.profile.at, host.start
    at(begin + 3.4 * DAY, owner.pause, jobs["Morning brief"])
    at(begin + 8.45 * DAY, owner.resume, jobs["Morning brief"])
    at(begin + 4.4 * DAY, lambda profile: owner.switch(profile, jobs["Six hourly"], on=False))
    at(begin + 6.42 * DAY, lambda profile: owner.switch(profile, jobs["Six hourly"], on=True))
    at(begin + 10.4 * DAY, owner.reschedule, jobs["To where it came from"], "30 11 * * *")
    at(begin + 12.55 * DAY, owner.run_now, jobs["Morning brief"])
    at(begin + 14.5 * DAY, owner.remove, jobs["To where it came from"])
    at(begin + 15.75 * DAY, faults.messenger, "mattermost", "limping")
    at(begin + 16.75 * DAY, faults.messenger, "mattermost", "ok")
    at(begin + 20.81 * DAY, faults.messenger, "telegram", "hanging")
    at(begin + 21.5 * DAY, faults.messenger, "telegram", "ok")
    at(begin + 23.4 * DAY, faults.quota_hold, jobs["Hourly"], 7 * HOUR)
    for day in range(2, DAYS - 2, 4):
        at(begin + (day + 0.39) * DAY, once, f"Once {day}")
        at(begin + (day + 0.6) * DAY, thrice, f"Thrice {day}")


def once(profile: Profile, name: str) -> None:
    """A one-shot, and one that is removed before its time."""
    owner.create_job(profile, "90m", name)
    never = owner.create_job(profile, "300m", f"Not {name}")
    profile.at(profile.now + HOUR, owner.remove, never)


def thrice(profile: Profile, name: str) -> None:
    """A job of three runs."""
    owner.create_job(profile, "*/25 * * * *", name, repeat=3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@shows("quiet month")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_a_quiet_month_is_silent(make_host: MakeHost, version: str) -> None:
    """Jobs of every kind, restarts, an exporter started anew, the night of a clock change: not one alert."""
    host = make_host("2026-03-09", zone="Europe/Berlin", version=version, step=300.0)
    host.simulation.profile("scratch")
    jobs = furnish(host)
    live(host, jobs)
    host.start_gateway(host.profile)
    host.run(host.start + 10 * MINUTE)
    host.watch()
    for day in range(DAYS):
        host.run(host.start + day * DAY + 10.2 * HOUR)
        if day % 3 == 1:
            restart(host)
        host.run(host.start + day * DAY + 21.4 * HOUR)
        if day % 5 == 2:
            host.stop_watching()
            host.watch()
    host.run(host.start + DAYS * DAY)

    assert len(host.scraped) + len(host.unanswered) >= DAYS * DAY / host.step - 2
    assert (host.value("hermes_gateway_starts_total", profile="default") or 0) >= DAYS // 3
    assert host.value("hermes_profile_health", profile="default", verdict="ok") == 1
    for name in (
        "Weekdays",
        "Quiet",
        "Quiet script",
        "Local",
        "Two targets",
        "In the night of the change",
    ):
        settled = host.value("hermes_cron_job_slots_total", job_id=jobs[name].id, result="settled") or 0
        assert settled >= (20 if name == "Weekdays" else DAYS - 2), name
    assert (host.value("hermes_cron_job_slots_total", job_id=jobs["Hourly"].id, result="settled") or 0) > 700
    told(host)


def restart(host: FieldHost) -> None:
    """Stop the gateway when it has nothing to do, and start it again a minute later."""
    while host.profile.gateway is not None and host.profile.gateway.runs:
        host.run(host.simulation.now + host.step)
    host.end_gateway(host.profile)
    host.profile.at(host.simulation.now + MINUTE, host.start_gateway)
