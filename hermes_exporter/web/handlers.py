"""The routes for programs: /metrics, the status, and what a supervisor asks; and what all routes share."""

from __future__ import annotations

import ipaddress
import logging
import math
import socket
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, RequestHandler

from hermes_exporter import __version__
from hermes_exporter.access.passwords import BusyError
from hermes_exporter.exposition import Format, negotiate
from hermes_exporter.gather import GatherError
from hermes_exporter.status import document
from hermes_exporter.status.host import status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hermes_exporter.access.access import Access
    from hermes_exporter.gather import Answer, Gatherer
    from hermes_exporter.web.connections import Connections

log = logging.getLogger(__name__)

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
DEFAULT_TIMEOUT_SECONDS = 10.0
MARGIN_SECONDS = 0.5
"""Kept back from the scraper's own timeout, so that the answer arrives within it."""
FRESH_SECONDS = 60.0


TOLD = {
    401: ("WWW-Authenticate", 'Basic realm="hermes-exporter", charset="UTF-8"'),
    405: ("Allow", "GET, HEAD"),
    503: ("Retry-After", "5"),
}
"""What a client is told with a refusal, by status."""


class Handler(RequestHandler):
    """What all routes share: who may ask, the headers, GET and HEAD and nothing else."""

    SUPPORTED_METHODS: Any = ("GET", "HEAD")
    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    """Content-Security-Policy, where the web configuration says no other."""
    gatherer: Callable[[], Gatherer]
    metrics_path: str

    def initialize(self, gatherer: Callable[[], Gatherer], metrics_path: str) -> None:
        """Take what the application hands to every route."""
        self.gatherer, self.metrics_path = gatherer, metrics_path

    def set_default_headers(self) -> None:
        """Name nothing of ourselves, and let no page be framed or run anything."""
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", self.policy)
        for name, value in self._access.current().headers.items():
            self.set_header(name, value)

    async def prepare(self) -> None:
        """Refuse who may not ask: a foreign Host, too many requests, a wrong password."""
        stream = self.request.connection.stream  # type: ignore[union-attr]
        self._connections.busy(stream)
        self._refuse_foreign_host(stream.socket)
        if not self._access.within_rate():
            raise HTTPError(429)
        try:
            authorization = self.request.headers.get("Authorization", "")
            admitted = await self._access.admits(authorization, self.request.remote_ip or "")
        except BusyError as error:
            raise HTTPError(503) from error
        if not admitted:
            raise HTTPError(401)

    def on_finish(self) -> None:
        """Let the connection count as silent while the client takes its answer, and after that."""
        self._connections.silent(self.request.connection.stream)  # type: ignore[union-attr]

    @property
    def _access(self) -> Access:
        access: Access = self.settings["access"]
        return access

    @property
    def _connections(self) -> Connections:
        connections: Connections = self.settings["connections"]
        return connections

    def _refuse_foreign_host(self, connection: socket.socket | None) -> None:
        """No web page may reach a loopback listener through its visitor's browser, by pointing a name at us."""
        if connection is None:
            raise HTTPError(400)  # the client has left, nobody reads it
        if connection.family == socket.AF_UNIX:
            return
        if _loopback(connection.getsockname()[0]) and not _own(self.request.host_name):
            raise HTTPError(421)

    def compute_etag(self) -> str | None:
        """Answers are never the same twice: no hash of them is sent."""
        return None

    def head(self, *args: Any, **kwargs: Any) -> Awaitable[None] | None:
        """Answer as GET does; tornado leaves the body out."""
        return self.get(*args, **kwargs)

    def write_error(self, status_code: int, **_details: object) -> None:
        """Answer with one plain line and no trace."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        if status_code in TOLD:
            self.set_header(*TOLD[status_code])
        self.finish(f"{status_code} {self._reason}\n")

    async def answer(self, timeout: float, wanted: Format | None = None) -> Answer:
        """Gather, or end the request with 503."""
        try:
            return await self.gatherer().gather(timeout, wanted)
        except GatherError as error:
            raise HTTPError(503, str(error), reason="Service Unavailable") from error


class Metrics(Handler):
    """GET /metrics: gathers and answers in the format that the scraper accepts."""

    async def get(self) -> None:
        """Answer a scrape."""
        headers = self.request.headers
        wanted, content_type = negotiate(headers.get("Accept", ""), headers.get("Accept-Encoding", ""))
        answer = await self.answer(self._timeout(), wanted)
        self.set_header("Content-Type", content_type)
        self.set_header("Vary", "Accept, Accept-Encoding")
        if wanted.compressed:
            self.set_header("Content-Encoding", "gzip")
        self.finish(answer.exposition.encode(wanted))

    def _timeout(self) -> float:
        try:
            wanted = float(self.request.headers.get(TIMEOUT_HEADER, ""))
        except ValueError:
            return DEFAULT_TIMEOUT_SECONDS
        return min(max(wanted - MARGIN_SECONDS, 0.1), 300.0) if math.isfinite(wanted) else DEFAULT_TIMEOUT_SECONDS


class StatusDocument(Handler):
    """GET /api/v1/status: what ``check --json`` prints."""

    async def get(self) -> None:
        """Answer with the state of every profile, for programs."""
        answer = await self.answer(DEFAULT_TIMEOUT_SECONDS)
        self.set_header("Content-Type", "application/json")
        self.finish(document.encode(status(answer.views, answer.at, __version__)))


class Healthy(Handler):
    """GET /-/healthy: the server answers; says nothing of Hermes."""

    def get(self) -> None:
        """Answer at once."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("healthy\n")


class Ready(Handler):
    """GET /-/ready: a gather succeeded within the last minute, or does so now."""

    async def get(self) -> None:
        """Answer 200, or 503 where nothing can be gathered."""
        last = self.gatherer().last
        if last is None or abs(time.time() - last.at) > FRESH_SECONDS:
            await self.answer(DEFAULT_TIMEOUT_SECONDS)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("ready\n")


class NotFound(Handler):
    """Everything else."""

    def get(self) -> None:
        """Answer 404."""
        raise HTTPError(404)


def _own(host: str) -> bool:
    name = host.strip("[]").lower().rstrip(".")
    own = socket.gethostname().lower()
    return name in ("localhost", own, own.partition(".")[0]) or _address(name) is not None


def _loopback(address: str) -> bool:
    parsed = _address(address.partition("%")[0])
    return parsed is not None and parsed.is_loopback


@lru_cache(maxsize=16)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
