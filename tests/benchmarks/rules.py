"""python -m tests.benchmarks.rules: what it costs a real Prometheus to evaluate the alert rules."""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click

from tests.benchmarks import targets
from tests.benchmarks.prometheus import SCRAPE_SECONDS, Group, Prometheus
from tests.lab.waiting import until

FLEET = 10_000
"""Profiles to reckon for."""
HEAD = (
    f"{'group':24}{'rules':>6}{'interval s':>12}{'evaluations':>13}{'ms: median (least..most)':>30}"
    f"{'of interval':>13}"
)


class Measured(NamedTuple):
    """What was measured with so many profiles."""

    profiles: int
    series: int
    groups: list[Group]


@click.command()
@click.option("--exporters", default="5,20", show_default=True, help="Numbers of exporters, two at least.")
@click.option("--profiles", default=10, show_default=True, help="Of each exporter.")
@click.option("--jobs", default=20, show_default=True, help="Of each profile.")
@click.option("--minutes", default=6, show_default=True, help="So long each size is evaluated.")
def main(exporters: str, profiles: int, jobs: int, minutes: int) -> None:
    """Print how long each rule group takes of its interval, and what 10,000 profiles would take.

    All is well with them, so no text is made of an alert. Rules that look back find as much as was measured.
    """
    measured = []
    for count in map(int, exporters.split(",")):
        with tempfile.TemporaryDirectory(prefix="hermes-bench-") as scratch:
            measured.append(_measure(Path(scratch), count, profiles, jobs, minutes))
    for smaller, larger in pairwise(measured):
        click.echo(f"\n{FLEET} profiles, by the line through {smaller.profiles} and {larger.profiles}:")
        click.echo(_reckoned(smaller, larger))


def _measure(scratch: Path, exporters: int, profiles: int, jobs: int, minutes: int) -> Measured:
    text = targets.exposition(scratch, profiles, jobs)
    directory = scratch / "prometheus"
    directory.mkdir()
    with targets.served(text) as address:
        prometheus = Prometheus(directory, address, exporters)
        try:
            until(lambda: prometheus.query("count(up)") == exporters, 120, "every exporter is scraped")
            time.sleep(2 * SCRAPE_SECONDS)
            load = Path("/proc/loadavg").read_text().split()[0]
            groups = prometheus.groups(minutes * 60)
            series = prometheus.series()
            firing = prometheus.query('count(ALERTS{alertname!="HermesWatchdog"})')
            click.echo(f"\n## {exporters} exporters x {profiles} profiles x {jobs} jobs, {minutes} minutes")
            click.echo(f"{series} series, {firing:g} alerts pending or firing, load {load} before")
            click.echo(_table(groups))
            slowest = [f"{name} {seconds * 1e3:.1f} ms" for name, seconds in prometheus.slowest(4)]
            click.echo(f"slowest: {', '.join(slowest)}")
        finally:
            prometheus.stop()
    return Measured(exporters * profiles, series, groups)


def _table(groups: list[Group]) -> str:
    lines = [HEAD]
    for group in groups:
        times = [seconds * 1e3 for seconds in group.durations]
        spread = f"{median(times):.1f} ({min(times):.1f}..{max(times):.1f})"
        share = median(group.durations) / group.interval
        lines.append(
            f"{group.name:24}{group.rules:6d}{group.interval:12g}{len(times):13d}{spread:>30}{share:13.2%}"
        )
    return "\n".join(lines)


def _reckoned(smaller: Measured, larger: Measured) -> str:
    lines = [f"{'series':24}{_line(smaller, larger, smaller.series, larger.series):12.0f}"]
    for one, other in zip(smaller.groups, larger.groups, strict=True):
        seconds = _line(smaller, larger, median(one.durations), median(other.durations))
        ratio = median(other.durations) / median(one.durations)
        lines.append(
            f"{other.name:24}{seconds:12.2f} s an evaluation, {seconds / other.interval:.1%} of its interval; "
            f"{larger.profiles / smaller.profiles:g} x profiles took {ratio:.1f} x as long"
        )
    return "\n".join(lines)


def _line(smaller: Measured, larger: Measured, low: float, high: float) -> float:
    slope = (high - low) / (larger.profiles - smaller.profiles)
    return high + slope * (FLEET - larger.profiles)


if __name__ == "__main__":
    main()
