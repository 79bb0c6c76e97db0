"""The exporter's own unit on this host: found, written, started, taken away. Another's unit is never touched."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter import __version__, atomic_file
from hermes_exporter.stack import systemctl, unit_file
from hermes_exporter.tilde import expanded

if TYPE_CHECKING:
    from hermes_exporter.stack.systemctl import Scope

SYSTEM_UNITS = Path("/etc/systemd/system")
STATE = Path("/var/lib/hermes-exporter")
LINGERERS = Path("/var/lib/systemd/linger")
_INSTANCE = re.compile(r"[A-Za-z0-9_.-]+")


class InstallationError(Exception):
    """It cannot be done; the message says why, and what to do."""


class Place(NamedTuple):
    """Where a unit belongs.

    Attributes:
        instance: who runs it: a name, or a uid where there is no plain name.
    """

    scope: Scope
    instance: str
    path: Path

    @property
    def unit(self) -> str:
        """Name of the unit."""
        return self.path.name

    @property
    def systemctl(self) -> str:
        """How a person begins to talk to its manager."""
        return "systemctl --user" if self.scope == "user" else "sudo systemctl"


def name_of(uid: int) -> str:
    """Return the user's name, or the uid where it has none that a unit's name can hold."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
    return name if _INSTANCE.fullmatch(name) else str(uid)


def place(scope: Scope, uid: int) -> Place:
    """Return where the unit for that user's Hermes belongs."""
    instance = name_of(uid)
    if scope == "system":
        return Place(scope, instance, SYSTEM_UNITS / f"hermes-exporter@{instance}.service")
    config = os.environ.get("XDG_CONFIG_HOME", "").strip() if uid == os.getuid() else ""
    try:
        home = Path(pwd.getpwuid(uid).pw_dir)
    except KeyError:
        home = expanded("~")
    return Place(scope, instance, Path(config or home / ".config") / "systemd/user/hermes-exporter.service")


def system_places() -> list[Place]:
    """Return the places of all system units of the exporter."""
    found = sorted(SYSTEM_UNITS.glob("hermes-exporter@?*.service"))
    return [Place("system", path.stem.partition("@")[2], path) for path in found]


def written(at: Place) -> str | None:
    """Return the unit as we wrote it, None where there is none; raise InstallationError for any other."""
    if at.path.is_symlink():
        raise InstallationError(f"{at.path} is a link to {os.readlink(at.path)}: remove it first")  # noqa: PTH115
    try:
        text = at.path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallationError(f"{at.path}: {error.strerror}") from error
    stamp = unit_file.stamp(text)
    if stamp is None:
        raise InstallationError(f"{at.path} was not written by hermes-exporter install: move it away first")
    if not stamp.intact:
        raise InstallationError(
            f"{at.path} was edited since hermes-exporter {stamp.version} wrote it: move your changes into a "
            f"drop-in ({at.systemctl} edit {at.unit}), stop it ({at.systemctl} disable --now {at.unit}), delete "
            "the file, and come again"
        )
    return text


def stamped(at: Place, unit: str) -> str:
    """Return the text to write."""
    return unit_file.stamped(unit, __version__, f"changes belong in a drop-in, {at.systemctl} edit {at.unit}")


def expect_manager(at: Place) -> None:
    """Raise InstallationError where the manager of that place does not answer."""
    try:
        if systemctl.reached(at.scope):
            return
    except systemctl.SystemctlError as error:
        raise InstallationError(
            f"{error} --print prints the unit; for containers see docs/containers.md"
        ) from error
    if at.scope == "system":
        raise InstallationError("systemd does not answer: was this machine booted with it?")
    raise InstallationError(
        f"no systemd user manager runs for {at.instance}: log in as {at.instance} (su and sudo do not start one), "
        f"or let root run: loginctl enable-linger {at.instance}. A system unit needs none: install --system"
    )


def put(at: Place, text: str) -> bool:
    """Write the unit and let it run; return whether anything changed. Raise InstallationError."""
    changed = written(at) != text
    try:
        if changed:
            at.path.parent.mkdir(parents=True, exist_ok=True)
            atomic_file.write(at.path, text.encode(), mode=0o644)
    except OSError as error:
        raise InstallationError(f"{error.filename or at.path}: {error.strerror}") from error
    try:
        systemctl.run(at.scope, "daemon-reload")
        systemctl.run(at.scope, "enable", at.unit)
        systemctl.run(at.scope, "restart" if changed else "start", at.unit)
    except systemctl.SystemctlError as error:
        said = systemctl.newest_lines(at.scope, at.unit, 3)
        raise InstallationError(
            "\n  ".join([f"{at.path} is written, but does not run: {error}", *said])
        ) from error
    return changed


def take_away(at: Place) -> None:
    """Stop the unit, and remove what installing it made; raise InstallationError."""
    try:
        systemctl.run(at.scope, "disable", "--now", at.unit)
        if systemctl.run(at.scope, "show", "--property=ActiveState", "--value", at.unit).strip() == "failed":
            systemctl.run(at.scope, "reset-failed", at.unit)
        at.path.unlink()
        systemctl.run(at.scope, "daemon-reload")
    except systemctl.SystemctlError as error:
        raise InstallationError(str(error)) from error
    except OSError as error:
        raise InstallationError(f"{at.path}: {error.strerror}") from error


def lingers(at: Place) -> bool:
    """Whether the units of that user run while it is not logged in."""
    return at.scope == "system" or (LINGERERS / at.instance).exists()
