"""The environment of a process: three of its variables, and only where it may be read."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.proc_environ import ZoneVariables, multiplexes, zone_variables
from tests.scraping import unprivileged

if TYPE_CHECKING:
    from pathlib import Path

WAITS = "print('up', flush=True); import sys; sys.stdin.read()"


@pytest.mark.parametrize(
    ("data", "variables"),
    [
        (
            b"PATH=/bin\0HERMES_TIMEZONE=Asia/Seoul\0TZ=:Europe/Berlin\0",
            ZoneVariables("Asia/Seoul", ":Europe/Berlin"),
        ),
        (b"PATH=/bin\0", ZoneVariables(None, None)),
        (b"TZ= UTC \0HERMES_TIMEZONE=\0", ZoneVariables(None, "UTC")),
        (b"XTZ=a\0TZX=b\0A=TZ=c\0TZ=d=e", ZoneVariables(None, "d=e")),
        (b"TZ=\xff\0", ZoneVariables(None, "\ufffd")),
        (b"", None),
        (b"hermes gateway run\0\0\0", None),
    ],
)
def test_two_variables_are_looked_at(data: bytes, variables: ZoneVariables | None, tmp_path: Path) -> None:
    """Whole names, values as they are; what holds no variable at all was written over, and tells nothing."""
    (tmp_path / "environ").write_bytes(data)

    assert zone_variables(str(tmp_path / "environ")) == variables


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"A=b\0GATEWAY_MULTIPLEX_PROFILES=Yes\0", True),
        (b"GATEWAY_MULTIPLEX_PROFILES= 0 \0A=b\0", False),
        (b"GATEWAY_MULTIPLEX_PROFILES=perhaps\0", None),
        (b"XGATEWAY_MULTIPLEX_PROFILES=1\0", None),
        (b"", None),
    ],
)
def test_whether_it_is_told_to_serve_all_profiles(data: bytes, told: bool | None, tmp_path: Path) -> None:
    """Hermes' own words for yes and no; any other says nothing."""
    (tmp_path / "environ").write_bytes(data)

    assert multiplexes(str(tmp_path / "environ")) is told


def test_a_real_process(tmp_path: Path) -> None:
    """What a process was started with, read by its own user; to others, and once it is gone, unknown."""
    environment = {**os.environ, "HERMES_TIMEZONE": "Asia/Kolkata", "TZ": "UTC"}
    command = [sys.executable, "-c", WAITS]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        path = f"/proc/{process.pid}/environ"
        mine = zone_variables(path)
        with unprivileged():
            others = zone_variables(path)
        process.kill()

    assert mine == ZoneVariables("Asia/Kolkata", "UTC")
    assert others == (None if os.geteuid() == 0 else mine)
    assert zone_variables(path) is None
