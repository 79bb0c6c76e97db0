"""What every test may use."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.homes import HOST_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    parser.addoption("--update-golden", action="store_true", help="write golden/*.prom anew instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the golden files are written anew."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session", autouse=True)
def _memory_of_shared_exporters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor does what several tests share, which is made before the single test is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("shared-state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _zone_of_the_host() -> Iterator[None]:
    """The made-up homes are a host's in UTC, wherever the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", HOST_ZONE)
        yield


@pytest.fixture(autouse=True)
def _own_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test remembers what another one saw, nor writes where the user's own exporter does."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter, which pytest's own are not."""
    directory = Path(tempfile.mkdtemp(prefix="hermes-exporter-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)
