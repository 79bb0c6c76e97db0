"""Units of one systemd manager, over D-Bus.

A manager is asked once for what it has loaded; after that a PropertiesChanged signal, a changed line of its list
or a minute gone by says which units to ask again. Stopped and masked units are not listed as loaded, their unit
files are; asking a stopped one loads it for the moment. Reading needs no privilege on the system bus; a user's bus
answers that user only.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

if TYPE_CHECKING:
    from collections.abc import Sequence

DESTINATION = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
MANAGER = f"{DESTINATION}.Manager"
DBUS = "org.freedesktop.DBus"
PROPERTIES = "org.freedesktop.DBus.Properties"

PATTERNS = ("hermes-gateway*.service", "hermes.service")
FULL_REFRESH_SECONDS = 60.0
ANSWER_SECONDS = 5.0
MAX_IN_FLIGHT = 64
"""More calls at once make the bus, or the client's socket, end the connection."""

Target = tuple[str, str, str]
"""Destination, object path and interface of a call."""

_DAEMON: Target = (DBUS, "/org/freedesktop/DBus", DBUS)
_GONE = (f"{DBUS}.Error.UnknownObject", f"{DESTINATION}.NoSuchUnit")
_NOT_SET = (1 << 64) - 1


class BusError(Exception):
    """A manager cannot be asked; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What systemd says of one unit. Times are Unix seconds, None where it never happened.

    Attributes:
        scope: user or system: the manager it belongs to.
        exit_status: of the main process' last exit (the signal's number if one killed it); None before the first.
        restarts: automatic restarts since it was last started by hand.
        main_pid: 0 where there is none.
        file_state: enabled, disabled, masked, …; empty where the unit file is gone.
        hermes_home: HERMES_HOME of its environment, else its working directory.
        profile_flag: the profile that its command line names.
        timezone: HERMES_TIMEZONE of its environment.
    """

    name: str
    scope: str
    load_state: str
    active_state: str
    sub_state: str
    result: str
    exit_status: int | None
    restarts: int
    main_pid: int
    file_state: str
    needs_reload: bool
    state_changed_at: float | None
    active_since: float | None
    hermes_home: str | None
    profile_flag: str | None
    timezone: str | None = None

    @property
    def enabled(self) -> bool:
        """Whether it is started with its manager."""
        return self.file_state in ("enabled", "enabled-runtime")


class Manager:
    """One systemd manager; reconnects by itself."""

    def __init__(self, scope: str, address: str) -> None:
        self.scope, self.address = scope, address
        self._bus: MessageBus | None = None
        self._gate = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._units: dict[str, Unit] = {}
        self._listed: dict[str, tuple[str, ...]] = {}
        self._changed: set[str] = set()
        self._refreshed_at: float | None = None

    async def units(self, timeout: float) -> tuple[Unit, ...]:
        """Return the gateway units, or raise BusError, at the latest after ``timeout`` seconds."""
        limit = min(timeout, ANSWER_SECONDS)
        try:
            async with asyncio.timeout(limit):
                if self._bus is None or not self._bus.connected:
                    await self._connect()
                return await self._refresh()
        except TimeoutError:
            self.close()
            raise BusError(f"the {self.scope} manager did not answer in {limit:.1f} s") from None
        except _FAILURES as error:
            self.close()
            raise BusError(f"the {self.scope} manager cannot be asked: {_reason(error)}") from error

    def close(self) -> None:
        """Drop the connection; the next call makes a new one and asks for everything again."""
        bus, self._bus, self._refreshed_at = self._bus, None, None
        if bus is not None and bus.connected:
            bus.disconnect()

    async def _connect(self) -> None:
        self._refreshed_at = None
        self._bus = await MessageBus(bus_address=self.address).connect()
        self._bus.add_message_handler(self._on_message)
        rules = (
            f"interface='{PROPERTIES}',member='PropertiesChanged',path_namespace='{ROOT}/unit'",
            f"interface='{MANAGER}',member='UnitFilesChanged'",
            f"interface='{MANAGER}',member='Reloading'",
        )
        for rule in rules:
            await self._call("AddMatch", "s", [f"type='signal',sender='{DESTINATION}',{rule}"], _DAEMON)
        await self._call("Subscribe")

    def _on_message(self, message: Message) -> None:
        if message.member == "PropertiesChanged" and message.path:
            self._changed.add(message.path)
        elif message.member in ("UnitFilesChanged", "Reloading"):
            self._refreshed_at = None

    async def _refresh(self) -> tuple[Unit, ...]:
        now = asyncio.get_running_loop().time()
        everything = self._refreshed_at is None or now - self._refreshed_at > FULL_REFRESH_SECONDS
        listed: dict[str, tuple[str, ...]] = {
            entry[6]: (entry[0], entry[2], entry[3], entry[4], str(entry[7]))
            for entry in (await self._call("ListUnitsByPatterns", "asas", [[], list(PATTERNS)]))[0]
        }
        if everything:
            self._refreshed_at = now
            self._units = {path: unit for path, unit in self._units.items() if path in listed}
            wanted = dict.fromkeys([*listed, *await self._stopped({line[0] for line in listed.values()})])
        else:
            wanted = dict.fromkeys(
                path
                for path in (*listed, *self._units)
                if path in self._changed or listed.get(path) != self._listed.get(path)
            )
        self._changed.clear()
        self._listed = listed
        fresh = await asyncio.gather(*map(self._ask, wanted), return_exceptions=True)
        for path, unit in zip(wanted, fresh, strict=True):
            if isinstance(unit, Unit):
                self._units[path] = unit
            elif isinstance(unit, _NoSuchUnitError):
                self._units.pop(path, None)
            elif isinstance(unit, BaseException):
                raise unit
        return tuple(sorted(self._units.values(), key=lambda unit: unit.name))

    async def _stopped(self, loaded: set[str]) -> list[str]:
        files = (await self._call("ListUnitFilesByPatterns", "asas", [[], list(PATTERNS)]))[0]
        names = sorted({path.rpartition("/")[2] for path, _state in files} - loaded)
        calls = [self._call("LoadUnit", "s", [name]) for name in names if not name.endswith("@.service")]
        return [reply[0] for reply in await asyncio.gather(*calls)]

    async def _ask(self, path: str) -> Unit:
        reply = await self._call("GetAll", "s", [""], (DESTINATION, path, PROPERTIES))
        values = {name: variant.value for name, variant in reply[0].items()}
        unit = _unit(self.scope, values, self._units.get(path))
        if unit.load_state == "not-found" and unit.active_state == "inactive":
            raise _NoSuchUnitError
        return unit

    async def _call(
        self,
        member: str,
        signature: str = "",
        body: Sequence[Any] = (),
        target: Target = (DESTINATION, ROOT, MANAGER),
    ) -> list[Any]:
        if self._bus is None:
            raise BusError("the connection was lost")
        destination, path, interface = target
        message = Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        async with self._gate:
            reply = await self._bus.call(message)
        if reply is None:
            raise BusError(f"no answer to {member}")
        if reply.message_type is MessageType.ERROR:
            if reply.error_name in _GONE:
                raise _NoSuchUnitError
            raise BusError(f"{member}: {reply.error_name}")
        return list(reply.body)


_FAILURES = (BusError, OSError, EOFError, DBusFastError, KeyError, IndexError)


class _NoSuchUnitError(Exception):
    """The unit was unloaded between the list and the question."""


def _unit(scope: str, values: dict[str, Any], before: Unit | None) -> Unit:
    exited = values.get("ExecMainExitTimestamp") or 0
    return Unit(
        name=values["Id"],
        scope=scope,
        load_state=values["LoadState"],
        active_state=values["ActiveState"],
        sub_state=values["SubState"],
        result=values.get("Result", ""),
        exit_status=values.get("ExecMainStatus", 0) if exited else before.exit_status if before else None,
        restarts=values.get("NRestarts", 0),
        main_pid=values.get("MainPID", 0),
        file_state=values.get("UnitFileState", ""),
        needs_reload=values.get("NeedDaemonReload", False),
        state_changed_at=_seconds(values.get("StateChangeTimestamp", 0)),
        active_since=_seconds(values.get("ActiveEnterTimestamp", 0)),
        hermes_home=_hermes_home(values),
        profile_flag=_profile_flag(values.get("ExecStart") or []),
        timezone=_variable(values, "HERMES_TIMEZONE"),
    )


def _seconds(microseconds: int) -> float | None:
    return microseconds / 1e6 if 0 < microseconds < _NOT_SET else None


def _variable(values: dict[str, Any], name: str) -> str | None:
    for assignment in values.get("Environment") or ():
        key, _, value = str(assignment).partition("=")
        if key == name and value.strip():
            return value.strip()
    return None


def _hermes_home(values: dict[str, Any]) -> str | None:
    if told := _variable(values, "HERMES_HOME"):
        return told
    directory = str(values.get("WorkingDirectory") or "").lstrip("!-")
    return directory if directory.startswith("/") else None


def _profile_flag(commands: list[Any]) -> str | None:
    words: list[str] = commands[0][1] if commands else []
    if words and words[0].rpartition("/")[2] in ("sh", "bash", "dash") and len(words) > 2:
        try:
            words = shlex.split(words[2])
        except ValueError:
            return None
    for index, word in enumerate(words):
        if word in ("-p", "--profile") and index + 1 < len(words):
            return words[index + 1]
        if word.startswith("--profile="):
            return word.removeprefix("--profile=")
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) or type(error).__name__
