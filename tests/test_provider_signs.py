"""A provider by whatever name, one that stands in, and trouble that is long past: from logs to conditions."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.judge.credentials import COOL_DOWN_SECONDS
from hermes_exporter.sources.provider_aliases import canonical
from tests.lab.user_systemd import REPO
from tests.log_home import BOT_REFUSED, FALLBACK, Logs, answered, failed, made, refused
from tests.odd_homes import AT, Gateway, stamp
from tests.scraping import Scraper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.homes import Home

HOUR, DAY = 3600.0, 86400.0
MINUTES = 60.0
URL = "http://127.0.0.1:8000/v1"


class Lab:
    """A profile with logs that are written as of some seconds ago, and its exporter."""

    def __init__(self, directory: Path) -> None:
        self.home: Home = made(directory)
        self.logs = Logs(self.home.root)
        self.scraper = Scraper(self.home)

    def configure(self, text: str) -> None:
        """Write config.yaml."""
        (self.home.root / "config.yaml").write_text(text)

    def condition(self, name: str, later: float = 0.0) -> float | None:
        """Whether a condition holds, some seconds after AT."""
        self.scraper.clock.at = AT + later
        return self.scraper.scrape().get(f'hermes_profile_condition{{condition="{name}",profile="default"}}')


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """The profile, scraped once."""
    lab = Lab(tmp_path)
    lab.condition("provider_auth")
    yield lab
    lab.scraper.gatherer.close()


NAMED = {
    "its own name": ("anthropic", "", "anthropic"),
    "another name": ("claude", "", "anthropic"),
    "a name that Hermes learnt since": ("anthropic-next", "", "anthropic"),
    "a local server": ("ollama", "", "custom"),
    "one of providers": ("labllm", f"providers:\n  labllm:\n    base_url: {URL}\n", "custom"),
    "one of custom_providers": ("labllm", "custom_providers:\n- {name: labllm}\n", "custom"),
    "an endpoint named in full": ("custom:labllm", "", "custom"),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMED)
def test_provider_by_any_name(lab: Lab, case: str) -> None:
    """What config.yaml calls a provider and what records call it are one: refusals and answers are seen."""
    configured, more, logged = NAMED[case]
    lab.configure(f"timezone: UTC\nmodel:\n  provider: {configured}\n{more}")

    lab.logs.write(30 * MINUTES, refused(logged))
    lab.logs.write(20 * MINUTES, refused(logged))
    assert lab.condition("provider_auth") == 1

    lab.logs.write(10 * MINUTES, answered(logged))
    assert lab.condition("provider_auth") == 0


def test_job_that_failed_and_chats_that_went_well(lab: Lab) -> None:
    """A refused job does not stand against a provider that has answered since, by another name."""
    lab.configure("timezone: UTC\nmodel:\n  provider: claude\n")
    job = {
        "id": "j1",
        "schedule": {"kind": "cron", "expr": "0 9 * * *"},
        "last_run_at": stamp(AT - 8 * HOUR),
        "last_status": "error",
        "last_error": "RuntimeError: HTTP 401: no",
    }
    (lab.home.root / "cron").mkdir(exist_ok=True)
    (lab.home.root / "cron/jobs.json").write_text(json.dumps({"jobs": [job]}))
    assert lab.condition("provider_auth") == 1

    lab.logs.write(HOUR, answered("anthropic"))
    assert lab.condition("provider_auth") == 0


def test_jobs_with_a_provider_of_their_own_say_nothing_of_the_profiles(lab: Lab) -> None:
    """Answers that only jobs with another provider get are none of the one that is configured."""
    schedule = {"kind": "cron", "expr": "0 9 * * *"}
    job = {"id": "j1", "schedule": schedule, "provider": "openrouter", "last_run_at": stamp(AT - HOUR)}
    (lab.home.root / "cron").mkdir(exist_ok=True)
    (lab.home.root / "cron/jobs.json").write_text(json.dumps({"jobs": [job]}))

    lab.logs.write(HOUR, answered("openrouter"))

    assert lab.condition("provider_auth") is None


def test_the_one_that_stands_in_is_refused_as_well(lab: Lab) -> None:
    """To turn to another provider is no success: if that refuses too, nothing has taken over."""
    lab.logs.write(4 * HOUR, answered())
    for ago in range(180, 0, -10):
        lab.logs.write(ago * MINUTES, refused(), FALLBACK)
        lab.logs.write(ago * MINUTES - 1, refused("deepseek"))

    assert (lab.condition("provider_auth"), lab.condition("degraded")) == (1, 1)

    lab.logs.write(0.5, answered("deepseek"))
    assert (lab.condition("provider_auth"), lab.condition("degraded")) == (0, 1)


def test_a_stand_in_by_the_same_name(lab: Lab) -> None:
    """An owner's endpoints are all one to the records: answers of the second do not hide that the first is out."""
    lab.configure("model:\n  provider: custom:labllm\nfallback_providers:\n- provider: custom:backup\n")
    for ago in range(120, 0, -10):
        lab.logs.write(ago * MINUTES, refused("custom"), FALLBACK.replace("(deepseek)", "(custom)"))
        lab.logs.write(ago * MINUTES - 2, answered("custom"))
    assert (lab.condition("provider_auth"), lab.condition("degraded")) == (0, 1)

    lab.logs.write(-20 * MINUTES, answered("custom"))
    assert lab.condition("degraded", later=20 * MINUTES) == 0


def test_refusals_that_nothing_could_take_back(lab: Lab) -> None:
    """Where answers are not logged and no job asks a model, refusals of days ago tell nothing of today."""
    lab.configure("model:\n  provider: nous\nlogging:\n  level: WARNING\n")
    lab.logs.write(20 * MINUTES, refused())
    lab.logs.write(10 * MINUTES, refused())

    assert lab.condition("provider_auth") == 1
    assert lab.condition("provider_auth", later=DAY) == 1
    assert lab.condition("provider_auth", later=2 * DAY) is None


def test_rate_limits_end_with_their_cool_down(lab: Lab) -> None:
    """Two rate limits are a used-up quota while they cool down; a bill that is not paid is one until it is."""
    lab.logs.write(HOUR, answered())
    lab.logs.write(20 * MINUTES, failed("HTTP 429: Rate limit reached"))
    lab.logs.write(10 * MINUTES, failed("HTTP 429: Rate limit reached"))
    assert lab.condition("provider_quota") == 1
    assert lab.condition("provider_quota", later=COOL_DOWN_SECONDS) == 0

    lab.logs.write(-2 * HOUR, failed("HTTP 402: Insufficient credits"))
    lab.logs.write(-2 * HOUR - 120, failed("HTTP 402: Insufficient credits"))
    assert lab.condition("provider_quota", later=3 * HOUR) == 1
    assert lab.condition("provider_quota", later=8 * HOUR) == 1


def test_a_profile_that_was_given_up(lab: Lab) -> None:
    """The last words of a profile that nobody uses any more are no news, whatever they were."""
    old = lab.home.profile("old")
    gateway = Gateway(old, 3009, started=365 * DAY + 2 * HOUR, beat=365 * DAY, state="stopped")
    gateway.write(platforms={"mattermost": {"state": "disconnected", "updated_at": stamp(AT - 365 * DAY)}})
    for name in ("gateway.pid", "gateway.lock"):
        (old / name).unlink()
    (old / "config.yaml").write_text("model:\n  provider: nous\nplatforms:\n  mattermost:\n    enabled: true\n")
    logs = Logs(old)
    logs.write(366 * DAY, answered())
    logs.write(365 * DAY + 20 * MINUTES, refused())
    logs.write(365 * DAY + 10 * MINUTES, refused(), BOT_REFUSED)

    series = Scraper(lab.home).scrape()

    about = '{{condition="{}",profile="old"}}'
    assert series['hermes_profile_gateway_expected{profile="old"}'] == 0
    for name in ("provider_auth", "platform_auth"):
        assert "hermes_profile_condition" + about.format(name) not in series


def test_a_mailbox_is_proved_by_its_mail(lab: Lab) -> None:
    """A mailbox connects once: a refusal is over when a message comes, though nothing connects again."""
    entry = {"state": "connected", "updated_at": stamp(AT - 2 * HOUR)}
    Gateway(lab.home.root, 3001).write(platforms={"email": entry})
    lab.configure("model:\n  provider: nous\nplatforms:\n  email:\n    enabled: true\n")
    mailbox = "hermes_plugins.email_platform.adapter: [Email]"
    lab.logs.write(HOUR, f"ERROR {mailbox} IMAP fetch error: b'[AUTHENTICATIONFAILED] temporary problem'")
    assert lab.condition("platform_auth") == 1

    lab.logs.write(10 * MINUTES, f"INFO {mailbox} New message from somebody@mail.example: hello")
    assert lab.condition("platform_auth") == 0


ASK = """
import inspect, json, re
from hermes_cli import auth
source = inspect.getsource(auth.resolve_provider)
table = eval(re.search(r"_PROVIDER_ALIASES = (\\{.*?\\n    \\})", source, re.S)[1])
from providers import list_providers
for provider in list_providers():
    for alias in provider.aliases:
        table.setdefault(alias, provider.name)
print(json.dumps(table))
"""


def test_aliases_are_those_of_hermes(tmp_path: Path) -> None:
    """Every name that a real Hermes takes for another's is taken for the same one here."""
    environment = {"HOME": str(tmp_path), "HERMES_HOME": str(tmp_path / "h"), "HERMES_DISABLE_LAZY_INSTALLS": "1"}
    python = REPO / ".cache/hermes-0.19.0/bin/python"
    done = subprocess.run(
        [python, "-c", ASK], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    table = json.loads(done.stdout.splitlines()[-1])

    assert len(table) > 90
    assert {alias: canonical(alias) for alias in table} == table
