"""A host from which nothing comes any more is told, and what it last said of itself is not called over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.lab.alertmanager import Alertmanager, filled_in
from tests.lab.stubs import Receiver
from tests.lab.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

FASTER = 600
OVER = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-01T00:00:01Z"}


def alert(name: str, instance: str) -> dict[str, Any]:
    """A critical alert of a host."""
    return {"labels": {"alertname": name, "instance": instance, "severity": "critical"}}


def test_silent_host_is_not_called_over(tmp_path: Path) -> None:
    """Its dead gateway, no longer seen as such, stays as it was told; one of another host that ends is over."""
    receiver = Receiver()
    receiver.start()
    (tmp_path / "webhook-url").write_text(f"http://127.0.0.1:{receiver.port}/hook")
    dead, silent, other = (
        alert("HermesGatewayDead", "box"), alert("HermesHostSilent", "box"), alert("HermesGatewayDead", "attic"),
    )  # fmt: skip

    def told() -> list[tuple[str, str, str]]:
        bodies = [body for _, body in receiver.received]
        return [
            (body["status"], body["commonLabels"]["alertname"], body["commonLabels"]["instance"])
            for body in bodies
        ]

    with Alertmanager(tmp_path, filled_in("webhook", {}), FASTER) as alertmanager:
        alertmanager.post([dead, other])
        until(lambda: len(told()) == 2, 20, lambda: f"both: {told()}")
        alertmanager.post([silent])
        until(lambda: ("firing", "HermesHostSilent", "box") in told(), 20, "the silent host")
        alertmanager.post([dead | OVER, other | OVER])
        until(lambda: ("resolved", "HermesGatewayDead", "attic") in told(), 20, "the other host's end")
        alertmanager.post([silent | OVER])
        until(lambda: ("resolved", "HermesHostSilent", "box") in told(), 20, "the host is heard again")
    receiver.stop()

    assert ("resolved", "HermesGatewayDead", "box") not in told()
