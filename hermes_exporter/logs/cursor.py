"""Where the reading of a log goes on: a plain value that finds its file again, whatever its name by then."""

from __future__ import annotations

from hashlib import blake2b

from hermes_exporter.values import Value

HEAD_BYTES = 256
"""A file is recognised by so many of its first bytes: a record's time stamp and text."""
NEVER = (1 << 63) - 1
"""The offset in a file that is not to be read, however much it grows: somebody else put it there."""


class Mark(Value):
    """A place in one file.

    Attributes:
        device: of the file when it was last seen; a hint only, since it may change with a boot.
        inode: likewise; a hint only, since the number of a removed file is given to a new one.
        head: hex digest of the file's first bytes, by which it is recognised.
        head_size: how many bytes the digest covers, fewer than HEAD_BYTES only while the file is shorter.
        offset: how many bytes of it were read, or NEVER.
    """

    device: int
    inode: int
    head: str
    head_size: int
    offset: int


class Cursor(Mark):
    """The place in the newest file that was read, and what is known of the others.

    Attributes:
        size: bytes of the file when it was last seen; what lies behind the offset is known to be unread.
        passed: the older files that are still there, oldest first, each read to its offset.
    """

    size: int
    passed: tuple[Mark, ...] = ()


def digest(head: bytes) -> str:
    """Return the hex digest of the first bytes of a file."""
    return blake2b(head, digest_size=16).hexdigest()
