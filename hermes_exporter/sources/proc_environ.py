"""/proc/PID/environ: the variables that a process was started with.

Secrets are among them: three values are looked at. Only the process' own user, and root, may read it; one that
wrote over it, to give itself a name, tells nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from hermes_exporter.sources import hermes_config
from hermes_exporter.sources.hermes_config import MULTIPLEX

MAX_BYTES = 1 << 20
ZONES = ("HERMES_TIMEZONE", "TZ")


class ZoneVariables(NamedTuple):
    """What a process' environment says of its zone: HERMES_TIMEZONE and TZ, None where they are not set."""

    timezone: str | None
    tz: str | None


def zone_variables(path: str) -> ZoneVariables | None:
    """Return what the file says, None where it cannot be read or says nothing at all."""
    values = _values(path, ZONES)
    return None if values is None else ZoneVariables(*(values.get(name) or None for name in ZONES))


def multiplexes(path: str) -> bool | None:
    """Return whether the process is told to serve all profiles, None where it is not told or cannot be read."""
    return hermes_config.multiplexes((_values(path, (MULTIPLEX,)) or {}).get(MULTIPLEX))


def _values(path: str, names: tuple[str, ...]) -> dict[str, str] | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # no Path is made for a file of /proc
            data = file.read(MAX_BYTES)
    except OSError:
        return None
    pairs = [line.partition(b"=") for line in data.split(b"\0") if b"=" in line]
    if not pairs:
        return None
    wanted = {name.encode(): name for name in names}
    return {wanted[name]: value.decode("utf-8", "replace").strip() for name, _, value in pairs if name in wanted}
