"""Scrapes as Prometheus 2.53 does: one connection kept open, OpenMetrics preferred, gzip."""

from __future__ import annotations

import gzip
import http.client
import socket
import time
from dataclasses import dataclass

HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.53.3",
    "X-Prometheus-Scrape-Timeout-Seconds": "30",
}


@dataclass(frozen=True)
class Answer:
    """One scrape: how long it took, and what came."""

    milliseconds: float
    sent_bytes: int
    text: str

    @property
    def series(self) -> list[str]:
        """The sample lines."""
        return [line for line in self.text.splitlines() if line and not line.startswith("#")]


class Scraper:
    """One client of one exporter."""

    def __init__(self, port: int) -> None:
        """Connect; raises OSError where nobody listens yet."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def scrape(self) -> Answer:
        """Scrape once; anything but 200 is an AssertionError."""
        started = time.perf_counter()
        self._connection.request("GET", "/metrics", headers=HEADERS)
        response = self._connection.getresponse()
        body = response.read()
        milliseconds = (time.perf_counter() - started) * 1e3
        if response.status != 200:
            raise AssertionError(f"HTTP {response.status}: {body[:300]!r}")
        plain = gzip.decompress(body) if response.getheader("Content-Encoding") == "gzip" else body
        return Answer(milliseconds, len(body), plain.decode())

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
