"""Runs the real command and knows its address, its log and its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse
    from pathlib import Path

DEADLINE_SECONDS = 20.0


def until(condition: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> object:
    """Return the first true value of ``condition``, or fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


@dataclass
class ExporterProcess:
    """``hermes-exporter serve``, or another command that serves, on a port of its own."""

    arguments: list[str]
    log_file: Path
    environment: dict[str, str] = field(default_factory=dict)
    address: str = ""
    command: str = "serve"

    def __enter__(self) -> ExporterProcess:
        command = [sys.executable, "-m", "hermes_exporter", self.command, *self.arguments]
        if not any("listen-address" in argument for argument in self.arguments):
            command += ["--web.listen-address", "127.0.0.1:0"]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, **self.environment})
        pattern = re.compile(r"msg=listening address=(\S+)")
        found = until(lambda: self.process.poll() is not None or pattern.search(self.log()), "listening")
        assert isinstance(found, re.Match), self.log()
        self.address = found[1].removesuffix("/metrics")
        return self

    def __exit__(self, *_details: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str = "/metrics", **headers: str) -> HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, headers=named)
        response: HTTPResponse = urllib.request.urlopen(request, timeout=15)
        return response

    def metrics(self) -> str:
        return self.get().read().decode()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)
