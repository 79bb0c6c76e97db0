"""Plays a gateway process: holds the lock it was started with, some threads and open files, and does nothing."""

from __future__ import annotations

import os
import signal
import threading

THREADS = 7
FILES = 30


def main() -> None:
    """Wait to be killed."""
    for _ in range(FILES):
        os.open(os.devnull, os.O_RDONLY)
    for _ in range(THREADS - 1):
        threading.Thread(target=signal.sigwait, args=([],), daemon=True).start()
    signal.pause()


if __name__ == "__main__":
    main()
