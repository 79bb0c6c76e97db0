"""``check`` as people, monitoring systems and programs run it, on homes that a real Hermes wrote."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from tornado.httpclient import AsyncHTTPClient

from hermes_exporter.access.access import Access
from hermes_exporter.cli import main
from hermes_exporter.status.document import schema
from hermes_exporter.status.severity import EXIT_STATUS
from hermes_exporter.web import addresses
from hermes_exporter.web.server import Current, Site, http_server
from tests.homes import CASES, restore
from tests.scraping import Scraper
from tests.test_read_only import tree

if TYPE_CHECKING:
    from click.testing import Result

    from tests.homes import Home

FIRST_LINE = re.compile(
    r"HERMES (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| "
    r"profiles=\d+;;;0 critical=\d+;;;0 warning=\d+;;;0 unknown=\d+;;;0 jobs_overdue=(\d+|U);;;0"
)
HOLDING = {
    "bad_config": {("default", "config_invalid"), ("coder", "gateway_dead")},
    "multiplex": {("coder", "scheduler_stalled"), ("research", "scheduler_stalled")},
    "platform_midflight": {("coder", "platform_auth")},
    "platform_midflight_back": {("coder", "platform_auth")},
    "provider_auth": {("default", "provider_auth"), ("coder", "provider_auth"), ("research", "provider_quota")},
    "sigkill": {("default", "gateway_dead"), ("coder", "gateway_dead"), ("research", "gateway_frozen")},
}
"""What was wrong when each home was recorded; nothing in those that are not listed, and no report was missing."""


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its user does."""
    command = [sys.executable, "-m", "hermes_exporter", "check", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **environment}
    )


def run(*arguments: str) -> Result:
    """Run it within this process."""
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A recorded home."""
    return restore(request.param, tmp_path)


every_home = pytest.mark.parametrize("home", CASES, indirect=True)


def only(*cases: str) -> pytest.MarkDecorator:
    """Run the test on these homes."""
    return pytest.mark.parametrize("home", cases, indirect=True)


def told(home: Home, *arguments: str) -> dict[str, Any]:
    """What the command says of a home, as JSON."""
    done = process("--json", *home.arguments(), *arguments)
    said: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(schema()).validate(said)
    assert (done.returncode, done.stderr) == (EXIT_STATUS[said["severity"]], "")
    return said


def label(name: str) -> str:
    """The exporter's name for a profile of a record."""
    return "default" if name == "root" else name


@every_home
def test_at_first_sight_it_says_what_was_true(home: Home, request: pytest.FixtureRequest) -> None:
    """Every gateway is as it was when the home was recorded, all that was wrong is told, and nothing else."""
    case = request.node.callspec.params["home"]
    profiles = {profile["label"]: profile for profile in told(home)["profiles"]}

    for gateway in home.truth["gateways"]:
        state = "dead" if not gateway["alive"] else "frozen" if gateway.get("proc_state") == "T" else "alive"
        assert profiles[label(gateway["profile"])]["gateway"]["state"] == state
    found = {(name, each["condition"]) for name, profile in profiles.items() for each in profile["problems"]}
    assert found == HOLDING.get(case, set())


@every_home
def test_jobs_are_those_of_the_home(home: Home) -> None:
    """Every job of jobs.json is there under its name, with when it ran last."""
    jobs = {
        (profile["label"], job["id"], job["name"], job["last_run"] is not None)
        for profile in told(home)["profiles"]
        for job in profile["jobs"]
    }

    assert jobs == {
        (label(job["profile"]), job["id"], job["label"], job["file"]["last_run_at"] is not None)
        for job in home.truth["jobs"]
        if job.get("file")
    }


@every_home
def test_a_person_is_told_the_same(home: Home) -> None:
    """First a line for monitoring, then every profile with its problems, each with its command; nothing else."""
    result = run(*home.arguments())
    said = told(home)

    first, *body = result.stdout.splitlines()
    assert FIRST_LINE.fullmatch(first)
    assert first.startswith(f"HERMES {said['severity'].upper()} - {said['sentence']} | ")
    assert (result.exit_code, result.stderr) == (EXIT_STATUS[said["severity"]], "")
    heads = [line.split()[:2] for line in body if not line.startswith(" ")]
    assert heads == [[profile["label"], profile["severity"].upper()] for profile in said["profiles"]]
    commands = [problem["command"] for profile in said["profiles"] for problem in profile["problems"]]
    assert [line.strip() for line in body if line.startswith("      ")] == [each for each in commands if each]


@only("healthy", "sigkill", "units")
def test_the_server_says_the_same(home: Home) -> None:
    """/api/v1/status answers what ``check --json`` prints of the same moment."""

    async def asked() -> bytes:
        gatherer = Scraper(home).gatherer
        server = http_server(Current(gatherer), Site("/metrics", Access(None)))
        (listener,) = addresses.bind(addresses.parse("127.0.0.1:0"))
        server.add_sockets([listener])
        answer = await AsyncHTTPClient().fetch(addresses.url(listener, "http", "/api/v1/status"))
        server.stop()
        gatherer.close()
        return answer.body

    assert asyncio.run(asked()).decode() == run("--json", *home.arguments()).stdout


@only("bad_config")
def test_one_profile_of_several(home: Home) -> None:
    """--profile judges those that are named, and the status is theirs."""
    assert (run(*home.arguments()).exit_code, run("--profile", "research", *home.arguments()).exit_code) == (2, 0)
    chosen = told(home, "--profile", "research", "--profile", "default")
    assert [profile["label"] for profile in chosen["profiles"]] == ["default", "research"]
    assert chosen["severity"] == "warning"


@only("bad_config")
def test_it_logs_only_when_asked(home: Home) -> None:
    """A monitoring system that mixes both outputs gets our line first; who wants the reasons asks for them."""
    assert process(*home.arguments()).stderr == ""
    assert str(home.root / "config.yaml") in process(*home.arguments(), "--log.level", "warning").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bogus",), "--bogus"),
        (("--at", "yesterday"), "--at: expected a time"),
        (("--path.procfs", "/nowhere"), "--path.procfs: /nowhere is not a directory"),
        (("--profile", "nobody"), "--profile: there is no profile nobody, only default"),
        (("--hermes.home", "x=/nowhere", "--hermes.home", "/nowhere/else"), "no Hermes home at /nowhere or"),
    ],
)
def test_errors_of_usage_are_unknown(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Exit status 3 and one clear line: to a monitoring system they are no warning."""
    given = arguments if "--hermes.home" in arguments else ("--hermes.home", str(tmp_path), *arguments)

    result = run(*given)

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("hermes-exporter: ")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_a_home_nothing_is_made_up(tmp_path: Path) -> None:
    """The made-up home is for looking around: a check that judged it would be a lie."""
    before = set(Path(tempfile.gettempdir()).glob("hermes-demo-*"))

    done = process(HOME=str(tmp_path), HERMES_HOME="")

    assert (done.returncode, done.stdout) == (3, "")
    assert f"no Hermes home at {tmp_path}/.hermes" in done.stderr
    assert set(Path(tempfile.gettempdir()).glob("hermes-demo-*")) <= before


def test_a_failure_of_ours_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in here ends with 3, without a word of what it was about."""

    def broken(*_arguments: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("hermes_exporter.status.host.status", broken)

    result = run("--hermes.home", str(tmp_path))

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "hermes-exporter: check failed: KeyError; --log.level debug says where\n"


@only("healthy")
def test_it_loads_what_it_needs(home: Home) -> None:
    """Who asks by hand waits neither for the server nor for encoders of metrics, nor for D-Bus without a need."""
    heavy = {"tornado", "prometheus_client", "dbus_fast"}
    script = (
        "import atexit, sys; from hermes_exporter.cli import main; "
        f"atexit.register(lambda: print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "check", *home.arguments()], capture_output=True, text=True, check=False
    )

    assert done.stderr == "[]\n"
    assert FIRST_LINE.match(done.stdout)


@only("sigkill")
def test_a_check_leaves_no_trace(home: Home, tmp_path: Path) -> None:
    """Neither in the home nor where the memory would be."""
    before = tree(home.root.parent)
    memory = tmp_path / "state/memory.db"

    assert process(*home.arguments()[:4], "--state.path", str(memory)).returncode == 2

    assert tree(home.root.parent) == before
    assert not memory.parent.exists()


def test_it_knows_what_the_exporter_remembers(tmp_path: Path) -> None:
    """A profile that the exporter saw and that is gone is not well; the memory is read, and never changed."""
    (tmp_path / "home/profiles/coder").mkdir(parents=True)
    memory, output = tmp_path / "state/memory.db", tmp_path / "hermes.prom"
    options = ["--hermes.home", str(tmp_path / "home"), "--no-collector.units", "--state.path", str(memory)]
    assert CliRunner().invoke(main, ["scrape", *options, "--output", str(output)]).exit_code == 0
    assert process(*options).returncode == 0
    before = {path.name: path.read_bytes() for path in memory.parent.iterdir()}
    shutil.rmtree(tmp_path / "home/profiles/coder")

    done = process(*options)

    assert done.returncode == 3
    assert "coder    UNKNOWN" in done.stdout
    assert "the profile's directory does not exist" in done.stdout
    assert {path.name: path.read_bytes() for path in memory.parent.iterdir()} == before


def on_a_terminal(*arguments: str, **environment: str) -> bytes:
    """What the command shows on a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hermes_exporter", "check", *arguments]
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "200", **environment}
    with subprocess.Popen(command, stdout=theirs, env=surroundings) as running:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # how Linux says that the other end is closed
            running.wait(30)
    os.close(ours)
    return shown


@only("sigkill")
def test_colours_are_for_terminals(home: Home) -> None:
    """On a terminal the verdict is red; not in a pipe, nor where NO_COLOR or TERM asks for none."""
    plain = process(*home.arguments()).stdout

    assert b"\x1b[31m" in on_a_terminal(*home.arguments())
    assert "\x1b" not in plain
    for asked in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown = on_a_terminal(*home.arguments(), **asked).decode()
        assert "\x1b" not in shown
        assert shown.split() == plain.split()
