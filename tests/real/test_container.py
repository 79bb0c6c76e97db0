"""The exporter in a container of its own, beside a gateway on this machine or in another container."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.procfs import INITIAL_PID_NAMESPACE
from tests.lab.container import UID, Container
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.systemd

ON_A_HOST = Path("/proc/self/ns/pid").stat().st_ino == INITIAL_PID_NAMESPACE
"""Whether this machine sees every process there is; a CI runner that is a container does not."""

HOLD = """
import fcntl, os, sys
lock, uid = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), int(sys.argv[2])
os.set_inheritable(lock, True)
fcntl.flock(lock, fcntl.LOCK_EX)
os.setgroups([]), os.setgid(uid), os.setuid(uid)
os.execv("/bin/sleep", ["sleep", "infinity"])
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A Hermes home that belongs to the user of Hermes' image, closed to all others."""
    home = tmp_path / "data"
    (home / "state").mkdir(parents=True)
    (home / "config.yaml").write_text("{}\n")
    for path in (home, home / "state", home / "config.yaml"):
        os.chown(path, UID, UID)
    home.chmod(0o700)
    return home


class Gateway:
    """A process that holds the lock of a home as a gateway does."""

    def __init__(self, home: Path, *, contained: bool) -> None:
        namespace = ("unshare", "--pid", "--fork", "--kill-child") if contained else ()
        self._process = subprocess.Popen(
            [*namespace, sys.executable, "-c", HOLD, str(home / "gateway.lock"), str(UID)]
        )
        self._contained = contained
        until(lambda: Path(f"/proc/{self.pid}/comm").read_text() == "sleep\n", 10, "the gateway runs")

    @property
    def pid(self) -> int:
        """As this machine knows it."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if self._contained else []
        return int(children[0]) if children else pid

    def kill(self) -> None:
        """Let it die."""
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait(10)


@pytest.fixture
def gateway(home: Path, request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """A gateway that lives: on this machine, or in a container where the test asks for one."""
    gateway = Gateway(home, contained=getattr(request, "param", False))
    yield gateway
    gateway.kill()


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Iterator[Callable[..., Container]]:
    """Start containers that end with the test."""
    started: list[Container] = []

    def one(*options: str, host_proc: bool = False, join: int = 0) -> Container:
        scratch = tmp_path / f"scratch-{len(started)}"
        scratch.mkdir()
        started.append(Container(scratch, home, *options, host_proc=host_proc, join=join))
        return started[-1]

    yield one
    for container in started:
        container.stop()


def beat(home: Path, at: float) -> None:
    """Let the gateway's heartbeat be of that moment."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))
    (home / "state/gateway.heartbeat").write_text(f'{{"pid": 7, "updated_at": "{stamp}"}}')


def test_what_the_container_may_do(start: Callable[..., Container], home: Path) -> None:
    """Neither the home nor the root can be written; state and /tmp can; it ends in order when told to."""
    container = start()

    for place in ("/opt/data/x", "/x", "/etc/x", "/opt/hermes-exporter/x"):
        assert "Read-only file system" in container.run("touch", place).stderr, place
    assert container.run("touch", "/state/x", "/tmp/x").returncode == 0
    scrape = container.scrape()
    assert set(scrape.values("hermes_exporter_collector_success")) == {1.0}
    assert scrape.value("hermes_exporter_memory_durable") == 1
    assert not (home / "x").exists()
    assert container.stop() == 0


@pytest.mark.parametrize("gateway", [False, True], indirect=True, ids=["on the host", "contained"])
def test_gateway_is_proved_through_the_hosts_proc(
    start: Callable[..., Container], gateway: Gateway, home: Path
) -> None:
    """With the host's /proc the lock proves a gateway wherever it runs; dead is dead, whatever its heartbeat."""
    beat(home, time.time())
    container = start("--path.procfs=/host/proc", host_proc=True)
    scrape = container.scrape()
    assert scrape.value("hermes_gateway_up") == 1
    assert scrape.one("hermes_gateway_proof", "proof") == "lock"
    assert scrape.value("hermes_gateway_open_fds") is not None

    gateway.kill()

    scrape = container.scrape()
    assert scrape.value("hermes_gateway_up") == 0
    assert scrape.one("hermes_gateway_proof", "proof") == "none"
    container.stop()
    later = start("--path.procfs=/host/proc", host_proc=True).scrape()
    assert later.one("hermes_gateway_proof", "proof") == ("none" if ON_A_HOST else "heartbeat")
    assert later.value("hermes_gateway_up") == (0 if ON_A_HOST else 1)


@pytest.mark.parametrize("gateway", [True], indirect=True)
def test_gateway_is_proved_in_a_shared_pid_namespace(start: Callable[..., Container], gateway: Gateway) -> None:
    """In the pid namespace of Hermes' container the lock proves it, too."""
    scrape = start(join=gateway.pid).scrape()

    assert scrape.value("hermes_gateway_up") == 1
    assert scrape.one("hermes_gateway_proof", "proof") == "lock"


@pytest.mark.usefixtures("gateway")
def test_heartbeat_decides_without_the_hosts_proc(start: Callable[..., Container], home: Path) -> None:
    """Where its processes cannot be seen, the heartbeat tells: fresh is alive, old is dead, none is unknown."""
    container = start()
    assert container.scrape().value("hermes_gateway_up") is None

    for age, up in ((0, 1), (600, 0)):
        beat(home, time.time() - age)
        scrape = container.scrape()
        assert scrape.value("hermes_gateway_up") == up
        assert scrape.one("hermes_gateway_proof", "proof") == "heartbeat"
