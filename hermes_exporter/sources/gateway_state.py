"""gateway_state.json: what a profile's gateway last said about itself.

Written by the gateway on changes of state and at turns; before 0.19.1 an idle healthy gateway leaves it untouched
for weeks, so its age proves nothing. A killed gateway leaves ``running`` behind. ``served_profiles`` is never
cleared, and before 0.20 the next gateway leaves it as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "gateway_state.json"
MAX_BYTES = 4 << 20
PLATFORM = re.compile(r"[a-z][a-z0-9_]{0,31}")


class PlatformEntry(Value):
    """What the gateway noted of one messenger; entries are never removed, so an old one may be a leftover.

    Attributes:
        profile: of a multiplexed host's entry, empty for the gateway's own.
        state: connecting, connected, disconnected, retrying, fatal, paused, disabled; Hermes may add more.
        error_code: of the last failure; an open set.
        updated_at: Unix seconds.
        needs_attention: a human has to act; None in versions that do not say so.
        writer: pid and start in clock ticks of the process that wrote the entry, where it says so.
    """

    profile: str
    platform: str
    state: str
    error_code: str | None
    updated_at: float | None
    needs_attention: bool | None
    writer: tuple[int, int] | None


class GatewayState(Value):
    """The gateway's own claim.

    Attributes:
        state: starting, running, degraded, draining, stopped, startup_failed; Hermes may add more.
        pid: process that wrote it, in the writer's pid namespace.
        start_ticks: that process' start, in clock ticks since boot.
        active_agents: turns in flight.
        updated_at: Unix seconds.
        served: names of the profiles this gateway serves besides its own.
        code_version: version of the running code, from 0.20 on; ``code_sha`` its commit.
        program: path that it was started as: a script, or a file of the package.
        store_damaged: it says that its session store is not usable; None where it does not say.
    """

    state: str | None
    pid: int | None
    start_ticks: int | None
    active_agents: int | None
    updated_at: float | None
    served: tuple[str, ...]
    code_version: str | None
    code_sha: str | None
    program: str | None
    platforms: tuple[PlatformEntry, ...]
    store_damaged: bool | None


def parse(data: bytes, notes: Notes) -> GatewayState:
    """Parse the file; a key of the wrong type is noted and None."""
    record = JsonObject.decode(data, notes)
    session_store = record.child("session_store")
    store = session_store.text("status") if session_store else None
    return GatewayState(
        state=record.text("gateway_state"),
        pid=record.integer("pid"),
        start_ticks=record.integer("start_time"),
        active_agents=record.integer("active_agents"),
        updated_at=record.stamp("updated_at"),
        served=_served(record, notes),
        code_version=record.text("code_version"),
        code_sha=record.text("code_sha"),
        program=_program(record),
        platforms=_platforms(record, notes),
        store_damaged=None if store is None else store not in ("ok", "unknown"),
    )


def _program(record: JsonObject) -> str | None:
    words = record.value("argv")
    return words[0] if isinstance(words, list) and words and isinstance(words[0], str) else None


def _platforms(record: JsonObject, notes: Notes) -> tuple[PlatformEntry, ...]:
    table = record.child("platforms")
    entries = []
    for key, entry in table.children() if table else ():
        profile, _, platform = key.rpartition(":")
        if not PLATFORM.fullmatch(platform):
            notes.fault("platforms", "an entry has a name that no messenger has")
            continue
        pid, ticks = entry.integer("writer_pid"), entry.integer("writer_start_time")
        entries.append(
            PlatformEntry(
                profile=profile,
                platform=platform,
                state=entry.text("state") or "other",
                error_code=entry.text("error_code"),
                updated_at=entry.stamp("updated_at"),
                needs_attention=entry.flag("needs_attention"),
                writer=None if pid is None or ticks is None else (pid, ticks),
            )
        )
    return tuple(entries)


def _served(record: JsonObject, notes: Notes) -> tuple[str, ...]:
    names = []
    for index, entry in enumerate(record.array("served_profiles") or ()):
        name = entry.get("profile_id") if isinstance(entry, dict) else entry
        if isinstance(name, str):
            names.append(name)
        else:
            notes.fault(f"served_profiles[{index}]", "expected the name of a profile")
    return tuple(names)
