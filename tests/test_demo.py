"""The made-up home through the real command: it lives, and breaks as it is told to."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from hermes_exporter.demo.failures import FAILURES
from hermes_exporter.judge.conditions import CONDITIONS
from tests.web.exporter_process import ExporterProcess, until

SAMPLE = re.compile(r"(\w+)\{([^}]*)\} (\S+)")
AT_ONCE = [name for name in CONDITIONS if name != "scheduler_stalled"]
"""What shows when the home is looked at first."""


def demo(directory: Path, failure: str = "") -> ExporterProcess:
    """The command, with its temporary files below a directory."""
    arguments = ["--failure", failure] if failure else []
    environment = {"TMPDIR": str(directory), "HERMES_HOME": ""}
    return ExporterProcess(arguments, directory / "log", environment, command="demo")


def home(directory: Path) -> Path:
    """The made-up home."""
    (found,) = directory.glob("hermes-demo-*")
    return found


def holding(text: str) -> set[tuple[str, str]]:
    """Which conditions hold, of which profiles."""
    found = set()
    for name, labels, value in SAMPLE.findall(text):
        if name == "hermes_profile_condition" and float(value) == 1:
            pairs = dict(re.findall(r'(\w+)="(\w+)"', labels))
            found.add((pairs["profile"], pairs["condition"]))
    return found


def value(text: str, sample: str) -> float:
    """The value of one sample."""
    match = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert match, f"{sample} is not there"
    return float(match[1])


def gateways(root: Path) -> list[int]:
    """The pids of the processes that play the gateways."""
    return [json.loads(path.read_text())["pid"] for path in root.rglob("gateway.pid")]


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_every_condition_has_its_failure() -> None:
    """What alerts stand on can be shown."""
    assert set(FAILURES) == {"", *CONDITIONS}


def test_a_home_in_which_all_is_well(tmp_path: Path) -> None:
    """Two profiles with living gateways, jobs with a past, and no condition holds."""
    with demo(tmp_path) as exporter:
        text = exporter.metrics()

    assert holding(text) == set()
    for profile in ("default", "coder"):
        assert value(text, f'hermes_gateway_up{{profile="{profile}"}}') == 1
        assert value(text, f'hermes_cron_jobs{{profile="{profile}",state="enabled"}}') > 0
    assert value(text, 'hermes_cron_jobs{profile="coder",state="paused"}') == 1
    successes = re.findall(r"^hermes_cron_job_last_success_timestamp_seconds\{.*\} (\S+)$", text, re.MULTILINE)
    assert len(successes) > 5
    assert min(map(float, successes)) > time.time() - 8 * 86400


@pytest.mark.parametrize("failure", AT_ONCE)
def test_a_failure_shows_at_once(tmp_path: Path, failure: str) -> None:
    """The first scrape has the condition, of the default profile and of no other, and no other condition."""
    with demo(tmp_path, failure) as exporter:
        assert holding(exporter.metrics()) == {("default", failure)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_stalled_scheduler_shows_once_it_cannot_be_starting_any_more(tmp_path: Path) -> None:
    """While its gateway is young nobody calls it stalled; five minutes later it is, and no other."""
    with demo(tmp_path, "scheduler_stalled") as exporter:
        assert holding(exporter.metrics()) == set()
        until(lambda: holding(exporter.metrics()), "a condition", seconds=400)
        assert holding(exporter.metrics()) == {("default", "scheduler_stalled")}


def test_a_missing_report_is_one_that_hermes_calls_ok(tmp_path: Path) -> None:
    """The job ran, Hermes says ok and plans the next, and the messenger refused the report."""
    with demo(tmp_path, "report_missing") as exporter:
        text = exporter.metrics()
        records = json.loads((home(tmp_path) / "cron/jobs.json").read_text())["jobs"]

    (brief,) = (record for record in records if record["name"] == "Morning brief")
    assert brief["last_status"] == "ok"
    assert re.findall(r'^hermes_cron_job_report_overdue\{.*job_name="(.*?)".*\} 1.0$', text, re.MULTILINE) == [
        "Morning brief"
    ]


def test_it_goes_on_living(tmp_path: Path) -> None:
    """Its gateways beat while it is served."""
    sample = 'hermes_gateway_heartbeat_timestamp_seconds{profile="coder"}'
    with demo(tmp_path) as exporter:
        before = value(exporter.metrics(), sample)
        until(lambda: value(exporter.metrics(), sample) > before, "another beat", seconds=60)


@pytest.mark.parametrize("failure", ["", "gateway_frozen", "gateway_crash_looping"])
def test_nothing_is_left_of_it(tmp_path: Path, failure: str) -> None:
    """At its end its gateways are gone, and so is the home."""
    with demo(tmp_path, failure) as exporter:
        pids = gateways(home(tmp_path))
        assert len(pids) == 2
        assert all(map(lives, pids))
        exporter.terminate()

    assert not any(map(lives, pids))
    assert list(tmp_path.glob("hermes-demo-*")) == []


def test_its_gateways_do_not_outlive_it(tmp_path: Path) -> None:
    """Where the demonstration is killed, the one that is held by a signal dies with it too."""
    with demo(tmp_path, "gateway_frozen") as exporter:
        pids = gateways(home(tmp_path))
        exporter.process.kill()
        until(lambda: not any(map(lives, pids)), "the gateways are gone")
