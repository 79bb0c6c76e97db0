"""What to run first, as one types it on the host: commands of Hermes 0.19 and later, and of systemd.

Those that only look are preferred. ``hermes gateway status`` is none of them: it removes what a dead gateway left.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.sources.unit import Unit

LINES = ("-n", "50")
OURSELVES = "hermes-exporter check --log.level warning"
"""Says why something could not be read."""


def hermes(view: ProfileView, *words: str) -> str:
    """Return a command of Hermes for the profile."""
    name = view.profile.name
    return of_all(view, *(() if name == "default" else ("-p", name)), *words)


def of_all(view: ProfileView, *words: str) -> str:
    """Return a command of Hermes for the profile's home; where that has an alias, its root is to be filled in."""
    alias = view.profile.home.alias
    home = f"HERMES_HOME=<{alias}> " if alias else ""
    return home + shlex.join(("hermes", *words))


def unit_status(unit: Unit) -> str:
    """Return what shows the state of a unit."""
    return shlex.join(("systemctl", *_scope(unit), "status", unit.name))


def unit_journal(unit: Unit) -> str:
    """Return what shows the last lines that a unit wrote."""
    sudo = () if unit.scope == "user" else ("sudo",)
    return shlex.join((*sudo, "journalctl", *_scope(unit), "-u", unit.name, *LINES, "--no-pager"))


def serving_unit(view: ProfileView) -> Unit | None:
    """Return the unit that runs the profile's gateway, or should."""
    return min(view.units, key=lambda unit: (unit.active_state != "active", not unit.enabled), default=None)


def _scope(unit: Unit) -> tuple[str, ...]:
    return ("--user",) if unit.scope == "user" else ()
