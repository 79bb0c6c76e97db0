"""systemctl, as the person at the terminal would call it. Nothing that watches calls it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Literal

Scope = Literal["user", "system"]

SECONDS = 120.0
"""How long a unit may take to start: longer than systemd's own patience."""


class SystemctlError(Exception):
    """It refused; the message says what and why."""


def run(scope: Scope, *words: str) -> str:
    """Run systemctl and return what it prints; raise SystemctlError."""
    return _run("systemctl", f"--{scope}", "--no-ask-password", *words)


def newest_lines(scope: Scope, unit: str, count: int) -> list[str]:
    """Return the last lines that a unit logged, none where the journal tells nothing."""
    which = "_SYSTEMD_USER_UNIT" if scope == "user" else "_SYSTEMD_UNIT"
    try:
        said = _run("journalctl", "--output=cat", f"--lines={count}", f"{which}={unit}")
    except SystemctlError:
        return []
    return said.splitlines()


def reached(scope: Scope) -> bool:
    """Whether there is a manager that answers; raise SystemctlError where there is no systemd at all."""
    try:
        run(scope, "show", "--property=Version")
    except SystemctlError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise
        return False
    return True


def _run(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and words of ours
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise SystemctlError(f"{command[0]} is not installed: is there a systemd?") from error
    except subprocess.TimeoutExpired as error:
        raise SystemctlError(f"{' '.join(command)}: no answer within {SECONDS:g} s") from error
    if done.returncode:
        raise SystemctlError(f"{' '.join(command)}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Return ours, with the user's runtime directory where a su or sudo has left it out."""
    runtime = Path(f"/run/user/{os.getuid()}")
    added = {"XDG_RUNTIME_DIR": str(runtime)} if (runtime / "systemd").is_dir() else {}
    return {"LC_ALL": "C.UTF-8", **added, **os.environ}
