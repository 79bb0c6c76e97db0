"""Profiles warm gathers in this process, every thread of it; run inside, as the user of the gateways.

python -m tests.benchmarks.profiled GATHERS LINES prints what a gather takes unprofiled, then its functions by own
CPU time under the profiler, which makes small functions look dearer than they are.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import click
import yappi  # type: ignore[import-untyped]

from hermes_exporter import cli
from hermes_exporter.exposition import Format
from hermes_exporter.gather import Gatherer
from hermes_exporter.memory import Memory
from hermes_exporter.options import settings
from tests.lab.user_systemd import REPO

WARM_UP = 5
AS_PROMETHEUS = Format(openmetrics=True, compressed=True)


async def gather(gatherer: Gatherer, times: int) -> tuple[list[float], float]:
    """Gather and encode so many times; return the wall milliseconds of each, and the CPU milliseconds of one."""
    walls = []
    cpu = time.process_time()
    for _ in range(times):
        started = time.perf_counter()
        answer = await gatherer.gather(30.0, AS_PROMETHEUS)
        answer.exposition.encode(AS_PROMETHEUS)
        walls.append((time.perf_counter() - started) * 1e3)
    return walls, (time.process_time() - cpu) / times * 1e3


async def profile(times: int, lines: int) -> None:
    """Gather unprofiled, then profiled, and print both."""
    gatherer = Gatherer(settings(cli.serve.make_context("serve", []).params), Memory())
    await gather(gatherer, WARM_UP)
    walls, cpu = await gather(gatherer, times)
    click.echo(f"unprofiled: wall {statistics.median(walls):.2f} ms (median), CPU {cpu:.2f} ms")
    yappi.set_clock_type("cpu")
    yappi.start()
    _walls, cpu = await gather(gatherer, times)
    yappi.stop()
    click.echo(f"profiled:   CPU {cpu:.2f} ms\n\n{'own ms':>8}{'all ms':>8}{'calls':>9}  function")
    functions: Any = yappi.get_func_stats()
    for function in sorted(functions, key=lambda function: -function.tsub)[:lines]:
        own, whole, calls = (value / times for value in (function.tsub * 1e3, function.ttot * 1e3, function.ncall))
        click.echo(
            f"{own:8.3f}{whole:8.3f}{calls:9.1f}  {_place(function.module, function.lineno)} {function.name}"
        )
    gatherer.close()


def _place(module: str, line: int) -> str:
    path = Path(module)
    packages = next((parent for parent in path.parents if parent.name == "site-packages"), REPO)
    return f"{path.relative_to(packages) if path.is_relative_to(packages) else path.name}:{line}"


if __name__ == "__main__":
    asyncio.run(profile(int(sys.argv[1]), int(sys.argv[2])))
