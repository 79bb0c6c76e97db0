"""What docs/without-prometheus.md promises of the timer's files is so; tests/real runs them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

REPO = Path(__file__).parent.parent
PAGE = (REPO / "docs/without-prometheus.md").read_text()
SCRIPT = (REPO / "deploy/systemd/hermes-check.sh").read_text()
SETTINGS = ("NTFY_URL", "NTFY_TOKEN", "PING_URL")


def block(first_word: str) -> str:
    """The fenced block that starts with a word."""
    (found,) = re.findall(rf"^```(?:bash)?\n({re.escape(first_word)}.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_commands_put_everything_in_its_place(tmp_path: Path) -> None:
    """In an empty home: the units, the program that the unit starts, and the secrets for their owner alone."""
    environment = {**os.environ, "HOME": str(tmp_path)}

    subprocess.run(
        ["bash", "-ec", block("mkdir")], cwd=REPO, env=environment, input=block("NTFY_URL"), text=True, check=True
    )

    unit = (tmp_path / ".config/systemd/user/hermes-check.service").read_text()
    program, settings = tmp_path / ".local/bin/hermes-check", tmp_path / ".config/hermes-check.env"
    assert f"ExecStart={str(program).replace(str(tmp_path), '%h')}\n" in unit
    assert f"EnvironmentFile={str(settings).replace(str(tmp_path), '%h')}\n" in unit
    assert program.stat().st_mode & 0o777 == 0o755
    assert settings.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".config/systemd/user/hermes-check.timer").exists()


def test_settings_are_those_of_the_program() -> None:
    """The page names what the program reads, and no other."""
    assert tuple(re.findall(r"^(\w+)=", block("NTFY_URL"), re.MULTILINE)) == SETTINGS
    read = set(re.findall(r"\$\{?([A-Z_]+)", SCRIPT))
    assert read == {*SETTINGS, "STATE_DIRECTORY", "HERMES_EXPORTER", "HOME"}


def test_program_needs_an_address(tmp_path: Path) -> None:
    """Without any address it says so, instead of looking after nobody in silence."""
    done = subprocess.run(
        ["sh", str(REPO / "deploy/systemd/hermes-check.sh")],
        env={"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr == "hermes-check: neither NTFY_URL nor PING_URL is set\n"
