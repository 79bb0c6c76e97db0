"""The place of the memory is full, gone, read-only, another's: what is told stays exact, and is kept later."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.faults.twins import DURABLE, in_its_mounts, inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import MakeTwins
    from tests.faults.twins import Twins
    from tests.field.host import FieldHost

pytestmark = pytest.mark.slow

MOUNTED = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
SMALL_DISK = (*MOUNTED, 'mount -t tmpfs -o size=512k,mode=700 t "$0" && exec "$@"', "STATE")
READ_ONLY = (*MOUNTED, 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', "STATE")
NOT_KEPT = "will not survive"


@dataclass(frozen=True)
class Fault:
    """What is done to the directory of the memory, and undone."""

    begin: Callable[[Path], object]
    end: Callable[[Path], object] = lambda _state: None
    lasts: bool = True
    """Until it is undone; else it is over as soon as it is noticed."""
    warnings: int = 1


def fill(state: Path) -> None:
    """Leave no byte free."""
    with (state / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def _without_lock(state: Path) -> list[Path]:
    return [path for path in state.glob("memory.db*") if path.suffix != ".lock"]


def replace(state: Path) -> None:
    """Put a directory in the place of the file."""
    for path in _without_lock(state):
        path.unlink()
    (state / "memory.db").mkdir()


def move_away(state: Path) -> None:
    """Put a file in the place of the directory."""
    state.rename(state.with_name("away"))
    state.write_text("")


def move_back(state: Path) -> None:
    """Let the directory be what and where it was."""
    state.unlink()
    state.with_name("away").rename(state)


def restore(state: Path) -> None:
    """Put the copy of an earlier hour in the place of the file, as who restores a backup does."""
    for path in _without_lock(state):
        path.unlink()
    for path in (state.parent / "backup").iterdir():
        shutil.copy(path, state / path.name)


def damage(state: Path) -> None:
    """Overwrite all but the first page: what is stored next puts it right."""
    with (state / "memory.db").open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(4096)
        file.write(b"\xa5" * max(size - 4096, 4096))


FAULTS = {
    "directory removed": Fault(shutil.rmtree, lasts=False),
    "file removed": Fault(lambda state: [path.unlink() for path in _without_lock(state)], lasts=False),
    "lock removed": Fault(lambda state: (state / "memory.db.lock").unlink(), lasts=False),
    "an older copy": Fault(restore, lasts=False),
    "damaged": Fault(damage, lasts=False, warnings=0),
    "a directory in its place": Fault(replace, lambda state: (state / "memory.db").rmdir()),
    "moved away and back": Fault(move_away, move_back),
}


def live_through(twins: Twins, state: Callable[[FieldHost], Path], fault: Fault) -> None:
    """Live with the fault from minute 22 to 50, and without it until 60."""
    host = twins.disturbed
    twins.run(20)
    assert twins.differences() == {}
    shutil.copytree(state(host), host.directory / "backup", ignore=shutil.ignore_patterns("*.lock", "*-shm"))
    twins.run(22)
    fault.begin(state(host))
    twins.run(50)
    assert twins.differences() == ({DURABLE: (0.0, 1.0)} if fault.lasts else {})
    fault.end(state(host))


def expect_recovery(twins: Twins, warnings: int = 1) -> None:
    """All is as with the other one, at once and after both were started anew; the fault was said once."""
    twins.run(60)
    assert twins.differences() == {}
    twins.restart()
    assert twins.differences() == {}
    assert (twins.spared.value("hermes_auth_errors_total", plane="provider") or 0) > 2
    assert twins.disturbed.log.count(NOT_KEPT) == warnings, twins.disturbed.log
    assert "Traceback" not in twins.disturbed.log


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_counted_is_kept_again(make_twins: MakeTwins, name: str) -> None:
    """Whatever becomes of the file, nothing that was counted is forgotten, counted twice, or told otherwise."""
    twins = make_twins()

    live_through(twins, lambda host: host.directory / "state", FAULTS[name])

    expect_recovery(twins, FAULTS[name].warnings)


@pytest.mark.systemd
def test_a_full_disk(make_twins: MakeTwins) -> None:
    """No byte is free for half an hour: nothing is stored meanwhile, and all of it afterwards."""
    twins = make_twins(*SMALL_DISK)

    def state(host: FieldHost) -> Path:
        return inside(host, host.directory / "state")

    live_through(twins, state, Fault(fill, lambda place: (place / "ballast").unlink()))

    twins.run(60)
    assert twins.differences() == {}
    assert twins.disturbed.log.count(NOT_KEPT) == 1, twins.disturbed.log


@pytest.mark.systemd
def test_started_where_nothing_can_be_written(make_twins: MakeTwins) -> None:
    """What was stored is known all the same, goes on, and is stored as soon as that is possible."""
    twins = make_twins()
    twins.run(40)
    host = twins.disturbed
    host.wrapper = tuple(word.replace("STATE", str(host.directory / "state")) for word in READ_ONLY)
    twins.restart()
    twins.run(50)
    assert twins.differences() == {DURABLE: (0.0, 1.0)}

    in_its_mounts(host, "mount", "-o", "remount,bind,rw", str(host.directory / "state"))
    host.wrapper = ()

    expect_recovery(twins)
