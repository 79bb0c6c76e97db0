"""The exporter installed inside the machine as pipx does it: in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.user_systemd import OWNERS, REPO

if TYPE_CHECKING:
    from tests.lab.user_systemd import UserSystemd

SHARED = ("alerts", "dashboards", "deploy")
SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def environment(machine: UserSystemd, directory: str, owner: str = "hermes") -> Path:
    """Make an environment with what the wheel has, and its dependencies; return its program."""
    machine.run(owner, "mkdir", "-p", directory)
    inside = machine.path(directory)
    site = inside / SITE_PACKAGES
    shutil.copytree(
        REPO / "hermes_exporter", site / "hermes_exporter", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in SHARED:
        shutil.copytree(REPO / name, site / "hermes_exporter/share" / name)
    for name in _needed("hermes-exporter"):
        for file in metadata.files(name) or ():
            if ".." not in file.parts:
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    (inside / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n")
    (inside / "bin").mkdir()
    (inside / "bin/python").symlink_to(os.path.realpath(sys.executable))
    program = inside / "bin/hermes-exporter"
    program.write_text(f"#!{directory}/bin/python\nfrom hermes_exporter.cli import main\nmain()\n")
    program.chmod(0o755)
    machine.root("chown", "-R", f"{OWNERS[owner]}:{OWNERS[owner]}", directory)
    machine.root("chmod", "-R", "go+rX", directory)
    return Path(directory) / "bin/hermes-exporter"


def _needed(package: str) -> set[str]:
    """Return what a package needs, and what that needs, as it is installed here."""
    found: set[str] = set()
    for requirement in metadata.requires(package) or ():
        name, _, marker = requirement.partition(";")
        if "extra" not in marker:
            (project,) = re.findall(r"^[\w.-]+", name)
            found |= {project, *_needed(project)}
    return found
