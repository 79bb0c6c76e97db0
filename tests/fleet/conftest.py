"""The directory that Prometheus reads."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fleet.engines import ALL_RULES, FLEET

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A directory as /etc/prometheus is to be: the files of deploy/fleet with every file of rules beside them."""
    etc = tmp_path / "etc"
    shutil.copytree(FLEET, etc)
    for path in ALL_RULES:
        shutil.copy(path, etc)
    return etc
