"""What rings for a report and for a login: a real Hermes, the shipped rules and route, and a phone that listens.

Everything happens in one night: a messenger refuses one report, a provider revokes a key while its messenger is
fine, a third job is paused; in the morning all is mended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.exporter import Exporter
from tests.lab.hermes_home import HermesHome, key_of
from tests.lab.reports import CONFIG, Reports
from tests.lab.stack import Stack
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.reports import Job
    from tests.lab.stubs import Messenger, Provider
    from tests.lab.user_systemd import UserSystemd

pytestmark = [pytest.mark.systemd, pytest.mark.slow, pytest.mark.timeout(600)]

FASTER = 10
"""The shipped durations divided by this."""
GRACE_SECONDS = 75
"""Hermes looks for jobs that are due once a minute."""
CLOSED = "channelrefusing00000000000"
DELIVERY, LOGIN = "HermesReportDeliveryFailed", "HermesProviderAuthFailing"
LOUD = 5
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
    """Two gateways live; three jobs are due every minute, of which one is paused. What is wrong has rung."""
    directory = tmp_path_factory.mktemp("night")
    home = HermesHome(machine, provider, messenger, directory)
    machine.write(CONFIG, f"jobs: [{{match: '*', grace: {GRACE_SECONDS}s}}]\n")
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
        stack.start(exporter.port)
        reports.script("default", "hello.sh", "echo hello")
        script = {"script": "hello.sh", "no_agent": True, "schedule": "* * * * *"}
        jobs = reports.make("default", {REFUSED: {**script, "deliver": f"mattermost:{CLOSED}"}, PAUSED: script})
        home.hermes("default", "cron", "pause", jobs[PAUSED].id)
        jobs |= reports.make("coder", {REVOKED: {"prompt": "News, please.", "schedule": "* * * * *"}})
        stack.wait_phone("FIRING HermesReportDeliveryFailed", 180)
        stack.wait_phone("FIRING HermesProviderAuthFailing", 180)
        fires = 'ALERTS{alertname="HermesReportNotDelivered",alertstate="firing"}'
        until(lambda: stack.query(fires), 180, "that it is missing fires, too, and is held back")
        yield Night(home, exporter, stack, jobs)
        assert exporter.stop() == 0
    finally:
        stack.stop()
        home.remove()
        messenger.closed.clear()
        provider.faults.clear()


@pytest.fixture(scope="module")
def morning(night: Night, provider: Provider, messenger: Messenger) -> Night:
    """The messenger takes everything, and the key is good again: what rang is over."""
    messenger.closed.clear()
    provider.faults.clear()
    for alert in (DELIVERY, LOGIN):
        night.stack.wait_phone(f"OVER {alert}", 240)
    return night


def test_a_report_that_the_messenger_refuses_rings(night: Night) -> None:
    """It rings loudly, with the report's name and what became of it."""
    (push,) = night.rang(DELIVERY)
    assert push["priority"] == LOUD
    assert push["message"].startswith(f"Delivery failed: {REFUSED}, Hermes default on hermes-host\n")
    assert "could not be delivered (to mattermost)" in push["message"]


def test_a_revoked_key_rings_while_the_messenger_is_fine(night: Night) -> None:
    """It rings for the profile whose provider refuses it, though its messenger is connected."""
    (push,) = night.rang(LOGIN)
    assert push["priority"] == LOUD
    assert push["message"].startswith("custom refuses Hermes coder on hermes-host\n")
    assert night.stack.query('hermes_platform_up{profile="coder",platform="mattermost"} == 1')


def test_what_is_mended_is_over(morning: Night) -> None:
    """One word each, and none of what it was a consequence of: the report is not told as missing besides."""
    assert morning.rang(DELIVERY)[1]["message"].startswith(f"Over: Delivery failed: {REFUSED}")
    assert morning.rang(LOGIN)[1]["message"].startswith("Over: custom refuses Hermes coder")
    assert morning.rang("HermesReportNotDelivered") == []


def test_a_paused_job_is_silent(morning: Night) -> None:
    """Its slots came and went all night."""
    assert morning.stack.query(f'hermes_cron_job_enabled{{job_name="{PAUSED}"}} == 0')

    assert [push for push in morning.stack.phone if PAUSED in push["message"]] == []


def test_nothing_else_rang(morning: Night) -> None:
    """What failed besides is a consequence, or can wait; the watchdog beat, on its own way."""
    assert {push["title"].split()[1] for push in morning.stack.phone if push["priority"] == LOUD} == {
        DELIVERY,
        LOGIN,
    }
    assert len(morning.stack.watchdog) > 1
