"""Paths that begin with ~."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from hermes_exporter.cli import main
from hermes_exporter.tilde import expanded

if TYPE_CHECKING:
    import pytest


def test_home_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is $HOME, and a path without ~ is left alone."""
    monkeypatch.setenv("HOME", "/home/ann")

    assert expanded("~/.hermes") == Path("/home/ann/.hermes")
    assert expanded("/srv/~x") == Path("/srv/~x")
    assert expanded("a/~") == Path("a/~")


def test_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that no passwd knows, as in a container, lives in /: that is no error."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)

    assert expanded("~/.hermes") == Path("/.hermes")
    assert expanded("~") == Path("/")
    assert expanded("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")


def test_behind_an_options_equals_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There no shell resolves it; nothing is made in a directory that is called ~."""
    (tmp_path / "ann/.hermes").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "ann"))
    monkeypatch.chdir(tmp_path)

    CliRunner().invoke(main, ["scrape", "--state.path=~/state/memory.db", "--output=~/hermes.prom"])

    assert (tmp_path / "ann/state/memory.db").exists()
    assert (tmp_path / "ann/hermes.prom").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["ann"]
