"""gateway.pid and gateway.lock: which process said that it is this home's gateway.

Both hold the same JSON object (old versions: a bare number) and both may outlive the process. The lock file's
content proves nothing; who holds the lock is in /proc/locks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

PID_FILENAME = "gateway.pid"
LOCK_FILENAME = "gateway.lock"
MAX_BYTES = 64 << 10


class PidRecord(Value):
    """A process as it recorded itself.

    Attributes:
        pid: in the writer's pid namespace.
        start_ticks: start in clock ticks since boot; None in the old shape, which therefore identifies nothing.
    """

    pid: int
    start_ticks: int | None


def parse(data: bytes, notes: Notes) -> PidRecord | None:
    """Parse the file; None where it names no process (an empty lock file does not)."""
    text = data.strip()
    if not text:
        return None
    if text.isdigit() and len(text) < 12:
        return PidRecord(int(text), None)
    record = JsonObject.decode(data, notes)
    pid = record.integer("pid")
    return None if pid is None else PidRecord(pid, record.integer("start_time"))
