"""The files that a log consists of just now: the base, ``agent.log``, and its backups, ``.1`` the youngest.

Several processes write and rotate at the same time, so the names move while they are looked at: always upwards,
``.2`` to ``.3``, then ``.1`` to ``.2``, then the base to ``.1``. Looked at upwards as well, no file slips
through. The size of a newer file is taken before that of an older one: whoever wrote to the newer, within its
size, had done with the older, within its. Read up to these sizes and oldest first, the records of each writer
come in their order.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.logs.cursor import HEAD_BYTES, Mark, digest
from hermes_exporter.sources.artefact import SETTLED_SECONDS, SourceError, opened, refused, signature
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from hermes_exporter.sources.artefact import Signature

BACKUPS = 9
"""Names that are looked for: Hermes keeps 3 backups unless told otherwise (``logging.backup_count``)."""
ATTEMPTS = 20
"""So often it is looked again while the files are being rotated."""
QUIET_SECONDS = 1.0
"""A record is written at once: after so long, nothing more is appended to the last one."""


class LogFile(Value):
    """A file as it was when looked at; it may have grown, been renamed or removed since.

    Attributes:
        path: the name it had.
        number: of the backup, 0 for the base.
        sign: of its stat.
        modified_at: Unix seconds.
        descriptor: open as long as the look lasts, but for a file that is as it was when it was read to its end.
        head: its first bytes, at most HEAD_BYTES.
        unchanged: where it had been read to, if there is no descriptor.
    """

    path: str
    number: int
    sign: Signature
    modified_at: float
    descriptor: int = -1
    head: bytes = b""
    unchanged: Mark | None = None

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode."""
        return self.sign[:2]

    @property
    def size(self) -> int:
        """Bytes when it was looked at."""
        return self.sign[2]

    def quiet(self, now: float) -> bool:
        """Whether nobody has written to it for a while; a time far ahead is none to wait for."""
        return not -FUTURE_TOLERANCE_SECONDS < now - self.modified_at < QUIET_SECONDS

    def settled(self, now: float) -> bool:
        """Whether its signature tells the next change, which is no longer within the same tick."""
        return now - self.sign[-1] / 1e9 > SETTLED_SECONDS

    def holds(self, mark: Mark) -> bool:
        """Whether the mark is a place in this file; nothing is known of one that was empty."""
        if self.unchanged is not None:
            return self.unchanged == mark
        return 0 < mark.head_size <= len(self.head) and digest(self.head[: mark.head_size]) == mark.head

    def mark(self, offset: int) -> Mark:
        """Return a place in this file."""
        return self.unchanged or Mark(*self.inode, digest(self.head), len(self.head), offset)

    def read(self, offset: int, size: int) -> bytes | None:
        """Return what stands there, None where the content was exchanged meanwhile, or raise SourceError."""
        data = self._pread(size, offset)
        if offset:
            return data if self._pread(len(self.head), 0) == self.head else None
        return data if data[: len(self.head)] == self.head[:size] else None

    def continues_line(self, offset: int) -> bool:
        """Whether the offset lies within a line, behind its beginning."""
        return offset > 0 and self._pread(1, offset - 1) != b"\n"

    def _pread(self, size: int, offset: int) -> bytes:
        try:
            return os.pread(self.descriptor, size, offset)
        except OSError as error:
            raise refused(self.path, error) from error


def look(
    base: str, unchanged: Mapping[Signature, Mark], stack: ExitStack
) -> tuple[list[LogFile], dict[int, SourceError]]:
    """Return the files, newest first, and the backups that were refused, by number; raise for a refused base.

    They are open until the stack is closed, except for those whose signature is among the ``unchanged``. What was
    rotated meanwhile is looked at again: a file that was removed after it was seen has no place in the order.
    What is not a file has no content, and as a backup is none.
    """
    for _attempt in range(ATTEMPTS):
        stack.close()
        files, refusals = _look(base, unchanged, stack)
        first = files[0].inode if files and not files[0].number else None
        if first == _inode(base):
            break
    return files, refusals


def _look(
    base: str, unchanged: Mapping[Signature, Mark], stack: ExitStack
) -> tuple[list[LogFile], dict[int, SourceError]]:
    files, refusals = {}, {}
    for number in range(BACKUPS + 1):
        path = f"{base}.{number}" if number else base
        try:
            file = _open(path, number, unchanged, stack)
        except SourceError as error:
            if not number:
                raise
            refusals[number] = error
            continue
        if file is not None:
            files[file.inode] = file
    return sorted(files.values(), key=lambda file: file.number), refusals


def _inode(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open(path: str, number: int, unchanged: Mapping[Signature, Mark], stack: ExitStack) -> LogFile | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # a Path for each name costs more than its stat
        if not stat.S_ISREG(status.st_mode):
            if number:
                return None
            raise SourceError(Path(path), "is not a file", denied=True)
        if (mark := unchanged.get(signature(status))) is not None:
            return LogFile(path, number, signature(status), status.st_mtime, unchanged=mark)
        descriptor = opened(path)
        stack.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(Path(path), "was replaced by something that is not a file", denied=True)
        head = os.pread(descriptor, min(HEAD_BYTES, status.st_size), 0)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refused(path, error) from error
    return LogFile(path, number, signature(status), status.st_mtime, descriptor, head)
