"""python -m tests.benchmarks.fleet_cost: what watching many hosts costs: series, bytes, memory, disk, rules."""

from __future__ import annotations

import gzip
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click

from tests.benchmarks import disk, targets
from tests.benchmarks.prometheus import SCRAPE_SECONDS, Prometheus
from tests.lab.waiting import until

HOSTS = 10_000
MIB = 2**20


class Held(NamedTuple):
    """What a Prometheus with the shipped rules needs for so many profiles."""

    profiles: int
    series: int
    resident: int
    rules: dict[str, float]


@click.command()
@click.option("--exporters", default="5,20", show_default=True, help="Numbers of exporters, two of them.")
@click.option("--profiles", default=10, show_default=True, help="Of each exporter.")
@click.option("--jobs", default=20, show_default=True, help="Of each profile.")
@click.option("--minutes", default=5, show_default=True, help="So long each size is scraped and judged.")
@click.option("--intervals", default="15,60", show_default=True, help="Scrape intervals for the disk, seconds.")
def main(exporters: str, profiles: int, jobs: int, minutes: int, intervals: str) -> None:
    """Print what a profile and a job cost, and the sums for 10,000 hosts."""
    with tempfile.TemporaryDirectory(prefix="hermes-bench-") as scratch:
        directory = Path(scratch)
        sizes = [(1, 5), (2, 10), (profiles, jobs)]
        for number, (count, each) in enumerate(sizes):
            _print_scrape(targets.exposition(directory / f"size{number}", count, each), count, each)
        for text in filter(None, intervals.split(",")):
            _print_disk(disk.a_day(directory / f"disk{text}", float(text), jobs), float(text))
        few, many = (
            _held(directory / f"held{number}", int(number), profiles, jobs, minutes)
            for number in exporters.split(",")
        )
    per_series = (many.resident - few.resident) / (many.series - few.series)
    click.echo(f"\nmemory: {per_series:.0f} bytes for each series more")
    for group, seconds in many.rules.items():
        more = (seconds - few.rules[group]) / (many.profiles - few.profiles)
        click.echo(f"{group}: {more * 1e6:.0f} us for each profile more, {more * HOSTS:.1f} s for {HOSTS}")


def _print_scrape(text: bytes, profiles: int, jobs: int) -> None:
    lines = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
    of_jobs = sum('job_id="' in line for line in lines)
    of_profiles = sum('profile="' in line for line in lines) - of_jobs
    click.echo(
        f"{profiles} profiles x {jobs} jobs: {len(lines)} series: {of_jobs / profiles / jobs:.1f} a job, "
        f"{of_profiles / profiles:.1f} a profile, {len(lines) - of_jobs - of_profiles} the host; "
        f"{len(text)} bytes, {len(gzip.compress(text, 1))} as gzip"
    )


def _print_disk(stored: disk.Stored, interval: float) -> None:
    click.echo(
        f"disk, every {interval:g} s: {stored.series} series, {stored.samples} samples a day: "
        f"{stored.chunk_bytes / stored.samples:.2f} bytes a sample, "
        f"index {stored.index_bytes / stored.series:.0f}, in all {stored.per_series:.0f} bytes a series and day"
    )


def _held(directory: Path, exporters: int, profiles: int, jobs: int, minutes: int) -> Held:
    directory.mkdir()
    text = targets.exposition(directory, profiles, jobs)
    (directory / "prometheus").mkdir()
    with targets.served(text) as address:
        prometheus = Prometheus(directory / "prometheus", address, exporters)
        try:
            until(lambda: prometheus.query("count(up)") == exporters, 120, "every exporter is scraped")
            time.sleep(2 * SCRAPE_SECONDS)
            groups = prometheus.groups(minutes * 60)
            rules = {group.name: median(group.durations) for group in groups}
            held = Held(exporters * profiles, prometheus.series(), prometheus.resident_bytes(), rules)
        finally:
            prometheus.stop()
    click.echo(
        f"{exporters} exporters x {profiles} profiles x {jobs} jobs: {held.series} series in the head, "
        f"{held.resident / MIB:.0f} MiB resident; load {Path('/proc/loadavg').read_text().split()[0]}"
    )
    return held


if __name__ == "__main__":
    main()
