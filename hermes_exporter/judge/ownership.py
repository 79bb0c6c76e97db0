"""Which unit belongs to which profile.

The profile whose lock a unit's process holds decides; then the home and profile that the unit sets; then its name.
A unit may serve several profiles and a profile may have several units.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from hermes_exporter.discovery import absent
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.discovery import Found, Profile
    from hermes_exporter.sources.procfs import UnitId
    from hermes_exporter.sources.unit import Unit

PREFIX, SUFFIX = "hermes-gateway", ".service"


class Ownership(Value):
    """Whose the units are.

    Attributes:
        units: by label of the profile, most recently active first.
        missing: profiles that a living unit names and that are not there.
        elsewhere: units of homes that are not watched, leftovers of profiles that are gone, and those of profiles
            that may not be looked for.
    """

    units: dict[str, tuple[Unit, ...]]
    missing: tuple[Profile, ...]
    elsewhere: tuple[Unit, ...]


def assign(units: Iterable[Unit], found: Iterable[Found], holders: Mapping[str, frozenset[UnitId]]) -> Ownership:
    """Assign each unit to its profile; ``holders`` are, by profile, the units whose processes hold its lock."""
    homes = list(found)
    owned: dict[str, list[Unit]] = {}
    missing: dict[str, Profile] = {}
    elsewhere: list[Unit] = []
    for unit in units:
        proved = [label for label, held_by in holders.items() if (unit.scope, unit.name) in held_by]
        for label in proved:
            owned.setdefault(label, []).append(unit)
        if proved:
            continue
        place = _by_home(unit, homes) if unit.hermes_home else _by_name(unit, homes)
        if place is None:
            elsewhere.append(unit)
            continue
        home, name = place
        profile = _profile(home, name)
        if profile is None and (home.closed or (not unit.enabled and unit.active_state == "inactive")):
            elsewhere.append(unit)
            continue
        if profile is None:
            profile = absent(home.profiles[0].home, name)
            missing[profile.label] = profile
        owned.setdefault(profile.label, []).append(unit)
    ordered = {label: tuple(sorted(mine, key=_recency)) for label, mine in owned.items()}
    return Ownership(ordered, tuple(missing.values()), tuple(elsewhere))


def _by_home(unit: Unit, homes: list[Found]) -> tuple[Found, str] | None:
    directory = posixpath.normpath(unit.hermes_home or "/")
    for home in homes:
        for profile in home.profiles:
            if directory in (str(profile.path), str(profile.real)):
                return home, _switched(unit, home, profile.name)
        root = str(home.profiles[0].home.root) if home.profiles else ""
        if root and posixpath.dirname(directory) == posixpath.join(root, "profiles"):
            return home, _switched(unit, home, posixpath.basename(directory))
    return None


def _by_name(unit: Unit, homes: list[Found]) -> tuple[Found, str] | None:
    if not homes or not homes[0].profiles or not unit.name.startswith(PREFIX):
        return None
    suffix = unit.name.removeprefix(PREFIX).removesuffix(SUFFIX).lstrip("-@")
    name = _switched(unit, homes[0], suffix or "default")
    return (homes[0], name) if _profile(homes[0], name) else None


def _switched(unit: Unit, home: Found, name: str) -> str:
    """Apply what Hermes lets overrule the directory: the flag, then the sticky profile of the root."""
    if unit.profile_flag:
        return unit.profile_flag
    return home.sticky if name == "default" and home.sticky else name


def _profile(home: Found, name: str) -> Profile | None:
    return next((profile for profile in home.profiles if profile.name == name), None)


def _recency(unit: Unit) -> tuple[bool, float]:
    return unit.active_state != "active", -(unit.state_changed_at or 0.0)
