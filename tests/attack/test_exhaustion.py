"""Clients that take what they can get: connections, memory, time. A scrape is answered all the while."""

from __future__ import annotations

import contextlib
import resource
import socket
from typing import TYPE_CHECKING

import pytest

from tests.lab.waiting import until

from .attacked import HOST, Attacked, rest, statuses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
ROOM = 24 * MEGABYTE
"""What an attack may cost the exporter, and what a client's and a server's socket buffers may hold."""
MANY = 5000
PLACES = 128


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """An exporter for all of these attacks, which has been scraped before."""
    with Attacked(tmp_path_factory.mktemp("attacked")) as running:
        assert running.scrapes()
        yield running


@pytest.fixture
def descriptors() -> Iterator[None]:
    """As many descriptors for this process as it takes."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(MANY + 500, before[0]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def send(connection: socket.socket, data: bytes) -> bool:
    """Send, unless the other side has closed."""
    with contextlib.suppress(ConnectionError):
        connection.sendall(data)
        return True
    return False


def accepted(connection: socket.socket, pieces: Iterable[bytes]) -> int:
    """How many bytes could be sent before the other side would have no more."""
    total = 0
    for piece in pieces:
        if not send(connection, piece):
            break
        total += len(piece)
    return total


def test_heads_that_come_byte_by_byte(exporter: Attacked) -> None:
    """Slowloris: more clients than there are places, each sending one more byte of a head that never ends."""
    slow = [exporter.connect() for _ in range(2 * PLACES)]
    for byte in b"GET /metrics HTTP/1.1\r\nX: aaaaaaaaaa":
        for connection in slow:
            send(connection, bytes([byte]))
        assert exporter.scrapes()
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("framing", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
def test_bodies_that_come_byte_by_byte(exporter: Attacked, framing: bytes) -> None:
    """A body that is announced is refused at once, or as soon as it has a byte; that costs nobody else."""
    slow = [exporter.connect() for _ in range(2 * PLACES)]
    for connection in slow:
        send(connection, b"GET /metrics HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n")
    for byte in b"5\r\naaaaa":
        for connection in slow:
            send(connection, bytes([byte]))
        assert exporter.scrapes()
    assert statuses(rest(slow[-1])) in ([400], [])
    for connection in slow:
        connection.close()


@pytest.mark.usefixtures("descriptors")
def test_thousands_of_idle_connections(exporter: Attacked) -> None:
    """5,000 that say nothing: the exporter keeps a fixed number of them, and goes on answering."""
    memory = exporter.memory()
    idle = []
    for number in range(MANY):
        idle.append(exporter.connect())
        if number % 500 == 499:
            assert exporter.scrapes()

    assert exporter.scrapes()
    assert exporter.descriptors() < PLACES + 50
    assert exporter.memory() - memory < ROOM
    for connection in idle:
        connection.close()


def test_connections_that_come_and_go(exporter: Attacked) -> None:
    """2,000 that connect and reset leave nothing behind."""
    for _ in range(2000):
        with exporter.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert exporter.scrapes()
    assert exporter.descriptors() < PLACES + 50


@pytest.mark.parametrize("framing", [b"Content-Length: 1073741824", b"Transfer-Encoding: chunked"])
def test_a_body_of_a_gigabyte(exporter: Attacked, framing: bytes) -> None:
    """It is refused at its announcement, or its first chunk; almost none of it is taken."""
    memory = exporter.memory()
    chunk = b"%x\r\n" % MEGABYTE + b"x" * MEGABYTE + b"\r\n" if b"chunked" in framing else b"x" * MEGABYTE
    with exporter.connect() as connection:
        send(connection, b"POST /metrics HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n")
        assert accepted(connection, (chunk for _ in range(GIGABYTE // MEGABYTE))) < ROOM

    assert exporter.scrapes()
    assert exporter.memory() - memory < ROOM


@pytest.mark.parametrize(
    "piece",
    [b"X: aaaaaaaaaaaaaaaa\r\n" * 1000, b"a" * MEGABYTE, b"\r\n" * 1000, b"X: a\r\n b\r\n" * 1000],
    ids=["headers", "one line", "empty lines", "folded"],
)
def test_a_head_without_an_end(exporter: Attacked, piece: bytes) -> None:
    """It is cut off at a few kilobytes, whatever it is made of."""
    memory = exporter.memory()
    start = b"" if piece.startswith(b"\r\n") else b"GET /metrics HTTP/1.1\r\n" + HOST
    with exporter.connect() as connection:
        send(connection, start)
        assert accepted(connection, (piece for _ in range(GIGABYTE // len(piece)))) < ROOM

    assert exporter.scrapes()
    assert exporter.memory() - memory < ROOM


def test_thousands_of_headers(exporter: Attacked) -> None:
    """As many as go into the greatest head that is read, of one name and of thousands, cost no answer."""
    same = b"a:\r\n" * 3500
    different = b"".join(b"x%d:\r\n" % number for number in range(1800))
    accepts = b"Accept: a;q=0.5\r\n" * 800
    for headers in (same, different, accepts):
        request = b"GET /metrics HTTP/1.1\r\n" + HOST + headers + b"Connection: close\r\n\r\n"
        assert statuses(exporter.told(request)) == [200]
    assert exporter.scrapes()


def test_pipelines_that_nobody_reads(exporter: Attacked) -> None:
    """Requests sent without end on connections whose answers stay unread do not fill the memory."""
    memory = exporter.memory()
    pipeline = (b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n") * 100
    lazy = [exporter.connect() for _ in range(2 * PLACES)]
    for connection in lazy:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                connection.send(pipeline)

    until(exporter.scrapes, 60, "a scrape is answered")
    assert exporter.memory() - memory < ROOM
    for connection in lazy:
        connection.close()


def test_no_attack_left_a_trace(exporter: Attacked) -> None:
    """None of them was an exception that nobody had thought of."""
    assert exporter.scrapes()
    assert "Traceback" not in exporter.log()
