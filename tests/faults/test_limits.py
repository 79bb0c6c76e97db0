"""Little memory, no descriptors, great files: what cannot be read costs its own series, and only meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import re
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.artefact import settled, signature
from tests.lab.waiting import until
from tests.odd_homes import home, running
from tests.scraping import Series, parse
from tests.web.exporter_process import ExporterProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

SPARE = 8 << 20
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
    jobs = [{"id": f"{job:012x}", "name": f"j{job}", "prompt": text} for job in range(number)]
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
    """A store as great as any that is read, and a process that may not grow: the cron has failed, no more.

    What was read of it until then is not held on to: there is room for the next answer.
    """
    root = tmp_path / "home/.hermes"
    held = _held(exporter, "VmData")
    limit = (held + SPARE, resource.RLIM_INFINITY)
    before = resource.prlimit(exporter.process.pid, resource.RLIMIT_DATA, limit)
    write_jobs(root, 1, "x" * (15 << 20))

    expect_recovery(exporter, root, "there is not enough memory to read it")

    assert _held(exporter, "VmData") - held < SPARE // 2
    resource.prlimit(exporter.process.pid, resource.RLIMIT_DATA, before)


def test_a_store_of_a_gigabyte(exporter: ExporterProcess, tmp_path: Path) -> None:
    """It is refused by its size, and nothing of it is read."""
    root = tmp_path / "home/.hermes"
    resident = _held(exporter)
    os.truncate(jobs_file(root), 1 << 30)

    expect_recovery(exporter, root, "more than the")

    assert _held(exporter) - resident < 16 << 20


def test_ten_thousand_outputs(exporter: ExporterProcess, tmp_path: Path) -> None:
    """What runs left behind is neither read nor listed: it costs no descriptor, no memory and no series."""
    output = tmp_path / "home/.hermes/cron/output/000000000001"
    output.mkdir(parents=True)
    before = scrape(exporter)
    resident = _held(exporter)
    for number in range(10_000):
        (output / f"{number}.md").touch()

    assert scrape(exporter).keys() == before.keys()
    assert _held(exporter) - resident < 4 << 20


def test_no_descriptor_is_left(exporter: ExporterProcess, tmp_path: Path) -> None:
    """A file that changed cannot be opened: its series are gone until it can, though it does not change again."""
    config = tmp_path / "home/.hermes/config.yaml"
    config.write_text("timezone: Europe/Rome\n")
    until(lambda: settled(signature(config.stat())), 10, "the file is settled")
    connection = http.client.HTTPConnection(exporter.address.removeprefix("http://"), timeout=15)

    def asked(path: str) -> str:
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    assert asked("/-/healthy") == "healthy\n"
    before = resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    assert parse(asked("/metrics"))[OF_GATEWAY] == 0
    assert "Too many open files" in exporter.log()

    resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE, before)
    assert parse(asked("/metrics"))[OF_GATEWAY] == 1
    connection.close()


def _held(process: ExporterProcess, what: str = "VmRSS") -> int:
    """Bytes that the kernel counts."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(re.findall(rf"{what}:\s+(\d+) kB", status)[0]) << 10
