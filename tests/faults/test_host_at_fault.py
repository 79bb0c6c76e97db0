"""The host is at fault: no room for copies, no descriptors, a home that is not mounted, a process that is held."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.faults.test_memory_at_fault import MOUNTED, fill
from tests.faults.twins import in_its_mounts, inside

if TYPE_CHECKING:
    from tests.faults.conftest import MakeTwins
    from tests.faults.twins import Twins

pytestmark = pytest.mark.slow

SMALL_TEMPORARY = (
    *MOUNTED,
    'mkdir -p "$0" && mount -t tmpfs -o size=2m t "$0" && TMPDIR="$0" exec "$@"',
    "HERE/tmp",
)
OWN_MOUNTS = (*MOUNTED, 'exec "$@"', "-")
FEW = 64
CLIENTS = 200
DAY = 86400.0


def expect_recovery(twins: Twins) -> None:
    """All is as with the other one, at once and after both were started anew, and nothing came unforeseen."""
    twins.run(60)
    assert twins.differences() == {}
    twins.restart()
    assert twins.differences() == {}
    assert "Traceback" not in twins.disturbed.log


@pytest.mark.systemd
def test_no_room_for_copies(make_twins: MakeTwins) -> None:
    """Databases of Hermes cannot be copied: the cron has failed, said once for each; all else is told."""
    twins = make_twins(*SMALL_TEMPORARY)
    host = twins.disturbed
    twins.run(22)
    place = inside(host, host.directory / "tmp")
    fill(place)
    twins.run(50)
    assert host.value("hermes_exporter_collector_success", collector="cron", profile="default") == 0
    others = {name for name in twins.differences() if not name.startswith(("hermes_cron_", "hermes_exporter_"))}
    assert others <= {'hermes_profile_condition{condition="report_missing",profile="default"}'}
    assert host.log.count("no copy of it can be made") == 1, host.log

    (place / "ballast").unlink()

    expect_recovery(twins)


@pytest.mark.systemd
def test_few_descriptors_and_many_clients(make_twins: MakeTwins) -> None:
    """More clients than descriptors: each scrape is answered in full all the while."""
    twins = make_twins("prlimit", f"--nofile={FEW}:{FEW}")
    twins.run(22)
    with ExitStack() as clients:
        for minute in range(23, 50, 3):
            for _ in range(CLIENTS // 9):
                address = ("127.0.0.1", twins.disturbed.port)
                clients.enter_context(socket.create_connection(address, timeout=10))
            twins.run(minute)
            assert twins.differences() == {}

    expect_recovery(twins)


@pytest.mark.systemd
def test_a_home_that_is_not_mounted(make_twins: MakeTwins) -> None:
    """An empty directory lies in its place for half an hour: nobody dies of it, and nothing is counted for it."""
    twins = make_twins(*OWN_MOUNTS)
    host = twins.disturbed
    twins.run(22)
    in_its_mounts(host, "mount", "-t", "tmpfs", "none", str(host.simulation.root))
    twins.run(34)
    assert host.value("hermes_gateway_unclean_exits_total", profile="default") == 0
    assert host.value("hermes_profile_gateway_expected", profile="default") == 1
    twins.run(50)
    in_its_mounts(host, "umount", str(host.simulation.root))

    expect_recovery(twins)


def test_hung_up_again_and_again(make_twins: MakeTwins) -> None:
    """However often it is to reread its configuration, nothing is counted twice, and no thread is left."""
    twins = make_twins()
    twins.run(22)
    threads = _threads(twins.disturbed.pid)
    for minute in range(23, 50):
        for _ in range(50):
            os.kill(twins.disturbed.pid, signal.SIGHUP)
        twins.run(minute)
        twins.look()
        assert twins.agree(), twins.differences()
    assert _threads(twins.disturbed.pid) <= 2 * threads

    expect_recovery(twins)


def test_held_for_a_while(make_twins: MakeTwins) -> None:
    """Stopped by a signal for twenty minutes it catches up on all that came meanwhile."""
    twins = make_twins()
    host = twins.disturbed
    twins.run(22)
    os.kill(host.pid, signal.SIGSTOP)
    host.stopped = True
    twins.run(42)
    host.stopped = False
    os.kill(host.pid, signal.SIGCONT)

    expect_recovery(twins)


def test_a_clock_that_is_set_back_and_forth(make_twins: MakeTwins) -> None:
    """A day ahead, for a moment a day back, and right again: what was counted and what is remembered stay so."""
    twins = make_twins()
    for host in (twins.disturbed, twins.spared):
        host.step, host.settable = 50.0, True
    twins.run(22)
    twins.disturbed.set_by = DAY
    twins.run(42)
    for set_by in (-DAY, 0.0):
        twins.disturbed.set_by = set_by
        twins.look()
    twins.run(50)
    twins.restart()

    expect_recovery(twins)


def _threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208  # they are counted, not walked
