"""Connections: a fixed number of them, TLS where it is spoken, no client in the way of another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado.http1connection import HTTP1ServerConnection
    from tornado.httputil import HTTPConnection, HTTPMessageDelegate

    from hermes_exporter.access.access import Access
    from hermes_exporter.access.tls import Tls

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 128
HANDSHAKE_SECONDS = 10.0
TLS_HANDSHAKE = b"\x16"
"""The first byte of whoever speaks TLS."""
MAX_PLAIN_BYTES = 16 << 10
PLAIN_REFUSED = (
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"400 This port speaks HTTPS\n"
)


class Connections:
    """A fixed number of places: who comes when all are taken gets that of whoever has been silent for longest.

    Silent is who has sent no whole request yet, or has its answer. Where nobody is, there is no place.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._close: dict[object, Callable[[], object]] = {}
        self._silent: dict[object, None] = {}

    def take(self, key: object, close: Callable[[], object]) -> bool:
        """Take a place for a silent connection, which ``close`` would end; False if there is none."""
        while len(self._close) >= self._number:
            oldest = next(iter(self._silent), None)
            if oldest is None:
                return False
            end = self._close[oldest]
            self.leave(oldest)
            end()
        self._close[key] = close
        self._silent[key] = None
        return True

    def busy(self, key: object) -> None:
        """Note that a request is being answered."""
        self._silent.pop(key, None)

    def silent(self, key: object) -> None:
        """Note that nothing is being done for it from now on."""
        self._silent.pop(key, None)
        if key in self._close:
            self._silent[key] = None

    def leave(self, key: object) -> None:
        """Give its place back, if it has one."""
        self._close.pop(key, None)
        self._silent.pop(key, None)


class Server(HTTPServer):
    """An HTTP server whose TLS handshakes are each on their own, and whose connections are counted."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Set up as HTTPServer does; ``access`` and ``connections`` are ours."""
        self._access: Access = kwargs.pop("access")
        self._places: Connections = kwargs.pop("connections")
        self._handshakes: set[asyncio.Task[None]] = set()
        super().initialize(*args, **kwargs)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection, after a handshake where TLS is spoken; a unix socket has no need of that."""
        tls = self._access.current().tls
        if tls is None or stream.socket.family == socket.AF_UNIX:
            self._serve(stream, address)
            return

        def forget(task: asyncio.Task[None]) -> None:
            self._handshakes.discard(task)
            self._places.leave(stream)
            stream.close()  # of no effect on a socket that TLS has taken over

        task = asyncio.create_task(self._secure(stream, address, tls))
        self._handshakes.add(task)
        task.add_done_callback(forget)
        if not self._places.take(stream, task.cancel):
            task.cancel()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Wait for the next request of a connection."""
        self._places.silent(_stream(server_conn))
        return super().start_request(server_conn, request_conn)

    def on_close(self, server_conn: object) -> None:
        """Forget a connection."""
        self._places.leave(_stream(server_conn))
        super().on_close(server_conn)

    def _serve(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if self._places.take(stream, stream.close):
            super().handle_stream(stream, address)
        else:
            stream.close()

    async def _secure(self, plain: IOStream, address: tuple[Any, ...], tls: Tls) -> None:
        """Shake hands, and serve who may come in."""
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                first = await _first_byte(plain.socket)
                stream = await self._shaken(plain, tls) if first == TLS_HANDSHAKE else None
                if stream is None:
                    await _refuse_plain(plain, first)
                    return
        except (TimeoutError, OSError, StreamClosedError):
            return
        if stream.closed():
            return
        if tls.settings.allows(stream.socket.getpeercert()):
            self._places.leave(plain)
            self._serve(stream, address)
        else:
            log.warning("the client's certificate has none of client_allowed_sans", extra=_from(address))
            stream.close()

    async def _shaken(self, plain: IOStream, tls: Tls) -> SSLIOStream:
        """Return the stream after its handshake; it is closed if that fails."""
        secure = tls.context.wrap_socket(plain.socket, server_side=True, do_handshake_on_connect=False)
        stream = SSLIOStream(secure, max_buffer_size=self.max_buffer_size, read_chunk_size=self.read_chunk_size)
        with contextlib.ExitStack() as otherwise:
            otherwise.callback(stream.close)
            await stream.wait_for_handshake()
            otherwise.pop_all()
        return stream


async def _first_byte(connection: socket.socket) -> bytes:
    """Return the first byte that a client sends, and leave it there; nothing if it sends none and leaves."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)


async def _refuse_plain(stream: IOStream, first: bytes) -> None:
    """Tell who speaks plain HTTP so, and close; whatever else it speaks, just close."""
    if first.isalpha():
        await stream.read_bytes(MAX_PLAIN_BYTES, partial=True)
        await stream.write(PLAIN_REFUSED)
    stream.close()


def _stream(server_conn: object) -> IOStream:
    connection: HTTP1ServerConnection = server_conn  # type: ignore[assignment]
    return connection.stream


def _from(address: tuple[Any, ...]) -> dict[str, dict[str, object]]:
    return {"fields": {"address": address[0]}}
