"""What systemd says of one unit, out of the properties it answers with.

Its environment may hold secrets: only the variables that say whose gateway it is are looked at.
"""

from __future__ import annotations

import shlex
from typing import Any

from hermes_exporter.sources.hermes_config import MULTIPLEX, multiplexes
from hermes_exporter.values import Value

PATTERNS = ("hermes-gateway*.service", "hermes.service")
"""How Hermes calls its units."""
_NOT_SET = (1 << 64) - 1


class BusError(Exception):
    """A manager cannot be asked; the message says which and why."""


class Unit(Value):
    """What systemd says of one unit. Times are Unix seconds, None where it never happened.

    Attributes:
        scope: user or system: the manager it belongs to.
        exit_status: of the main process' last exit (the signal's number if one killed it); None before the first.
        restarts: automatic restarts since it was last started by hand.
        main_pid: 0 where there is none.
        file_state: enabled, disabled, masked, …; empty where the unit file is gone.
        hermes_home: HERMES_HOME of its environment; what a file of variables sets is not told.
        profile_flag: the profile that its command line names.
        timezone, tz: HERMES_TIMEZONE and TZ of its environment.
        working_directory: the one it is started in, None where none is set.
        multiplex: GATEWAY_MULTIPLEX_PROFILES of its environment, None where it says nothing.
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
    tz: str | None = None
    multiplex: bool | None = None
    working_directory: str | None = None

    @property
    def enabled(self) -> bool:
        """Whether it is started with its manager."""
        return self.file_state in ("enabled", "enabled-runtime")


def from_properties(scope: str, values: dict[str, Any], before: Unit | None) -> Unit:
    """Return the unit that systemd describes; ``before`` is what it was, for what systemd forgets at a start."""
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
        state_changed_at=seconds(values.get("StateChangeTimestamp", 0)),
        active_since=seconds(values.get("ActiveEnterTimestamp", 0)),
        hermes_home=_variable(values, "HERMES_HOME"),
        profile_flag=_profile_flag(values.get("ExecStart") or []),
        timezone=_variable(values, "HERMES_TIMEZONE"),
        tz=_variable(values, "TZ"),
        multiplex=multiplexes(_variable(values, MULTIPLEX)),
        working_directory=_working_directory(values),
    )


def seconds(microseconds: int) -> float | None:
    """Return a time stamp of systemd in Unix seconds, None for what never happened."""
    return microseconds / 1e6 if 0 < microseconds < _NOT_SET else None


def _variable(values: dict[str, Any], name: str) -> str | None:
    for assignment in values.get("Environment") or ():
        key, _, value = str(assignment).partition("=")
        if key == name and value.strip():
            return value.strip()
    return None


def _working_directory(values: dict[str, Any]) -> str | None:
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
