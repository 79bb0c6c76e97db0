"""python -m tests.benchmarks: measure the exporter beside its peers, on real units of a throw-away machine."""

from __future__ import annotations

import compileall
import json
import shlex
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tests.benchmarks import idle, peers, rounds, tables
from tests.benchmarks.fleet import Fleet
from tests.benchmarks.machine import machine
from tests.benchmarks.rounds import Target
from tests.benchmarks.sizes import Size, sizes
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.user_systemd import UserSystemd

MAX_STARTS = 11
IDLE_PROFILES = 5
ALIVE = {
    "node_exporter": 'state="active"',
    "process_exporter": "namedprocess_namegroup_num_procs{",
    "hermes_exporter": "hermes_gateway_up{",
}
"""By exporter, what the one series of a gateway has in it that is 1 while the gateway lives."""


@click.command()
@click.option("--profiles", "wanted", callback=sizes, default="1,5,20,100,100x50", show_default=True,
              help="Numbers of profiles; NxJ for J jobs in each instead of 10.")  # fmt: skip
@click.option("--rounds", "count", default=40, show_default=True, help="Scrapes of each exporter.")
@click.option(
    "--idle-minutes", default=3, show_default=True, help=f"With {IDLE_PROFILES} profiles; 0 leaves it out."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Append a JSON line per size.")
def main(wanted: list[Size], count: int, idle_minutes: int, json_file: Path | None) -> None:
    """Print what a scrape costs, cold and warm, beside node_exporter and process-exporter."""
    peers.fetch()
    compileall.compile_dir(REPO / "hermes_exporter", quiet=1)
    with machine() as (systemd, scratch):
        for size in wanted:
            figures = Bench(systemd, scratch, size).run(count, idle_minutes)
            if json_file:
                with json_file.open("a") as file:
                    file.write(json.dumps({**size._asdict(), **figures}) + "\n")


class Bench:
    """Everything that is measured at one size."""

    def __init__(self, systemd: UserSystemd, scratch: Path, size: Size) -> None:
        """Put the fleet up."""
        self._systemd, self._scratch, self._size = systemd, scratch, size
        config = Path("/home/hermes/process-exporter.yml")
        systemd.write(config, peers.GATEWAYS_BY_PROFILE)
        self._commands: dict[str, Callable[[str], list[str]]] = {
            "node_exporter": peers.node_exporter,
            "hermes_exporter": peers.ours,
            "process_exporter": partial(peers.process_exporter, config=config),
        }
        self._fleet = Fleet(systemd, size.profiles, size.jobs)

    def run(self, count: int, idle_minutes: int) -> dict[str, Any]:
        """Measure, print, take the fleet down again."""
        click.echo(f"\n## {self._size.profiles} profiles x {self._size.jobs} jobs, {count} rounds")
        if self._size.profiles != IDLE_PROFILES:
            idle_minutes = 0
        try:
            return {
                "starts": self._starts(min(count, MAX_STARTS)),
                "units": self._warm("node_exporter", count, idle_minutes),
                "processes": self._warm("process_exporter", count, 0),
            }
        finally:
            self._fleet.remove()

    def _starts(self, count: int) -> dict[str, Any]:
        commands = {name: self._commands[name]("{address}") for name in ("node_exporter", "hermes_exporter")}
        argv = [sys.executable, "-m", "tests.benchmarks.starts", str(count), json.dumps(commands)]
        done = self._systemd.exec("env", f"PYTHONPATH={REPO}", "PYTHONDONTWRITEBYTECODE=1", *argv, timeout=600)
        times: dict[str, Any] = json.loads(done.stdout)
        click.echo(tables.starts(times))
        return times

    def _warm(self, peer: str, count: int, idle_minutes: int) -> list[dict[str, Any]]:
        pair = {name: self._commands[name] for name in (peer, "hermes_exporter")}
        click.echo()
        for name, command in pair.items():
            click.echo(f"{name}: {shlex.join(command('HOST:PORT'))}")
        targets = [
            Target(self._systemd, name, command, self._scratch / f"{name}.log") for name, command in pair.items()
        ]
        try:
            self._see_all(targets)
            rows = rounds.run(targets, count)
            click.echo(tables.warm(rows))
            if idle_minutes:
                used = idle.daily_cpu_seconds(self._fleet, targets, idle_minutes)
                click.echo(tables.idle([target.name for target in targets], used, idle_minutes))
        finally:
            for target in targets:
                target.stop()
        return [asdict(row) for row in rows]

    def _see_all(self, targets: list[Target]) -> None:
        """Whatever is compared must have seen every gateway alive."""
        for target in targets:
            seen = sum(
                ALIVE[target.name] in line and float(line.rpartition(" ")[2]) == 1
                for line in target.scrape().series
            )
            if seen != self._size.profiles:
                raise AssertionError(f"{target.name} sees {seen} of {self._size.profiles} gateways")


if __name__ == "__main__":
    main()
