"""A process that logs at full speed, as a process of a Hermes profile does.

    python -m tests.logs.writer PATH NAME RECORDS MAX_BYTES LOCK PROGRESS

LOCK and PROGRESS are ``-`` or paths. With LOCK, the files are rotated under a lock, so that two processes do not
rotate each other's away; where nothing is rotated (MAX_BYTES 0) records are written under it. With PROGRESS, a
backup is removed only when somebody has read far beyond it and said so there. In the end it prints how many bytes
it wrote, the records that it could not write, and, with their bytes, those that it wrote so late that their file
had been removed.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import random
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tests.logs.log_directory import BACKUPS

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
PATIENCE_SECONDS = 60.0


class FollowingHandler(RotatingFileHandler):
    """Looks before each record whether the base is still its file, as Hermes' handler does.

    Attributes:
        failed: records that were not written.
        buried: whether the last one was written to a file that had no name any more.
    """

    def __init__(self, path: str, max_bytes: int) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=BACKUPS, encoding="utf-8")
        self.failed: list[str] = []
        self.buried = False

    def follow(self) -> None:
        """Open the base again if it is another file, or gone."""
        try:
            status = Path(self.baseFilename).stat()
            same = self.stream is not None and os.path.samestat(status, os.fstat(self.stream.fileno()))
        except FileNotFoundError:
            same = False
        if not same:
            if self.stream is not None:
                self.stream.close()
            self.stream = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        self.follow()
        super().emit(record)
        self.buried = self.stream is not None and not os.fstat(self.stream.fileno()).st_nlink

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Note a record that was not written: another process took the file away while it was rotated."""
        self.failed.append(record.getMessage())


class CarefulHandler(FollowingHandler):
    """Rotates only while nobody else does, and only if it still has to.

    The lock's file holds how many bytes were removed with the oldest backups.
    """

    def __init__(self, path: str, max_bytes: int, lock: str, progress: str | None) -> None:
        super().__init__(path, max_bytes)
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if self.maxBytes:
            super().emit(record)
            return
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        super().emit(record)
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def doRollover(self) -> None:  # noqa: N802
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self.follow()
            if self.stream.tell() >= self.maxBytes * 9 // 10:
                self._make_room()
                super().doRollover()
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _make_room(self) -> None:
        removed = int(os.pread(self._lock, 20, 0) or 0)
        oldest, second = (_size(f"{self.baseFilename}.{number}") for number in (BACKUPS, BACKUPS - 1))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._progress and oldest and _number(self._progress) < removed + oldest + second:
            if time.monotonic() > deadline:
                raise TimeoutError("nobody reads")
            time.sleep(0.0002)
        os.pwrite(self._lock, b"%020d" % (removed + oldest), 0)


def _size(path: str) -> int:
    return Path(path).stat().st_size if Path(path).exists() else 0


def _number(path: str) -> int:
    return int(Path(path).read_bytes() or 0)


def main(path: str, name: str, records: str, max_bytes: str, lock: str, progress: str) -> None:
    """Write the records; print what was written."""
    logging.raiseExceptions = False
    handler = (
        FollowingHandler(path, int(max_bytes))
        if lock == "-"
        else CarefulHandler(path, int(max_bytes), lock, None if progress == "-" else progress)
    )
    handler.setFormatter(logging.Formatter(FORMAT))
    logger, dice, written = logging.getLogger(name), random.Random(name), 0
    buried: dict[str, int] = {}
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    for number in range(int(records)):
        text = f"{name}-{number:06d} " + "é" * dice.randrange(100)
        failures = len(handler.failed)
        logger.info("%s", text)
        if len(handler.failed) == failures:
            size = len(f"2026-11-22 06:47:14,312 INFO {name}: {text}\n".encode())
            written += size
            if handler.buried:
                buried[text.split()[0]] = size
    failed = [text.split()[0] for text in handler.failed]
    print(json.dumps({"written": written, "failed": failed, "buried": buried}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
