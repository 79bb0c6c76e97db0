"""The quick start's commands, in their order, on real parts: they end in an alert on a phone that listens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.ntfy import Ntfy, wait_push
from tests.lab.unpacked import BIN, Program
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = Path(__file__).parent.parent
PAGE = (REPO / "docs/quick-start.md").read_text()
STARTED_HERE = "the machine's service manager is not this test's to use: the test starts the same programs itself"
NOT_RUN_HERE = {
    "sudo apt install pipx": "the test has a pipx in an environment of its own",
    "hermes-exporter check": "the home of this test is empty; tests/real/test_check.py runs it",
    "hermes-exporter install": f"tests/real/test_install.py runs it; {STARTED_HERE}",
    "loginctl enable-linger": "would change the account of whoever runs the tests",
    "sudo apt install --no-install-recommends prometheus prometheus-alertmanager": "they are unpacked in .cache",
    "sudo systemctl disable --now prometheus prometheus-alertmanager": STARTED_HERE,
    "systemctl --user enable ~/hermes-stack/systemd/hermes-*.service": STARTED_HERE,
    "systemctl --user restart hermes-prometheus hermes-alertmanager": STARTED_HERE,
}
INSTALL = "pipx install hermes-exporter"
MAKE = "hermes-exporter stack init ~/hermes-stack --native --notify ntfy"
TRY = "hermes-exporter stack test-alert "

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def commands() -> list[str]:
    """Every command of the page, in order."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


class Machine:
    """A user with a home of their own, who is not root, and the commands that they type there."""

    def __init__(self, place: Path) -> None:
        """Make it below place, and the wheel that PyPI would give."""
        self.home, self.place = place / "home", place
        self.stack = self.home / "hermes-stack"
        (self.home / ".hermes").mkdir(parents=True)
        self.run(f"{sys.executable} -m venv {place}/tools && {place}/tools/bin/pip install --quiet pipx")
        self.run(f"{place}/tools/bin/pip wheel --quiet --no-deps --wheel-dir {place}/dist {REPO}")

    def run(self, command: str) -> str:
        """Run it, in bash; return what it prints, or fail with it."""
        ours = ("VIRTUAL_ENV", "PYTHON", "HERMES", "PIPX", "XDG")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        done = subprocess.run(
            ["unshare", "--user", "--map-user=1000", "--map-group=1000", "bash", "-euc", command],
            cwd=self.place,
            env={
                **inherited,
                "HOME": str(self.home),
                "PATH": f"{self.home}/.local/bin:{self.place}/tools/bin:{os.environ['PATH']}",
                "PIP_FIND_LINKS": str(self.place / "dist"),
                "PIPX_DEFAULT_PYTHON": sys.executable,
            },
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, str]:
    """The machine on which the page was followed up to the services, and the topic that was made."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.run(INSTALL)
    said = machine.run(MAKE)
    (topic,) = re.findall(r"^subscribe in the ntfy app to https://ntfy.sh/(\S+)$", said, re.MULTILINE)
    return machine, topic


def changed(machine: Machine, place: Path, name: str, old: str, new: str) -> Path:
    """A configuration file, its neighbours beside it, with one address that is the test's own."""
    copy = shutil.copytree((machine.stack / name).parent, place / "changed") / Path(name).name
    copy.write_text(copy.read_text().replace(old, new))
    return copy


@pytest.fixture
def ntfy(tmp_path: Path) -> Iterator[Ntfy]:
    """The ntfy server that the app is subscribed to."""
    server = Ntfy(tmp_path, writable="hermes-*")
    yield server
    server.stop()


@pytest.fixture
def alertmanager(followed: tuple[Machine, str], ntfy: Ntfy, tmp_path: Path) -> Iterator[str]:
    """Alertmanager with what the page made for it, its ntfy.sh on loopback; its address."""
    configuration = changed(followed[0], tmp_path, "alertmanager/alertmanager.yml", "https://ntfy.sh", ntfy.url)
    address = f"127.0.0.1:{free_port()}"
    program = Program(
        tmp_path, "prometheus-alertmanager", f"--config.file={configuration}", f"--storage.path={tmp_path}/data",
        f"--web.listen-address={address}", "--cluster.listen-address=",
    )  # fmt: skip
    program.wait_ready(f"http://{address}/-/ready")
    yield f"http://{address}"
    program.stop()


def test_every_command_is_run_or_has_a_reason() -> None:
    """No command of the page escapes, and no reason is left over."""
    (tried,) = [command for command in commands() if command.startswith(TRY)]

    assert sorted(commands()) == sorted([*NOT_RUN_HERE, INSTALL, MAKE, tried])


def test_configuration_is_what_the_programs_take(followed: tuple[Machine, str]) -> None:
    """Prometheus and Alertmanager of Debian find no fault with it."""
    machine, topic = followed

    assert re.fullmatch(r"hermes-[0-9a-f]{16}", topic)
    machine.run(f"{BIN}/promtool check config {machine.stack}/prometheus/prometheus.yml")
    machine.run(f"{BIN}/amtool check-config {machine.stack}/alertmanager/alertmanager.yml")


def test_units_are_those_that_the_page_starts(followed: tuple[Machine, str]) -> None:
    """The names that it gives to systemctl are those of the files that were made."""
    (restart,) = [command for command in NOT_RUN_HERE if "--user restart" in command]

    made = sorted(path.stem for path in (followed[0].stack / "systemd").glob("hermes-*.service"))

    assert made == sorted(restart.split()[3:])


def test_phone_rings(followed: tuple[Machine, str], ntfy: Ntfy, alertmanager: str) -> None:
    """The test alert arrives on the topic, loudly, and the command says that the service took it."""
    machine, topic = followed
    phone = ntfy.subscribe(topic)
    (tried,) = [command for command in commands() if command.startswith(TRY)]

    said = machine.run(f"{tried} --yes --alertmanager.url={alertmanager}")

    assert "the service took it" in said
    assert wait_push(phone, "FIRING", 30)["priority"] == 5


def test_prometheus_sees_the_exporter(followed: tuple[Machine, str], tmp_path: Path) -> None:
    """Prometheus with what the page wrote scrapes the installed exporter, and has its rules."""
    machine, _topic = followed
    exporter, prometheus = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    configuration = changed(machine, tmp_path, "prometheus/prometheus.yml", "127.0.0.1:19119", exporter)
    serving = subprocess.Popen(
        [machine.home / ".local/bin/hermes-exporter", "serve", f"--web.listen-address={exporter}"],
        env={"HOME": str(machine.home), "PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    program = Program(
        tmp_path, "prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={tmp_path}/tsdb",
        f"--web.listen-address={prometheus}",
    )  # fmt: skip
    try:
        program.wait_ready(f"http://{prometheus}/-/ready")

        def up() -> bool:
            url = f"http://{prometheus}/api/v1/query?query=up%7Bjob%3D%22hermes%22%7D%3D%3D1"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return b'"instance"' in answer.read()

        until(up, 60, "Prometheus has scraped the exporter")
        with urllib.request.urlopen(f"http://{prometheus}/api/v1/rules", timeout=10) as answer:
            assert b"HermesGatewayDead" in answer.read()
    finally:
        program.stop()
        serving.terminate()
        serving.wait(20)
