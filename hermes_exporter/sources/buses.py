"""Which systemd managers there are to ask: the system's, and that of the user the exporter runs as.

Another user's manager answers that user only and is left alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermes_exporter.sources.unit import PATTERNS
from hermes_exporter.tilde import expanded

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.sources.systemd import Manager

SYSTEM_BUS = "/run/dbus/system_bus_socket"


class Buses:
    """The managers found so far. One that was there stays: its absence is a failure, not an empty answer."""

    def __init__(self, rootfs: Path) -> None:
        self._booted = _below(rootfs, "/run/systemd/system")
        self._system_bus = _below(rootfs, SYSTEM_BUS)
        self._user_bus = _below(rootfs, f"/run/user/{os.getuid()}/bus")
        self._lingerers = _below(rootfs, "/var/lib/systemd/linger")
        self._managers: dict[str, Manager] = {}

    def managers(self) -> tuple[Manager, ...]:
        """Return the managers that should answer."""
        for scope, address in (("system", self._system()), ("user", self._user())):
            if address and scope not in self._managers:
                from hermes_exporter.sources.systemd import Manager  # noqa: PLC0415  # D-Bus, where there is one

                self._managers[scope] = Manager(scope, address)
        return tuple(self._managers.values())

    def close(self) -> None:
        """Drop every connection."""
        for manager in self._managers.values():
            manager.close()

    def booted(self) -> bool:
        """Whether the host runs systemd."""
        return os.path.isdir(self._booted)  # noqa: PTH112  # asked at every scrape

    def lingers(self, user: str) -> bool:
        """Whether the user's manager runs without a login."""
        return os.path.exists(f"{self._lingerers}/{user}")  # noqa: PTH110  # asked at every scrape

    def _system(self) -> str | None:
        if "system" in self._managers:
            return None
        if address := os.environ.get("DBUS_SYSTEM_BUS_ADDRESS"):
            return address
        return f"unix:path={self._system_bus}" if self.booted() else None

    def _user(self) -> str | None:
        if "user" in self._managers:
            return None
        if os.path.exists(self._user_bus):  # noqa: PTH110  # asked at every scrape
            return f"unix:path={self._user_bus}"
        if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            return address
        return f"unix:path={self._user_bus}" if self.booted() and user_unit_files(expanded("~")) else None


def _below(rootfs: Path, path: str) -> str:
    return str(rootfs / path.lstrip("/"))


def user_unit_files(home_directory: Path) -> list[Path]:
    """Return the gateway units that a user has installed in their home directory."""
    directory = home_directory / ".config/systemd/user"
    try:
        return sorted(path for pattern in PATTERNS for path in directory.glob(pattern))
    except OSError:
        return []
