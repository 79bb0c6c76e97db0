"""Plays a gateway: a process of its own that holds the lock of a profile, and does nothing else."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def play(lock_file: str) -> None:
    """Hold the lock until a signal ends it; it dies with its parent, even while it is stopped."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(sys.stdout.fileno(), b"held\n")
    while True:
        signal.pause()


if __name__ == "__main__":
    play(sys.argv[1])
