"""The clock of the host: what it makes of a wall clock that is set, and of a host that sleeps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.host_clock import DOUBT_SECONDS, JUMP_SECONDS, Hands, HostClock, StillClock

if TYPE_CHECKING:
    from hermes_exporter.judge.liveness import Clock

NOON = 1_795_348_800.0
BOOTED = 5000.0
"""How long the host is up at noon, without a minute of sleep."""


class Host:
    """A host whose clocks go on by hand."""

    def __init__(self) -> None:
        self.hands = Hands(NOON, BOOTED, BOOTED)
        self.clock = HostClock(lambda: self.hands)

    def after(self, seconds: float, *, asleep: float = 0.0, set_by: float = 0.0) -> Clock:
        """What the clock says later; of that time the host slept a part, and its wall clock was set."""
        wall, monotonic, boot = self.hands
        self.hands = Hands(wall + seconds + set_by, monotonic + seconds - asleep, boot + seconds)
        return self.clock.read()


@pytest.fixture
def host() -> Host:
    """A host whose clock was read once."""
    host = Host()
    assert host.clock.read().trusted
    return host


def test_time_goes_on(host: Host) -> None:
    """A clock that nobody touches is trusted however long nobody looks, and tells wall and monotonic time."""
    for seconds in (0.0, 15.0, 60.0, 86_400.0):
        clock = host.after(seconds)
        assert (clock.now, clock.monotonic) == host.hands[:2]
        assert clock.trusted
        assert clock.woke_at is None


@pytest.mark.parametrize("set_by", [JUMP_SECONDS + 1, -JUMP_SECONDS - 1, 3600.0, -86_400.0])
def test_a_clock_that_was_set_is_doubted_for_five_minutes(host: Host, set_by: float) -> None:
    """Forwards or back by more than a minute: nothing is trusted for five minutes of real time, then all again."""
    assert not host.after(15, set_by=set_by).trusted
    assert not host.after(DOUBT_SECONDS - 1).trusted
    assert host.after(1).trusted
    assert host.after(15).trusted


def test_set_again_it_is_doubted_anew(host: Host) -> None:
    """Each time the five minutes begin again."""
    host.after(15, set_by=3600)
    assert not host.after(200, set_by=-3600).trusted
    assert not host.after(200).trusted
    assert host.after(100).trusted


@pytest.mark.parametrize("set_by", [JUMP_SECONDS - 1, 1 - JUMP_SECONDS])
def test_a_small_step_is_none(host: Host, set_by: float) -> None:
    """What a time server corrects within a minute is no jump, nor are many of them in a row."""
    for _ in range(20):
        assert host.after(60, set_by=set_by).trusted


def test_a_host_that_slept(host: Host) -> None:
    """When it woke, at the earliest, is told from then on; its wall clock went on meanwhile, and is trusted."""
    awake = host.after(4 * 3600, asleep=4 * 3600 - 5)
    assert (awake.trusted, awake.woke_at) == (True, host.hands.wall - 5)

    later = host.after(60)
    assert later.woke_at == awake.woke_at

    again = host.after(900, asleep=600)
    assert again.woke_at == host.hands.wall - 300


def test_a_nap_is_none(host: Host) -> None:
    """A pause of less than a minute made nobody miss anything."""
    assert host.after(60, asleep=JUMP_SECONDS - 1).woke_at is None


def test_a_clock_set_during_sleep(host: Host) -> None:
    """Both are seen: when the host woke, and that its wall clock is not what it was."""
    clock = host.after(3600, asleep=3590, set_by=-7200)

    assert (clock.trusted, clock.woke_at) == (False, host.hands.wall - 10)


def test_the_clocks_of_this_host() -> None:
    """Without anything said they are those of the kernel."""
    before = time.time()
    clock = HostClock().read()

    assert before <= clock.now <= time.time()
    assert clock.monotonic is not None
    assert clock.monotonic <= time.monotonic()
    assert clock.trusted


def test_a_clock_that_stands_still() -> None:
    """A copied home is judged as of one moment, by no monotonic clock."""
    clock = StillClock(NOON)

    assert clock.read() == clock.read()
    assert (clock.read().now, clock.read().monotonic, clock.read().trusted) == (NOON, None, True)
