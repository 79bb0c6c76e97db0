"""Runs commands again and again and times them; run inside, as the user of the gateways.

python -m tests.benchmarks.timed ROUNDS COMMANDS: COMMANDS is a JSON object of command lines by name, a list of
them for each: they run one after the other and count as one. Prints a JSON object: by name, a list of [wall, CPU]
seconds.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from tests.benchmarks.rounds import in_turn

KNOWN_EXITS = frozenset({0, 1, 2})
"""Of a check: 1 and 2 are what it found."""
TIMEOUT_SECONDS = 60.0


def taken(commands: list[list[str]]) -> tuple[float, float]:
    """Run the commands; return their wall and CPU seconds."""
    before, started = _cpu_seconds(), time.perf_counter()
    for command in commands:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
        if done.returncode not in KNOWN_EXITS or not done.stdout:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started, _cpu_seconds() - before


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Time everything in every round, each in the opposite order of the last, after one that does not count."""
    rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for each in commands.values():
        taken(each)
    for name in in_turn(list(commands), rounds):
        times[name].append(taken(commands[name]))
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
