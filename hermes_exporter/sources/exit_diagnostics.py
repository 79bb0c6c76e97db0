"""logs/gateway-exit-diag.log: JSON lines of every start and every orderly end of a gateway, from its own hooks.

A ``gateway.start`` that is never followed by an end of the same pid died without running any exit path: killed,
out of memory, power lost. The file is never rotated and grows without bound, so it is followed, not read; one that
was cut or replaced is read from its start, but for what it told before.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from hermes_exporter.sources.artefact import SourceError, opened, refused
from hermes_exporter.times import unix_seconds
from hermes_exporter.values import Mutable, field

FILENAME = "logs/gateway-exit-diag.log"
ENDS = frozenset(
    {
        "asyncio.run.returned",
        "asyncio.run.SystemExit",
        "asyncio.run.exception",
        "asyncio.run.KeyboardInterrupt",
        "gateway.exit_nonzero",
        "gateway.exit_clean",
        "atexit.hook",
    }
)
"""Tags that a process writes on its way out; one of them is enough."""
HISTORY_BYTES = 64 << 10
"""How far back the first reading goes to find the start of the gateway that runs now."""
_ABSENT = (0, 0)
STEP_BYTES = 4 << 20
"""At most this much is read at once; the rest follows with the next reading."""


class ExitDiagnostics(Mutable):
    """Follows one file and keeps which starts have not ended yet.

    Attributes:
        open: pid (in the writer's pid namespace) and time of each start without an end, Unix seconds.
        unclean: starts that died without an end since the first reading; history is not counted.
    """

    open: dict[int, float] = field(default_factory=dict)
    unclean: int = 0
    _history: bool = True
    _identity: tuple[int, int] | None = None
    offset: int = 0
    _newest: float = 0.0
    _changed_at: float = 0.0
    _told_until: float = 0.0
    _behind: bool = False
    _rest: bytes = b""

    @property
    def behind(self) -> bool:
        """Whether there is more to read than one reading takes."""
        return self._behind

    @property
    def kept(self) -> bool:
        """Whether the gateway keeps such a log at all."""
        return self._identity not in (None, _ABSENT)

    def knows(self, path: str) -> bool:
        """Whether this is the file that was followed so far, wherever it lay then."""
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            return False
        return self._identity == (status.st_dev, status.st_ino)

    def follow(self, path: str) -> int:
        """Read what is new; return how many lines could not be understood, or raise SourceError."""
        first = self._history = self._identity is None
        try:
            status = os.stat(path)  # noqa: PTH116  # one of very many
        except (FileNotFoundError, NotADirectoryError):
            self._identity = self._identity or _ABSENT
            return 0
        except OSError as error:
            raise refused(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(Path(path), "is not a file", denied=True)
        if self._identity != (status.st_dev, status.st_ino) or status.st_size < self.offset:
            self._told_until = min(self._newest, self._changed_at)
            self._rest, self.offset = b"", max(0, status.st_size - HISTORY_BYTES) if first else 0
        lines = self._new_lines(path) if status.st_size > self.offset else []
        self._behind = status.st_size > self.offset
        self._identity, self._changed_at = (status.st_dev, status.st_ino), status.st_mtime
        bad = self._take(lines)
        if not first:
            return bad
        self.open = dict(list(self.open.items())[-1:])
        self.unclean = 0
        return 0

    def died(self, pid: int) -> None:
        """Close the start of ``pid``, whose process is gone without an end, and count it."""
        if self.open.pop(pid, None) is not None and not self._history:
            self.unclean += 1

    def _new_lines(self, path: str) -> list[bytes]:
        try:
            descriptor = opened(path)
        except OSError as error:
            raise refused(path, error) from error
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            data = os.pread(file.fileno(), STEP_BYTES, self.offset)
        self.offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > STEP_BYTES:
            self._rest = b""
        return lines

    def _take(self, lines: list[bytes]) -> int:
        bad = 0
        for line in lines:
            if not line.strip():
                continue
            try:
                entry = msgspec.json.decode(line, type=_Entry)
                at = unix_seconds(entry.ts)
            except (msgspec.DecodeError, ValueError, RecursionError):
                bad += 1
                continue
            if at <= self._told_until:
                continue
            self._newest = max(self._newest, at)
            if entry.tag == "gateway.start":
                self.unclean += entry.pid in self.open
                self.open[entry.pid] = at
            elif entry.tag in ENDS:
                self.open.pop(entry.pid, None)
        return bad


class _Entry(msgspec.Struct):
    ts: str | float
    tag: str
    pid: int
