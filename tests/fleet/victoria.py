"""VictoriaMetrics and vmalert in place of the Prometheus that is written to: the same rules, the same questions.

Both look back by flags of their own, which are divided as the rules' durations are.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.fleet.engines import FACTOR, LOOKBACK_SECONDS, Receiver, write_rules
from tests.lab.user_systemd import REPO
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    from pathlib import Path

BIN = REPO / ".cache/victoria/x/usr/bin"
LOOKBACK = f"{LOOKBACK_SECONDS / FACTOR:.0f}s"


class Victoria(Receiver):
    """VictoriaMetrics of a single node, judged over by vmalert."""

    def __init__(self, directory: Path) -> None:
        """Start both."""
        directory.mkdir()
        write_rules(directory)
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self._store = self._start(
            directory, "victoria-metrics", f"-httpListenAddr={address}", "-storageDataPath=data",
            "-search.latencyOffset=0s", "-search.disableCache", "-retentionPeriod=1d",
        )  # fmt: skip
        until(self._answers, 30, (directory / "victoria-metrics.log").read_text)
        self._rules = self._start(
            directory, "vmalert", f"-httpListenAddr=127.0.0.1:{free_port()}", "-rule=*.rules.yml",
            f"-datasource.url={self.url}", f"-remoteWrite.url={self.url}", f"-remoteRead.url={self.url}",
            "-notifier.blackhole", "-evaluationInterval=500ms", "-rule.evalDelay=0s", "-disableAlertgroupLabel",
            f"-datasource.queryStep={LOOKBACK}", "-remoteWrite.flushInterval=200ms",
        )  # fmt: skip

    def kill(self) -> None:
        """End both."""
        for process in (self._rules, self._store):
            process.kill()
            process.wait(10)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """An instant query's labels and values, looking back as far as vmalert does."""
        return self.ask(expression, step=LOOKBACK)

    def _answers(self) -> bool:
        try:
            self.query("vector(1)")
        except OSError:
            return False
        return True

    @staticmethod
    def _start(directory: Path, program: str, *options: str) -> subprocess.Popen[bytes]:
        with (directory / f"{program}.log").open("wb") as log:
            return subprocess.Popen(
                [BIN / program, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory
            )
