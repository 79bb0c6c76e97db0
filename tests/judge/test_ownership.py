"""Which unit belongs to which profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_exporter.discovery import Found, Home, Profile
from hermes_exporter.judge.ownership import assign
from hermes_exporter.sources.unit import Unit
from hermes_exporter.values import replace

ROOT = Path("/home/ada/.hermes")
HOME = Home("", ROOT)


def profile(name: str, path: Path, real: Path | None = None) -> Profile:
    return Profile(name, HOME, name, path, real or path)


FOUND = Found(
    (
        profile("default", ROOT),
        profile("dev", ROOT / "profiles/dev"),
        profile("dev2", ROOT / "profiles/dev2"),
        profile("zed", ROOT / "profiles/zed", Path("/srv/zed")),
    ),
    sticky=None,
    owner=1000,
    problems=(),
)
UNIT = Unit(
    name="hermes-gateway.service",
    scope="user",
    load_state="loaded",
    active_state="active",
    sub_state="running",
    result="success",
    exit_status=None,
    restarts=0,
    main_pid=0,
    file_state="enabled",
    needs_reload=False,
    state_changed_at=None,
    active_since=None,
    hermes_home=None,
    profile_flag=None,
)


def owner(unit: Unit, found: Found = FOUND, **holders: frozenset[tuple[str, str]]) -> list[str]:
    return sorted(assign([unit], [found], holders).units)


@pytest.mark.parametrize(
    ("home", "flag", "expected"),
    [
        ("/home/ada/.hermes", None, "default"),
        ("/home/ada/.hermes/", None, "default"),
        ("/home/ada/.hermes", "dev", "dev"),
        ("/home/ada/.hermes", "default", "default"),
        ("/home/ada/.hermes/profiles/dev", None, "dev"),
        ("/home/ada/.hermes/profiles/dev2", None, "dev2"),
        ("/home/ada/.hermes/profiles/zed", None, "zed"),
        ("/srv/zed", None, "zed"),
    ],
)
def test_the_home_that_a_unit_sets_decides(home: str, flag: str | None, expected: str) -> None:
    """HERMES_HOME and the --profile flag name the profile, by its directory or what that links to."""
    assert owner(replace(UNIT, name="hermes-gateway-whatever.service", hermes_home=home, profile_flag=flag)) == [
        expected
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hermes-gateway.service", ["default"]),
        ("hermes-gateway-dev.service", ["dev"]),
        ("hermes-gateway-dev2.service", ["dev2"]),
        ("hermes-gateway@dev2.service", ["dev2"]),
        ("hermes-gateway-de.service", []),
    ],
)
def test_without_a_home_the_name_decides(name: str, expected: list[str]) -> None:
    """A name is compared as a whole: dev is not dev2."""
    assert owner(replace(UNIT, name=name)) == expected


@pytest.mark.parametrize(
    ("directory", "name", "expected"),
    [
        ("/home/ada/.hermes/profiles/dev", "hermes-gateway.service", ["dev"]),
        ("/home/ada/.hermes", "hermes-gateway-dev.service", ["default"]),
        ("/home/ada", "hermes-gateway-dev.service", ["dev"]),
        ("/home/ada/.hermes/hermes-agent", "hermes-gateway-dev.service", ["dev"]),
        ("/var/home/ada", "hermes-gateway-dev.service", ["dev"]),
        ("/opt/hermes-agent", "hermes-gateway-dev.service", ["dev"]),
        ("/", "hermes-gateway.service", ["default"]),
        ("/home/adam", "hermes-gateway.service", []),
        ("/home/bob/hermes-agent", "hermes-gateway.service", []),
        ("/root", "hermes-gateway.service", []),
    ],
)
def test_where_a_unit_is_started_is_no_home_it_sets(directory: str, name: str, expected: list[str]) -> None:
    """Started in a profile it is that one's; else its name decides, but not in another user's home directory."""
    assert owner(replace(UNIT, name=name, working_directory=directory)) == expected


@pytest.mark.parametrize(
    ("real", "expected"), [("/home/ada/.hermes", "default"), ("/home/ada/.hermes/profiles/new", "new")]
)
def test_a_home_that_is_reached_by_another_link(real: str, expected: str) -> None:
    """The directory counts, not how the unit writes it; what is written counts before it."""
    unit = replace(UNIT, hermes_home="/data/h")

    assert sorted(assign([unit], [FOUND], {}, {"/data/h": real}).units) == [expected]
    assert assign([unit], [FOUND], {}, {"/data/h": "/data/h"}).elsewhere == (unit,)
    written = replace(UNIT, hermes_home=str(ROOT / "profiles/dev"))
    assert sorted(assign([written], [FOUND], {}, {str(ROOT / "profiles/dev"): real}).units) == ["dev"]


def test_the_sticky_profile_takes_the_roots_unit() -> None:
    """active_profile overrules a HERMES_HOME that is the root, as in Hermes; a flag overrules active_profile."""
    found = replace(FOUND, sticky="dev")

    assert owner(replace(UNIT, hermes_home=str(ROOT)), found) == ["dev"]
    assert owner(replace(UNIT, hermes_home=str(ROOT), profile_flag="default"), found) == ["default"]


def test_the_lock_decides_over_everything_else() -> None:
    """A unit whose process holds another profile's lock belongs to that profile."""
    unit = replace(UNIT, hermes_home=str(ROOT))

    assert owner(unit, dev2=frozenset({("user", UNIT.name)})) == ["dev2"]


def test_the_same_name_in_the_other_scope_is_another_unit() -> None:
    """A system unit and a user unit of one name are told apart."""
    unit = replace(UNIT, hermes_home=str(ROOT))

    assert owner(unit, dev2=frozenset({("system", UNIT.name)})) == ["default"]


def test_a_unit_of_a_profile_that_is_gone_names_it_missing() -> None:
    """A living unit whose profile directory is gone makes the profile known, and missing."""
    unit = replace(UNIT, name="hermes-gateway-lost.service", hermes_home=str(ROOT / "profiles/lost"))

    ownership = assign([unit], [FOUND], {})

    assert [(each.label, each.present) for each in ownership.missing] == [("lost", False)]
    assert ownership.units["lost"] == (unit,)


def test_a_leftover_unit_of_a_profile_that_is_gone_is_left_alone() -> None:
    """A disabled and inactive unit of a deleted profile makes nobody wait for a gateway."""
    unit = replace(UNIT, hermes_home=str(ROOT / "profiles/lost"), active_state="inactive", file_state="disabled")

    ownership = assign([unit], [FOUND], {})

    assert (ownership.missing, ownership.units, ownership.elsewhere) == ((), {}, (unit,))


def test_a_profile_that_may_not_be_looked_for_is_not_missing() -> None:
    """Where a home may not be listed, a unit of a profile that was never seen proves nothing about it."""
    unit = replace(UNIT, hermes_home=str(ROOT / "profiles/lost"))

    ownership = assign([unit], [replace(FOUND, closed=True)], {})

    assert (ownership.missing, ownership.elsewhere) == ((), (unit,))


def test_a_unit_of_another_home_is_elsewhere() -> None:
    """A home that is not watched gets no series."""
    unit = replace(UNIT, hermes_home="/opt/other")

    assert assign([unit], [FOUND], {}).elsewhere == (unit,)


def test_the_active_unit_comes_first() -> None:
    """Of two units of a profile, the one that runs is the first."""
    idle = replace(UNIT, scope="system", active_state="inactive", hermes_home=str(ROOT))
    busy = replace(UNIT, hermes_home=str(ROOT))

    assert assign([idle, busy], [FOUND], {}).units["default"] == (busy, idle)
