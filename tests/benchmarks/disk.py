"""What a day of a host's scrapes takes on Prometheus' disk: blocks that promtool makes of a simulated day."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.simulator import Habits, owner
from tests.dashboards.simulated_host import SimulatedHost
from tests.lab.unpacked import BIN

if TYPE_CHECKING:
    from pathlib import Path

START = 1_777_852_800.0
"""A day that begins at midnight, UTC."""
DAY = 86400.0
PROFILES = 2


class Stored(NamedTuple):
    """What was scraped, and what it takes as blocks of two hours: bytes of samples and of the index."""

    series: int
    samples: int
    chunk_bytes: int
    index_bytes: int

    @property
    def per_series(self) -> float:
        """Bytes that a series takes for the day."""
        return (self.chunk_bytes + self.index_bytes) / self.series


def a_day(directory: Path, interval: float, jobs: int) -> Stored:
    """Scrape a host of two live profiles with so many jobs each for a simulated day, and store it."""
    directory.mkdir()
    host = SimulatedHost(directory / "host", START - 3600.0)
    for name in ("default", "coder")[:PROFILES]:
        profile = host.simulation.profile(name, zone="UTC")
        for number in range(jobs):
            schedule = f"{number * 7 % 60} {'*' if number % 5 == 4 else number * 5 % 24} * * *"
            owner.create_job(profile, schedule, f"report {number}", habits=Habits(30.0 + 7 * number))
        profile.at(profile.now + 60.0, host.start_gateway)
    series: set[str] = set()
    samples = 0
    text = directory / "day.om"
    with text.open("w") as file:
        for at, said in host.scrapes(START + DAY, interval):
            if at < START:
                continue
            file.writelines(f"{name} {value} {at}\n" for name, value in said.items())
            series |= said.keys()
            samples += len(said)
        file.write("# EOF\n")
    host.close()
    blocks = directory / "blocks"
    subprocess.run(
        [BIN / "promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, blocks],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    text.unlink()
    return Stored(len(series), samples, _bytes(blocks, "*/chunks/*"), _bytes(blocks, "*/index"))


def _bytes(blocks: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in blocks.glob(pattern))
