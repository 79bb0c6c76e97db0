"""What install makes of the options it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from hermes_exporter.commands.arguments import Wanted
from hermes_exporter.commands.install import install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a home and configurations, which is the current one."""
    (tmp_path / "home").mkdir()
    (tmp_path / "plain.yml").write_text("profiles: {}\n")
    (tmp_path / "homes.yml").write_text(f"homes: [{{path: {tmp_path}/home}}]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERMES_HOME", "home")
    return tmp_path


def arguments(*words: str) -> tuple[str, ...]:
    """The arguments of serve that follow."""
    return Wanted.of(install.make_context("install", list(words))).arguments(None)


def test_only_what_is_given_is_told(home: Path) -> None:
    """Defaults stay defaults of the program; but the home is named, whoever named it."""
    assert arguments() == (f"--hermes.home={home}/home",)
    assert arguments("--system", "--print") == (f"--hermes.home={home}/home",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--config.file=plain.yml"], "--config.file={}/plain.yml"),
        (["--path.rootfs", "."], "--path.rootfs={}"),
        (["--web.listen-address=unix:run/x"], "--web.listen-address=unix:{}/run/x"),
        (["--web.listen-address=:1", "--web.listen-address=[::1]:2"], "--web.listen-address=:1"),
        (["--no-collector.storage"], "--no-collector.storage"),
        (["--collector.storage"], "--collector.storage"),
        (["--limit.series=100"], "--limit.series=100"),
        (["--hermes.home=team=home"], "--hermes.home=team={}/home"),
    ],
)
def test_what_is_given_holds_from_anywhere(home: Path, words: list[str], told: str) -> None:
    """Paths are absolute; switches, repeated options and named homes arrive as they were given."""
    found = arguments(*words)

    assert told.format(home) in found
    assert arguments(*found) == found


def test_environment_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit does not have the variables of the terminal: what they say goes into its options."""
    monkeypatch.setenv("HERMES_EXPORTER_LOG_LEVEL", "debug")

    assert arguments() == (f"--hermes.home={home}/home", "--log.level=debug")


def test_homes_of_the_file_stay_there(home: Path) -> None:
    """Homes that the configuration file names are not named again: who edits the file is heard."""
    assert arguments("--config.file=homes.yml") == (f"--config.file={home}/homes.yml",)


def test_web_configuration(home: Path) -> None:
    """Its path holds from anywhere, and the address that is told is one that answers."""
    (home / "web.yml").write_text("basic_auth_users: {}\n")

    wanted = Wanted.of(install.make_context("install", ["--web.config.file=web.yml"]))

    assert f"--web.config.file={home}/web.yml" in wanted.arguments(None)
    assert wanted.urls == ["http://127.0.0.1:19119/"]
    assert wanted._replace(encrypted=True).urls == ["https://127.0.0.1:19119/"]


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1:1", True), ("127.9.9.9:1", True), ("[::1]:1", True), ("localhost:1", True), ("unix:x", True),
        (":1", False), ("0.0.0.0:1", False), ("[::]:1", False), ("192.168.0.7:1", False), ("box:1", False),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("home")
def test_loopback(address: str, loopback: bool) -> None:
    """Whether somebody outside could reach the exporter; a name that is not known may be anything."""
    wanted = Wanted.of(install.make_context("install", [f"--web.listen-address={address}"]))

    assert wanted.loopback is loopback


@pytest.mark.usefixtures("home")
def test_what_serve_would_refuse(home: Path) -> None:
    """An option that serve would refuse is refused now, not by a unit that does not start."""
    for words in (
        ["--web.listen-address=x"],
        ["--path.procfs=/nowhere"],
        ["--config.file=/nowhere"],
        ["--web.config.file=/nowhere"],
    ):
        with pytest.raises(click.UsageError):
            arguments(*words)
