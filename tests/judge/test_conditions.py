"""Conditions, the headline, expectation, serving: each rule with its neighbour that must stay silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_exporter.discovery import Home, Profile
from hermes_exporter.judge.conditions import (
    CONDITIONS,
    gateway_crash_looping,
    gateway_dead,
    headline,
)
from hermes_exporter.judge.expectation import expected, last_alive
from hermes_exporter.judge.liveness import Liveness
from hermes_exporter.judge.serving import hosts
from hermes_exporter.sources.gateway_state import GatewayState
from hermes_exporter.sources.heartbeat import Heartbeat
from hermes_exporter.sources.hermes_config import HermesConfig
from hermes_exporter.sources.procfs import Process
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.values import replace

from .test_ownership import UNIT

NOW = 1_800_000_000.0
DEAD = Liveness(up=False, proof="none", frozen=False)
ALIVE = Liveness(up=True, proof="lock", process=Process(700, 700, False, 1, NOW - 60, None), processes=1)
STATE = GatewayState("running", 700, 1, 0, NOW - 100, (), None, None, None, (), None)
WAITING = replace(UNIT, active_state="activating", sub_state="auto-restart")


@pytest.mark.parametrize(
    ("liveness", "wanted", "dead"),
    [
        (DEAD, True, True),
        (DEAD, False, False),
        (ALIVE, True, False),
        (Liveness(up=None, proof="none"), True, None),
        (Liveness(up=None, proof="none"), False, False),
        (Liveness(up=False, proof="lock", frozen=True, stopped=True), True, False),
    ],
)
def test_dead_is_expected_and_not_up(liveness: Liveness, wanted: bool, dead: bool | None) -> None:
    """Only an expected gateway is missed; one held by a signal is frozen; unknown stays unknown."""
    assert gateway_dead(liveness, expected=wanted) is dead


@pytest.mark.parametrize(
    ("ages", "looping"),
    [
        ((10, 20, 30, 40), True),
        ((10, 200, 500, 890), True),
        ((10, 20, 30), False),
        ((10, 20, 30, 950), False),
        ((310, 320, 330, 340), False),
        ((-10, 20, 30, 40), False),
        ((), False),
        (tuple(range(60, 8 * 1500, 1500)), True),
        (tuple(range(60, 8 * 305, 305)), True),
        (tuple(range(60, 7 * 1500, 1500)), False),
        (tuple(range(1860, 1860 + 8 * 1000, 1000)), False),
        (tuple(range(1440, 1440 + 8 * 1500, 1500)), True),
        (tuple(range(60, 8 * 2100, 2100)), False),
        (tuple(range(310, 310 + 8 * 200, 200)), False),
    ],
)
@pytest.mark.parametrize("witness", ["own records", "systemd"])
def test_four_starts_in_a_quarter_of_an_hour_are_a_loop(
    ages: tuple[int, ...], looping: bool, witness: str
) -> None:
    """A loop is four starts within 15 minutes, the last within five; starts in the future do not count.

    So are eight within four hours, four minutes apart at least, the last within half an hour.
    """
    moments = [NOW - age for age in ages]
    starts, restarts = (moments, []) if witness == "own records" else ([], moments)

    assert gateway_crash_looping(starts, (), restarts, NOW) is looping


@pytest.mark.parametrize(
    ("unit", "looping"),
    [
        (replace(WAITING, restarts=4), True),
        (replace(WAITING, restarts=3), False),
        (replace(UNIT, restarts=163_000), False),
    ],
)
def test_a_unit_between_attempts_is_a_loop_at_first_sight(unit: object, looping: bool) -> None:
    """Waiting for its next attempt after four is a loop; a high count of a running unit is history."""
    assert gateway_crash_looping((), (unit,), (), NOW) is looping  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("holding", "up", "verdict"),
    [
        ({}, True, "ok"),
        ({}, False, "ok"),
        ({}, None, "unknown"),
        ({"gateway_dead": True, "gateway_crash_looping": True}, False, "gateway_dead"),
        ({"gateway_dead": False, "gateway_crash_looping": True}, True, "gateway_crash_looping"),
        ({"gateway_frozen": True, "gateway_crash_looping": True}, True, "gateway_frozen"),
    ],
)
def test_the_headline_is_the_worst_condition(
    holding: dict[str, bool | None], up: bool | None, verdict: str
) -> None:
    """One verdict: the worst condition that holds, else unknown or ok."""
    assert headline(holding, up) == verdict
    assert verdict in (*CONDITIONS, "ok", "unknown")


DAY = 24 * 3600.0


@pytest.mark.parametrize(
    ("setting", "alive_at", "enabled", "served", "wanted"),
    [
        (None, None, False, False, False),
        (None, None, True, False, True),
        (None, None, False, True, True),
        (None, NOW - 29 * DAY, False, False, True),
        (None, NOW - 31 * DAY, False, False, False),
        ("required", None, False, False, True),
        ("ignored", NOW, True, True, False),
    ],
)
def test_who_is_expected(
    setting: str | None, alive_at: float | None, enabled: bool, served: bool, wanted: bool
) -> None:
    """Enabled, lately alive, served or required; never against the configuration, never for jobs alone."""
    assert expected(setting, alive_at, enabled=enabled, served=served, now=NOW) is wanted


def test_a_clone_was_never_alive() -> None:
    """A heartbeat without a state file is the source's, copied."""
    clone = ProfileFiles(heartbeat=Heartbeat(700, NOW - 5, 1.0), starts=(NOW - 50,))

    assert last_alive(clone, NOW) is None
    assert last_alive(replace(clone, state=STATE), NOW) == NOW - 5


def test_a_future_stamp_is_no_sign_of_life() -> None:
    """What lies ahead of the clock is not believed."""
    assert last_alive(ProfileFiles(state=replace(STATE, updated_at=NOW + 100)), NOW) is None


HOME = Home("", Path("/h"))
HOST, GUEST = (Profile(name, HOME, name, Path("/h") / name, Path("/h") / name) for name in ("default", "coder"))
SERVING = replace(STATE, served=("default", "coder"))


LISTING = replace(SERVING, code_version="0.20.1")
TOLD, TOLD_NOT, UNTOLD = (HermesConfig(valid=True, multiplex=each) for each in (True, False, None))


def serving(
    state: GatewayState,
    config: HermesConfig | None,
    host: Liveness,
    guest: Liveness,
    told: bool | None = None,
    there: Profile = GUEST,
) -> dict[str, str]:
    files = {"default": ProfileFiles(state=state, config=config, settings=config), "coder": ProfileFiles()}
    return hosts([HOST, there], files, {"default": host, "coder": guest}, {"default": told})


@pytest.mark.parametrize("host", [ALIVE, DEAD], ids=["live", "dead"])
def test_a_host_that_is_told_to_serves_those_on_its_list(host: Liveness) -> None:
    """The list counts while the configuration, or the environment that overrules it, says so."""
    assert serving(SERVING, TOLD, host, DEAD) == {"coder": "default"}
    assert serving(SERVING, TOLD_NOT, host, DEAD, told=True) == {"coder": "default"}


@pytest.mark.parametrize("state", [SERVING, LISTING], ids=["0.19", "0.20"])
def test_a_host_that_is_told_not_to_serves_nobody(state: GatewayState) -> None:
    """What was switched off is off, though the list stays and the live gateway's pid stands beside it."""
    assert serving(state, TOLD_NOT, ALIVE, DEAD) == {}
    assert serving(state, TOLD, ALIVE, DEAD, told=False) == {}


@pytest.mark.parametrize("config", [UNTOLD, None])
def test_a_list_alone_counts_where_it_is_made_anew(config: HermesConfig | None) -> None:
    """Gateways serve unasked from 0.20 on; an older one leaves the list of its predecessor beside its own pid."""
    assert serving(LISTING, config, ALIVE, DEAD) == {"coder": "default"}
    assert serving(LISTING, config, DEAD, DEAD) == {}
    assert serving(replace(LISTING, pid=999), config, ALIVE, DEAD) == {}
    assert serving(SERVING, config, ALIVE, DEAD) == {}


def test_a_profile_that_is_gone_is_not_served() -> None:
    """Its host lists it until it is started anew, and serves nothing."""
    assert serving(SERVING, TOLD, ALIVE, DEAD, there=replace(GUEST, present=False)) == {}


def test_a_profile_with_its_own_gateway_is_not_served() -> None:
    """Its own live gateway counts, whatever the host's list says."""
    assert serving(SERVING, TOLD, ALIVE, ALIVE) == {}
