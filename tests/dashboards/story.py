"""What happened on the two hosts whose dashboards are looked at: a day of mishaps, some of which are not over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hermes_exporter.simulator import Habits, Model, faults, owner
from tests.dashboards import rarities
from tests.dashboards.simulated_host import SimulatedHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE, HOUR = 60.0, 3600.0
MODEL = Model("deepseek", "deepseek-chat", "https://api.deepseek.com/v1")
HOURS = 12
MISSING = "Morning brief"
"""The report that never came, by the end of the story."""
DEAD_HOST, DEAD = "office", "shop"
"""The profile whose gateway is dead at the end, and its host."""


def hosts(directory: Path, now: float, hours: float = HOURS) -> Iterator[tuple[str, SimulatedHost]]:
    """Yield hosts by name that lived for so many hours until now, Unix seconds."""
    yield "home-server", _at_home(directory / "home-server", now, hours)
    yield DEAD_HOST, _at_the_office(directory / DEAD_HOST, now, hours)


def _at_home(directory: Path, now: float, hours: float) -> SimulatedHost:
    """Two profiles of 0.19: a report that was refused, a gateway that was killed, a provider that refused."""
    host = SimulatedHost(directory, now - hours * HOUR)
    main = host.simulation.profile(zone="UTC", model=MODEL, messengers=("mattermost", "telegram"))
    coder = host.simulation.profile("coder", zone="UTC", model=MODEL)
    brief_at = now - 100 * MINUTE
    owner.create_job(main, _twice_a_day(brief_at), MISSING, habits=Habits(140.0))
    owner.create_job(main, "*/30 * * * *", "Inbox triage", habits=Habits(35.0, answer="silent"))
    owner.create_job(main, _hourly(now - 35 * MINUTE), "Market watch", deliver="telegram", habits=Habits(90.0))
    owner.create_job(main, "every 3h", "Backup check", script="backup.sh", deliver="local", habits=Habits(20.0))
    main.at(now - 2 * HOUR, owner.create_job, "5h", "Call the dentist")
    owner.create_job(coder, _daily(now - 3.5 * HOUR), "Nightly build", habits=Habits(420.0))
    watch = owner.create_job(coder, "*/20 * * * *", "Watch the pipeline", script="ci.sh", habits=Habits(4.0))
    paused = owner.create_job(coder, "20 * * * *", "Stale branches", script="nag.py", habits=Habits(6.0))
    coder.at(now - 10 * HOUR, owner.pause, paused)
    owner.create_job(coder, _daily(now - 25 * MINUTE), "Long research", habits=Habits(2 * HOUR))
    coder.at(now - 3 * HOUR, faults.run_twice, watch)
    coder.at(now - 2.6 * HOUR, rarities.unreadable)
    coder.at(now - 2.2 * HOUR, rarities.not_understood)
    for profile in (main, coder):
        profile.at(profile.now + MINUTE, host.start_gateway)
    main.at(now - 9 * HOUR, faults.provider, "rate_limit")
    main.at(now - 8.2 * HOUR, faults.provider, "ok")
    main.at(now - 7 * HOUR, faults.provider, "auth")
    main.at(now - 5.6 * HOUR, faults.provider, "ok")
    main.at(brief_at - 5 * MINUTE, faults.messenger, "mattermost", "refusing")
    main.at(brief_at + 20 * MINUTE, faults.messenger, "mattermost", "ok")
    main.at(now - 20 * MINUTE, faults.messenger, "telegram", "unreachable")
    coder.at(now - 6 * HOUR, owner.answer_next, watch, "exit3", "exit3")
    for number in range(5):
        coder.at(now - 4.8 * HOUR + number * 2 * MINUTE, host.restart_killed)
    return host


def _at_the_office(directory: Path, now: float, hours: float) -> SimulatedHost:
    """Two profiles of 0.22: one is well, and has a login that ends in three days; the other one's gateway died."""
    host = SimulatedHost(directory, now - hours * HOUR, version="0.22")
    team = host.simulation.profile(zone="UTC", model=Model("anthropic", "claude", "https://api.anthropic.com"))
    shop = host.simulation.profile("shop", zone="UTC", model=MODEL)
    held = owner.create_job(team, "*/45 * * * *", "Stand-up notes", habits=Habits(60.0))
    owner.create_job(team, "10 */2 * * *", "Ticket digest", habits=Habits(200.0))
    orders = owner.create_job(shop, _hourly(now - 40 * MINUTE), "Orders", habits=Habits(50.0))
    for profile in (team, shop):
        profile.at(profile.now + MINUTE, host.start_gateway)
    team.at(now - hours * HOUR + 5 * MINUTE, rarities.login_that_ends, "anthropic")
    team.at(now - 4 * HOUR, rarities.rare_files)
    team.at(now - 8 * MINUTE, rarities.drained)
    team.at(now - 2 * HOUR, faults.quota_hold, held, 2.5 * HOUR)
    shop.at(now - 5 * HOUR, owner.answer_next, orders, "empty")
    shop.at(now - 30 * MINUTE, host.kill_gateway)
    return host


def _twice_a_day(moment: float) -> str:
    late, early = (datetime.fromtimestamp(each, UTC) for each in (moment, moment - 8 * HOUR))
    return f"{late.minute} {early.hour},{late.hour} * * *"


def _hourly(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC).minute} * * * *"


def _daily(moment: float) -> str:
    clock = datetime.fromtimestamp(moment, UTC)
    return f"{clock.minute} {clock.hour} * * *"
