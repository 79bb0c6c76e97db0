"""The exporter installed inside the machine as pipx does it: in an environment of its own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.user_systemd import OWNERS, REPO

if TYPE_CHECKING:
    from tests.lab.user_systemd import UserSystemd

SHARED = ("alerts", "dashboards", "deploy")
SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def environment(machine: UserSystemd, directory: str, owner: str = "hermes") -> Path:
    """Make an environment with what the wheel has, its dependencies those of the tests; return its program."""
    machine.run(owner, "mkdir", "-p", directory)
    inside = machine.path(directory)
    site = inside / SITE_PACKAGES
    shutil.copytree(
        REPO / "hermes_exporter", site / "hermes_exporter", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in SHARED:
        shutil.copytree(REPO / name, site / "hermes_exporter/share" / name)
    (site / "dependencies.pth").write_text(f"{REPO / '.venv' / SITE_PACKAGES}\n")
    (inside / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n")
    (inside / "bin").mkdir()
    (inside / "bin/python").symlink_to(os.path.realpath(sys.executable))
    program = inside / "bin/hermes-exporter"
    program.write_text(f"#!{directory}/bin/python\nfrom hermes_exporter.cli import main\nmain()\n")
    program.chmod(0o755)
    machine.root("chown", "-R", f"{OWNERS[owner]}:{OWNERS[owner]}", directory)
    machine.root("chmod", "-R", "go+rX", directory)
    return Path(directory) / "bin/hermes-exporter"
