"""The shipped routes in a real Alertmanager: what is told, how loudly, how often, and what is held back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.alertmanager import Alertmanager, filled_in
from tests.lab.ntfy import Ntfy, wait_push
from tests.lab.stubs import Receiver, TelegramApi
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.systemd

RUNBOOK = "https://github.com/hermes-exporter/hermes_exporter/blob/main/docs/runbooks/"
NTFY = "https://ntfy.sh/CHANGE-ME"


def alert(name: str, profile: str = "coder", severity: str = "critical", **labels: str) -> dict[str, Any]:
    """An alert as Prometheus hands it over, with texts of usual length."""
    told = {"alertname": name, "instance": "box", "profile": profile, "job": "hermes", "severity": severity}
    return {
        "labels": {**told, **labels},
        "annotations": {
            "summary": f"Hermes: {name.removeprefix('Hermes')} of {profile} on box",
            "description": "hermes-gateway.service (user) is failed, result exit-code, exit status 203. "
            f"First: systemctl --user status hermes-gateway-{profile}; then the runbook.",
            "runbook_url": f"{RUNBOOK}{name}.md",
        },
    }


def over(*alerts: dict[str, Any]) -> list[dict[str, Any]]:
    """The same alerts, ended."""
    return [{**each, "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-01T00:00:01Z"} for each in alerts]


@pytest.fixture
def ntfy(tmp_path: Path) -> Iterator[Ntfy]:
    """A real ntfy server, the token beside Alertmanager's configuration."""
    server = Ntfy(tmp_path)
    (tmp_path / "ntfy-token").write_text(server.token)
    yield server
    server.stop()


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[TelegramApi]:
    """The Bot API, the token beside Alertmanager's configuration."""
    with TelegramApi() as stub:
        (tmp_path / "telegram-token").write_text(stub.token)
        yield stub


def through_ntfy(ntfy: Ntfy, directory: Path, factor: float) -> Alertmanager:
    """Alertmanager with the ntfy route."""
    return Alertmanager(directory, filled_in("ntfy", {NTFY: f"{ntfy.url}/phone"}), factor)


def through_telegram(telegram: TelegramApi, directory: Path, factor: float) -> Alertmanager:
    """Alertmanager with the Telegram route."""
    api = f"chat_id: 42\n        api_url: http://127.0.0.1:{telegram.port}"
    return Alertmanager(directory, filled_in("telegram", {"chat_id: 1": api}), factor)


def held_back(alertmanager: Alertmanager) -> set[tuple[str, str, str]]:
    """Name, profile and job of each alert that another one inhibits."""
    return {
        (each["labels"]["alertname"], each["labels"].get("profile", ""), each["labels"].get("job_id", ""))
        for each in alertmanager.alerts()
        if each["status"]["inhibitedBy"]
    }


GATEWAY_GONE = {
    "HermesGatewayCrashLooping", "HermesCronSchedulerStalled", "HermesCronJobsNotTicked", "HermesCronRunStuck",
    "HermesReportNotDelivered", "HermesReportLate", "HermesPlatformDown",
}  # fmt: skip
REPORT = {"HermesReportNotDelivered", "HermesReportLate"}
INHIBITS = {
    "HermesGatewayDead": GATEWAY_GONE,
    "HermesGatewayFrozen": GATEWAY_GONE - {"HermesGatewayCrashLooping"},
    "HermesCronSchedulerStalled": REPORT | {"HermesCronJobsNotTicked"},
    "HermesProviderAuthFailing": REPORT | {"HermesCronJobFailing"},
}
EVERYTHING = {
    *GATEWAY_GONE, "HermesGatewayDead", "HermesGatewayFrozen", "HermesCronJobFailing",
    "HermesReportDeliveryFailed",
    "HermesReportUnverified", "HermesProviderAuthFailing", "HermesPlatformAuthFailing", "HermesExporterBlind",
    "HermesCredentialExpiring", "HermesDiskAlmostFull", "HermesTestAlert", "HermesWatchdog",
}  # fmt: skip


@pytest.mark.parametrize("source", INHIBITS)
def test_cause_holds_its_consequences_back(ntfy: Ntfy, tmp_path: Path, source: str) -> None:
    """Of the same profile on the same host, and no others."""
    causes = INHIBITS.keys() - {source}
    with through_ntfy(ntfy, tmp_path, 1) as alertmanager:
        elsewhere = [alert(name, profile) for name in EVERYTHING - causes for profile in ("coder", "default")]
        other_host = [alert(name, instance="other") for name in EVERYTHING - causes]
        everywhere = [each for each in (*elsewhere, *other_host)
                      if each["labels"]["alertname"] != source or each == alert(source)]  # fmt: skip
        alertmanager.post(everywhere)

        until(lambda: len(alertmanager.alerts()) == len(everywhere), 10, "Alertmanager has them all")

        assert held_back(alertmanager) == {(name, "coder", "") for name in INHIBITS[source] - causes}


def test_failed_delivery_holds_that_report_back(ntfy: Ntfy, tmp_path: Path) -> None:
    """The same job's report is not told a second time, another job's is, nor does a source without a job count."""
    with through_ntfy(ntfy, tmp_path, 1) as alertmanager:
        missing = [alert("HermesReportNotDelivered", job_id=job) for job in ("a1", "b2")]
        without_job = [alert(name, profile="default") for name in
                       ("HermesReportDeliveryFailed", "HermesReportNotDelivered")]  # fmt: skip
        alertmanager.post([alert("HermesReportDeliveryFailed", job_id="a1"), *missing, *without_job])

        until(lambda: len(alertmanager.alerts()) == 5, 10, "Alertmanager has them all")

        assert held_back(alertmanager) == {("HermesReportNotDelivered", "coder", "a1")}


def test_unseen_host_holds_everything_of_it_back(ntfy: Ntfy, tmp_path: Path) -> None:
    """Without its exporter nothing is known of a host; the watchdog, a test and other hosts' alerts go on."""
    with through_ntfy(ntfy, tmp_path, 1) as alertmanager:
        alerts = [alert(name) for name in EVERYTHING]
        alertmanager.post([alert("HermesExporterDown"), *alerts, alert("HermesGatewayDead", instance="other")])

        until(lambda: len(alertmanager.alerts()) == len(EVERYTHING) + 2, 10, "Alertmanager has them all")

        told = {"HermesTestAlert", "HermesWatchdog"}
        assert held_back(alertmanager) == {(name, "coder", "") for name in EVERYTHING - told}


def test_dead_host_of_several_profiles_rings_once(ntfy: Ntfy, tmp_path: Path) -> None:
    """It and those it serves are one push, their consequences none; what outlasts it is told then."""
    dead = [alert("HermesGatewayDead", profile) for profile in ("default", "coder", "research")]
    consequences = [alert("HermesReportNotDelivered", "coder", job_id="a1"), alert("HermesCronSchedulerStalled")]
    phone = ntfy.subscribe("phone")
    with through_ntfy(ntfy, tmp_path, 60) as alertmanager:
        alertmanager.post([*dead, *consequences])
        push = wait_push(phone, "FIRING HermesGatewayDead", 20)
        alertmanager.post(over(*dead, consequences[1]))
        wait_push(phone, "FIRING HermesReportNotDelivered", 20)
        wait_push(phone, "OVER HermesGatewayDead", 20)

    assert push["title"] == "FIRING HermesGatewayDead on box"
    assert push["priority"] == 5
    assert all(
        f"GatewayDead of {profile} on box" in push["message"] for profile in ("default", "coder", "research")
    )
    assert len(phone) == 3


def test_warning_is_quiet(ntfy: Ntfy, tmp_path: Path) -> None:
    """Warnings of one kind come together, without sound, and later than what is critical."""
    phone = ntfy.subscribe("phone")
    with through_ntfy(ntfy, tmp_path, 300) as alertmanager:
        alertmanager.post([alert("HermesStaleCode", profile, "warning") for profile in ("default", "coder")])
        alertmanager.post([alert("HermesGatewayDead")])
        push = wait_push(phone, "FIRING HermesStaleCode", 20)

    assert [each["title"].split()[1] for each in phone] == ["HermesGatewayDead", "HermesStaleCode"]
    assert push["priority"] == 2
    assert push["message"].count("StaleCode of") == 2


@pytest.mark.timeout(180)
def test_how_often_it_is_told_again(ntfy: Ntfy, tmp_path: Path) -> None:
    """A dead gateway every hour, what else is critical every four, a report every twelve."""
    phone = ntfy.subscribe("phone")

    def times(name: str) -> int:
        return sum(name in push["title"] for push in phone)

    with through_ntfy(ntfy, tmp_path, 1800) as alertmanager:
        names = ("HermesGatewayDead", "HermesCronJobsVanished", "HermesReportDeliveryFailed")
        alertmanager.post([alert(name, job_id="a1") for name in names])
        until(lambda: times(names[2]) == 2, 60, lambda: f"the report again; {[push['title'] for push in phone]}")
        told = [times(name) for name in names]

    assert 10 <= told[0] <= 13, told
    assert 3 <= told[1] <= 4, told


def test_telegram_says_it_in_plain_text(telegram: TelegramApi, tmp_path: Path) -> None:
    """Title, summary, cause and first command, runbook; critical with sound, a warning without; then the end."""
    dead, stale = alert("HermesGatewayDead"), alert("HermesStaleCode", severity="warning")
    with through_telegram(telegram, tmp_path, 600) as alertmanager:
        alertmanager.post([dead, stale])
        until(lambda: len(telegram.messages) == 2, 20, lambda: f"two messages; refused: {telegram.refused}")
        alertmanager.post(over(dead))
        until(lambda: len(telegram.messages) == 3, 20, lambda: f"the end; refused: {telegram.refused}")

    first, second, third = telegram.messages
    assert first["text"].splitlines() == [
        "FIRING HermesGatewayDead on box",
        dead["annotations"]["summary"],
        dead["annotations"]["description"],
        dead["annotations"]["runbook_url"],
    ]
    assert first["chat_id"] == "42"
    assert "disable_notification" not in first
    assert second["text"].startswith("FIRING HermesStaleCode on box\n")
    assert second["disable_notification"] == "true"
    assert third["text"].splitlines() == [
        "OVER HermesGatewayDead on box",
        f"Over: {dead['annotations']['summary']}",
    ]
    assert telegram.refused == []


def hundred(letter: str) -> list[dict[str, Any]]:
    """A hundred alerts of one group with long texts, and names that look like broken HTML."""
    alerts = []
    for number in range(100):
        each = alert("HermesReportNotDelivered", job_id=f"{number:012x}")
        name = f"<b>&amp {number:02} " + 80 * letter
        notes = {"summary": f"No report: {name}", "description": 20 * f"{name} is 25 min overdue. "}
        alerts.append({**each, "annotations": {**each["annotations"], **notes}})
    return alerts


@pytest.mark.parametrize("letter", ["p", "\ubcf4", "\U0001f4c8"], ids=["ascii", "hangul", "emoji"])
def test_telegram_takes_a_hundred_alerts(telegram: TelegramApi, tmp_path: Path, letter: str) -> None:
    """Some are named, the others counted; nothing is cut in the middle of a character, nor refused."""
    alerts = hundred(letter)
    with through_telegram(telegram, tmp_path, 60) as alertmanager:
        alertmanager.post(alerts)
        until(lambda: telegram.messages or telegram.refused, 20, "a message")
        alertmanager.post(over(*alerts))
        until(lambda: len(telegram.messages) == 2 or telegram.refused, 20, "the end")

    assert telegram.refused == []
    firing, ended = (message["text"] for message in telegram.messages)
    assert firing.count("\nNo report: ") == 8
    assert firing.count("HermesReportNotDelivered.md") == 1
    assert firing.rstrip().endswith("100 in all")
    assert "\ufffd" not in firing
    assert ended.count("\nOver: ") == 6
    assert ended.rstrip().endswith("100 are over in all")


def test_webhook_hands_everything_over(receiver: Receiver, tmp_path: Path) -> None:
    """The JSON has both severities, firing and resolved, with labels and annotations."""
    (tmp_path / "webhook-url").write_text(f"http://127.0.0.1:{receiver.port}/hook")
    dead, stale = alert("HermesGatewayDead"), alert("HermesStaleCode", severity="warning")
    with Alertmanager(tmp_path, filled_in("webhook", {}), 600) as alertmanager:
        alertmanager.post([dead, stale])
        until(lambda: len(receiver.received) == 2, 20, "both")
        alertmanager.post(over(dead))
        until(lambda: len(receiver.received) == 3, 20, "the end")

    bodies = [body for path, body in receiver.received if path == "/hook"]
    assert [(body["status"], body["commonLabels"]["severity"]) for body in bodies] == [
        ("firing", "critical"), ("firing", "warning"), ("resolved", "critical")]  # fmt: skip
    assert bodies[0]["alerts"][0]["labels"] == dead["labels"]
    assert bodies[0]["alerts"][0]["annotations"] == dead["annotations"]


def slack_texts(body: dict[str, Any]) -> tuple[str, str]:
    """Title and text of what Slack and Mattermost take."""
    (attachment,) = body["attachments"]
    return attachment["pretext"], attachment["text"]


def discord_texts(body: dict[str, Any]) -> tuple[str, str]:
    """Title and text of what Discord takes."""
    (embed,) = body["embeds"]
    return embed["title"], embed["description"]


@pytest.mark.parametrize(
    ("name", "texts", "calls"),
    [
        ("slack", slack_texts, "<!channel> "),
        ("mattermost", slack_texts, "@channel "),
        ("discord", discord_texts, ""),
    ],
)
def test_chat_webhooks_say_the_same(
    receiver: Receiver,
    tmp_path: Path,
    name: str,
    texts: Callable[[dict[str, Any]], tuple[str, str]],
    calls: str,
) -> None:
    """Title, then summary, cause and runbook; what is critical calls everybody where the service can."""
    address = f"http://127.0.0.1:{receiver.port}/hook"
    (tmp_path / f"{name}-url").write_text(address)
    dead, stale = alert("HermesGatewayDead"), alert("HermesStaleCode", severity="warning")
    with Alertmanager(tmp_path, filled_in(name, {}), 600) as alertmanager:
        alertmanager.post([dead, stale])
        until(lambda: len(receiver.received) == 2, 20, (tmp_path / "prometheus-alertmanager.log").read_text)

    told = [texts(body) for _path, body in receiver.received]
    assert [title for title, _text in told] == [
        f"{calls}FIRING HermesGatewayDead on box", "FIRING HermesStaleCode on box"]  # fmt: skip
    assert told[0][1].splitlines() == list(dead["annotations"].values())
    assert json.dumps(receiver.received).count("HermesGatewayDead.md") == 1
