"""docs/tls.md can be followed as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import bcrypt
import yaml

from hermes_exporter.access import tls_section, web_config
from hermes_exporter.access.passwords import is_hash
from hermes_exporter.access.tls import CLIENT_AUTH, CURVES
from tests.lab.unpacked import TREE

PAGE = (Path(__file__).parents[2] / "docs/tls.md").read_text()


def blocks(language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_works_with_the_certificate_that_the_page_makes(tmp_path: Path) -> None:
    """The openssl command makes the files that the example names, and all of it is accepted without a warning."""
    (command,) = [block for block in blocks("bash") if block.startswith("openssl")]
    subprocess.run(["bash", "-ec", command], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "web.yml").write_text(blocks("yaml")[0])

    config = web_config.load(tmp_path / "web.yml")

    assert config.tls is not None
    assert [*config.users] == [b"prometheus"]
    assert config.warnings == ()


def test_prometheus_takes_its_side(tmp_path: Path) -> None:
    """What the page gives to Prometheus is a configuration that promtool accepts."""
    for name in ("hermes.password", "hermes-host.crt"):
        (tmp_path / name).touch()
    (tmp_path / "prometheus.yml").write_text(blocks("yaml")[1])

    command = [TREE / "usr/bin/promtool", "check", "config", "prometheus.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_python_line_makes_a_hash(tmp_path: Path) -> None:
    """What it prints is the hash of the password that was typed."""
    (line,) = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("python3")]
    program = shlex.split(line)[2].replace("getpass.getpass()", "input()")

    done = subprocess.run(
        [sys.executable, "-c", program], input="a password\n", capture_output=True, text=True, check=True
    )

    assert is_hash(done.stdout.strip())
    assert bcrypt.checkpw(b"a password", done.stdout.strip().encode())


def test_every_setting_is_in_the_table() -> None:
    """The table has each key of the file, and each value that some of them may have."""
    table = PAGE[PAGE.index("## Every setting") :]
    said = {*re.findall(r"`([\w-]+)`", table)}

    sections = {*web_config.SECTIONS, "http2", "headers", *web_config.HEADERS, "interval", "burst"}
    assert said >= {*sections, *tls_section.KEYS, *CLIENT_AUTH, *CURVES}


def test_what_is_shown_of_prometheus_is_yaml() -> None:
    """The example scrapes the port that the exporter has by default."""
    (scrape,) = yaml.safe_load(blocks("yaml")[1])["scrape_configs"]

    assert scrape["static_configs"][0]["targets"] == ["hermes-host:19119"]
