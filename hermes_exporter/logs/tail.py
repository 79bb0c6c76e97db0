"""Following one of Hermes' logs, agent.log or errors.log, through all that may happen to it between two looks.

Several processes append to it and rotate it (base to .1 to .2 ...). Others cut it (copytruncate), rename it,
remove it. A file is known by its first bytes, not by its name, and hardly by its inode: the base that follows a
removed backup often gets the backup's number. No descriptor is kept, which would keep a removed log on the
user's disk.

**What is counted as lost**: what was known to be unread, and is gone. That is the part of the cursor's file
between the cursor's offset and the file's size when it was last seen. Bytes that were appended and removed
between two looks were never seen, nor were files that came and went: they are in no count. Nothing is read twice,
but what is left of a log that somebody cuts to fewer bytes than it is recognised by.

**What stays behind**: the last record of the base, as long as it may go on, and a line without its end. A file
that was rotated away is read to its very end, and looked at again with every later change of the base while it
exists: a writer may have opened it just before it was renamed, and write just after it was read.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from hermes_exporter.logs.cursor import Cursor, Mark
from hermes_exporter.logs.files import look
from hermes_exporter.logs.places import places
from hermes_exporter.sources.artefact import settled, signature
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from hermes_exporter.logs.files import LogFile
    from hermes_exporter.logs.places import Places
    from hermes_exporter.sources.artefact import Signature

BUDGET_BYTES = 1 << 20
"""At most this much is taken by one reading unless told otherwise."""


class Boundary(Protocol):
    """Says how many leading bytes may be taken now: whole records, and the last one only where it has ended."""

    def __call__(self, data: bytes, *, quiet: bool) -> int:
        """Return the number; ``quiet``: nobody has written for a while."""


class Portion(Value):
    """What one reading took.

    Attributes:
        data: whole records to scan, in the order they were written, ending with a newline. Where a file ended
            without one, it is put in. Of a line longer than a budget the first part is in it, the rest left out.
        cursor: where the next reading goes on; None only while there is no file and none was known.
        read_bytes: how far the cursor moved on.
        lost_bytes: how much was known to be unread, and is gone.
        broken: more may have gone that nobody saw: the file that the cursor stood in is gone, or was emptied.
        behind: there is more than the budget allowed: the next reading has something to take at once.
        ended_at: when the base was last written to, Unix seconds, where all of it has been read and nobody has
            written to it for a while; else None. The last stamp in it was written then.
    """

    data: bytes
    cursor: Cursor | None
    read_bytes: int = 0
    lost_bytes: int = 0
    broken: bool = False
    behind: bool = False
    ended_at: float | None = None


class LogTail:
    """Reads one log from a cursor on. All that it keeps spares it looking at what has not changed."""

    def __init__(self, path: str, boundary: Boundary) -> None:
        self.path = path
        self._boundary = boundary
        self._directory = os.path.dirname(path)  # noqa: PTH120  # one of very many
        self._nothing_new: tuple[str, Signature, Portion] | None = None
        self._unchanged: dict[Signature, Mark] = {}

    def read(self, cursor: Cursor | None, budget: int = BUDGET_BYTES) -> Portion:
        """Return what follows the cursor, at most ``budget`` bytes of it, or raise SourceError.

        Without a cursor, reading starts at the oldest backup. For a moment it holds twice the budget.
        """
        if (same := self._same(cursor)) is not None:
            return same
        now = time.time()
        passed = cursor.passed if cursor else ()
        unchanged = {sign: mark for sign, mark in self._unchanged.items() if mark in passed}
        above = None if cursor else _sign(self._directory)
        with ExitStack() as stack:
            files, refusals = look(self.path, unchanged, stack)
            where = places(cursor, files, refusals)
            portion = self._read(where, cursor, budget, now)
        self._keep(files, portion, now, above)
        return portion

    def _same(self, cursor: Cursor | None) -> Portion | None:
        if self._nothing_new is None:
            return None
        path, sign, portion = self._nothing_new
        return portion if portion.cursor == cursor and _sign(path) == sign else None

    def _read(self, where: Places, cursor: Cursor | None, budget: int, now: float) -> Portion:
        if not where.starts:
            return Portion(b"", cursor)
        pieces, marks, taken, behind, ended_at = [], [], 0, False, None
        for index, (file, start) in enumerate(where.starts):
            if behind and index > where.current:
                break
            piece, size, more = self._piece(file, start, 0 if behind else budget - taken, whole=not taken, now=now)
            pieces.append(piece)
            marks.append(file.mark(start + size))
            taken += size
            behind = behind or more
            if not file.number and not behind and file.quiet(now) and 0 < start + size == file.size:
                ended_at = file.modified_at
        return Portion(
            data=b"".join(pieces),
            cursor=_cursor(where, marks, cursor),
            read_bytes=taken,
            lost_bytes=where.lost_bytes,
            broken=where.broken,
            behind=behind,
            ended_at=ended_at,
        )

    def _piece(
        self, file: LogFile, start: int, budget: int, *, whole: bool, now: float
    ) -> tuple[bytes, int, bool]:
        """Return what to scan, how many bytes were taken, and whether there is more that could be.

        ``whole``: nothing has been taken of the budget, so what does not fit into it never will.
        """
        if file.size <= start:
            return b"", 0, False
        data = file.read(start, min(file.size - start, budget))
        if data is None:
            return b"", 0, True
        more = start + len(data) < file.size
        rest_of_line = (data.find(b"\n") + 1 or len(data)) if file.continues_line(start) else 0
        body = data[rest_of_line:] if rest_of_line else data
        if file.number and not more:
            size = len(body)
        else:
            size = self._boundary(body, quiet=not more and file.quiet(now))
            if not rest_of_line + size and more and whole:
                size = body.rfind(b"\n") + 1 or len(body)
        body = body[:size]
        return body + b"\n" if body and not body.endswith(b"\n") else body, rest_of_line + size, more

    def _keep(self, files: list[LogFile], portion: Portion, now: float, above: Signature | None) -> None:
        cursor, base = portion.cursor, files[0] if files and not files[0].number else None
        passed = cursor.passed if cursor else ()
        marks = {(mark.device, mark.inode): mark for mark in passed}
        self._unchanged = {
            file.sign: marks[file.inode]
            for file in files
            if file.inode in marks and file.settled(now) and marks[file.inode].offset >= file.size
        }
        self._nothing_new = None
        if base is not None and base.settled(now) and base.quiet(now) and not portion.behind:
            self._nothing_new = self.path, base.sign, Portion(b"", cursor, ended_at=portion.ended_at)
        elif not files and above is not None and settled(above):
            self._nothing_new = self._directory, above, Portion(b"", cursor)


def _sign(path: str) -> Signature | None:
    try:
        return signature(os.stat(path))  # noqa: PTH116
    except OSError:
        return None


def _cursor(where: Places, marks: list[Mark], before: Cursor | None) -> Cursor | None:
    """Return the cursor behind what was read; it stays in a file that is gone where no newer one came."""
    if len(marks) <= where.current:
        return replace(before, passed=tuple(marks)) if before else None
    *passed, newest = marks
    size = where.starts[len(passed)][0].size
    return Cursor(
        newest.device, newest.inode, newest.head, newest.head_size, newest.offset, size=size, passed=tuple(passed)
    )
