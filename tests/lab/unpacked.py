"""Programs of the Debian packages that are unpacked, not installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.user_systemd import REPO
from tests.lab.waiting import answers, until

TREE = REPO / ".cache/debs/x"
BIN = TREE / "usr/bin"
IN_OWN_USR_SHARE = Path(__file__).with_name("ns.sh")


class Program:
    """One of them, running, its output in <program>.log of a directory."""

    def __init__(self, directory: Path, program: str, *argv: str, cwd: str | None = None) -> None:
        """Start it in that directory, unless another one is named."""
        self._log = directory / f"{program}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", str(IN_OWN_USR_SHARE), str(TREE), str(BIN / program), *argv],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=cwd or directory,
            )  # fmt: skip

    def wait_ready(self, url: str) -> None:
        """Wait until it answers there."""
        until(lambda: answers(url), 30, lambda: f"{self._log.stem} ready:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
