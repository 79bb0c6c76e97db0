"""Telling systemd that we are ready, alive, or stopping (sd_notify)."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send ``state`` to the service manager; does nothing where none asked for it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def watchdog_seconds() -> float | None:
    """Return how often the service manager wants to hear from us, None where it does not watch."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    watched = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(wanted) / 1e6 if wanted.isdigit() and int(wanted) > 0 and watched else None
