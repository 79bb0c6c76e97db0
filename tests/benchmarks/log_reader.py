"""python -m tests.benchmarks.log_reader DIR BYTES: read two logs as the exporter does, print what it counts."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.logs.names import Names
from hermes_exporter.logs.records import boundary
from hermes_exporter.logs.scan import File, Scan, scan
from hermes_exporter.logs.tally import tally

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES: tuple[File, ...] = ("agent", "errors")


def portions(path: Path, size: int) -> Iterator[bytes]:
    """Read a log in pieces, tearing no record."""
    rest = b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(size):
            rest += piece
            end = boundary(rest, quiet=False)
            yield rest[:end]
            rest = rest[end:]
    yield rest


def main(directory: Path, size: int) -> None:
    """Read errors.log and agent.log to their ends."""
    counts = Counter[str]()

    def scans() -> Iterator[Scan]:
        for file in FILES:
            for portion in portions(directory / f"{file}.log", size):
                found = scan(portion, file)
                for provider, (count, _) in found.answered.items():
                    counts[f"answered|{provider}"] += count
                for (_, platform), (count, _) in found.delivered.items():
                    counts[f"delivered|{platform}"] += count
                counts.update(told(found))
                yield found

    total = tally(scans(), Names())
    counts.update({"|".join(key): count for key, count in total.counts.items() if key[0] == "records"})
    json.dump({"counts": counts}, sys.stdout)


def told(found: Scan) -> Iterator[str]:
    """What mtail's program counts of its events, too."""
    for event in found.events:
        if event.kind == "platform_connected":
            yield f"connected|{event.fields['platform']}"
        elif event.kind == "provider_call_failed" and event.fields["attempt"] == "1":
            yield f"rejected|{event.fields.get('provider', 'none')}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
