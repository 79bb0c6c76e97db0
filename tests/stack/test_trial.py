"""What Alertmanager's API and counters say of one test alert."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.stack import trial
from hermes_exporter.stack.alertmanager import Alertmanager, AlertmanagerError
from tests.lab.stubs import Request, Stub

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTS = """\
# HELP alertmanager_notification_requests_total The total number of attempted notification requests.
# TYPE alertmanager_notification_requests_total counter
alertmanager_notification_requests_total{integration="telegram"} %d
alertmanager_notification_requests_total{integration="webhook",receiver_name="phone"} %d
alertmanager_notification_requests_total{integration="webhook",receiver_name="dead-mans-switch"} 17
alertmanager_notification_requests_failed_total{integration="telegram"} %d
alertmanager_notifications_total{integration="telegram"} 3
alertmanager_notifications_failed_total{integration="telegram",reason="clientError"} %d
alertmanager_notifications_failed_total{integration="telegram",reason="other"} 4
"""
STATUS = '{"versionInfo": {"version": "0.28.1"}, "config": {"original": "receivers:\\n- name: phone\\n"}}'
PHONE = {"receivers": [{"name": "phone", "telegram_configs": [{}], "webhook_configs": [{}, {}]},
                       {"name": "dead-mans-switch", "webhook_configs": [{}]}, {"name": "nothing"}]}  # fmt: skip


class Behind(Stub):
    """What answers in an Alertmanager's place, to whoever knows the password."""

    def __init__(self) -> None:
        """Answer as an Alertmanager would."""
        super().__init__()
        self.counts = COUNTS % (0, 0, 0, 0)
        self.status = STATUS

    def handle(self, request: Request) -> None:
        """Ask for the password, then answer."""
        if request.headers["Authorization"] != "Basic " + base64.b64encode(b"ann:p@ss").decode():
            return request.reply(401, {})
        return request.reply(200, self.status if request.path.endswith("/status") else self.counts)


@pytest.fixture
def behind() -> Iterator[Behind]:
    """The stub, serving."""
    with Behind() as stub:
        yield stub


def test_password_is_given_and_never_shown(behind: Behind) -> None:
    """It comes from the address, percent-encoded where it must be, and stands in no message."""
    right = Alertmanager(f"http://ann:p%40ss@127.0.0.1:{behind.port}/")

    assert right.version_and_config() == ("0.28.1", {"receivers": [{"name": "phone"}]})
    assert right.url == f"http://127.0.0.1:{behind.port}"
    with pytest.raises(AlertmanagerError, match="wants a password") as refused:
        Alertmanager(f"http://ann:secret@127.0.0.1:{behind.port}").version_and_config()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "status", ["", "[]", "{}", '{"versionInfo": {"version": "1"}, "config": {"original": "- a"}}']
)
def test_foreign_answer_is_refused(behind: Behind, status: str) -> None:
    """What is not the answer of an Alertmanager is one clear line."""
    behind.status = status

    with pytest.raises(AlertmanagerError, match="does not answer as an Alertmanager does"):
        Alertmanager(f"http://ann:p%40ss@127.0.0.1:{behind.port}").version_and_config()


def test_progress_is_what_changed(behind: Behind) -> None:
    """Taken is asked less refused; a reason counts if it is new; where it counts by receiver, only ours does."""
    alertmanager = Alertmanager(f"http://ann:p%40ss@127.0.0.1:{behind.port}")
    telegram, webhook = trial.ways(PHONE, ["phone"], set())
    before = alertmanager.counts()
    behind.counts = COUNTS % (3, 2, 2, 1)

    after = alertmanager.counts()

    state = trial.progress(telegram, before, after)
    assert (state.taken, state.refused) == (1, 2)
    assert state.reasons == (trial.REASONS["clientError"],)
    assert trial.progress(webhook, before, after) == trial.Progress(2, 0, ())


def test_ways_are_those_that_send() -> None:
    """With how many notifications each makes, and which busy receivers send by the same service."""
    telegram, webhook = trial.ways(PHONE, ["phone"], {"dead-mans-switch", "nothing"})

    assert telegram == trial.Way("phone", "telegram", 1, ())
    assert webhook == trial.Way("phone", "webhook", 2, ("dead-mans-switch",))
    assert trial.ways(PHONE, ["nothing"], set()) == ()


@pytest.mark.parametrize(
    ("state", "arrived", "said"),
    [
        (trial.Progress(2, 0, ()), True, "the service took it"),
        (trial.Progress(2, 3, ()), True, "the service took it"),
        (trial.Progress(1, 0, ()), False, "not sent within 5 s"),
        (trial.Progress(0, 6, ()), False, "failed 6 times"),
        (trial.Progress(1, 1, ("the service fails",)), False, "failed: the service fails"),
    ],
)
def test_two_of_two_must_arrive(state: trial.Progress, arrived: bool, said: str) -> None:
    """One of two chats is not enough, and one that was refused first and taken then is."""
    way = trial.Way("phone", "webhook", 2, ())

    assert trial.arrived(way, state) == arrived
    assert trial.told(way, state, 5).startswith(said)
