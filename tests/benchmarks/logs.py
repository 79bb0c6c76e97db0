"""python -m tests.benchmarks.logs: read the same logs as mtail, in turn; rate and CPU, compared by round."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import click

from tests.benchmarks import peers
from tests.benchmarks.corpus import Corpus, Mix, Written
from tests.benchmarks.rounds import Spread
from tests.lab.user_systemd import REPO

HEAD = f"{'reader':18}{'MB/s (least..most)':>26}{'x mtail':>22}{'CPU s':>8}{'x mtail per CPU s':>22}{'RSS MB':>8}"
NOTE = """\
mtail reads agent.log; hermes_exporter agent.log and errors.log. Both from the start of the process to its end.
already running: the same readings of hermes_exporter without Python's start, beside the whole of mtail."""
PROGRAM = Path(__file__).with_name("hermes.mtail")


class Reading(NamedTuple):
    """What reading a corpus once took, in seconds, and what was counted.

    Attributes:
        inside: of this, wall and CPU without the start of the process, where the reader says so.
    """

    wall: float
    cpu: float
    resident_megabytes: float
    counts: dict[str, int]
    inside: tuple[float, float] | None = None


@click.command()
@click.option("--megabytes", default=500, show_default=True, help="Size of agent.log.")
@click.option("--rounds", default=5, show_default=True, help="Readings of each reader.")
@click.option("--bytes", "size", default=1 << 16, show_default=True, help="How much we read at once.")
@click.option("--seed", default=1, show_default=True)
def main(megabytes: int, rounds: int, size: int, seed: int) -> None:
    """Print what each reader takes for a usual log, for one with tracebacks, and for one with many faults."""
    peers.fetch()
    for mix in (
        Mix(megabytes, seed=seed),
        Mix(megabytes, multiline=0.01, matching=0.05, seed=seed),
        Mix(megabytes, warnings=0.03, multiline=0.01, matching=0.08, seed=seed),
    ):
        with tempfile.TemporaryDirectory(prefix="hermes-logs-") as scratch:
            compare(mix, Path(scratch), rounds, size)


def compare(mix: Mix, directory: Path, rounds: int, size: int) -> None:
    """Make a corpus, read it in turn, print."""
    written = Corpus(mix).write(directory)
    errors = (directory / "errors.log").stat().st_size
    click.echo(f"\n## {written}; errors.log {errors / 1e6:.1f} MB; seed {mix.seed}, {rounds} rounds, page cache")
    ours = [sys.executable, "-m", "tests.benchmarks.log_reader", str(directory), str(size)]
    mtail = peers.mtail(PROGRAM, directory / "agent.log")
    for command in (mtail, ours):
        click.echo(f"{Path(command[0]).name}: {shlex.join(command)}")
    readings: dict[str, list[Reading]] = {"mtail": [], "hermes_exporter": []}
    loads = [os.getloadavg()[0]]
    for number in range(rounds):
        for name in readings if number % 2 else reversed(readings):
            readings[name].append(read(mtail if name == "mtail" else ours))
        loads.append(os.getloadavg()[0])
    click.echo(
        f"load before {loads[0]:.2f}, meanwhile {min(loads[1:]):.2f}..{max(loads[1:]):.2f} (one is our own)"
    )
    running = [
        taken._replace(wall=taken.inside[0], cpu=taken.inside[1])
        for taken in readings["hermes_exporter"]
        if taken.inside
    ]
    click.echo(HEAD)
    for name, taken in (*readings.items(), ("  already running", running)):
        click.echo(row(name, taken, readings["mtail"], written))
    click.echo(NOTE)


def row(name: str, taken: list[Reading], first: list[Reading], written: Written) -> str:
    """One reader's row; ratios are to the first reader's reading of the same round."""
    rate = Spread.of([written.size / 1e6 / reading.wall for reading in taken])
    faster = Spread.of([other.wall / one.wall for one, other in zip(taken, first, strict=True)])
    leaner = Spread.of([other.cpu / one.cpu for one, other in zip(taken, first, strict=True)])
    cpu = Spread.of([reading.cpu for reading in taken])
    wrong = differences(taken[-1].counts, written)
    return (
        f"{name:18}{_spread(rate, 0):>26}{_spread(faster, 1):>22}{cpu.median:8.2f}"
        f"{_spread(leaner, 1):>22}{max(one.resident_megabytes for one in taken):8.0f}  "
        + (f"WRONG: {wrong}" if wrong else "all counts right")
    )


def differences(counts: dict[str, int], written: Written) -> list[str]:
    """Every count that is not what the corpus holds."""
    truth = {"|".join(key): count for key, count in written.counts.items() if count}
    return [
        f"{key} is {counts.get(key, 0)}, not {truth.get(key, 0)}"
        for key in sorted(truth.keys() | counts.keys())
        if counts.get(key, 0) != truth.get(key, 0)
    ]


def read(command: list[str]) -> Reading:
    """Run one reader to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "TZ": "UTC"}
    )
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise click.ClickException(f"{command[0]} ended with {process.returncode}")
    cpu, resident = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    if not output.startswith("{"):
        return Reading(wall, cpu, resident, _of_mtail(output))
    told = ast.literal_eval(output)
    return Reading(wall, cpu, resident, told["counts"], (told["reading"]["wall"], told["reading"]["cpu"]))


def _of_mtail(text: str) -> dict[str, int]:
    """Its exposition: labels stand in the order of their names, the program's own is left out."""
    counts = {}
    for name, labels, value in re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE):
        values = [label or "none" for key, label in re.findall(r'(\w+)="([^"]*)"', labels) if key != "prog"]
        counts["|".join([name, *values])] = int(float(value))
    return counts


def _spread(spread: Spread, digits: int) -> str:
    return f"{spread.median:.{digits}f} ({spread.least:.{digits}f}..{spread.most:.{digits}f})"


if __name__ == "__main__":
    main()
