"""Starts exporters again and again and times their first answers; run inside, as the user of the gateways.

python -m tests.benchmarks.starts ROUNDS COMMANDS: COMMANDS is a JSON object of command lines by name, in which
``{address}`` stands for HOST:PORT. Prints a JSON object: by name, a list of [milliseconds from start to first
answer, milliseconds of the first scrape alone].
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.benchmarks.rounds import in_turn
from tests.benchmarks.scraper import Scraper
from tests.lab.waiting import free_port

PATIENCE_SECONDS = 60.0


def first_answer(command: list[str]) -> tuple[float, float]:
    """Start one exporter, scrape it as soon as it listens, end it."""
    port = free_port()
    argv = [word.replace("{address}", f"127.0.0.1:{port}") for word in command]
    started = time.perf_counter()
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        scraper = _connect(process, port)
        answer = scraper.scrape()
        return (time.perf_counter() - started) * 1e3, answer.milliseconds
    finally:
        process.terminate()
        process.wait(30)


def _connect(process: subprocess.Popen[bytes], port: int) -> Scraper:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return Scraper(port)
        except ConnectionError:
            time.sleep(0.002)
    raise AssertionError(f"{process.args!r} does not listen; its exit status is {process.returncode}")


def main() -> None:
    """Time every command in every round, each round in the opposite order of the last."""
    rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for name in in_turn(list(commands), rounds):
        times[name].append(first_answer(commands[name]))
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
