"""Little memory, and files of any size: what cannot be held is refused by itself, and read when it can be."""

from __future__ import annotations

import json
import os
import re
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.odd_homes import home, running
from tests.scraping import Series, parse
from tests.web.exporter_process import ExporterProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

SPARE = 24 << 20
"""What the exporter may take beyond what it has."""
OF_CRON = 'hermes_exporter_collector_success{collector="cron",profile="default"}'
OF_GATEWAY = 'hermes_exporter_collector_success{collector="gateway",profile="default"}'


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[ExporterProcess]:
    """An exporter of one gateway, whose jobs it has seen."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    write_jobs(made.root, 3)
    arguments = ["--hermes.home", str(made.root), "--path.procfs", str(made.procfs.root), "--no-collector.units"]
    with ExporterProcess(arguments, tmp_path / "log") as process:
        assert scrape(process)[OF_CRON] == 1
        yield process
        assert "Traceback" not in process.log()


def jobs_file(root: Path) -> Path:
    """Where the jobs are."""
    return root / "cron/jobs.json"


def write_jobs(root: Path, number: int, text: str = "write") -> None:
    """Leave so many jobs."""
    jobs = [{"id": f"{job:012x}", "name": f"j{job}", "prompt": text, "extra": [[]] * 9} for job in range(number)]
    new = root / "new"
    new.write_text(json.dumps({"jobs": jobs}))
    new.replace(jobs_file(root))


def scrape(process: ExporterProcess) -> Series:
    """One scrape."""
    return parse(process.metrics())


def expect_recovery(process: ExporterProcess, root: Path, reason: str) -> None:
    """The cron alone has failed, which was said once; with a file as before it has not."""
    for _ in range(2):
        series = scrape(process)
        assert (series[OF_CRON], series[OF_GATEWAY]) == (0, 1)
        assert series['hermes_gateway_up{profile="default"}'] == 1
    assert len(re.findall(f"level=warning.*{reason}", process.log())) == 1, process.log()
    write_jobs(root, 3)
    assert scrape(process)[OF_CRON] == 1


def test_more_than_there_is_memory_for(exporter: ExporterProcess, tmp_path: Path) -> None:
    """A store just below the greatest that is read, by a process that may not grow: the cron has failed, no more."""
    root = tmp_path / "home/.hermes"
    taken = int(Path(f"/proc/{exporter.process.pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.prlimit(exporter.process.pid, resource.RLIMIT_AS, (taken + SPARE, resource.RLIM_INFINITY))
    write_jobs(root, 120_000, "")

    expect_recovery(exporter, root, "there is not enough memory to read it")

    resource.prlimit(exporter.process.pid, resource.RLIMIT_AS, before)


def test_a_store_of_a_gigabyte(exporter: ExporterProcess, tmp_path: Path) -> None:
    """It is refused by its size, and nothing of it is read."""
    root = tmp_path / "home/.hermes"
    resident = _resident(exporter)
    os.truncate(jobs_file(root), 1 << 30)

    expect_recovery(exporter, root, "more than the")

    assert _resident(exporter) - resident < 16 << 20


def test_ten_thousand_outputs(exporter: ExporterProcess, tmp_path: Path) -> None:
    """What runs left behind is neither read nor listed: it costs no descriptor, no memory and no series."""
    output = tmp_path / "home/.hermes/cron/output/000000000001"
    output.mkdir(parents=True)
    before = scrape(exporter)
    resident = _resident(exporter)
    for number in range(10_000):
        (output / f"{number}.md").touch()

    assert scrape(exporter).keys() == before.keys()
    assert _resident(exporter) - resident < 4 << 20


def _resident(process: ExporterProcess) -> int:
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) << 10
