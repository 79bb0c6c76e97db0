"""python -m tests.benchmarks.where: in which functions a warm scrape spends its time, at several sizes."""

from __future__ import annotations

import sys

import click

from tests.benchmarks.fleet import Fleet
from tests.benchmarks.machine import machine
from tests.benchmarks.sizes import Size, sizes
from tests.lab.user_systemd import REPO


@click.command()
@click.option(
    "--profiles", "wanted", callback=sizes, default="5,20", show_default=True, help="As for the benchmarks."
)
@click.option("--gathers", default=100, show_default=True, help="How many are profiled.")
@click.option("--lines", default=25, show_default=True, help="How many functions are printed, by own time.")
def main(wanted: list[Size], gathers: int, lines: int) -> None:
    """Print the functions that take longest in themselves, over all threads."""
    with machine() as (systemd, _scratch):
        for size in wanted:
            fleet = Fleet(systemd, size.profiles, size.jobs)
            inside = [sys.executable, "-m", "tests.benchmarks.profiled", str(gathers), str(lines)]
            done = systemd.exec("env", f"PYTHONPATH={REPO}", "PYTHONDONTWRITEBYTECODE=1", *inside, timeout=600)
            click.echo(f"\n## {size.profiles} profiles x {size.jobs} jobs, {gathers} gathers\n{done.stdout}")
            fleet.remove()


if __name__ == "__main__":
    main()
