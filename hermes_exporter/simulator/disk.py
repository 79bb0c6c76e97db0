"""What a simulated Hermes has written and nobody has looked at yet: it reaches the disk when somebody is about to.

Only the last state of a file is written, with the time at which Hermes would have written it. State files are
replaced at once and whole, the lock file is rewritten in place (its holder keeps it open), logs are appended to.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Content = bytes | Callable[[], bytes]


@dataclass(frozen=True)
class _Wish:
    content: Content | None
    at: float
    mode: int
    in_place: bool


class Disk:
    """The files below one profile's directory. Paths are relative to it, moments Unix seconds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._wishes: dict[str, _Wish] = {}
        self._gone: list[str] = []
        self._appended: list[tuple[str, bytes, float]] = []

    def put(self, path: str, content: Content, at: float, mode: int = 0o600, *, in_place: bool = False) -> None:
        """Let a file hold this; ``content`` may be a function that is asked when it is written."""
        self._wishes[path] = _Wish(content, at, mode, in_place)

    def take_away(self, path: str) -> None:
        """Let a file be gone."""
        self._wishes[path] = _Wish(None, 0.0, 0, in_place=False)

    def take_tree_away(self, path: str) -> None:
        """Let a directory be gone with all that is in it."""
        self._wishes = {name: wish for name, wish in self._wishes.items() if not name.startswith(f"{path}/")}
        self._gone.append(path)

    def append(self, path: str, data: bytes, at: float) -> None:
        """Add to the end of a file."""
        self._appended.append((path, data, at))

    def rotate(self, path: str, backups: int) -> None:
        """Move a log to its first backup and every backup one on, at once; the oldest is lost."""
        self._append_now()
        base = self.root / path
        for number in range(backups, 0, -1):
            older = base.with_name(f"{base.name}.{number}")
            newer = base if number == 1 else base.with_name(f"{base.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)

    def size(self, path: str) -> int:
        """Return how long a file is, in bytes; 0 if it is not there."""
        file = self.root / path
        return file.stat().st_size if file.exists() else 0

    def flush(self) -> None:
        """Write everything: logs first, then the rest in the order in which it was wished for."""
        self._append_now()
        for path in self._gone:
            shutil.rmtree(self.root / path, ignore_errors=True)
        self._gone.clear()
        wishes, self._wishes = self._wishes, {}
        for path, wish in wishes.items():
            self._write(self.root / path, wish)

    def _append_now(self) -> None:
        appended, self._appended = self._appended, []
        for path, data, at in appended:
            file = self.root / path
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with file.open("ab") as stream:
                stream.write(data)
            os.utime(file, (at, at))

    def _write(self, file: Path, wish: _Wish) -> None:
        if wish.content is None:
            file.unlink(missing_ok=True)
            return
        data = wish.content if isinstance(wish.content, bytes) else wish.content()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = file if wish.in_place else file.with_name(f".{file.name}.tmp")
        target.write_bytes(data)
        target.chmod(wish.mode)
        os.utime(target, (wish.at, wish.at))
        if not wish.in_place:
            target.replace(file)
