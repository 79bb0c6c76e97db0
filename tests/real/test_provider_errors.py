"""A real Hermes against a provider and a messenger that refuse: what is counted is what the stubs have sent.

Every case has a profile of its own, so that nothing else is in its logs.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.logs.clock import readings
from hermes_exporter.logs.names import Names
from hermes_exporter.logs.scan import scan
from hermes_exporter.logs.tally import Tally, tally
from tests.lab.hermes_home import HermesHome, key_of
from tests.lab.stubs import MODEL
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.logs.scan import File
    from hermes_exporter.logs.tally import Key
    from tests.lab.stubs import Call, Messenger, Provider
    from tests.lab.user_systemd import UserSystemd

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
ATTEMPTS = {"429": 3, "500": 3, "silence": 3}
"""Requests of one call before Hermes gives it up, or begins it anew on a fresh connection."""
IMPATIENT = dict.fromkeys(
    ["HERMES_API_TIMEOUT", "HERMES_API_CALL_STALE_TIMEOUT", "HERMES_STREAM_READ_TIMEOUT", "HERMES_STREAM_STALE_TIMEOUT"],
    "1",
)
QUICK = "401"
ERRORS = ("auth", "provider", "platform")


@pytest.fixture(scope="module")
def home(
    machine: UserSystemd, provider: Provider, messenger: Messenger, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HermesHome]:
    """One Hermes home for all cases."""
    home = HermesHome(machine, provider, messenger, tmp_path_factory.mktemp("errors"))
    yield home
    home.remove()


class Reporter:
    """A profile with one job, which asks the model for a report."""

    def __init__(
        self,
        home: HermesHome,
        provider: Provider,
        profile: str,
        *,
        deliver: str = "local",
        environment: dict[str, str] | None = None,
        **config: object,
    ) -> None:
        self._home, self._provider, self.profile = home, provider, profile
        home.add(profile)
        home.configure(profile, environment, **config)
        options = ("--name", "report", "--deliver", deliver)
        said = home.hermes(profile, "cron", "create", "0 0 1 1 *", "How is everything?", *options).stdout
        self._job = said.split("Created job: ")[1].split()[0]

    def run(self, outcome: str) -> list[Call]:
        """Run the job now, which is to have this outcome; returns what the provider was asked meanwhile."""
        before = len(self._provider.calls)
        said = self._home.hermes(self.profile, "cron", "run", self._job, timeout=90).stdout
        assert f"Ran now: {outcome}" in said
        return self._provider.calls[before:]

    def told(self, names: Names | None = None) -> Tally:
        """What the profile's logs tell."""
        files: tuple[File, ...] = ("agent", "errors")
        paths = [(self._home.systemd.path(self._home.home(self.profile) / f"logs/{file}.log"), file) for file in files]
        return tally([scan(path.read_bytes(), file) for path, file in paths if path.exists()], names or Names())

    def errors(self, names: Names | None = None) -> dict[Key, int]:
        """What they count."""
        return {key: count for key, count in self.told(names).counts.items() if key[0] in ERRORS}

    def answered_at(self, name: str) -> float:
        """When the provider answered last, Unix seconds; this machine's clock is the writer's."""
        zone = datetime.now().astimezone().tzinfo
        assert zone is not None
        return readings(self.told().times["answered", name], zone)[0]


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[] if fault == QUICK else pytest.mark.slow) for fault in COUNTED]
)
def test_a_call_that_fails_counts_once(home: HermesHome, provider: Provider, fault: str) -> None:
    """A failed call counts once under its class, however often it was tried and told of; an answer never does."""
    profile = f"fault{fault.replace(' ', '')}"
    reporter = Reporter(home, provider, profile, environment=IMPATIENT if fault == "silence" else {})
    provider.faults[key_of(profile)] = fault

    calls = reporter.run("failed")

    assert {call.fault for call in calls} == {fault}
    expected = {COUNTED[fault]: len(calls) / ATTEMPTS.get(fault, 1)}
    assert reporter.errors() == expected
    assert ("answered", "custom") not in reporter.told().times

    del provider.faults[key_of(profile)]
    (call,) = reporter.run("succeeded")
    assert reporter.errors() == expected
    assert call.at <= reporter.answered_at("custom") <= time.time()


@pytest.mark.slow
def test_nobody_listens(home: HermesHome, provider: Provider) -> None:
    """A call that finds no one counts once for each of the two connections on which Hermes tries it."""
    model = {
        "default": MODEL, "provider": "custom", "context_length": 128000,
        "base_url": f"http://127.0.0.1:{free_port()}/v1", "api_key": key_of("nobody"),
    }  # fmt: skip
    reporter = Reporter(home, provider, "nobody", model=model)

    assert reporter.run("failed") == []

    assert reporter.errors() == {TRANSPORT: 2}


@pytest.mark.slow
def test_one_key_of_a_pool_is_refused(home: HermesHome, provider: Provider) -> None:
    """The refused key counts once, and the run goes well by the other; the next run does not ask it again."""
    lab = {"name": "lab", "base_url": f"http://127.0.0.1:{provider.port}/v1", "api_key": "sk-fake-pool-first-0000"}
    model = {"default": MODEL, "provider": "custom:lab", "context_length": 128000}
    reporter = Reporter(home, provider, "pool", model=model, custom_providers=[lab])
    home.hermes("pool", "auth", "add", "custom:lab", "--type", "api-key", "--api-key", "sk-fake-pool-second-0000")
    provider.faults["sk-fake-pool-first-0000"] = "401"

    calls = [*reporter.run("succeeded"), *reporter.run("succeeded")]

    print([tuple(c) for c in calls])
    for f in ("agent", "errors"):
        print(home.systemd.path(home.home("pool") / f"logs/{f}.log").read_text())
    assert Counter(call.fault for call in calls) == {"401": 1, "": 2}
    assert reporter.errors(Names(default_provider="custom")) == {REFUSED: 1}


def test_the_fallback_hides_a_refusal_from_the_job(home: HermesHome, provider: Provider) -> None:
    """A refused primary counts though the fallback answers and the job is well; every run is refused again."""
    second = {
        "provider": "custom", "model": "backup-model",
        "base_url": f"http://127.0.0.1:{provider.port}/v1", "api_key": "sk-fake-second-0000",
    }  # fmt: skip
    reporter = Reporter(home, provider, "primary", fallback_providers=[second])
    provider.faults[key_of("primary")] = "401"

    for runs in (1, 2):
        calls = reporter.run("succeeded")
        assert [call.fault for call in calls] == ["401", ""]
        assert reporter.errors() == {REFUSED: runs}
        assert calls[-1].at <= reporter.answered_at("custom") <= time.time()


def test_a_credential_that_is_not_there(home: HermesHome, provider: Provider) -> None:
    """Without a login nobody is asked, and each run counts as one refusal of the provider that it was to use."""
    model = {"default": MODEL, "provider": "nous", "context_length": 128000}
    reporter = Reporter(home, provider, "absent", model=model)

    for runs in (1, 2):
        assert reporter.run("failed") == []
        assert reporter.errors() == {("auth", "provider", "nous"): runs}


def of_messenger(status: int, path: str) -> Key:
    """What one request counts under that the messenger answered with this status."""
    if status == 401 or (status == 403 and path in {"users/me", "websocket"}):
        return ("auth", "platform", "mattermost")
    return ("platform", "mattermost", "send" if status == 403 else "transport")


def sent(messenger: Messenger, profile: str, status: int) -> dict[Key, int]:
    """What is to be counted of all that the messenger has refused."""
    return Counter(of_messenger(status, path) for who, path in messenger.refusals if who == profile)


@pytest.mark.slow
def test_a_messenger_that_refuses_the_token_at_the_start(
    home: HermesHome, provider: Provider, messenger: Messenger
) -> None:
    """Each attempt to connect that is refused counts once; a report that is sent all the same counts as well."""
    reporter = Reporter(home, provider, "locked", deliver="mattermost")
    messenger.refused["locked"] = 401
    gateway = home.start_by_hand("locked")
    assert sent(messenger, "locked", 401) == reporter.errors() == {("auth", "platform", "mattermost"): 1}

    until(lambda: len(sent_paths(messenger, "locked")) == 2, 60, "it tries again")
    gateway.signal(signal.SIGTERM)
    gateway.wait(30)

    assert sent(messenger, "locked", 401) == reporter.errors()


def sent_paths(messenger: Messenger, profile: str) -> list[str]:
    """What the messenger refused to that profile."""
    return [path for who, path in messenger.refusals if who == profile]


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 403, 503])
def test_a_messenger_that_refuses_at_runtime(
    home: HermesHome, provider: Provider, messenger: Messenger, status: int
) -> None:
    """As many errors as requests were refused: typing, sending, sending again, listening; none before."""
    profile = f"runtime{status}"
    reporter = Reporter(home, provider, profile)
    gateway = home.start_by_hand(profile)
    until(lambda: messenger.listeners(profile) == 1, 30, "the gateway listens")
    assert reporter.errors() == {}

    messenger.refused[profile] = status
    messenger.say(profile, "How is everything?")
    until(lambda: sent_paths(messenger, profile).count("posts") >= 2, 60, "an answer is refused")
    messenger.hang_up(profile)
    until(lambda: "websocket" in sent_paths(messenger, profile), 60, "it listens no more")
    gateway.signal(signal.SIGTERM)
    gateway.wait(30)

    print(sent_paths(messenger, profile))
    print(home.systemd.path(home.home(profile) / "logs/errors.log").read_text())
    assert sent(messenger, profile, status) == reporter.errors()


@pytest.mark.slow
@pytest.mark.parametrize("status", [401])
def test_a_report_that_is_sent_without_a_gateway(home: HermesHome, provider: Provider, messenger: Messenger, status: int) -> None:
    """A report that a run by hand sends itself is refused once and counts once; the job says that it is well."""
    proxy = {"MATTERMOST_PROXY": f"http://127.0.0.1:{messenger.port}"}
    reporter = Reporter(home, provider, "alone", deliver="mattermost", environment=proxy)
    reporter.run("succeeded")
    print(home.systemd.path(home.home("alone") / "logs/errors.log").read_text())
    assert [who for who, _ in messenger.posts].count("alone") == 1

    messenger.refused["alone"] = status
    reporter.run("succeeded")

    assert sent_paths(messenger, "alone") == ["posts"]
    print(home.systemd.path(home.home("alone") / "logs/errors.log").read_text())
    assert sent(messenger, "alone", status) == reporter.errors()
