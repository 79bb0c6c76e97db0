"""The program that a unit is to start: one that will still be there tomorrow, for the user who is to run it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.stack import files
from hermes_exporter.tilde import expanded

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "hermes-exporter"


class ProgramError(Exception):
    """No unit can start it; the message says why, and what to do."""


def lasting(homes: Iterable[Path]) -> Path:
    """Return the installed program; raise ProgramError for one that something else may take away."""
    checkout = files.checkout()
    if checkout:
        raise ProgramError(
            f"this runs from the checkout {checkout}, and a unit would break with it: pipx install {checkout}, "
            "then run the installed hermes-exporter"
        )
    path = _found()
    caches = expanded(os.environ.get("XDG_CACHE_HOME", "").strip() or "~/.cache")
    for place in (caches, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108
        if path.resolve().is_relative_to(place.resolve()):
            raise ProgramError(f"{path} lies in {place}, which is cleaned: pipx install hermes-exporter first")
    for home in homes:
        if path.resolve().is_relative_to(home.resolve()):
            raise ProgramError(
                f"{path} lies in a Hermes home, where an update of Hermes takes it away: "
                "pipx install hermes-exporter first"
            )
    return path


def expect_for(uid: int, program: Path) -> None:
    """Raise ProgramError unless that user may run the program, and the Python it needs."""
    for path in (program, Path(sys.executable)):
        hidden = _barrier(path, uid)
        if hidden:
            raise ProgramError(
                f"uid {uid} may not run {path}: {hidden} is closed to it; install hermes-exporter where everybody "
                "may read it, such as /opt, or as that user"
            )


def _found() -> Path:
    """Return the path by which the program was called, which upgrades keep, or its place beside our Python."""
    for path in (Path(sys.argv[0]).absolute(), Path(sys.prefix) / "bin" / NAME):
        if path.name == NAME and os.access(path, os.X_OK):
            return path
    raise ProgramError(f"no {NAME} beside {sys.executable}: pipx install hermes-exporter first")


def _barrier(path: Path, uid: int) -> Path | None:
    """Return the first directory or file on the way, links followed, that is closed to the user."""
    groups = _groups(uid)
    real = path.resolve()
    for part in (*reversed(path.parents), *reversed(real.parents), real):
        status = part.stat()
        if status.st_uid == uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid in groups:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed and uid:
            return part
    return None


def _groups(uid: int) -> set[int]:
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return set()
    return {user.pw_gid, *(group.gr_gid for group in grp.getgrall() if user.pw_name in group.gr_mem)}
