"""A real Hermes against a provider and a messenger that refuse: what is counted is what the stubs have sent.

Every case has a profile of its own, so that nothing else is in its logs. What /metrics says of a profile is
compared before and after.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.logs.names import Names
from hermes_exporter.logs.scan import scan
from hermes_exporter.logs.tally import tally
from tests.lab.exporter import Exporter
from tests.lab.hermes_home import HermesHome, key_of
from tests.lab.stubs import MODEL
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hermes_exporter.logs.scan import File
    from hermes_exporter.logs.tally import Key
    from tests.lab.exporter import Scrape
    from tests.lab.stubs import Call, Messenger, Provider
    from tests.lab.user_systemd import Process, UserSystemd

pytestmark = pytest.mark.systemd

REFUSED: Key = ("auth", "provider", "custom")
TRANSPORT: Key = ("provider", "custom", "transport")
COUNTED: dict[str, Key] = {
    "401": REFUSED,
    "402": ("provider", "custom", "billing"),
    "403": REFUSED,
    "403 page": ("provider", "custom", "edge_block"),
    "404": ("provider", "custom", "other"),
    "429": ("provider", "custom", "rate_limit"),
    "500": ("provider", "custom", "server"),
    "silence": TRANSPORT,
    "garbage": ("provider", "custom", "invalid_response"),
}
"""What a call counts under that the provider met with a fault."""
CONDITION = {
    "401": "provider_auth",
    "402": "provider_quota",
    "403": "provider_auth",
    "403 page": "provider_unreachable",
    "429": "provider_quota",
    "500": "provider_unreachable",
    "silence": "provider_unreachable",
}
"""What holds once a job has failed by it; an unknown model and an answer that is none are nobody's condition."""
ATTEMPTS = {"429": 3, "500": 3, "silence": 3}
"""Requests of one call before Hermes gives it up, or begins it anew on a fresh connection."""
IMPATIENT = {"HERMES_API_TIMEOUT": "1", "HERMES_STREAM_READ_TIMEOUT": "1"}
QUICK = "401"

NO_TOKEN: Key = ("auth", "platform", "mattermost")
FAMILIES = {
    "hermes_auth_errors_total": ("auth", "plane", "name"),
    "hermes_provider_errors_total": ("provider", "provider", "class"),
    "hermes_platform_errors_total": ("platform", "platform", "class"),
}
"""First of the key of an error in the tally, and the labels that are the rest of it."""
CONDITIONS = {"provider_auth", "provider_quota", "provider_unreachable", "platform_auth", "degraded"}
LOGS: tuple[File, ...] = ("agent", "errors")


class Site:
    """A Hermes home with an exporter that watches it."""

    def __init__(self, home: HermesHome, provider: Provider, messenger: Messenger, exporter: Exporter) -> None:
        self.home, self.provider, self.messenger, self.exporter = home, provider, messenger, exporter


@pytest.fixture(scope="module")
def site(
    machine: UserSystemd, provider: Provider, messenger: Messenger, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One home and one exporter for all cases."""
    directory = tmp_path_factory.mktemp("errors")
    home = HermesHome(machine, provider, messenger, directory)
    exporter = Exporter(machine, directory / "exporter.log")
    yield Site(home, provider, messenger, exporter)
    assert exporter.stop() == 0
    home.remove()


class Reporter:
    """A profile with one job, which asks the model for a report, or runs a script for it."""

    def __init__(
        self,
        site: Site,
        profile: str,
        *job: str,
        at: str = "0 0 1 1 *",
        script: str = "",
        environment: dict[str, str] | None = None,
        **config: object,
    ) -> None:
        self._site, self.profile = site, profile
        site.home.add(profile)
        site.home.configure(profile, environment, **config)
        if script:
            site.home.systemd.write(site.home.home(profile) / "scripts/report.sh", script, mode=0o755)
            job = ("--script", "report.sh", "--no-agent", *job)
        said = site.home.hermes(profile, "cron", "create", at, *job, "--name", "report").stdout
        self._job = said.split("Created job: ")[1].split()[0]
        self._before = self._counted(self._read())

    def run(self, outcome: str) -> list[Call]:
        """Run the job now, which is to have this outcome; returns what the provider was asked meanwhile."""
        calls = self._site.provider.calls
        before = len(calls)
        said = self._site.home.hermes(self.profile, "cron", "run", self._job, timeout=90).stdout
        assert f"Ran now: {outcome}" in said
        return calls[before:]

    def refusals(self) -> list[str]:
        """What the messenger has refused to this profile, by path."""
        return [path for who, path in self._site.messenger.refusals if who == self.profile]

    def start(self) -> Process:
        """Start a gateway."""
        return self._site.home.start_by_hand(self.profile)

    def errors(self) -> dict[Key, float]:
        """By how much the counters of errors have grown."""
        return dict(self._counted(self._read()) - self._before)

    def answered_at(self, name: str) -> float | None:
        """When the provider answered last, Unix seconds."""
        return self._read().value(
            "hermes_provider_last_success_timestamp_seconds", profile=self.profile, provider=name
        )

    def conditions(self) -> set[str]:
        """Which conditions of provider and messenger hold."""
        scrape = self._read()
        values = {
            name: scrape.value("hermes_profile_condition", profile=self.profile, condition=name)
            for name in CONDITIONS
        }
        return {name for name, value in values.items() if value == 1}

    def log(self, file: File) -> Path:
        """Where the host finds a log."""
        return self._site.home.systemd.path(self._site.home.home(self.profile) / f"logs/{file}.log")

    def _read(self) -> Scrape:
        """Scrape until the logs were read to their ends."""

        def at_the_ends() -> Scrape | None:
            sizes = {file: self.log(file).stat().st_size if self.log(file).exists() else 0 for file in LOGS}
            scrape = self._site.exporter.scrape()
            read = {
                file: scrape.value("hermes_exporter_log_bytes_total", profile=self.profile, file=file)
                for file in LOGS
            }
            return scrape if read == sizes else None

        return until(at_the_ends, 20, "the logs were read to their ends", every=0.25)

    def _counted(self, scrape: Scrape) -> Counter[Key]:
        counted: Counter[Key] = Counter()
        for family, (first, *labels) in FAMILIES.items():
            found = scrape.series(family, profile=self.profile)
            for series, value in zip(found, scrape.values(family, profile=self.profile), strict=True):
                counted[(first, *(series[label] for label in labels))] = int(value)
        return counted


def stop(gateway: Process) -> None:
    """End a gateway; what it had to log is logged then."""
    gateway.signal(signal.SIGTERM)
    gateway.wait(30)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[] if fault == QUICK else pytest.mark.slow) for fault in COUNTED]
)
def test_a_call_that_fails_counts_once(site: Site, fault: str) -> None:
    """A failed call counts once under its class, however often it was tried and told of; an answer never does."""
    profile = f"fault{fault.replace(' ', '')}"
    environment = IMPATIENT if fault == "silence" else {}
    reporter = Reporter(site, profile, "How is everything?", environment=environment)
    site.provider.faults[key_of(profile)] = fault

    calls = reporter.run("failed")

    assert {call.fault for call in calls} == {fault}
    expected = {COUNTED[fault]: len(calls) / ATTEMPTS.get(fault, 1)}
    assert reporter.errors() == expected
    assert reporter.answered_at("custom") is None
    assert reporter.conditions() == ({CONDITION[fault]} if fault in CONDITION else set())

    del site.provider.faults[key_of(profile)]
    (call,) = reporter.run("succeeded")
    assert reporter.errors() == expected
    assert call.at <= (reporter.answered_at("custom") or 0) <= time.time()
    assert reporter.conditions() == set()


def test_a_credential_that_is_not_there(site: Site) -> None:
    """Without a login nobody is asked, and each run counts as one refusal of the provider that it was to use."""
    model = {"default": MODEL, "provider": "nous", "context_length": 128000}
    reporter = Reporter(site, "absent", "How is everything?", model=model)

    for _ in range(2):
        assert reporter.run("failed") == []

    assert reporter.errors() == {("auth", "provider", "nous"): 2}
    assert reporter.conditions() == {"provider_auth"}
    told = tally([scan(reporter.log(file).read_bytes(), file) for file in LOGS], Names())
    assert {key: count for key, count in told.counts.items() if key[0] == "auth"} == {
        ("auth", "provider", "nous"): 2
    }


@pytest.mark.slow
def test_nobody_listens(site: Site) -> None:
    """A call that reaches nobody counts once for each of the two connections on which Hermes tries it."""
    model = {
        "default": MODEL, "provider": "custom", "context_length": 128000,
        "base_url": f"http://127.0.0.1:{free_port()}/v1", "api_key": key_of("nobody"),
    }  # fmt: skip
    reporter = Reporter(site, "nobody", "How is everything?", model=model)

    assert reporter.run("failed") == []

    assert reporter.errors() == {TRANSPORT: 2}
    assert reporter.conditions() == {"provider_unreachable"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "asked", "error"),
    [
        ("401", 1, ("auth", "provider", "deepseek")),
        ("402", 1, ("provider", "deepseek", "billing")),
        ("429", 2, ("provider", "deepseek", "rate_limit")),
    ],
)
def test_one_key_of_a_pool_is_refused(site: Site, fault: str, asked: int, error: Key) -> None:
    """The refused key counts once, and the run goes well by the other; the next run does not ask it again."""
    profile = f"pool{fault}"
    first, second = (key_of(f"{profile}-{number}") for number in (1, 2))
    model = {"default": MODEL, "provider": "deepseek", "context_length": 128000}
    reporter = Reporter(site, profile, "How is everything?", model=model)
    for key in (first, second):
        add = ("auth", "add", "deepseek", "--type", "api-key", "--label", key, "--api-key", key)
        site.home.hermes(profile, *add)
    store = site.home.home(profile) / "auth.json"
    theirs, ours = "https://api.deepseek.com/v1", f"http://127.0.0.1:{site.provider.port}/v1"
    text = site.home.systemd.path(store).read_text()
    assert text.count(theirs) == 2
    site.home.systemd.write(store, text.replace(theirs, ours), mode=0o600)
    site.provider.faults[first] = fault

    calls = [*reporter.run("succeeded"), *reporter.run("succeeded")]

    assert [(call.key, call.fault) for call in calls] == [(first, fault)] * asked + [(second, "")] * 2
    assert reporter.errors() == {error: 1}
    assert reporter.conditions() == set()


@pytest.mark.slow
def test_a_fallback_hides_a_refusal_from_the_job(site: Site) -> None:
    """A refused primary counts though another one answers and the job is well; every run is refused again."""
    fallback = {
        "provider": "deepseek", "model": "deepseek-chat",
        "base_url": f"http://127.0.0.1:{site.provider.port}/v1", "api_key": key_of("another"),
    }  # fmt: skip
    reporter = Reporter(site, "primary", "How is everything?", fallback_providers=[fallback])
    site.provider.faults[key_of("primary")] = "401"

    for runs in (1, 2):
        calls = reporter.run("succeeded")
        assert [call.fault for call in calls] == ["401", ""]
        assert reporter.errors() == {REFUSED: runs}
        assert calls[-1].at <= (reporter.answered_at("deepseek") or 0) <= time.time()
        assert reporter.answered_at("custom") is None
        assert reporter.conditions() == {"degraded"}


def of_messenger(status: int, path: str) -> Key:
    """What one request counts under that the messenger answered with this status."""
    if status == 401 or (status == 403 and path == "websocket"):
        return NO_TOKEN
    return ("platform", "mattermost", "send" if status == 403 else "transport")


@pytest.mark.slow
def test_a_messenger_that_refuses_the_token_at_the_start(site: Site) -> None:
    """Each attempt to connect that is refused counts once; the next one comes after half a minute."""
    reporter = Reporter(site, "locked", "How is everything?")
    site.messenger.refused["locked"] = 401
    gateway = reporter.start()
    assert reporter.refusals() == ["users/me"]
    assert reporter.errors() == {NO_TOKEN: 1}
    assert reporter.conditions() == {"platform_auth"}

    until(lambda: len(reporter.refusals()) > 1, 60, "it tries again")
    stop(gateway)

    assert set(reporter.refusals()) == {"users/me"}
    assert reporter.errors() == {NO_TOKEN: len(reporter.refusals())}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "conditions"), [(401, {"platform_auth"}), (403, {"platform_auth"}), (503, set())]
)
def test_a_messenger_that_refuses_at_runtime(site: Site, status: int, conditions: set[str]) -> None:
    """As many errors as requests were refused: to type, to send, to send again, to listen."""
    profile = f"runtime{status}"
    reporter = Reporter(site, profile, "How is everything?")
    gateway = reporter.start()
    until(lambda: site.messenger.listeners(profile) == 1, 30, "the gateway listens")
    assert reporter.errors() == {}

    site.messenger.refused[profile] = status
    site.messenger.say(profile, "How is everything?")
    until(lambda: reporter.refusals().count("posts") >= 2, 60, "an answer is refused")
    site.messenger.hang_up(profile)
    until(lambda: "websocket" in reporter.refusals(), 60, "it does not listen any more")
    assert reporter.conditions() == conditions
    stop(gateway)

    assert reporter.errors() == Counter(of_messenger(status, path) for path in reporter.refusals())


@pytest.mark.slow
def test_a_report_that_its_gateway_cannot_send(site: Site) -> None:
    """A report of the gateway's own scheduler that is turned down counts once, whatever is tried and told then."""
    profile = "ticker"
    go = site.home.home(profile) / "go"
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat(timespec="seconds")
    script = f"#!/bin/sh\nuntil [ -e {go} ]; do sleep 0.1; done\necho done\n"
    reporter = Reporter(site, profile, "--deliver", "mattermost", at=soon, script=script)
    until(lambda: datetime.now(UTC).isoformat() > soon, 10, "the report is due")
    gateway = reporter.start()
    until(lambda: site.messenger.listeners(profile) == 1, 30, "the gateway listens")

    site.messenger.refused[profile] = 401
    site.home.systemd.write(go, "")
    until(lambda: "delivery error: " in reporter.log("errors").read_text(), 60, "the report is given up")
    stop(gateway)

    assert "posts" in reporter.refusals()
    assert reporter.errors() == Counter(of_messenger(401, path) for path in reporter.refusals())


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 503])
def test_a_report_that_is_sent_without_a_gateway(site: Site, status: int) -> None:
    """A report of a run by hand, which sends it itself, is turned down once and counts once."""
    profile = f"alone{status}"
    proxy = {"MATTERMOST_PROXY": f"http://127.0.0.1:{site.messenger.port}"}
    reporter = Reporter(site, profile, "How is everything?", "--deliver", "mattermost", environment=proxy)
    reporter.run("succeeded")
    assert [post.who for post in site.messenger.posts].count(profile) == 1
    assert reporter.errors() == {}

    site.messenger.refused[profile] = status
    reporter.run("succeeded")

    assert reporter.refusals() == ["posts"]
    assert reporter.errors() == {of_messenger(status, "posts"): 1}
