"""The Hermes code on disk: found from what a gateway says it was started as, and never run."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.installed_code import REFRESH_SECONDS, UNKNOWN, InstalledCode, Installs
from tests.scraping import unprivileged

if TYPE_CHECKING:
    from pathlib import Path

SHA = "0123456789abcdef0123456789abcdef01234567"


def package(directory: Path, version: str) -> Path:
    """Write what tells the version of a package that lies in ``directory``."""
    (directory / "hermes_cli").mkdir(parents=True)
    (directory / "hermes_cli/__init__.py").write_text(f'"""Hermes."""\n\n__version__ = "{version}"\n')
    (directory / "hermes_cli/main.py").touch()
    return directory


def environment(directory: Path, version: str, editable: Path | None = None) -> Path:
    """Write a virtual environment with Hermes in it; return its ``hermes`` script."""
    info = directory / f"lib/python3.11/site-packages/hermes_agent-{version}.dist-info"
    info.mkdir(parents=True)
    if editable:
        record = {"url": editable.as_uri(), "dir_info": {"editable": True}}
        (info / "direct_url.json").write_text(json.dumps(record))
    (directory / "bin").mkdir()
    script = directory / "bin/hermes"
    script.touch()
    return script


def git(tree: Path) -> str:
    """Make a commit; return it."""
    identity = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    subprocess.run(["git", "-C", tree, "init", "-q"], check=True)
    subprocess.run(["git", "-C", tree, "add", "."], check=True)
    subprocess.run(["git", "-C", tree, *identity, "commit", "-qm", "x"], check=True)
    return subprocess.run(
        ["git", "-C", tree, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


def look(tmp_path: Path, program: Path | str | None) -> InstalledCode:
    """Look as for a home that lies in ``tmp_path``."""
    root = tmp_path / "home"
    return Installs(tmp_path.__class__("/"), root).of(None if program is None else str(program))


def test_a_wheel_tells_its_version_by_its_name(tmp_path: Path) -> None:
    """An environment that pip filled has no commit."""
    script = environment(tmp_path / "venv", "0.21.3")

    assert look(tmp_path, script) == InstalledCode("0.21.3", None)


def test_a_module_path_leads_to_the_same_place(tmp_path: Path) -> None:
    """A unit starts ``python -m hermes_cli.main``, and the gateway notes the path of that file."""
    environment(tmp_path / "venv", "0.21.3")
    site = tmp_path / "venv/lib/python3.11/site-packages"
    (site / "hermes_cli").mkdir()

    assert look(tmp_path, site / "hermes_cli/main.py") == InstalledCode("0.21.3", None)


def test_an_editable_installation_leads_to_its_checkout(tmp_path: Path) -> None:
    """The checkout may be newer than what pip noted when it was installed: its own word counts."""
    tree = package(tmp_path / "hermes agent", "0.22.1")
    script = environment(tree / "venv", "0.20.0", editable=tree)
    sha = git(tree)

    assert look(tmp_path, script) == InstalledCode("0.22.1", sha)


def test_a_checkout_below_the_home_is_found_without_a_hint(tmp_path: Path) -> None:
    """That is where Hermes' own installer puts it."""
    tree = package(tmp_path / "home/hermes-agent", "0.19.0")
    sha = git(tree)

    assert look(tmp_path, None) == InstalledCode("0.19.0", sha)


def test_every_shape_of_head_is_read(tmp_path: Path) -> None:
    """Packed references, a detached head, and a linked worktree all name the commit that git itself names."""
    tree = package(tmp_path / "home/hermes-agent", "0.22.0")
    sha = git(tree)
    subprocess.run(["git", "-C", tree, "pack-refs", "--all"], check=True)
    assert look(tmp_path, None).sha == sha

    linked = tmp_path / "linked"
    subprocess.run(["git", "-C", tree, "worktree", "add", "-q", "-b", "other", linked], check=True)
    (linked / "hermes_cli/main.py").touch()
    assert look(tmp_path, linked / "hermes_cli/main.py").sha == sha

    subprocess.run(["git", "-C", tree, "checkout", "-q", "--detach"], check=True)
    assert look(tmp_path, None).sha == sha


def test_an_image_tells_its_commit_by_its_stamp(tmp_path: Path) -> None:
    """An image has no .git."""
    tree = package(tmp_path / "home/hermes-agent", "0.22.0")
    (tree / "install-stamp.json").write_text(json.dumps({"commit": SHA, "distribution": "docker"}))

    assert look(tmp_path, None) == InstalledCode("0.22.0", SHA)


@pytest.mark.parametrize(
    "content", ["ref: ../../../secret", "ref: refs/heads/none", "CANARY", "", "\0", SHA + "z"]
)
def test_a_head_of_another_shape_is_no_commit(tmp_path: Path, content: str) -> None:
    """Nothing but a commit leaves the reader, whatever the file holds."""
    tree = package(tmp_path / "home/hermes-agent", "0.22.0")
    (tree / ".git").mkdir()
    (tree / ".git/HEAD").write_text(content)

    assert look(tmp_path, None) == InstalledCode("0.22.0", None)


@pytest.mark.parametrize("name", ["hermes_cli/__init__.py", ".git/HEAD", "install-stamp.json"])
def test_what_is_not_a_file_is_left_alone(tmp_path: Path, name: str) -> None:
    """A FIFO in the place of a file would hold the reader up for ever."""
    place = tmp_path / "home/hermes-agent" / name
    place.parent.mkdir(parents=True)
    os.mkfifo(place)

    assert look(tmp_path, None) == UNKNOWN


@pytest.mark.parametrize(
    "program", ["hermes", "../hermes", "/a/../../etc/bin/x", "", "/", "/x\0/bin/hermes", "/\udcff/bin/hermes"]
)
def test_a_path_of_another_shape_leads_nowhere(tmp_path: Path, program: str) -> None:
    """What a gateway was started as is taken from a file that anybody may have written."""
    assert look(tmp_path, program) == UNKNOWN


def test_a_tree_that_may_not_be_entered_says_nothing(open_directory: Path) -> None:
    """The code of another user is nobody's fault, and the usual place is looked at all the same."""
    script = environment(open_directory / "venv", "0.21.3")
    package(open_directory / "home/hermes-agent", "0.22.0")
    odd = environment(open_directory / "odd", "0.21.3")
    record = {"url": "file:///%00", "dir_info": {"editable": True}}
    (open_directory / "odd/lib/python3.11/site-packages/hermes_agent-0.21.3.dist-info/direct_url.json").write_text(
        json.dumps(record)
    )
    for place in ("venv", "venv/lib/python3.11/site-packages"):
        (open_directory / place).chmod(0)
        with unprivileged():
            assert look(open_directory, script).version == "0.22.0"
        (open_directory / place).chmod(0o755)
    (open_directory / "home/hermes-agent").chmod(0)
    with unprivileged():
        assert look(open_directory, None) == UNKNOWN
    (open_directory / "home/hermes-agent").chmod(0o755)
    assert look(open_directory, odd).version == "0.22.0"


def test_an_update_is_noticed_within_a_minute(tmp_path: Path) -> None:
    """The installation is not looked at for every scrape, and a change of it is told once."""
    tree = package(tmp_path / "home/hermes-agent", "0.21.0")
    installs = Installs(tmp_path.__class__("/"), tmp_path / "home")
    assert installs.changed(1000.0) is False
    assert installs.of(None).version == "0.21.0"

    (tree / "hermes_cli/__init__.py").write_text('__version__ = "0.22.0"\n')

    assert installs.changed(1000.0 + REFRESH_SECONDS - 1) is False
    assert installs.of(None).version == "0.21.0"
    assert installs.changed(1000.0 + REFRESH_SECONDS) is True
    assert installs.of(None).version == "0.22.0"
    assert installs.changed(1000.0 + 2 * REFRESH_SECONDS) is False


@pytest.mark.parametrize("name", ["install-stamp.json", "direct_url.json"])
def test_a_record_that_is_nested_too_deeply_says_nothing(tmp_path: Path, name: str) -> None:
    """A record that no parser can follow is none; what else is known of the tree stands."""
    info = tmp_path / "venv/lib/python3.11/site-packages/hermes_agent-0.19.0.dist-info"
    info.mkdir(parents=True)
    directory = info if name == "direct_url.json" else info.parent
    (directory / name).write_text("[" * 100_000)

    found = Installs(tmp_path, tmp_path / "home").of("/venv/bin/hermes")

    assert found == InstalledCode("0.19.0")
