"""What the tests on real parts share: one throw-away machine for all of them, a clean state for each."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.lab.exporter import Exporter
from tests.lab.hermes_home import HermesHome
from tests.lab.stubs import Messenger, Provider, Receiver
from tests.lab.user_systemd import REPO, UserSystemd

if TYPE_CHECKING:
    from collections.abc import Iterator


class StartExporter(Protocol):
    """Starts `hermes-exporter serve` with these options as that user."""

    def __call__(self, *options: str, user: str = "hermes") -> Exporter:
        """Return it once it listens."""


@pytest.fixture(scope="session")
def machine() -> Iterator[UserSystemd]:
    """A real systemd with its user manager; 127.0.0.1 is the host's."""
    if os.geteuid() != 0:
        pytest.fail("the real systemd runs in namespaces that only root may make: run these tests as root")
    for made in ("debs/contents", "hermes-0.19.0/contents"):
        if not (REPO / ".cache" / made).exists():
            pytest.fail(f".cache/{made} is missing: run tests/lab/setup.sh")
    machine = UserSystemd(Path(tempfile.mkdtemp(prefix="hus-")))
    machine.start()
    yield machine
    machine.stop()


@pytest.fixture
def start_exporter(machine: UserSystemd, tmp_path: Path) -> Iterator[StartExporter]:
    """Start exporters that end with the test."""
    running: list[Exporter] = []

    def start(*options: str, user: str = "hermes") -> Exporter:
        running.append(Exporter(machine, tmp_path / f"exporter-{len(running)}.log", *options, user=user))
        return running[-1]

    yield start
    for exporter in running:
        if exporter.process.poll() is None:
            exporter.stop()


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """The model provider of every gateway."""
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="session")
def messenger() -> Iterator[Messenger]:
    """The messenger of every gateway."""
    with Messenger() as messenger:
        yield messenger


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Whatever takes JSON."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def hermes(machine: UserSystemd, provider: Provider, messenger: Messenger, tmp_path: Path) -> Iterator[HermesHome]:
    """A real Hermes home with the profiles default and coder, nothing started, no units."""
    home = HermesHome(machine, provider, messenger, tmp_path)
    home.add("coder")
    yield home
    home.remove()
