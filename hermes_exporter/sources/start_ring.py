"""gateway-starts.log: the moments of the last 40 starts or so, whoever started the gateway.

One epoch time per line. A start that was refused (another gateway runs) or never reached Hermes' code (interpreter
gone) is not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.artefact import UnusableError
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "gateway-starts.log"
MAX_BYTES = 256 << 10


def parse(data: bytes, notes: Notes) -> tuple[float, ...]:
    """Return the recorded starts in Unix seconds, oldest first; unreadable lines are noted."""
    starts = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            starts.append(unix_seconds(float(line)))
        except ValueError:
            notes.fault(f"line {number}", "expected a time")
        else:
            notes.stamp(f"line {number}", starts[-1])
    if data.strip() and not starts:
        raise UnusableError("holds no time at all")
    return tuple(sorted(starts))
