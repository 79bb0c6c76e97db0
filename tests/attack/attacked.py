"""An exporter under attack: what it answers to raw bytes, and what it costs it."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

from tests.web.exporter_process import ExporterProcess

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 30
HOST = b"Host: localhost\r\n"
SCRAPE = b"GET /metrics HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


class Attacked(ExporterProcess):
    """Serves an empty home on a port of its own."""

    def __init__(self, directory: Path) -> None:
        (directory / "home").mkdir()
        super().__init__(["--hermes.home", str(directory / "home"), "--no-collector.units"], directory / "log")

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", int(self.address.rpartition(":")[2])), timeout=SECONDS)

    def told(self, request: bytes) -> bytes:
        """All it says to these bytes until it closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return rest(connection)

    def scrapes(self) -> bool:
        """Whether a scrape is answered."""
        return b"\nhermes_gateway_up" in self.told(SCRAPE)

    def memory(self) -> int:
        """What it holds, in bytes."""
        status = self._proc("status")
        (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", status)
        return int(kilobytes) << 10

    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208  # it is counted, not walked

    def _proc(self, name: str) -> str:
        with open(f"/proc/{self.process.pid}/{name}") as file:  # noqa: PTH123  # as the kernel writes it
            return file.read()


def rest(connection: socket.socket) -> bytes:
    """What comes until the end, be it a reset."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionError:
        pass
    return answer


def statuses(answer: bytes) -> list[int]:
    """The status of each response."""
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answer, re.MULTILINE)]
