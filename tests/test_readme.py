"""What README and docs promise is so: commands run, addresses answer, names and links exist."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from hermes_exporter.cli import main
from hermes_exporter.collectors import FAMILIES
from hermes_exporter.judge.report import Report
from hermes_exporter.status.host import status
from hermes_exporter.status.text import lines
from hermes_exporter.values import replace
from tests.lab.waiting import free_port, until
from tests.views import ALIVE, HOUR, NOW, holding, job, process, view

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = Path(__file__).parent.parent
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/**/*.md")])
OWN_REPOSITORY = "https://github.com/hermes-exporter/hermes_exporter"

START = "git clone https://github.com/hermes-exporter/hermes_exporter && cd hermes_exporter\nmake run"
"""Run as it stands by test_first_two_commands."""


def blocks(language: str, page: str = "README.md") -> list[str]:
    """A page's fenced blocks of a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)\n```$", (REPO / page).read_text(), re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program and return its output, or fail with it."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_command_is_run() -> None:
    """The README has two commands, and they are those that test_first_two_commands runs."""
    assert blocks("bash") == [START]


class Running(NamedTuple):
    """The README's first two commands, running."""

    clone: Path
    address: str
    log: Path

    def get(self, path: str) -> str:
        """What it answers; anything but 200 raises."""
        with urllib.request.urlopen(self.address + path, timeout=15) as answer:
            text: str = answer.read().decode()
            return text


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the first two commands in an empty home, with this work tree where the address of the clone points."""
    place = tmp_path_factory.mktemp("fresh")
    origin = place / "origin"
    for name in run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=REPO).splitlines():
        if (REPO / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, origin / name)
    run("git", "init", "--quiet", cwd=origin)
    run("git", "add", "--all", cwd=origin)
    run(
        "git",
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@localhost",
        "commit",
        "--quiet",
        "-m",
        "all",
        cwd=origin,
    )
    address = f"127.0.0.1:{free_port()}"
    ours = ("HERMES", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = {
        "HOME": str(place),
        "HERMES_EXPORTER_WEB_LISTEN_ADDRESS": address,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": OWN_REPOSITORY,
    }
    log = place / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-ec", START],
            cwd=place,
            env=inherited | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(place / "hermes_exporter", f"http://{address}", log)
    try:
        until(lambda: process.poll() is not None or healthy(running), 240, log.read_text)
        assert process.poll() is None, log.read_text()
        yield running
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def healthy(running: Running) -> bool:
    """Whether the exporter answers yet."""
    try:
        return bool(running.get("/-/healthy"))
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_first_two_commands(started: Running) -> None:
    """In an empty home, they end in an exporter that serves a made-up Hermes home and says so."""
    text = started.get("/metrics")

    assert "hermes_profile_health{" in text
    assert "made-up" in started.log.read_text()
    assert started.address in started.log.read_text()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_endpoints_answer(started: Running) -> None:
    """Every address of the table in docs/configuration.md answers."""
    told = (REPO / "docs/configuration.md").read_text()
    endpoints = re.findall(r"^\| `(/[^`]*)`", told, re.MULTILINE)

    assert "/metrics" in endpoints
    assert all(started.get(endpoint) for endpoint in endpoints)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_second_run_installs_nothing(started: Running) -> None:
    """`make run` in an installed checkout starts the exporter and does nothing else."""
    assert run("make", "--dry-run", "--no-print-directory", "run", cwd=started.clone) == (
        ".venv/bin/hermes-exporter serve \n"
    )


def test_example_names_what_exists() -> None:
    """The verdict of docs/liveness.md uses families of the exporter with their labels, and its states."""
    declared = {family.name: family for family in FAMILIES}
    (example,) = [block for block in blocks("", "docs/liveness.md") if "hermes_profile_health" in block]

    for parsed in text_string_to_metric_families(example + "\n"):
        for sample in parsed.samples:
            assert set(sample.labels) == {"profile", *declared[sample.name].labels}


def test_example_of_check_is_what_it_prints() -> None:
    """What docs/check.md shows of `check` is what it says of two such profiles."""
    (example,) = [block for block in blocks("", "docs/check.md") if block.startswith("HERMES")]
    came, late = (
        Report(judged=True, overdue=overdue, last_delivery_at=NOW - HOUR, next_slot=NOW + 3 * HOUR, owed_slot=owed)
        for overdue, owed in ((False, None), (True, NOW - 1500))
    )
    up = replace(ALIVE, process=process(started_at=NOW - 72 * HOUR))
    default = view(timezone="Asia/Seoul", liveness=up, jobs=(job("a"),), reports={"a": came})
    brief = job("4f1d0c9a7b2e", "Morning brief")
    missing = holding("report_missing")
    coder = replace(default, profile=view("coder").profile, jobs=(brief,), reports={brief.job.id: late})

    said = status((default, replace(coder, conditions=missing)), NOW, "1")

    assert example == "\n".join(lines(said, 80, lambda word, _severity: word))


def test_table_of_metrics_is_generated() -> None:
    """docs/metrics.md is what `make docs` writes."""
    written = CliRunner().invoke(main, ["metrics", "--markdown"]).output

    assert (REPO / "docs/metrics.md").read_text() == written


def test_table_of_alerts_is_complete() -> None:
    """docs/runbooks/README.md lists the alerts there are, each with its runbook."""
    files = (REPO / "alerts").glob("*.rules.yml")
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
    rules = [rule["alert"] for group in groups for rule in group["rules"]]

    told = (REPO / "docs/runbooks/README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\)", told, re.MULTILINE)

    assert sorted(listed) == sorted(zip(rules, rules, strict=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link into this repository leads to a file, and to a heading of it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE) if heading else []
        anchors = {re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings}
        assert not heading or heading in anchors, target


def test_options_are_documented() -> None:
    """docs/configuration.md has every option of `serve`, and no other; of the --no- forms one stands for all."""
    dotted = re.compile(r"--[a-z][\w-]*\.[\w.-]*\w")
    said = set(dotted.findall(CliRunner().invoke(main, ["serve", "--help"], terminal_width=200).output))
    told = set(dotted.findall((REPO / "docs/configuration.md").read_text()))

    switches = {option.replace("--", "--no-", 1) for option in said if option.startswith("--collector.")}

    assert said & switches == switches
    assert said - told < switches
    assert told <= said
