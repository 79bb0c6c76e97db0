"""Waiting for a condition with a deadline, never for a length of time."""

from __future__ import annotations

import socket
import time
import urllib.request
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def until(
    condition: Callable[[], T | None], seconds: float, what: str | Callable[[], str], every: float = 0.1
) -> T:
    """Return the first true value of the condition, or fail saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still not: {what if isinstance(what, str) else what()}")
        time.sleep(every)
    return value


def answers(url: str, seconds: float = 2) -> bool:
    """Whether an address answers with 200 within so many seconds."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
