"""python -m tests.benchmarks.fleet_cost: what watching many hosts costs: bytes, disk, memory, processor."""

from __future__ import annotations

import gzip
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import click

from tests.benchmarks import disk, targets
from tests.benchmarks.prometheus import SCRAPE_SECONDS, Prometheus
from tests.lab.waiting import until

MIB = 2**20


class Held(NamedTuple):
    """What a Prometheus with all shipped rules needs for so many profiles: bytes, and cores while all is well."""

    profiles: int
    series: int
    resident: int
    cores: float


@click.command()
@click.option("--exporters", default="5,20", show_default=True, help="Numbers of exporters, two of them.")
@click.option("--profiles", default=10, show_default=True, help="Of each exporter.")
@click.option("--jobs", default=20, show_default=True, help="Of each profile.")
@click.option("--minutes", default=5, show_default=True, help="So long each size is scraped and judged.")
@click.option("--intervals", default="15,60", show_default=True, help="Scrape intervals for the disk, seconds.")
def main(exporters: str, profiles: int, jobs: int, minutes: int, intervals: str) -> None:
    """Print what a profile and a job cost: in a scrape, on disk for a day, in Prometheus.

    All is well with them. Memory is that of the first minutes: samples of two hours come to it.
    """
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
    more = many.series - few.series
    click.echo(
        f"\na series more: {(many.resident - few.resident) / more:.0f} bytes of memory; "
        f"100,000 more, scraped and judged every {SCRAPE_SECONDS} s: "
        f"{(many.cores - few.cores) / more * 1e5:.2f} cores"
    )


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
            before, began = prometheus.cpu_seconds(), time.monotonic()
            time.sleep(minutes * 60)
            cores = (prometheus.cpu_seconds() - before) / (time.monotonic() - began)
            held = Held(exporters * profiles, prometheus.series(), prometheus.resident_bytes(), cores)
        finally:
            prometheus.stop()
    load = Path("/proc/loadavg").read_text().split()[0]
    click.echo(
        f"{exporters} exporters x {profiles} profiles x {jobs} jobs: {held.series} series in the head, "
        f"{held.resident / MIB:.0f} MiB resident, {held.cores:.2f} cores; load {load}"
    )
    return held


if __name__ == "__main__":
    main()
