"""``stack test-alert`` against a real Alertmanager: what it proves, and what it says where it cannot."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.alertmanager import Alertmanager, filled_in
from tests.lab.exporter import COMMAND
from tests.lab.stubs import Receiver, TelegramApi
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.systemd

HERMES_OWN = "7000000001:AAhermesOwnhermesOwnhermesOwnhermes"


@pytest.fixture
def telegram() -> Iterator[TelegramApi]:
    """The Bot API."""
    with TelegramApi() as stub:
        yield stub


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A Hermes home whose bot is not the alarm's."""
    root = tmp_path / ".hermes"
    root.mkdir()
    (root / ".env").write_text(f"TELEGRAM_BOT_TOKEN={HERMES_OWN}\n")
    return root


def try_it(alertmanager: str, home: Path, *options: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command, and answer what it asks."""
    command = [str(COMMAND), "stack", "test-alert", f"--alertmanager.url={alertmanager}", f"--hermes.home={home}"]
    return subprocess.run(
        [*command, *options],
        env={**os.environ, "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"},
        input=answer, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def through_telegram(telegram: TelegramApi, directory: Path, token: str = TelegramApi.token) -> Alertmanager:
    """Alertmanager with the shipped Telegram route and that token."""
    (directory / "telegram-token").write_text(token)
    api = f"chat_id: 42\n        api_url: http://127.0.0.1:{telegram.port}"
    return Alertmanager(directory, filled_in("telegram", {"chat_id: 1": api}))


def through_webhook(receiver: Receiver, directory: Path, **more: Any) -> Alertmanager:
    """Alertmanager with the shipped webhook route, changed so."""
    (directory / "webhook-url").write_text(f"http://127.0.0.1:{receiver.port}/hook")
    route = filled_in("webhook", {})
    return Alertmanager(directory, {**route, **more})


def active(alertmanager: Alertmanager) -> list[Mapping[str, Any]]:
    """The alerts that it holds."""
    return [each for each in alertmanager.alerts() if each["status"]["state"] == "active"]


def test_it_arrives(telegram: TelegramApi, tmp_path: Path, home: Path) -> None:
    """Marked as a test, named by its host, taken by the service, ended, and the person said so."""
    with through_telegram(telegram, tmp_path) as alertmanager:
        done = try_it(alertmanager.url, home, answer="y\n")
        assert active(alertmanager) == []

    assert done.returncode == 0, done.stderr
    assert "telegram: the service took it\n" in done.stdout
    assert done.stdout.endswith("Did it arrive? [y/N]: ")
    assert done.stderr == ""
    (message,) = telegram.messages
    assert message["text"].startswith("FIRING HermesTestAlert on ")
    assert "Nothing is wrong" in message["text"]


def test_the_person_decides(telegram: TelegramApi, tmp_path: Path, home: Path) -> None:
    """What the service took and nobody got did not arrive; with --yes nobody is asked."""
    with through_telegram(telegram, tmp_path) as alertmanager:
        denied = try_it(alertmanager.url, home, answer="n\n")
        unasked = try_it(alertmanager.url, home, "--yes", "--severity=warning")

    assert denied.returncode == 1
    assert "the service took the test alert" in denied.stderr
    assert unasked.returncode == 0, unasked.stderr
    assert "?" not in unasked.stdout
    assert [message.get("disable_notification") for message in telegram.messages] == [None, "true"]


def test_refused_by_the_service(telegram: TelegramApi, tmp_path: Path, home: Path) -> None:
    """A wrong token is a failure with its cause in words, and the token is nowhere."""
    wrong = "7000000003:AAwrongwrongwrongwrongwrongwrongwrong"
    with through_telegram(telegram, tmp_path, wrong) as alertmanager:
        done = try_it(alertmanager.url, home, "--yes")
        assert active(alertmanager) == []

    assert done.returncode == 1
    assert "telegram: failed" in done.stdout
    assert "did not arrive" in done.stderr
    assert "journalctl" in done.stderr
    assert wrong.partition(":")[2] not in done.stdout + done.stderr


def test_service_that_fails_is_not_waited_for_in_vain(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """Alertmanager tries again for minutes; that it does is said when the time is over."""
    receiver.refuse = 503
    with through_webhook(receiver, tmp_path) as alertmanager:
        done = try_it(alertmanager.url, home, "--yes", "--timeout=3")

    assert done.returncode == 1
    assert done.stderr.count("webhook: refused\n") == 1
    assert re.search(r"webhook: failed \d+ times, and Alertmanager goes on trying", done.stdout)


def test_hermes_own_bot_is_warned_of(telegram: TelegramApi, tmp_path: Path, home: Path) -> None:
    """It works today, and rings no more when that bot is what broke."""
    (home / ".env").write_text(f"TELEGRAM_BOT_TOKEN={telegram.token}\n")
    with through_telegram(telegram, tmp_path) as alertmanager:
        done = try_it(alertmanager.url, home, "--yes")

    assert done.returncode == 0
    assert done.stderr.startswith("warning: the bot that rings is the one of Hermes' profile default")
    assert telegram.token not in done.stdout + done.stderr


def test_hermes_own_port_is_warned_of(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """A route through the gateway that it is to tell of."""
    (home / ".env").write_text(f"WEBHOOK_PORT={receiver.port}\n")
    with through_webhook(receiver, tmp_path) as alertmanager:
        done = try_it(alertmanager.url, home, "--yes", f"--alertmanager.config-file={alertmanager.config}")

    assert done.returncode == 0
    assert "a dead gateway cannot tell that it is dead" in done.stderr


def test_shared_integration_is_a_doubt(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """Where another receiver sends the same way, what Alertmanager counted may be its own."""
    switch = f"http://127.0.0.1:{receiver.port}/watchdog"
    with through_webhook(receiver, tmp_path, **filled_in("webhook", {}, switch=switch)) as alertmanager:
        alone = try_it(alertmanager.url, home, "--yes")
        alertmanager.post([{"labels": {"alertname": "HermesWatchdog", "severity": "none"}}])
        until(lambda: any(path == "/watchdog" for path, _body in receiver.received), 20, "the watchdog beats")
        beside = try_it(alertmanager.url, home, "--yes")

    assert (alone.returncode, beside.returncode) == (0, 0)
    assert alone.stdout.endswith("webhook: the service took it\n")
    assert beside.stdout.endswith("took it, unless that was another alert for dead-mans-switch\n")


def test_receiver_that_sends_nothing(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """A receiver without any integration is the commonest way to hear nothing for months."""
    route = filled_in("webhook", {})
    silent = [{"name": each["name"]} for each in route["receivers"]]
    with through_webhook(receiver, tmp_path, receivers=silent) as alertmanager:
        done = try_it(alertmanager.url, home, "--yes")

    assert done.returncode == 2
    assert "that receiver sends nothing" in done.stderr


def test_silence_is_told(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """A silence over everything is found at once, not after the time is over."""
    with through_webhook(receiver, tmp_path) as alertmanager:
        matcher = {"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}
        silence = {"matchers": [matcher], "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z",
                   "createdBy": "test", "comment": "test"}  # fmt: skip
        alertmanager.ask("/api/v2/silences", silence)
        done = try_it(alertmanager.url, home, "--yes")

    assert done.returncode == 2
    assert "held back by a silence" in done.stderr
    assert receiver.received == []


def test_slow_route_is_told(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """A route that waits longer than we do is no failure of the service."""
    with through_webhook(receiver, tmp_path, route={"receiver": "phone", "group_wait": "5m"}) as alertmanager:
        done = try_it(alertmanager.url, home, "--yes", "--timeout=1")

    assert done.returncode == 1
    assert "webhook: not sent within 1 s: its route is muted, or waits longer (group_wait" in done.stdout


def test_no_alertmanager_there(receiver: Receiver, home: Path) -> None:
    """Nobody listens, somebody else listens, or that is no address: one line, exit 2."""
    nobody = try_it(f"http://127.0.0.1:{free_port()}", home, "--yes")
    other = try_it(f"http://127.0.0.1:{receiver.port}", home, "--yes")
    nonsense = try_it("127.0.0.1:9093", home, "--yes")

    assert [done.returncode for done in (nobody, other, nonsense)] == [2, 2, 2]
    assert "no Alertmanager answers at" in nobody.stderr
    assert "answers 405: is it an Alertmanager" in other.stderr
    assert "no address such as http://127.0.0.1:9093" in nonsense.stderr
    assert all(done.stderr.count("\n") == 1 for done in (nobody, other, nonsense))


def test_it_ends_by_itself(receiver: Receiver, tmp_path: Path, home: Path) -> None:
    """Killed before it could end the alert, it leaves one that ends soon."""
    with through_webhook(receiver, tmp_path, route={"receiver": "phone", "group_wait": "5m"}) as alertmanager:
        command = [str(COMMAND), "stack", "test-alert", f"--alertmanager.url={alertmanager.url}", "--timeout=30"]
        process = subprocess.Popen([*command, f"--hermes.home={home}"], stdout=subprocess.DEVNULL)
        until(lambda: active(alertmanager), 20, "the alert is there")
        process.kill()
        process.wait(10)
        (left,) = active(alertmanager)

    assert json.dumps(left["labels"]).count("HermesTestAlert") == 1
    lasts = [int(part) for part in re.split(r"[:.]", left["endsAt"].partition("T")[2])[:2]]
    began = [int(part) for part in re.split(r"[:.]", left["startsAt"].partition("T")[2])[:2]]
    assert ((lasts[0] - began[0]) * 60 + lasts[1] - began[1]) % 1440 <= 2
