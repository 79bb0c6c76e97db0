"""What rings for a report and for a login, by a real Hermes, the shipped rules and route, and a phone that listens.

Everything happens in one night: a messenger refuses one report, a provider revokes a key while its messenger is
fine, a third job is paused; then all is mended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.exporter import Exporter
from tests.lab.hermes_home import HermesHome, key_of
from tests.lab.reports import CONFIG, Reports, next_slot, often
from tests.lab.stack import Stack
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.reports import Job
    from tests.lab.stubs import Messenger, Provider
    from tests.lab.user_systemd import UserSystemd

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(400)]

FASTER = 10
"""The shipped durations divided by this; the jobs run as much more often than a real one."""
CLOSED = "channelrefusing00000000000"
REFUSED, REVOKED, PAUSED = "Morning brief", "Coder news", "Paused digest"


class Night(NamedTuple):
    """What was in it: all has gone wrong when it begins."""

    home: HermesHome
    exporter: Exporter
    stack: Stack
    jobs: dict[str, Job]

    def rang(self, alert: str) -> list[dict[str, Any]]:
        """What the phone received of an alert."""
        return [push for push in self.stack.phone if alert in push["title"]]


@pytest.fixture(scope="module")
def night(
    machine: UserSystemd, provider: Provider, messenger: Messenger, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Night]:
    """Two gateways live; three jobs are due every twelve seconds, of which one is paused."""
    directory = tmp_path_factory.mktemp("night")
    home = HermesHome(machine, provider, messenger, directory)
    machine.write(CONFIG, "jobs: [{match: '*', grace: 8s}]\n")
    exporter = Exporter(machine, directory / "exporter.log", "--config.file", CONFIG)
    reports = Reports(home, messenger, exporter)
    stack = Stack(directory, FASTER)
    messenger.closed[CLOSED] = 503
    provider.faults[key_of("coder")] = "401"
    try:
        for profile in ("default", "coder"):
            reports.profile(profile)
            home.install(profile)
            home.start(profile)
        reports.script("default", "hello.sh", "echo hello")
        slot = next_slot()
        script = {"script": "hello.sh", "no_agent": True, "schedule": often(slot)}
        jobs = reports.make("default", {REFUSED: {**script, "deliver": f"mattermost:{CLOSED}"}, PAUSED: script})
        home.hermes("default", "cron", "pause", jobs[PAUSED].id)
        jobs |= reports.make("coder", {REVOKED: {"prompt": "News, please.", "schedule": often(slot)}})
        stack.start(exporter.port)
        yield Night(home, exporter, stack, jobs)
        assert exporter.stop() == 0
    finally:
        stack.stop()
        home.remove()
        messenger.closed.clear()
        provider.faults.clear()


def test_a_report_that_the_messenger_refuses_rings(night: Night, messenger: Messenger) -> None:
    """It rings once, with the report's name and what became of it; that it is missing is not told besides."""
    push = night.stack.wait_phone("FIRING HermesReportDeliveryFailed", 90)
    assert push["priority"] == 5
    assert REFUSED in push["message"]
    assert "could not be delivered (to mattermost)" in push["message"]
    missing = f'hermes_cron_job_report_overdue{{job_name="{REFUSED}"}} == 1'
    until(lambda: night.stack.query(missing), 60, "it is overdue, too")
    fires = 'ALERTS{alertname="HermesReportNotDelivered",alertstate="firing"}'
    until(lambda: night.stack.query(fires), 60, "that fires, and is held back")

    messenger.closed.clear()

    over = night.stack.wait_phone("OVER HermesReportDeliveryFailed", 120)
    assert f"Over: Report not delivered: {REFUSED}" in over["message"]
    assert night.rang("HermesReportNotDelivered") == []


def test_a_revoked_key_rings_while_the_messenger_is_fine(night: Night, provider: Provider) -> None:
    """It rings for the profile whose provider refuses it, whatever its platforms say, and is over with a new key."""
    push = night.stack.wait_phone("FIRING HermesProviderAuthFailing", 120)
    assert push["priority"] == 5
    assert "coder" in push["message"]
    assert night.stack.query('hermes_platform_up{profile="coder",platform="mattermost"} == 1')
    assert "default" not in push["message"]

    provider.faults.clear()

    over = night.stack.wait_phone("OVER HermesProviderAuthFailing", 120)
    assert "coder" in over["message"]
    assert len(night.rang("HermesProviderAuthFailing")) == 2


def test_a_paused_job_is_silent(night: Night) -> None:
    """Its slots came and went all night."""
    paused = f'hermes_cron_job_enabled{{job_name="{PAUSED}"}} == 0'
    assert night.stack.query(paused)

    assert [push for push in night.stack.phone if PAUSED in push["message"]] == []


def test_nothing_else_rang(night: Night) -> None:
    """What failed besides is a consequence, or can wait; the watchdog beat, on its own way."""
    loud = {push["title"].split()[1] for push in night.stack.phone if push["priority"] == 5}
    assert loud == {"HermesReportDeliveryFailed", "HermesProviderAuthFailing"}
    assert len(night.stack.watchdog) > 1
