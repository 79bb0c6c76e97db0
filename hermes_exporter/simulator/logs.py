"""The logs of a profile: agent.log, errors.log and gateway.log, in the host's wall-clock time, rotated by size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hermes_exporter.simulator.clock import Clock
    from hermes_exporter.simulator.disk import Disk

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
OF_GATEWAY = ("gateway", "hermes_plugins", "plugins.platforms")
MEBIBYTE = 1 << 20


class Line(NamedTuple):
    """One record to be logged; ``session`` is the tag that the lines of a run's agent carry."""

    level: str
    logger: str
    message: str
    session: str = ""


@dataclass
class _File:
    name: str
    max_bytes: int
    backups: int
    size: int = 0
    waiting: list[bytes] = field(default_factory=list)
    last: float = 0.0


class Logs:
    """The three logs of one profile.

    Attributes:
        level: the least that agent.log takes, and gateway.log; errors.log takes warnings whatever it is.
    """

    def __init__(self, disk: Disk, clock: Clock, level: str = "INFO") -> None:
        self.level = level
        self._disk, self._clock = disk, clock
        self._agent = _File("logs/agent.log", 5 * MEBIBYTE, 3)
        self._errors = _File("logs/errors.log", 2 * MEBIBYTE, 2)
        self._gateway = _File("logs/gateway.log", 5 * MEBIBYTE, 3)
        self._second = (-1, "")

    def write(self, at: float, line: Line) -> None:
        """Log a record at a moment; a message of several lines goes on without a prefix."""
        tag = f" [{line.session}]" if line.session else ""
        text = f"{self._stamp(at)} {line.level}{tag} {line.logger}: {line.message}\n"
        data = text.encode()
        weight = LEVELS[line.level]
        if weight >= LEVELS[self.level]:
            self._add(self._agent, data, at)
            if line.logger.startswith(OF_GATEWAY):
                self._add(self._gateway, data, at)
        if weight >= LEVELS["WARNING"]:
            self._add(self._errors, data, at)

    def flush(self) -> None:
        """Hand what was logged to the disk."""
        for file in (self._agent, self._errors, self._gateway):
            self._hand_on(file)

    def _stamp(self, at: float) -> str:
        second = int(at)
        if self._second[0] != second:
            self._second = (second, self._clock.log(second)[:-4])
        return f"{self._second[1]},{int(at * 1000) % 1000:03d}"

    def _add(self, file: _File, data: bytes, at: float) -> None:
        if file.size and file.size + len(data) >= file.max_bytes:
            self._hand_on(file)
            self._disk.rotate(file.name, file.backups)
            file.size = 0
        file.waiting.append(data)
        file.size += len(data)
        file.last = at

    def _hand_on(self, file: _File) -> None:
        if file.waiting:
            self._disk.append(file.name, b"".join(file.waiting), file.last)
            file.waiting.clear()
