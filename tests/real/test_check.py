"""``check`` beside a real systemd and a real Hermes: what it tells to run can be run."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.judge.report import Report
from hermes_exporter.status.host import profile
from tests.lab.exporter import COMMAND
from tests.lab.user_systemd import REPO
from tests.views import DEAD, NOW, holding, job, view

if TYPE_CHECKING:
    from tests.lab.hermes_home import HermesHome
    from tests.lab.user_systemd import UserSystemd

pytestmark = pytest.mark.systemd


def told(systemd: UserSystemd) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status and profiles, by name, of a check inside."""
    surroundings = ("env", "-u", "HERMES_HOME", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={REPO}")
    done = systemd.exec(*surroundings, str(COMMAND), "check", "--json", check=False)
    said = json.loads(done.stdout)
    return done.returncode, {each["label"]: each for each in said["profiles"]}


def test_a_gateway_whose_unit_was_stopped(hermes: HermesHome) -> None:
    """Under its unit it is well; stopped it is dead, with what systemd makes of it and a command that shows it."""
    hermes.install("coder")
    hermes.start("coder")
    status, before = told(hermes.systemd)
    hermes.systemd.systemctl("user", "stop", hermes.unit("coder"))

    code, after = told(hermes.systemd)

    assert (status, before["coder"]["gateway"]["state"], before["coder"]["problems"]) == (0, "alive", [])
    assert (code, after["coder"]["gateway"]["state"]) == (2, "dead")
    (problem,) = after["coder"]["problems"]
    assert problem["sentence"].startswith("gateway dead since ")
    assert f": {hermes.unit('coder')} is " in problem["sentence"]
    assert problem["command"] == f"systemctl --user status {hermes.unit('coder')}"
    shown = hermes.systemd.exec(*shlex.split(problem["command"]), check=False)
    assert hermes.unit("coder") in shown.stdout
    assert shown.returncode != 4, "no such unit"


def commands() -> list[str]:
    """Every command of Hermes that can be told to run first."""
    late = Report(judged=True, overdue=True, owed_slot=NOW - 60, deadline=NOW)
    named: dict[str, None] = {}
    for condition in CONDITIONS:
        for more in ({}, {"credentials": ("some",)}):
            ill = view("coder", liveness=DEAD, conditions=holding(condition), **more)
            ill_with_jobs = view("coder", conditions=holding(condition), jobs=(job("a1"),), reports={"a1": late})
            for each in (*profile(ill).problems, *profile(ill_with_jobs).problems):
                named[each.command or ""] = None
    return [command for command in named if command.startswith("hermes ")]


@pytest.mark.timeout(240)
def test_hermes_knows_every_command(hermes: HermesHome) -> None:
    """None of them is refused as misspelt or as having an option that it does not have."""
    told_to_run = commands()
    assert len(told_to_run) > 6
    for command in [*told_to_run, "hermes profile list"]:
        words = shlex.split(command)[1:]
        flagged = words[:2] == ["-p", "coder"]

        done = hermes.hermes("coder" if flagged else "default", *words[2 * flagged :], check=False)

        assert done.returncode != 2, f"{command}: {done.stderr}"
        assert "usage:" not in done.stdout + done.stderr, command
