"""The routes from Alertmanager to a phone: every file is valid, and sends each alert where it belongs."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import yaml

from tests.lab.alertmanager import ROUTES
from tests.lab.unpacked import BIN
from tests.lab.waiting import answers, free_port, until
from tests.test_alerts import ALERTS, CASES, RUNBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECEIVERS = ("discord", "email", "mattermost", "ntfy", "pushover", "slack", "telegram", "webhook")
COMMON = "  # ---- From here on the files of this directory are all the same. ----\n"
NTFY_LIMIT = 4096
"""Bytes of a message that ntfy still takes."""

SEVERITIES = {
    **dict.fromkeys((
        "HermesGatewayDead", "HermesGatewayCrashLooping", "HermesGatewayFrozen", "HermesReportNotDelivered",
        "HermesReportDeliveryFailed", "HermesCronSchedulerStalled", "HermesCronJobsVanished",
        "HermesProviderAuthFailing", "HermesPlatformAuthFailing", "HermesExporterDown", "HermesExporterBlind",
    ), "critical"),
    **dict.fromkeys((
        "HermesCronJobFailing", "HermesProviderQuotaExhausted", "HermesPlatformDown", "HermesReportLate",
        "HermesReportUnverified", "HermesCronRunStuck", "HermesCronJobsNotTicked", "HermesCredentialExpiring",
        "HermesDuplicateGateway", "HermesNotSurvivingLogout", "HermesStaleCode", "HermesCollectorFailing",
        "HermesDiskAlmostFull",
    ), "warning"),
    "HermesWatchdog": "none",
}  # fmt: skip
"""Every alert there is to be, and how bad it is."""
RECEIVER_OF = {"critical": "phone", "warning": "phone-quietly", "none": "dead-mans-switch"}


def amtool(*argv: str | Path) -> str:
    """What amtool prints; fail with it."""
    done = subprocess.run(
        [str(word) for word in (BIN / "amtool", *argv)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_receiver_has_its_file() -> None:
    """There is one file for each receiver, and the texts."""
    assert {path.name for path in ROUTES.iterdir()} == {*(f"{name}.yml" for name in RECEIVERS), "hermes.tmpl"}


def test_severities_are_those_of_the_rules() -> None:
    """The table above says of every rule what the rule says."""
    assert {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}.items() <= SEVERITIES.items()


@pytest.mark.parametrize("name", RECEIVERS)
def test_amtool_accepts_the_file(name: str) -> None:
    """It is valid, and its texts are found beside it."""
    said = amtool("check-config", ROUTES / f"{name}.yml")

    assert "SUCCESS" in said
    assert "1 templates" in said


@pytest.mark.parametrize("name", RECEIVERS)
def test_common_part_is_common(name: str) -> None:
    """Routes, inhibition and the watchdog's receiver are the same, letter by letter, in every file."""
    first, here = ((ROUTES / f"{each}.yml").read_text().partition(COMMON)[2] for each in (RECEIVERS[0], name))

    assert "inhibit_rules:" in here
    assert here == first


@pytest.mark.parametrize("name", RECEIVERS)
def test_alerts_go_where_they_belong(name: str) -> None:
    """Critical to the phone, warnings to the quiet way, the watchdog to the dead man's switch alone."""
    for alert, severity in SEVERITIES.items():
        labels = f"alertname={alert}", f"severity={severity}", "instance=box", "profile=coder"
        said = amtool("config", "routes", "test", f"--config.file={ROUTES / name}.yml", *labels)
        assert said.split() == [RECEIVER_OF[severity]], alert


@pytest.mark.parametrize("name", RECEIVERS)
def test_both_ways_tell_the_end(name: str) -> None:
    """Loud and quiet exist, and each says when it is over."""
    receivers = {each["name"]: each for each in yaml.safe_load((ROUTES / f"{name}.yml").read_text())["receivers"]}

    assert set(receivers) == {"phone", "phone-quietly", "dead-mans-switch"}
    for way in ("phone", "phone-quietly"):
        (integrations,) = (value for key, value in receivers[way].items() if key.endswith("_configs"))
        assert [integration["send_resolved"] for integration in integrations] == [True]


@pytest.mark.parametrize("name", RECEIVERS)
def test_no_secret_stands_in_the_file(name: str) -> None:
    """Tokens, passwords and addresses that are secrets are read from files beside it, where they can be."""
    text = (ROUTES / f"{name}.yml").read_text().partition(COMMON)[0]
    inline = ("bot_token:", "token:", "user_key:", "auth_password:", "api_url:", "webhook_url:", "credentials:")

    settings = [line.strip() for line in text.splitlines() if not line.strip().startswith("#")]
    assert [line for line in settings if line.startswith(inline)] == []
    assert name == "ntfy" or not any("url: http" in line for line in settings)


def test_texts_of_the_rules_are_not_cut() -> None:
    """Every text that a rule's test expects fits whole, with the first command at its end."""
    texts = (ROUTES / "hermes.tmpl").read_text(), (ROUTES / "ntfy.yml").read_text()
    told = [alert["exp_annotations"] for case in CASES for alert in case.expected]

    for text in texts:
        summary, description = (int(number) for number in re.findall(r'printf "%\.(\d+)s"', text))
        assert max(len(each["summary"]) for each in told) <= summary
        assert max(len(each["description"]) for each in told) <= description


def test_loud_and_quiet_ntfy_differ_in_priority_alone() -> None:
    """What is said is the same, and how loudly is not."""
    loud, quiet = (
        receiver["webhook_configs"][0]
        for receiver in yaml.safe_load((ROUTES / "ntfy.yml").read_text())["receivers"][:2]
    )

    assert quiet["url"] == loud["url"].replace("priority=5", "priority=2")
    assert quiet["url"] != loud["url"]
    assert {**quiet, "url": ""} == {**loud, "url": ""}


@pytest.fixture
def push(tmp_path: Path) -> Iterator[str]:
    """The shipped push address, with a real ntfy server of this test behind it instead of ntfy.sh."""
    server = f"127.0.0.1:{free_port()}"
    (tmp_path / "server.yml").write_text(f'listen-http: "{server}"\nbase-url: "http://{server}"\n')
    url = yaml.safe_load((ROUTES / "ntfy.yml").read_text())["receivers"][0]["webhook_configs"][0]["url"]
    with (tmp_path / "log").open("w") as log:
        ntfy = subprocess.Popen(
            [BIN / "ntfy", "serve", "--config", tmp_path / "server.yml"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: answers(f"http://{server}/v1/health"), 10, (tmp_path / "log").read_text)
        yield urlunsplit(urlsplit(url)._replace(scheme="http", netloc=server))
    finally:
        ntfy.terminate()
        ntfy.wait(10)


def notice(firing: list[str], resolved: list[str], truncated: int = 0) -> bytes:
    """What Alertmanager posts for these profiles."""
    told = "hermes-gateway.service (user) is failed, result exit-code, exit status 203. " * 10
    alerts = [
        {
            "status": status,
            "labels": {"alertname": "HermesGatewayDead", "instance": "box", "profile": profile},
            "annotations": {"summary": f"{profile} is dead", "description": told, "runbook_url": RUNBOOKS},
            "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=" + 300 * "x",
        }
        for status, profiles in (("firing", firing), ("resolved", resolved))
        for profile in profiles
    ]
    group = {"alertname": "HermesGatewayDead", "instance": "box"}
    status = "firing" if firing else "resolved"
    body = {"status": status, "alerts": alerts, "groupLabels": group, "truncatedAlerts": truncated}
    return json.dumps(body).encode()


def pushed(url: str, body: bytes) -> dict[str, Any]:
    """Post it, and return the message a subscriber gets."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        message: dict[str, Any] = json.load(answer)
        return message


def test_push_says_what_fires_and_what_is_over(push: str) -> None:
    """Title: what, where. Text: each alert's summary, the description and runbook of the first that fires."""
    message = pushed(push, notice(firing=["coder", "research"], resolved=["default"]))

    assert message["title"] == "FIRING HermesGatewayDead on box"
    assert message["priority"] == 5
    first, description, runbook, *others = message["message"].strip().splitlines()
    assert first == "coder is dead"
    assert description.startswith("hermes-gateway.service (user) is failed")
    assert runbook == RUNBOOKS
    assert others == ["research is dead", "Over: default is dead"]


def test_push_says_that_it_is_over(push: str) -> None:
    """A recovery says so, without the old description."""
    message = pushed(push, notice(firing=[], resolved=["coder"]))

    assert message["title"] == "OVER HermesGatewayDead on box"
    assert message["message"].strip() == "Over: coder is dead"


@pytest.mark.parametrize("letter", ["p", "\ubcf4"], ids=["ascii", "hangul"])
def test_push_of_a_fleet_is_not_refused(push: str, letter: str) -> None:
    """The largest notice the route lets through is short enough for ntfy, which would refuse it otherwise."""
    most = yaml.safe_load((ROUTES / "ntfy.yml").read_text())["receivers"][0]["webhook_configs"][0]["max_alerts"]
    names = [f"{number:02}" + 62 * letter for number in range(most)]

    message = pushed(push, notice(firing=names, resolved=[], truncated=30))

    assert message["message"].strip().endswith("and 30 more")
    assert all(name in message["message"] for name in names)
    assert len(message["message"].encode()) <= NTFY_LIMIT
