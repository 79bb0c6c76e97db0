"""A running Alertmanager: its API version 2, what it has loaded, and what it counts of its notifications.

Nothing that it answers is shown word for word: its configuration and its errors hold addresses and chat ids.
"""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from hermes_exporter.sources import safe_yaml
from hermes_exporter.values import Mutable, Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 16 << 20
TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.2
SAMPLE = re.compile(
    r"^alertmanager_notification(?:_|s_)(requests_total|requests_failed_total|failed_total)\{(.*)\} (\S+)$",
    re.MULTILINE,
)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class AlertmanagerError(Exception):
    """It cannot be talked to; the message says why, and quotes nothing of its answer."""


class UnreachableError(AlertmanagerError):
    """Nobody answers there at all."""


class Held(Value):
    """An alert that it holds.

    Attributes:
        receivers: to which it goes, by name.
        silenced: somebody's silence holds it back.
        inhibited: another alert holds it back.
    """

    receivers: tuple[str, ...]
    silenced: bool
    inhibited: bool


class Count(Mutable):
    """What it counted since its start, of one kind of integration.

    Attributes:
        asked: requests to the service, each attempt counted.
        refused: those of them that failed, at once or by a timeout.
        given_up: notifications that it does not try any more, by reason.
    """

    asked: int = 0
    refused: int = 0
    given_up: dict[str, int] = field(default_factory=dict)


class Alertmanager:
    """The Alertmanager at an address, which may name a user and a password.

    Every method raises AlertmanagerError where it does not answer as it should.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url.rstrip("/"))
            user, _, host = parts.netloc.rpartition("@")
            sound = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
        except ValueError:
            sound = False
        if not sound:
            raise AlertmanagerError("--alertmanager.url: that is no address such as http://127.0.0.1:9093")
        self.url = parts._replace(netloc=host).geturl()
        self._headers = {"Content-Type": "application/json"}
        if user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(unquote(user).encode()).decode()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def version_and_config(self) -> tuple[str, dict[Any, Any]]:
        """Return its version, and the configuration that it has loaded, every secret in it masked."""
        status = self._json("/api/v2/status")
        try:
            version = str(status["versionInfo"]["version"])
            config = safe_yaml.load(status["config"]["original"].encode())
        except (KeyError, TypeError, AttributeError, safe_yaml.YamlError):
            raise self._foreign() from None
        if not isinstance(config, dict):
            raise self._foreign()
        return version, config

    def wait(self, seconds: float) -> None:
        """Wait so long until it answers: one that was started just now does so after a moment."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.version_and_config()
            except UnreachableError:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL_SECONDS)
            else:
                return

    def post(self, alert: Mapping[str, object]) -> None:
        """Hand it an alert, or one that has ended."""
        self._ask("/api/v2/alerts", json.dumps([alert]).encode())

    def held(self, label: str, value: str) -> Held | None:
        """Return the alert with that label, None while it does not show it."""
        matcher = quote(f'{label}="{value}"')
        for alert in self._json(f"/api/v2/alerts?filter={matcher}"):
            try:
                return Held(
                    receivers=tuple(str(receiver["name"]) for receiver in alert["receivers"]),
                    silenced=bool(alert["status"]["silencedBy"]),
                    inhibited=bool(alert["status"]["inhibitedBy"]),
                )
            except (KeyError, TypeError):
                raise self._foreign() from None
        return None

    def busy(self, test: str) -> set[str]:
        """Return the receivers that may have something to send besides the alert of that test."""
        try:
            return {
                str(receiver["name"])
                for alert in self._json("/api/v2/alerts?silenced=false&inhibited=false")
                if alert["labels"].get("test") != test
                for receiver in alert["receivers"]
            }
        except (KeyError, TypeError, AttributeError):
            raise self._foreign() from None

    def counts(self) -> dict[tuple[str, str], Count]:
        """Return what it counted, by integration and receiver, which is empty where it does not count by that."""
        counts: dict[tuple[str, str], Count] = {}
        for name, labels, value in SAMPLE.findall(self._ask("/metrics").decode("utf-8", "replace")):
            of = dict(LABEL.findall(labels))
            count = counts.setdefault((of.get("integration", ""), of.get("receiver_name", "")), Count())
            number = int(float(value))
            if name == "requests_total":
                count.asked += number
            elif name == "requests_failed_total":
                count.refused += number
            else:
                reason = of.get("reason", "")
                count.given_up[reason] = count.given_up.get(reason, 0) + number
        return counts

    def _json(self, path: str) -> Any:
        try:
            return json.loads(self._ask(path))
        except ValueError:
            raise self._foreign() from None

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, body, self._headers)  # noqa: S310  # http or https
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                data: bytes = answer.read(MAX_BYTES)
        except urllib.error.HTTPError as error:
            raise self._unfit(error.code) from None
        except OSError as error:
            raise UnreachableError(f"no Alertmanager answers at {self.url}: {_reason(error)}") from None
        except HTTPException:
            raise self._foreign() from None
        return data

    def _unfit(self, status: int) -> AlertmanagerError:
        if status in (401, 403):
            return AlertmanagerError(f"{self.url} wants a password: name one as http://user:password@host:9093")
        return AlertmanagerError(f"{self.url} answers {status}: is it an Alertmanager, 0.25 or newer?")

    def _foreign(self) -> AlertmanagerError:
        return AlertmanagerError(f"{self.url} does not answer as an Alertmanager does")


def _reason(error: OSError) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
