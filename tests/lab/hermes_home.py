"""A home of a real Hermes inside, set up by Hermes' own commands as an operator would."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.stubs import MODEL
from tests.lab.user_systemd import REPO, UNIT_DIRS
from tests.lab.waiting import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from tests.lab.stubs import Messenger, Provider
    from tests.lab.user_systemd import Process, UserSystemd

VERSION = "0.19.0"
"""The one that is there wherever the tests run; others only for the slow ones."""

# Nothing of the lab leaves this machine: Hermes' own downloads (model data, tools) end at a closed loopback port.
OFFLINE = {
    "HERMES_DISABLE_LAZY_INSTALLS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}


def key_of(profile: str) -> str:
    """The credential by which the stub provider knows a profile."""
    return f"sk-fake-{profile}-0000"


class HermesHome:
    """~/.hermes of the user hermes, its virtual environment within, its profiles and their user units."""

    root = Path("/home/hermes/.hermes")
    venv = root / "hermes-agent/venv"

    def __init__(
        self,
        systemd: UserSystemd,
        provider: Provider,
        messenger: Messenger,
        logs: Path,
        version: str = VERSION,
    ) -> None:
        """Make the home and its profile `default`; output of hand-started gateways goes to logs."""
        self._packages = REPO / f".cache/hermes-{version}"
        self.systemd = systemd
        self._provider = provider
        self._messenger = messenger
        self._logs = logs
        systemd.systemctl("user", "set-environment", *(f"{k}={v}" for k, v in OFFLINE.items()))
        self._make_venv()
        self.configure("default")

    def _make_venv(self) -> None:
        """An environment of its own, whose interpreter can be taken away, over the packages of the cache."""
        self.systemd.exec(str(self._packages / "bin/python"), "-m", "venv", "--without-pip", str(self.venv))
        (libraries,) = self._packages.glob("lib/python3.*/site-packages")
        own = self.venv / libraries.relative_to(self._packages)
        self.systemd.exec("rmdir", str(own))
        self.systemd.exec("ln", "-s", str(libraries), str(own))
        script = (self._packages / "bin/hermes").read_text().partition("\n")[2]
        self.systemd.write(self.venv / "bin/hermes", f"#!{self.venv}/bin/python\n{script}", mode=0o755)

    def home(self, profile: str) -> Path:
        """The directory of a profile."""
        return self.root if profile == "default" else self.root / "profiles" / profile

    def unit(self, profile: str) -> str:
        """The name of its unit."""
        return "hermes-gateway.service" if profile == "default" else f"hermes-gateway-{profile}.service"

    def add(self, profile: str) -> None:
        """Create a named profile."""
        self.hermes("default", "profile", "create", profile, "--no-skills", "--description", f"Lab {profile}.")
        self.configure(profile)

    def configure(self, profile: str, environment: Mapping[str, str] | None = None, **more: object) -> None:
        """Write its config.yaml and .env: the stub provider, the stub messenger, and what else is wanted."""
        model = {
            "default": MODEL, "provider": "custom", "context_length": 128000,
            "base_url": f"http://127.0.0.1:{self._provider.port}/v1", "api_key": key_of(profile),
        }  # fmt: skip
        config = {
            "model": model,
            "logging": {"level": "INFO"},
            "security": {"allow_lazy_installs": False},
            "model_catalog": {"enabled": False},
            **more,
        }
        env = {
            "MATTERMOST_URL": f"http://127.0.0.1:{self._messenger.port}/{profile}",
            "MATTERMOST_TOKEN": f"faketoken{profile}0000000000",
            "MATTERMOST_ALLOWED_USERS": "operator00000000000000001",
            "MATTERMOST_HOME_CHANNEL": f"home{profile}channel0000000",
            **(environment or {}),
        }
        self.systemd.write(self.home(profile) / "config.yaml", yaml.safe_dump(config), mode=0o600)
        lines = "".join(f"{key}={value}\n" for key, value in env.items())
        self.systemd.write(self.home(profile) / ".env", lines, mode=0o600)

    def _command(self, profile: str, *argv: str) -> list[str]:
        flags = [] if profile == "default" else ["-p", profile]
        environment = [f"{key}={value}" for key, value in OFFLINE.items()]
        return ["env", *environment, str(self.venv / "bin/hermes"), *flags, *argv]

    def hermes(
        self, profile: str, *argv: str, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """One command of Hermes' CLI."""
        return self.systemd.exec(*self._command(profile, *argv), check=check, timeout=timeout)

    def spawn(self, profile: str, *argv: str) -> Process:
        """Start a command of Hermes' CLI and leave it running."""
        return self.systemd.spawn(
            "hermes", *self._command(profile, *argv), output=self._logs / f"cli-{profile}.out"
        )

    def install(self, profile: str) -> None:
        """Hermes' own `gateway install`: writes and enables the user unit, without starting it."""
        self.hermes(profile, "gateway", "install", "--force", "--no-start-now", "--start-on-login")

    def start(self, profile: str) -> int:
        """Start its unit; returns the pid of the gateway, inside, once it is ready."""
        self.systemd.systemctl("user", "start", self.unit(profile))
        return self.wait_running(profile)

    def run_by_hand(self, profile: str, *, parent: bool = False) -> Process:
        """`hermes gateway run` in somebody's terminal; with `parent`, below a process that never waits for it."""
        command = self._command(profile, "gateway", "run")
        if parent:
            command = ["sh", "-c", '"$@" & exec sleep infinity', "sh", *command]
        return self.systemd.spawn("hermes", *command, output=self._logs / f"gateway-{profile}.out")

    def start_by_hand(self, profile: str, *, parent: bool = False) -> Process:
        """The same, and wait until it is ready."""
        process = self.run_by_hand(profile, parent=parent)
        self.wait_running(profile, process)
        return process

    def wait_running(self, profile: str, process: Process | None = None, not_pid: int = 0) -> int:
        """Wait until a live process other than not_pid has written `running`; returns its pid inside."""

        def running() -> int | None:
            if process is not None and process.poll() is not None:
                raise AssertionError(f"gateway ended with {process.poll()}:\n{process.output}")
            state = self.state(profile)
            pid = int(state.get("pid", 0))
            if state.get("gateway_state") == "running" and pid != not_pid and self.alive(pid):
                return pid
            return None

        return until(running, 60, lambda: f"gateway of {profile} running: {self.state(profile)}")

    def alive(self, pid: int) -> bool:
        """Whether that pid of the inside is a process, and no zombie."""
        try:
            stat = self.systemd.path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        return re.sub(r".*\) ", "", stat)[0] not in "ZX"

    def state(self, profile: str) -> dict[str, Any]:
        """What gateway_state.json says; empty while there is none."""
        path = self.systemd.path(self.home(profile) / "gateway_state.json")
        try:
            state: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        return state

    def kill(self, pid: int, signal: str) -> None:
        """Send a signal to a pid of the inside."""
        self.systemd.exec("kill", f"-{signal}", str(pid))

    def remove(self) -> None:
        """Stop every gateway and delete the home with its units."""
        self.systemd.remove_units("user", "hermes-gateway*")
        self.systemd.exec("pkill", "-KILL", "-f", f"^{self.venv}/bin/python", check=False)
        self.systemd.root("rm", "-rf", str(self.root))
        self.systemd.path(UNIT_DIRS["user"]).mkdir(parents=True, exist_ok=True)
