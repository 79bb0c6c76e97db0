"""The exporter as the Dockerfile runs it, in namespaces of its own: without a container runtime."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.lab.exporter import Scrape
from tests.lab.user_systemd import REPO, VISIBLE
from tests.lab.waiting import until

SCRIPT = Path(__file__).with_name("container.sh")
DOCKERFILE = (REPO / "Dockerfile").read_text().replace("\\\n", "")


def instruction(name: str) -> str:
    """The arguments of an instruction that stands once in the last stage of the Dockerfile."""
    (found,) = re.findall(rf"^{name} (.*)$", DOCKERFILE.rpartition("\nFROM ")[2], re.MULTILINE)
    return str(found)


ENVIRONMENT = dict(re.findall(r"(\w+)=(\S+)", instruction("ENV")))
HEALTHCHECK: list[str] = json.loads(instruction("HEALTHCHECK").partition(" CMD ")[2])
ENTRYPOINT: list[str] = json.loads(instruction("ENTRYPOINT"))
COMMAND: list[str] = json.loads(instruction("CMD"))
UID = int(instruction("USER").partition(":")[0])


class Container:
    """One container with a Hermes home; it runs until it is stopped."""

    def __init__(self, scratch: Path, home: Path, *options: str, host_proc: bool = False, join: int = 0) -> None:
        """Start what the Dockerfile says, options after its CMD, and wait until its HEALTHCHECK is content."""
        self._log = scratch / "container.log"
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": str(REPO),
            "TMPDIR": str(scratch),
            "SHOW": ":".join(map(str, VISIBLE)),
            "VENV": str(REPO / ".venv"),
            "HOST_PROC": "1" if host_proc else "",
            "JOIN": str(join or ""),
        } | ENVIRONMENT
        with self._log.open("ab") as log:
            self._outermost = subprocess.Popen(
                ["bash", str(SCRIPT), str(UID), str(home), "env", "TMPDIR=/tmp", *ENTRYPOINT, *COMMAND, *options],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        until(self._healthy, 30, self._log.read_text)

    @property
    def pid(self) -> int:
        """The exporter, as this machine knows it."""
        pid = self._outermost.pid
        while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pid = int(children[0])
        return pid

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside as the exporter's user, without any more rights than that."""
        enter = ("nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", "--wdns=/")
        as_user = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--bounding-set=-all")
        return subprocess.run(
            [*enter, *as_user, *command],
            env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    def scrape(self) -> Scrape:
        """What it answers on its own loopback."""
        address = (
            f"http://127.0.0.1:{ENVIRONMENT['HERMES_EXPORTER_WEB_LISTEN_ADDRESS'].rpartition(':')[2]}/metrics"
        )
        get = f"import urllib.request as r; print(r.urlopen({address!r}, timeout=20).read().decode())"
        done = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--net", sys.executable, "-c", get],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr + self._log.read_text())
        return Scrape(done.stdout)

    def stop(self) -> int:
        """End it as a container runtime does, and return the exporter's exit status."""
        if self._outermost.poll() is None:
            os.kill(self.pid, 15)
        return self._outermost.wait(20)

    def _healthy(self) -> bool:
        if self._outermost.poll() is not None:
            raise AssertionError(self._log.read_text())
        try:
            return self.run(*HEALTHCHECK).returncode == 0
        except OSError:
            return False
