"""python -m tests.benchmarks.log_reader DIR BYTES: read two logs as the exporter does, print what it counts."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter.logs.names import Names
from hermes_exporter.logs.records import boundary
from hermes_exporter.logs.scan import File, Scan, scan
from hermes_exporter.logs.tally import tally

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES: tuple[File, ...] = ("agent", "errors")
KINDS = {
    "platform_connected": "connected",
    "platform_fatal": "fatal",
    "provider_preflight_auth": "preflight",
    "provider_preflight_quota": "preflight",
}
ADAPTER = re.compile(r"hermes_plugins\.(\w+?)_platform|gateway\.platforms\.(\w+)")


def portions(path: str, size: int) -> Iterator[bytes]:
    """Read a log in pieces, tearing no record; what waits is read again with the next piece."""
    descriptor, position = os.open(path, os.O_RDONLY), 0
    while len(piece := os.pread(descriptor, size, position)) == size:
        end = boundary(piece, quiet=False)
        yield piece[:end]
        position += end
    yield piece
    os.close(descriptor)


def main(directory: str, size: int) -> None:
    """Read errors.log and agent.log to their ends; print the counts, and what that took without Python's start."""
    began, burnt = time.perf_counter(), time.process_time()
    counts = Counter[str]()
    events: list[str] = []

    def scans() -> Iterator[Scan]:
        for file in FILES:
            for portion in portions(f"{directory}/{file}.log", size):
                found = scan(portion, file)
                for provider, (count, _) in found.answered.items():
                    counts[f"answered|{provider}"] += count
                for (_, platform), (count, _) in found.delivered.items():
                    counts[f"delivered|{platform}"] += count
                events.extend(told(found))
                yield found

    total = tally(scans(), Names())
    counts.update(events)
    counts.update({"|".join(key): count for key, count in total.counts.items() if key[0] == "records"})
    took = {"wall": time.perf_counter() - began, "cpu": time.process_time() - burnt}
    sys.stdout.write(repr({"counts": dict(counts), "reading": took}))


def told(found: Scan) -> Iterator[str]:
    """What mtail's program counts of its events, too."""
    for event in found.events:
        kind, fields = event.kind, event.fields
        name = KINDS.get(kind)
        if name:
            yield f"{name}|{fields['platform'] if event.plane == 'platform' else event.logger}"
        elif kind == "provider_call_failed" and fields["attempt"] == "1":
            yield f"rejected|{fields.get('provider', 'none')}|{fields.get('status', 'none')}"
        elif kind == "provider_terminal":
            status = fields.get("status", "none")
            yield f"exhausted|{fields['provider']}|{status}" if "provider" in fields else f"terminal|{status}"
        elif kind == "cron_deliver_failed" and event.level == "ERROR":
            yield "delivery_failed"
        if event.level != "INFO":
            adapter = ADAPTER.match(event.logger)
            if adapter:
                yield f"adapter_error|{adapter[1] or adapter[2]}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
