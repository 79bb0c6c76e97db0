"""A real systemd with a user manager inside, driven through user-systemd.sh."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

REPO = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("user-systemd.sh")
OWNERS = {"root": 0, "hermes": 6061, "nosy": 6062}
UNIT_DIRS = {"user": Path("/home/hermes/.config/systemd/user"), "system": Path("/etc/systemd/system")}

# What runs inside but lies on the host: the checkout, and an interpreter that may be below /root.
VISIBLE = [REPO] + [Path(prefix) for prefix in {sys.base_prefix} if not prefix.startswith("/usr")]

Scope = Literal["user", "system"]


class UserSystemd:
    """One throw-away machine: systemd as PID 1, logind, the lingering user hermes and its user manager."""

    def __init__(self, directory: Path, life: int = 5400, shown: list[Path] = VISIBLE) -> None:
        """Keep its state in directory; it is killed after `life` seconds whatever happens."""
        self.directory = directory
        self._environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HUS_DIR": str(directory),
            "HUS_SHOW": ":".join(map(str, shown)),
            "HUS_MAX": str(life),
        }
        self._init = 0

    def start(self) -> None:
        """Bring it up and wait for the user manager."""
        self._init = int(self._script("start", timeout=60).stdout)

    def stop(self) -> None:
        """Power off, and remove every trace of it on the host."""
        self._script("stop", timeout=60)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _script(self, *argv: str, timeout: float, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", str(SCRIPT), *argv],
            env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def run(
        self, user: str, *argv: str, timeout: float = 30, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside as the user and wait for it; one that hangs is ended from inside."""
        return self._script("as", user, "timeout", f"{timeout:g}", *argv, timeout=timeout + 10, check=check)

    def exec(self, *argv: str, timeout: float = 30, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside as hermes, on its own bus."""
        return self.run("hermes", *argv, timeout=timeout, check=check)

    def root(self, *argv: str, timeout: float = 30, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root."""
        return self.run("root", *argv, timeout=timeout, check=check)

    def spawn(self, user: str, *argv: str, output: Path, cwd: str = "/") -> Process:
        """Start a command inside as the user and leave it running, its output going to a file of the host."""
        with output.open("ab") as sink:
            wrapper = subprocess.Popen(
                ["bash", str(SCRIPT), "as", user, *argv],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, cwd=cwd,
            )  # fmt: skip
        return Process(wrapper, output)

    def path(self, inside: str | Path) -> Path:
        """Where the host finds a path of the inside."""
        return Path(f"/proc/{self._init}/root") / Path(inside).relative_to("/")

    def write(self, inside: str | Path, text: str, owner: str = "hermes", mode: int = 0o644) -> None:
        """Write a file inside; directories made for it belong to its owner too."""
        path, uid = self.path(inside), OWNERS[owner]
        missing = [p for p in (path.parent, *path.parent.parents) if not p.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        for made in (path, *missing):
            os.chown(made, uid, uid)

    def systemctl(self, scope: Scope, *argv: str, check: bool = True) -> str:
        """What systemctl of that manager prints."""
        if scope == "user":
            return self.exec("systemctl", "--user", *argv, check=check).stdout
        return self.root("systemctl", *argv, check=check).stdout

    def show(self, scope: Scope, unit: str, prop: str) -> str:
        """One property of a unit, in systemd's own words."""
        return self.systemctl(scope, "show", unit, "--property", prop, "--value").strip()

    def install_unit(self, scope: Scope, unit: str, text: str) -> None:
        """Write the unit file where an operator would, and let the manager read it."""
        self.write(UNIT_DIRS[scope] / unit, text, owner="hermes" if scope == "user" else "root")
        self.systemctl(scope, "daemon-reload")

    def remove_units(self, scope: Scope, pattern: str) -> None:
        """Stop and forget every unit whose name, without .service, fits the pattern."""
        directory = self.path(UNIT_DIRS[scope])
        names = [path.name for path in directory.glob(f"{pattern}.service")]
        if not names:
            return
        self.systemctl(scope, "kill", "--signal=KILL", "--kill-who=all", *names, check=False)
        self.systemctl(scope, "stop", *names, check=False)
        for dropins in directory.glob(f"{pattern}.service.d"):
            shutil.rmtree(dropins)
        for found in [*directory.glob(f"{pattern}.service"), *directory.glob(f"*.wants/{pattern}.service")]:
            found.unlink()
        self.systemctl(scope, "daemon-reload")
        self.systemctl(scope, "reset-failed", check=False)


class Process:
    """A process inside, seen from the host."""

    def __init__(self, wrapper: subprocess.Popen[bytes], output: Path) -> None:
        """The wrapper becomes nsenter, whose only child is the process."""
        self._wrapper = wrapper
        self._output = output

    @property
    def host_pid(self) -> int | None:
        """Its pid on the host; None while it has not been started yet, and once it is gone."""
        proc = Path(f"/proc/{self._wrapper.pid}")
        try:
            pids = (proc / f"task/{self._wrapper.pid}/children").read_text().split()
            entering = (proc / "comm").read_text() == "nsenter\n"
        except OSError:
            return None
        return int(pids[0]) if entering and pids else None

    @property
    def pid(self) -> int | None:
        """Its pid inside."""
        host = self.host_pid
        if host is None:
            return None
        for line in Path(f"/proc/{host}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
        return None

    @property
    def output(self) -> str:
        """Everything it has printed."""
        return self._output.read_text(errors="replace")

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._wrapper.poll()

    def wait(self, seconds: float) -> int:
        """Wait for its end."""
        return self._wrapper.wait(seconds)

    def signal(self, number: int) -> None:
        """Send it a signal; gone already is fine."""
        if (host := self.host_pid) is not None:
            os.kill(host, number)
