"""The command line: what it prints, what it refuses, with which status."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hermes_exporter import __version__
from hermes_exporter.cli import main
from tests.log_home import Logs, answered, made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bogus",), "--bogus"),
        (("nonsense",), "nonsense"),
        (("serve", "--web.listen-address", "nowhere"), "--web.listen-address: 'nowhere'"),
        (("serve", "--web.listen-address", "127.0.0.1:99999"), "--web.listen-address"),
        (("serve", "--web.telemetry-path", "metrics"), "--web.telemetry-path"),
        (("serve", "--web.telemetry-path", "/metrics?x=1"), "--web.telemetry-path"),
        (("serve", "--web.telemetry-path", "/hermes:metrics"), "--web.telemetry-path"),
        (("install", "--print", "--web.telemetry-path", "metrics"), "--web.telemetry-path"),
        (("serve", "--web.telemetry-path", "/-/ready"), "--web.telemetry-path"),
        (("serve", "--web.telemetry-path", "/api/v1/status"), "--web.telemetry-path"),
        (("serve", "--web.telemetry-path", "/profiles/x"), "--web.telemetry-path"),
        (("scrape", "--hermes.home", "/a", "--hermes.home", "/b"), "two homes have no name"),
        (("scrape", "--hermes.home", "x=/a", "--hermes.home", "x=/b"), "two homes are called x"),
        (("scrape", "--hermes.home", "/a", "--hermes.home", "default=/b"), "--hermes.home: default is what"),
        (("scrape", "--hermes.home", "/a", "--hermes.home", "x=/a/profiles/b"), "default and x are one home, /a"),
        (("scrape", "--hermes.home", "bad name=x"), "bad name"),
        (("scrape", "--hermes.home", "team="), "the path is missing"),
        (("scrape", "--path.procfs", "/nowhere"), "--path.procfs: /nowhere is not a directory"),
        (("scrape", "--config.file", "/nowhere.yaml"), "/nowhere.yaml: No such file or directory"),
        (("scrape", "--at", "yesterday"), "--at"),
        (("scrape", "--at", "2026"), "--at"),
        (("scrape", "--at", "1970-01-02"), "--at: a time outside the years 2020 to 2099"),
        (("scrape", "--at", "9999-12-31"), "--at: a time outside the years 2020 to 2099"),
        (("scrape", "--log.level", "loud"), "loud"),
        (("check-config", "/nowhere.yaml"), "/nowhere.yaml: No such file or directory"),
    ],
)
def test_a_wrong_option_is_one_clear_line(arguments: tuple[str, ...], said: str) -> None:
    """Exit status 2, one line that names the option and the fault, no usage, no trace."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("hermes-exporter: ")


def test_a_taken_port_is_said() -> None:
    """A second exporter on the same port says so and ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("serve", "--web.listen-address", address, "--hermes.home", "/tmp")

    assert result.exit_code == 2
    assert f"{address}: Address already in use" in result.stderr


def test_version_and_help() -> None:
    """Both say what they should and end with 0."""
    assert __version__ in run("--version").stdout
    assert "serve" in run("--help").stdout
    assert "HERMES_EXPORTER_WEB_LISTEN_ADDRESS" in run("serve", "--help").stdout


def test_metrics_lists_every_family() -> None:
    """A line per family, name first."""
    lines = run("metrics").stdout.splitlines()

    assert "hermes_gateway_up gauge {profile}" in "\n".join(lines)
    assert len(lines) == len({line.split()[0] for line in lines}) > 30


def test_scrape_prints_a_scrape(tmp_path: Path) -> None:
    """One gather to stdout, status 0."""
    (tmp_path / "home").mkdir()

    result = run("scrape", "--hermes.home", str(tmp_path / "home"), "--no-collector.units")

    assert result.exit_code == 0
    assert 'hermes_gateway_up{profile="default"} 0.0' in result.stdout
    assert 'collector="units"' not in result.stdout


def test_scrape_of_nothing_fails(tmp_path: Path) -> None:
    """Where nothing could be read the status is 1, and the metrics still say so."""
    result = run("scrape", "--hermes.home", str(tmp_path / "missing"), "--no-collector.units")

    assert result.exit_code == 1
    assert 'hermes_exporter_collector_success{collector="discovery",profile="default"} 0.0' in result.stdout


def test_scrape_to_a_file_is_whole_or_nothing(tmp_path: Path) -> None:
    """--output replaces the file in one step, readable for node_exporter, and leaves nothing beside it."""
    (tmp_path / "home").mkdir()
    output = tmp_path / "textfile" / "hermes.prom"
    output.parent.mkdir()
    output.write_text("old")

    result = run(
        "scrape", "--hermes.home", str(tmp_path / "home"), "--no-collector.units", "--output", str(output)
    )

    assert (result.exit_code, result.stdout) == (0, "")
    assert "hermes_gateway_up" in output.read_text()
    assert output.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in output.parent.iterdir()] == ["hermes.prom"]


def test_no_option_leads_into_a_hermes_home(tmp_path: Path) -> None:
    """What an option would make us write in a Hermes home is refused, and nothing appears there."""
    home = ("--hermes.home", str(tmp_path))
    for words in (
        ("scrape", *home, "--output", f"{tmp_path}/out.prom"),
        ("serve", *home, "--web.listen-address", f"unix:{tmp_path}/logs/../socket"),
        ("serve", *home, "--state.path", f"{tmp_path}/memory.db"),
        ("install", *home, "--web.listen-address", f"unix:{tmp_path}/socket"),
    ):
        result = run(*words)
        assert (result.exit_code, "lies in a Hermes home" in result.stderr) == (2, True), words
    assert list(tmp_path.iterdir()) == []


def test_checkout_is_not_installed(tmp_path: Path) -> None:
    """A unit that would start a checkout's program breaks with the checkout: install says so, and how to do it."""
    result = run("install", "--hermes.home", str(tmp_path), "--print")

    assert result.exit_code == 2
    assert "this runs from the checkout" in result.stderr
    assert "pipx install" in result.stderr


def test_two_homes_keep_their_profiles_apart(tmp_path: Path) -> None:
    """The profiles of a named home carry its name."""
    for name in ("a", "b"):
        (tmp_path / name / "profiles/coder").mkdir(parents=True)

    homes = ["--hermes.home", str(tmp_path / "a"), "--hermes.home", f"team={tmp_path / 'b'}"]
    text = run("scrape", *homes, "--no-collector.units").stdout

    for label in ("default", "coder", "team/default", "team/coder"):
        assert f'hermes_gateway_up{{profile="{label}"}} 0.0' in text


def test_a_problem_of_one_home_is_not_the_others(tmp_path: Path) -> None:
    """A home that does not exist fails its own discovery only."""
    (tmp_path / "a").mkdir()

    homes = ["--hermes.home", str(tmp_path / "a"), "--hermes.home", f"team={tmp_path / 'missing'}"]
    text = run("scrape", *homes, "--no-collector.units").stdout

    assert 'collector_success{collector="discovery",profile="default"} 1.0' in text
    assert 'collector_success{collector="discovery",profile="team/default"} 0.0' in text


def test_check_config_says_everything_at_once(tmp_path: Path) -> None:
    """Every problem has a line with file, line and column."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "homes: [{path: /a}, {name: x}, {path: /b}]\nprofiles:\n  coder: {gateway: perhaps}\n  x: 3\nhome: /c\n"
        "timezones:\n  coder: Mars/Olympus\n  x: [UTC]\n  A B: UTC\n"
    )

    result = run("check-config", str(file))

    assert result.exit_code == 2
    for place in (
        ":1:21: homes[1]: path is missing",
        ":1:8: homes: 2 homes have no name",
        ":3:20: profiles.coder.gateway: expected required or ignored",
        ":4:6: profiles.x: expected a mapping",
        ":5:1: the file: unknown key home",
        ":7:10: timezones.coder: expected a time zone such as Europe/Berlin, or UTC+05:30",
        ":8:6: timezones.x: expected a time zone",
        ":9:8: timezones: expected the name of a profile, or ALIAS/NAME",
    ):
        assert f"{file}{place}" in result.stderr


def test_check_config_accepts_what_is_good(tmp_path: Path) -> None:
    """A file without problems is called so."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "homes: [{path: ~/.hermes}, {path: /srv/t, name: team}]\nprofiles: {coder: {gateway: required}}\n"
        "timezones: {default: Asia/Seoul, team/coder: UTC-03:30}\n"
    )

    assert "no problems" in run("check-config", str(file)).stdout


@pytest.mark.parametrize("text", ["a: [", "\t", "a: b: c", "- 1", "x", "\x00", "*nobody"])
def test_a_broken_config_file_is_one_clear_message(tmp_path: Path, text: str) -> None:
    """Not YAML, or no mapping: the file is named, there is no trace."""
    file = tmp_path / "config.yaml"
    file.write_text(text)

    result = run("check-config", str(file))

    assert result.exit_code == 2
    assert str(file) in result.stderr
    assert "Traceback" not in result.stderr


def test_scrape_reads_logs_to_their_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command has no next look: it goes on until it has read all, and then it judges."""
    monkeypatch.setattr("hermes_exporter.home_reader.LOOK_SECONDS", 0.0)
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    with logs.path("agent").open("w") as agent:
        agent.write(f"2026-11-22 05:00:00,000 INFO gateway.run: {'x' * 200}\n" * 12_000)
    logs.write(60, answered())

    done = CliRunner().invoke(main, ["scrape", *where.arguments()])

    assert done.exit_code == 0
    assert 'hermes_profile_condition{condition="provider_auth",profile="default"} 0.0' in done.stdout


def test_a_date_of_eight_digits_is_a_date(tmp_path: Path) -> None:
    """What --at may be is ISO 8601 or Unix seconds: one is not taken for the other."""
    home = made(tmp_path)
    Logs(home.root).write(0, answered())
    options = ("--hermes.home", str(home.root), "--no-collector.units")

    by_date = run("scrape", "--at", "20261122", *options).stdout
    by_seconds = run(
        "scrape", "--at", str(int(datetime.fromisoformat("20261122").astimezone().timestamp())), *options
    ).stdout

    gathered = [line for line in by_date.splitlines() if line.startswith("hermes_exporter_last_gather_timestamp")]
    assert gathered
    assert gathered == [line for line in by_seconds.splitlines() if line.startswith(gathered[0].split()[0])]


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    """What cannot be printed is said in a line, and the status is a failure."""
    (tmp_path / "home").mkdir()
    command = [sys.executable, "-m", "hermes_exporter", "scrape", "--hermes.home", str(tmp_path / "home")]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "standard output: No space left on device" in done.stderr


def test_a_home_is_found_from_the_file_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path in a configuration file starts where the file lies, not where somebody happens to stand."""
    (tmp_path / "etc/home/profiles/coder").mkdir(parents=True)
    (tmp_path / "etc/c.yml").write_text("homes: [{path: home}]\n")
    monkeypatch.chdir("/")

    text = run("scrape", "--config.file", str(tmp_path / "etc/c.yml"), "--no-collector.units").stdout

    assert 'hermes_profile_gateway_expected{profile="coder"}' in text
