"""python -m tests.killed ROOT PROCFS STATE MARKS: exporters that are killed, a life for every line that is read.

Each life prints its pid, then gathers without a pause, and notes in MARKS a ``(`` when a gather begins, and what
it showed of the counters with a ``)`` when the answer is made.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hermes_exporter import store
from hermes_exporter.memory import Memory
from tests.homes import Home, Procfs
from tests.odd_homes import AT, BOOT
from tests.scraping import Scraper

REFUSED = 'hermes_auth_errors_total{name="nous",plane="provider",profile="default"}'
STARTS = 'hermes_gateway_starts_total{profile="default"}'


def live(home: Home, state: Path, marks: int) -> None:
    """Gather until killed, or until nobody waits for that any more."""
    mother = os.getppid()
    scraper = Scraper(home, memory=Memory(store.open_to_write(state)))
    while os.getppid() == mother:
        os.write(marks, b"(")
        series = scraper.scrape()
        os.write(marks, f"{series.get(REFUSED, 0):.0f} {series[STARTS]:.0f})".encode())


def main() -> None:
    """Give birth for every line, and wait for the death."""
    root, procfs, state, marks = map(Path, sys.argv[1:])
    home = Home(root, Procfs.__new__(Procfs), AT)
    object.__setattr__(home.procfs, "root", procfs)
    object.__setattr__(home.procfs, "boot", BOOT)
    descriptor = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _line in sys.stdin:
        pid = os.fork()
        if not pid:
            live(home, state, descriptor)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
