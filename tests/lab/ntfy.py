"""A real ntfy server on loopback that nobody may use without a token, and its subscribers."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.unpacked import BIN, Program
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from pathlib import Path


class Ntfy:
    """The server; `token` is the phone's. Only one topic, or those of a pattern, may be written without one."""

    def __init__(self, directory: Path, writable: str = "watchdog") -> None:
        """Start it, its files in directory."""
        self._directory = directory
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        server = {
            "listen-http": self.address,
            "base-url": self.url,
            "cache-file": str(directory / "ntfy-cache.db"),
            "auth-file": str(directory / "ntfy-auth.db"),
            "auth-default-access": "deny-all",
        }
        (directory / "server.yml").write_text(yaml.safe_dump(server))
        self._program = Program(directory, "ntfy", "serve", "--config", "server.yml")
        self._program.wait_ready(f"{self.url}/v1/health")
        self._admin("user", "add", "phone")
        self._admin("access", "phone", "*", "rw")
        self._admin("access", "everyone", writable, "write-only")
        found = re.search(r"tk_\w+", self._admin("token", "add", "phone"))
        assert found
        self.token = found[0]

    def stop(self) -> None:
        """End it."""
        self._program.stop()

    def _admin(self, *argv: str) -> str:
        """One administration command of ntfy."""
        environment = {
            "NTFY_CONFIG_FILE": str(self._directory / "server.yml"),
            "NTFY_PASSWORD": "a-password",
            "HOME": str(self._directory),
            "PATH": "/usr/bin:/bin",
        }
        done = subprocess.run(
            [BIN / "ntfy", *argv],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def subscribe(self, topic: str) -> list[dict[str, Any]]:
        """Follow a topic as the ntfy app does; the list grows by its messages."""
        received: list[dict[str, Any]] = []
        request = urllib.request.Request(
            f"{self.url}/{topic}/json", headers={"Authorization": f"Bearer {self.token}"}
        )
        stream = urllib.request.urlopen(request, timeout=300)

        def follow() -> None:
            with stream:
                for line in stream:
                    event = json.loads(line)
                    if event["event"] == "message":
                        received.append(event)

        threading.Thread(target=follow, daemon=True).start()
        return received


def wait_push(received: list[dict[str, Any]], text: str, patience: float) -> dict[str, Any]:
    """Wait for a push whose title has the text."""
    return until(
        lambda: next((push for push in received if text in push.get("title", "")), None),
        patience,
        lambda: f"a push with {text!r}; there are {[push.get('title') for push in received]}",
    )
