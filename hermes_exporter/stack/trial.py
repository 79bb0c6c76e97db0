"""A test alert on its way through Alertmanager: where it goes, and what came of each notification.

``alertmanager_notifications_total`` counts a notification when it is begun. What proves that a service took it is
a request that did not fail.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hermes_exporter.stack.alertmanager import AlertmanagerError, Count
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hermes_exporter.stack.alertmanager import Alertmanager

NAME = "HermesTestAlert"
POLL_SECONDS = 0.2
MOST_REFUSALS = 6
"""Alertmanager tries for a minute and more what is never going to be taken; so often refused, it is not."""
OUTLIVES_SECONDS = 60.0
"""So much longer than we wait does the alert last by itself, should we be killed before we end it."""
ANY_REASON = "a wrong token or chat, the file with it cannot be read, the service fails or is out of reach"
OTHER_REASON = "the service is out of reach, or Alertmanager cannot read a secret or make the message"
REASONS = {
    "": ANY_REASON,  # before 0.26 it says none
    "clientError": "the service refuses it: a wrong token, chat or address, or it must be allowed there first",
    "serverError": "the service fails",
    "contextDeadlineExceeded": "no answer in time",
    "contextCanceled": "no answer in time",
    "rateLimited": "too many messages in a short time",
}


class Way(Value):
    """How a receiver sends.

    Attributes:
        integration: as Alertmanager counts it: telegram, webhook, email.
        number: how many notifications that makes.
        others: receivers that send so too and have other alerts; unless Alertmanager counts by receiver, what they
            send looks like ours.
    """

    receiver: str
    integration: str
    number: int
    others: tuple[str, ...]


class Progress(Value):
    """What came of the notifications of one way so far: requests taken, requests refused, and why it gave up."""

    taken: int
    refused: int
    reasons: tuple[str, ...]


def alert(severity: str, host: str, test: str, now: float, seconds: float) -> dict[str, Any]:
    """Return the alert, clearly marked, that ends by itself after somewhat more than so many seconds."""
    return {
        "labels": {"alertname": NAME, "severity": severity, "instance": host, "job": "hermes", "test": test},
        "annotations": {
            "summary": f"Test: the way from {host} to you works",
            "description": "Nothing is wrong. Somebody ran hermes-exporter stack test-alert. Nothing to do.",
        },
        "startsAt": _stamp(now),
        "endsAt": _stamp(now + seconds + OUTLIVES_SECONDS),
    }


def ended(fired: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return the same alert, over."""
    return {**fired, "endsAt": _stamp(now)}


def ways(config: Mapping[Any, Any], receivers: Iterable[str], busy: set[str]) -> tuple[Way, ...]:
    """Return how these receivers send, by Alertmanager's configuration; empty where they send nothing.

    ``busy`` are the receivers that have other alerts.
    """
    chosen = set(receivers)
    uses = {
        (str(receiver.get("name")), str(key).removesuffix("_configs")): len(entries)
        for receiver in config.get("receivers") or ()
        for key, entries in receiver.items()
        if str(key).endswith("_configs") and entries
    }
    return tuple(
        Way(name, kind, number, tuple(other for other, its in uses if its == kind and other in busy))
        for (name, kind), number in uses.items()
        if name in chosen
    )


def progress(way: Way, before: Mapping[tuple[str, str], Count], now: Mapping[tuple[str, str], Count]) -> Progress:
    """Return what came of a way between two counts."""
    own = way.integration, way.receiver
    key = own if own in now else (way.integration, "")
    old, new = before.get(key, Count()), now.get(key, Count())
    refused = new.refused - old.refused
    gave_up = (reason for reason, number in new.given_up.items() if number > old.given_up.get(reason, 0))
    reasons = tuple(dict.fromkeys(REASONS.get(reason, OTHER_REASON) for reason in gave_up))
    return Progress(new.asked - old.asked - refused, refused, reasons)


def destination(alertmanager: Alertmanager, test: str, until: float) -> tuple[str, ...]:
    """Return its receivers once Alertmanager shows it; raise AlertmanagerError where nobody gets it."""
    while (held := alertmanager.held("test", test)) is None:
        if time.monotonic() > until:
            raise AlertmanagerError(f"{alertmanager.url} took the test alert and does not show it")
        time.sleep(POLL_SECONDS)
    if held.silenced or held.inhibited:
        by = "a silence: amtool silence query shows it" if held.silenced else "another alert (inhibit_rules)"
        raise AlertmanagerError(f"the test alert is held back by {by}")
    return held.receivers


def follow(
    alertmanager: Alertmanager, ways_of_it: tuple[Way, ...], before: Mapping[tuple[str, str], Count], until: float
) -> Iterator[dict[Way, Progress]]:
    """Yield what came of each way whenever that changed; end when all is decided, or at that monotonic time."""
    last: dict[Way, Progress] = {}
    while True:
        counts = alertmanager.counts()
        states = {way: progress(way, before, counts) for way in ways_of_it}
        if states != last:
            yield states
        if all(_decided(way, state) for way, state in states.items()) or time.monotonic() > until:
            return
        last = states
        time.sleep(POLL_SECONDS)


def arrived(way: Way, state: Progress) -> bool:
    """Return whether the service took everything."""
    return not state.reasons and state.taken >= way.number


def told(way: Way, state: Progress, seconds: float) -> str:
    """Return in words what came of it within so many seconds."""
    if state.reasons:
        return f"failed: {'; '.join(state.reasons)}"
    if state.taken >= way.number:
        doubt = f", unless that was another alert for {' or '.join(way.others)}" if way.others else ""
        return f"the service took it{doubt}"
    if state.refused:
        return f"failed {state.refused} times, and Alertmanager goes on trying: {ANY_REASON}"
    return f"not sent within {seconds:g} s: its route is muted, or waits longer (group_wait; see --timeout)"


def _decided(way: Way, state: Progress) -> bool:
    return bool(state.reasons) or state.taken >= way.number or state.refused >= MOST_REFUSALS


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
