"""python -m tests.benchmarks.checks: ``hermes-exporter check`` beside what Hermes' own CLI takes to say less.

A real Hermes with five profiles, their gateways running as user units of a throw-away machine.
"""

from __future__ import annotations

import compileall
import json
import shlex
import sys
from typing import TYPE_CHECKING

import click

from tests.benchmarks import tables
from tests.benchmarks.machine import machine
from tests.lab.hermes_home import OFFLINE, HermesHome
from tests.lab.stubs import Messenger, Provider
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.user_systemd import UserSystemd

PROFILES = ("default", "coder", "writer", "trader", "tutor")

Commands = dict[str, list[list[str]]]


@click.command()
@click.option("--rounds", default=10, show_default=True, help="How often each command runs.")
def main(rounds: int) -> None:
    """Print what one profile takes, and all five."""
    compileall.compile_dir(REPO / "hermes_exporter", quiet=1)
    with machine() as (systemd, scratch), Provider() as provider, Messenger() as messenger:
        home = HermesHome(systemd, provider, messenger, scratch)
        for profile in PROFILES[1:]:
            home.add(profile)
        for profile in PROFILES:
            home.install(profile)
            home.start(profile)
        compare(systemd, home, rounds)
        home.remove()


def compare(systemd: UserSystemd, home: HermesHome, rounds: int) -> None:
    """Time one profile's commands and all profiles' in turn, and print."""
    hermes = str(home.venv / "bin/hermes")
    ours = [str(REPO / ".venv/bin/hermes-exporter"), "check"]
    several: Commands = {"hermes status": [], "hermes cron list": []}
    for profile in PROFILES:
        several["hermes status"].append([hermes, "-p", profile, "status"])
        several["hermes cron list"].append([hermes, "-p", profile, "cron", "list"])
    one: Commands = {name: commands[:1] for name, commands in several.items()}
    for profiles, commands in (
        (1, one | {"hermes-exporter check": [[*ours, "--profile", "default"]]}),
        (len(PROFILES), several | {"hermes-exporter check": [ours]}),
    ):
        click.echo(f"\n## {profiles} of {len(PROFILES)} profiles, {rounds} rounds")
        for argv in (argvs[0] for argvs in commands.values()):
            click.echo(f"{len(commands['hermes status']) if argv[0] == hermes else 1} x {shlex.join(argv)}")
        click.echo(tables.commands(_timed(systemd, commands, rounds)))


def _timed(systemd: UserSystemd, commands: Commands, rounds: int) -> Mapping[str, list[tuple[float, float]]]:
    environment = [*(f"{name}={value}" for name, value in OFFLINE.items()), f"PYTHONPATH={REPO}"]
    argv = [sys.executable, "-m", "tests.benchmarks.timed", str(rounds), json.dumps(commands)]
    done = systemd.exec("env", *environment, *argv, timeout=1200)
    times: dict[str, list[tuple[float, float]]] = json.loads(done.stdout)
    return times


if __name__ == "__main__":
    main()
