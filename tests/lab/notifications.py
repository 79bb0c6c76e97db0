"""What the kernel tells of a directory tree, by inotify."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = {
    0x1: "access",
    0x2: "modify",
    0x4: "attrib",
    0x8: "close_write",
    0x10: "close_nowrite",
    0x20: "open",
    0x40: "moved_from",
    0x80: "moved_to",
    0x100: "create",
    0x200: "delete",
    0x400: "delete_self",
    0x800: "move_self",
    0x4000: "overflow",
}
IN_ALL_EVENTS = 0xFFF
HEAD = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Watches every directory below a root as it was at the beginning, but for those of a name."""

    def __init__(self, root: Path, skip: str) -> None:
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for directory, names, _files in os.walk(root):
            if skip in names:
                names.remove(skip)
            if _libc.inotify_add_watch(self._descriptor, os.fsencode(directory), IN_ALL_EVENTS) < 0:
                raise OSError(ctypes.get_errno(), f"inotify_add_watch {directory}")

    def seen(self) -> set[str]:
        """The kinds of events so far; ends the watch."""
        kinds = 0
        with os.fdopen(self._descriptor, "rb", buffering=0) as file:
            while data := file.read(1 << 16):
                while data:
                    _watch, mask, _cookie, length = HEAD.unpack_from(data)
                    kinds |= mask
                    data = data[HEAD.size + length :]
        return {name for bit, name in EVENTS.items() if kinds & bit}
