"""Which of the files that are there now is which of those that a cursor knows, and where to read on in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.logs.cursor import NEVER
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.logs.cursor import Cursor, Mark
    from hermes_exporter.logs.files import LogFile
    from hermes_exporter.sources.artefact import SourceError


class Places(Value):
    """Where to read, oldest file first.

    Attributes:
        starts: the files with the offset in each.
        current: index of the first that is not one of the passed; their number where there is none.
        lost_bytes: what was unread of the cursor's file when last seen, and is gone.
        broken: the cursor's file is gone or was emptied: nobody knows what else was in it, or after it.
    """

    starts: tuple[tuple[LogFile, int], ...]
    current: int
    lost_bytes: int
    broken: bool = False


def places(cursor: Cursor | None, files: Sequence[LogFile], refusals: dict[int, SourceError]) -> Places:
    """Return where to read; raise the SourceError of a backup that may hold what comes next.

    ``files`` come newest first. Without a cursor, reading starts at the oldest before which none is refused. The
    files that are newer than the cursor's are new; if that is gone, those newer than the newest passed one are.
    What is older, and was not there before, was put there by somebody else. A copy goes on where its original
    does: copytruncate makes one and empties the original.
    """
    if cursor is None:
        oldest = min(refusals, default=len(files) and files[-1].number)
        return Places(tuple((file, 0) for file in reversed(files) if file.number <= oldest), 0, 0)
    ordered = [*reversed(files)]
    found = _found((cursor, *reversed(cursor.passed)), files)
    current = next((index for index, file in enumerate(ordered) if found.get(file.number) is cursor), None)
    for number, refusal in refusals.items():
        if current is None or number < ordered[current].number:
            raise refusal
    broken = current is None and cursor.head_size > 0
    if current is not None:
        lost = max(0, cursor.size - max(cursor.offset, ordered[current].size))
    else:
        current = max((index for index, file in enumerate(ordered) if file.number in found), default=-1) + 1
        lost = cursor.size - cursor.offset if current < len(ordered) else 0
    passed = [
        (file, _offset(file, found.get(file.number) or _empty(file, cursor), NEVER))
        for file in ordered[:current]
        if file.number in found or _original(file, cursor) is None
    ]
    further = [
        (file, _offset(file, found.get(file.number) or _original(file, cursor), 0)) for file in ordered[current:]
    ]
    return Places((*passed, *further), len(passed), lost, broken)


def _original(file: LogFile, cursor: Cursor) -> Mark | None:
    """Return the place in the file of which this may be a copy: they begin with the same bytes."""
    return next((mark for mark in (cursor, *cursor.passed) if file.holds(mark)), None)


def _empty(file: LogFile, cursor: Cursor) -> Mark | None:
    """Return the place in the file where it was empty when it was passed, and had nothing to be recognised by."""
    places_of_none = (mark for mark in cursor.passed if not mark.head_size)
    return next((mark for mark in places_of_none if (mark.device, mark.inode) == file.inode), None)


def _offset(file: LogFile, mark: Mark | None, otherwise: int) -> int:
    return otherwise if mark is None or mark.offset == NEVER else min(mark.offset, file.size)


def _found(marks: Sequence[Mark], files: Sequence[LogFile]) -> dict[int, Mark]:
    """Return which mark is a place in which file, by its number: the same inode first, then a copy."""
    found: dict[int, Mark] = {}
    for same_inode in (True, False):
        for mark in marks:
            if any(mark is other for other in found.values()):
                continue
            for file in files:
                if (
                    file.number not in found
                    and (file.inode == (mark.device, mark.inode)) == same_inode
                    and (same_inode or mark.offset <= file.size)
                    and file.holds(mark)
                ):
                    found[file.number] = mark
                    break
    return found
