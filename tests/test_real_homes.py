"""Where the homes that units set lie, links followed."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

from hermes_exporter.real_homes import RealHomes
from hermes_exporter.sources.unit import from_properties
from hermes_exporter.values import replace
from tests.judge.test_ownership import UNIT
from tests.lab.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_each_home_is_looked_up_once(tmp_path: Path) -> None:
    """A link is followed when its home is first seen; a unit that sets none asks for nothing."""
    (tmp_path / "link").symlink_to(tmp_path / "home")
    unit = replace(UNIT, hermes_home=str(tmp_path / "link/.hermes"))
    homes = RealHomes()

    first = asyncio.run(homes.of([unit, UNIT]))
    (tmp_path / "link").unlink()
    second = asyncio.run(homes.of([unit]))
    homes.close()

    assert first == second == {unit.hermes_home: str(tmp_path / "home/.hermes")}


def test_a_home_where_nothing_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs one short wait, and is known when it answers."""
    answers, real = threading.Event(), os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path: answers.wait() and real(path))
    homes, unit = RealHomes(), replace(UNIT, hermes_home="/srv/dead")

    assert asyncio.run(homes.of([unit])) == {}
    answers.set()
    until(lambda: asyncio.run(homes.of([unit])) == {"/srv/dead": "/srv/dead"}, 10, "an answer")
    homes.close()


def test_what_a_unit_sets_and_where_it_is_started_are_two_things() -> None:
    """A home in a file of variables is not told by systemd; the working directory does not stand in for it."""
    described = {"Id": "hermes.service", "LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
    environment = ["HERMES_HOME=/srv/h", "GATEWAY_MULTIPLEX_PROFILES=on"]

    bare = from_properties("system", {**described, "WorkingDirectory": "!/home/ada"}, None)
    full = from_properties("system", {**described, "WorkingDirectory": "", "Environment": environment}, None)

    assert (bare.hermes_home, bare.working_directory, bare.multiplex) == (None, "/home/ada", None)
    assert (full.hermes_home, full.working_directory, full.multiplex) == ("/srv/h", None, True)
