"""Where to listen: HOST:PORT, [V6]:PORT, :PORT or unix:PATH."""

from __future__ import annotations

import errno
import os
import re
import socket
from typing import NamedTuple

from tornado.netutil import bind_sockets, bind_unix_socket

BACKLOG = 1024
"""Connections that may wait to be taken up; of more than that the kernel lets some try again a second later."""
_TCP = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^:\[\]]*):(?P<port>\d{1,5})")


class Address(NamedTuple):
    """A place to listen; ``path`` is that of a unix socket, empty for TCP."""

    host: str
    port: int
    path: str = ""


def parse(text: str) -> Address:
    """Return the address, or raise ValueError."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path:
            raise ValueError("unix: needs a path")
        return Address("", 0, path)
    match = _TCP.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT, [V6]:PORT, :PORT or unix:PATH")
    return Address(match["host"].strip("[]"), int(match["port"]))


def bind(address: Address) -> list[socket.socket]:
    """Return the listening sockets, or raise OSError. A unix socket is readable by its owner and group.

    One that is left of a process that is gone is replaced, one at which somebody listens is not.
    """
    if address.path:
        _expect_nobody(address.path)
        return [bind_unix_socket(address.path, mode=0o660)]
    return bind_sockets(address.port, address.host or None, backlog=BACKLOG)


def _expect_nobody(path: str) -> None:
    """Raise OSError where somebody listens at a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), path)


def url(listener: socket.socket, scheme: str, path: str) -> str:
    """Return what to type to reach a listening socket; ``scheme`` is http or https."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}"
