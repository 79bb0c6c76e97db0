"""Units of one systemd manager, over D-Bus.

A manager is asked once for what it has, and once a minute; in between its signals say which units to ask again,
so that a scrape with nothing new asks nobody. Stopped and masked units are not listed as loaded, their unit files
are; asking a stopped one loads it for the moment. Reading needs no privilege on the system bus; a user's bus
answers that user only.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

from hermes_exporter.sources.unit import PATTERNS, BusError, Unit, from_properties, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DESTINATION = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
MANAGER = f"{DESTINATION}.Manager"
DBUS = "org.freedesktop.DBus"
PROPERTIES = "org.freedesktop.DBus.Properties"

_CHECKED = ("NeedDaemonReload", "StateChangeTimestamp")
"""Of a unit that is listed as it is known: what no signal tells, and what would be different after lost ones."""
_OURS = f"{ROOT}/unit/hermes"
"""How the object paths of our units begin."""
FULL_REFRESH_SECONDS = 60.0
ANSWER_SECONDS = 5.0
MAX_IN_FLIGHT = 64
"""More calls at once make the bus, or the client's socket, end the connection."""

Target = tuple[str, str, str]
"""Destination, object path and interface of a call."""

_DAEMON: Target = (DBUS, "/org/freedesktop/DBus", DBUS)
_GONE = (f"{DBUS}.Error.UnknownObject", f"{DESTINATION}.NoSuchUnit")


class Manager:
    """One systemd manager; reconnects by itself.

    Attributes:
        known: its units as of the last answer.
    """

    def __init__(self, scope: str, address: str) -> None:
        self.scope, self.address = scope, address
        self._bus: MessageBus | None = None
        self._gate = asyncio.Semaphore(MAX_IN_FLIGHT)
        self.known: tuple[Unit, ...] = ()
        self._units: dict[str, Unit] = {}
        self._changed: set[str] = set()
        self._refreshed_at: float | None = None

    @property
    def quiet(self) -> bool:
        """Whether ``known`` still holds: connected, nothing signalled, and not a minute old."""
        fresh = self._refreshed_at is not None and time.monotonic() - self._refreshed_at < FULL_REFRESH_SECONDS
        return fresh and not self._changed and self._bus is not None and self._bus.connected

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
            f"interface='{MANAGER}',member='UnitNew'",
            f"interface='{MANAGER}',member='UnitRemoved'",
        )
        for rule in rules:
            await self._call("AddMatch", "s", [f"type='signal',sender='{DESTINATION}',{rule}"], _DAEMON)
        owner = f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0='{DESTINATION}'"
        await self._call("AddMatch", "s", [owner], _DAEMON)
        await self._call("Subscribe")

    def _on_message(self, message: Message) -> None:
        path = message.path or ""
        if message.member == "PropertiesChanged":
            if path in self._units or path.startswith(_OURS):
                self._changed.add(path)
        elif message.member in ("UnitNew", "UnitRemoved"):
            if message.body and message.body[1].startswith(_OURS):
                self._changed.add(message.body[1])
        elif message.member in ("UnitFilesChanged", "Reloading", "NameOwnerChanged"):
            self._refreshed_at = None

    async def _refresh(self) -> tuple[Unit, ...]:
        now = time.monotonic()
        if self._refreshed_at is None or now - self._refreshed_at > FULL_REFRESH_SECONDS:
            self._refreshed_at = now
            listed = (await self._call("ListUnitsByPatterns", "asas", [[], list(PATTERNS)]))[0]
            paths = {entry[6]: entry[0] for entry in listed}
            files = await self._unit_files()
            everything = dict.fromkeys([*paths, *await self._load(files.keys() - set(paths.values()))])
            states = {entry[6]: (entry[2], entry[3], entry[4], files.get(entry[0], "")) for entry in listed}
            self._units = {path: unit for path, unit in self._units.items() if path in everything}
            changed = await asyncio.gather(*(self._differs(path, states.get(path)) for path in everything))
            wanted = {path: None for path, differs in zip(everything, changed, strict=True) if differs}
        else:
            wanted = dict.fromkeys(self._changed)
        self._changed.clear()
        fresh = await asyncio.gather(*map(self._ask, wanted), return_exceptions=True)
        for path, unit in zip(wanted, fresh, strict=True):
            if isinstance(unit, Unit):
                self._units[path] = unit
            elif isinstance(unit, _NoSuchUnitError):
                self._units.pop(path, None)
            elif isinstance(unit, BaseException):
                raise unit
        self.known = tuple(sorted(self._units.values(), key=lambda unit: unit.name))
        return self.known

    async def _differs(self, path: str, listed: tuple[str, str, str, str] | None) -> bool:
        """Whether a unit is not as it is known, by the lists of units and of files and what these do not say."""
        unit = self._units.get(path)
        if unit is None or path in self._changed:
            return True
        if listed != (unit.load_state, unit.active_state, unit.sub_state, unit.file_state):
            return True
        reload, changed = [await self._property(path, name) for name in _CHECKED]
        return (reload, seconds(changed)) != (unit.needs_reload, unit.state_changed_at)

    async def _property(self, path: str, name: str) -> Any:
        call = ("Get", "ss", [f"{DESTINATION}.Unit", name], (DESTINATION, path, PROPERTIES))
        return (await self._call(*call))[0].value

    async def _unit_files(self) -> dict[str, str]:
        """Return the state of every unit file, by the unit's name; templates are no units."""
        files = (await self._call("ListUnitFilesByPatterns", "asas", [[], list(PATTERNS)]))[0]
        names = {path.rpartition("/")[2]: state for path, state in files}
        return {name: state for name, state in names.items() if not name.endswith("@.service")}

    async def _load(self, names: Iterable[str]) -> list[str]:
        """Return where units are that are not loaded: asking for one loads it for the moment."""
        calls = [self._call("LoadUnit", "s", [name]) for name in sorted(names)]
        return [reply[0] for reply in await asyncio.gather(*calls)]

    async def _ask(self, path: str) -> Unit:
        reply = await self._call("GetAll", "s", [""], (DESTINATION, path, PROPERTIES))
        values = {name: variant.value for name, variant in reply[0].items()}
        unit = from_properties(self.scope, values, self._units.get(path))
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


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) or type(error).__name__
