"""Who lives in the made-up home: two profiles with their jobs, and the last days of their lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hermes_exporter.simulator import Habits, Model, Simulation, faults, owner

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.simulator import Job, Profile

HOUR = 3600.0
DAY = 24 * HOUR
HISTORY_SECONDS = 4 * DAY
BRIEF_SECONDS = 3 * HOUR
"""So long ago the morning brief was due, whatever the time of the day is."""
MODEL = Model("deepseek", "deepseek-chat", "https://api.deepseek.com/v1")


@dataclass(frozen=True)
class Cast:
    """The made-up home at one moment.

    Attributes:
        main: the profile that a failure befalls.
        brief: its daily report; triage: what it asks its model for twice an hour.
    """

    host: Simulation
    main: Profile
    brief: Job
    triage: Job


def assemble(root: Path, now: float, boot_at: float) -> Cast:
    """Return the home as it was days ago, with what was to happen to it until ``now``; all Unix seconds."""
    start = now - HISTORY_SECONDS
    host = Simulation(root, start, boot_at=boot_at)
    main = host.profile(zone="UTC", model=MODEL, messengers=("mattermost", "telegram"))
    coder = host.profile("coder", zone="UTC", model=MODEL)
    brief = owner.create_job(main, daily_at(now - BRIEF_SECONDS), "Morning brief", habits=Habits(140.0))
    triage = owner.create_job(main, "*/30 * * * *", "Inbox triage", habits=Habits(35.0, answer="silent"))
    owner.create_job(main, "0 18 * * 5", "Weekly review", deliver="mattermost,telegram", habits=Habits(300.0))
    owner.create_job(main, "*/15 * * * *", "Disk watch", script="disk.sh", habits=Habits(2.0, answer="silent"))
    owner.create_job(main, "every 6h", "Backup check", script="backup.sh", deliver="local", habits=Habits(20.0))
    main.at(now - 2 * HOUR, owner.create_job, "5h", "Call the dentist")
    owner.create_job(coder, daily_at(now - 7 * HOUR), "Nightly build", habits=Habits(420.0))
    watch = owner.create_job(coder, "*/10 * * * *", "Watch the pipeline", script="ci.sh", habits=Habits(4.0))
    owner.create_job(coder, daily_at(now - 10 * HOUR), "Paper digest", habits=Habits(900.0))
    nags = owner.create_job(coder, "20 * * * *", "Stale branches", script="nag.py", habits=Habits(6.0))
    coder.at(now - DAY, owner.pause, nags)
    for profile in host.profiles.values():
        owner.start_gateway(profile)
    main.at(now - 40 * HOUR, faults.messenger, "mattermost", "refusing")
    main.at(now - 38 * HOUR, faults.messenger, "mattermost", "ok")
    main.at(now - 29 * HOUR, faults.provider, "rate_limit")
    main.at(now - 28 * HOUR, faults.provider, "ok")
    coder.at(now - 20 * HOUR, owner.answer_next, watch, "exit3")
    coder.at(now - 15 * HOUR, owner.stop_gateway)
    coder.at(now - 14.9 * HOUR, owner.start_gateway)
    return Cast(host, main, brief, triage)


def daily_at(moment: float) -> str:
    """Return the schedule of a job that is due every day at the hour and minute of a moment."""
    clock = datetime.fromtimestamp(moment, UTC)
    return f"{clock.minute} {clock.hour} * * *"
