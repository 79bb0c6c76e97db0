"""Which unit belongs to which profile.

The profile whose lock a unit's process holds decides; then the home and profile that the unit sets. Of a unit that
sets no home, the directory it is started in decides if that is one; then its name, unless it is started in the
home directory of somebody else.
A unit may serve several profiles and a profile may have several units.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from hermes_exporter.discovery import absent
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.discovery import Found, Profile
    from hermes_exporter.sources.procfs import UnitId
    from hermes_exporter.sources.unit import Unit

PREFIX, SUFFIX = "hermes-gateway", ".service"
NO_LINKS: Mapping[str, str] = {}
USER_HOME = re.compile(r"(?:/var)?(/home/[^/]+|/root)(?=/|$)")
"""Where a user's files are, as far as names tell."""


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


def assign(
    units: Iterable[Unit],
    found: Iterable[Found],
    holders: Mapping[str, frozenset[UnitId]],
    real: Mapping[str, str] = NO_LINKS,
) -> Ownership:
    """Assign each unit to its profile.

    ``holders`` are, by profile, the units whose processes hold its lock; ``real`` is where a home that a unit sets
    lies, links followed.
    """
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
        place = _place(unit, homes, real)
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


def _place(unit: Unit, homes: list[Found], real: Mapping[str, str]) -> tuple[Found, str] | None:
    if unit.hermes_home:
        written = _by_home(unit, unit.hermes_home, homes)
        return written or _by_home(unit, real.get(unit.hermes_home, unit.hermes_home), homes)
    if unit.working_directory and (place := _by_home(unit, unit.working_directory, homes)):
        return place
    return _by_name(unit, homes)


def _by_home(unit: Unit, path: str, homes: list[Found]) -> tuple[Found, str] | None:
    directory = posixpath.normpath(path)
    for home in homes:
        for profile in home.profiles:
            if directory in (str(profile.path), str(profile.real)):
                return home, _switched(unit, home, profile.name)
        if posixpath.dirname(directory) in {f"{root}/profiles" for root in _roots(home)}:
            return home, _switched(unit, home, posixpath.basename(directory))
    return None


def _roots(home: Found) -> set[str]:
    """Return the ways to the root: as it was given, and links followed."""
    default = _profile(home, "default")
    return {str(path) for path in ((default.path, default.real) if default else (home.profiles[0].home.root,))}


def _somebody_elses(directory: str, home: Found) -> bool:
    """Whether a directory lies in the home directory of a user who does not have this Hermes home there."""
    user_home = USER_HOME.match(posixpath.normpath(directory))
    roots = [root.removeprefix("/var") for root in _roots(home)]
    return user_home is not None and not any(f"{root}/".startswith(f"{user_home[1]}/") for root in roots)


def _by_name(unit: Unit, homes: list[Found]) -> tuple[Found, str] | None:
    if not homes or not homes[0].profiles or not unit.name.startswith(PREFIX):
        return None
    if unit.working_directory and _somebody_elses(unit.working_directory, homes[0]):
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
