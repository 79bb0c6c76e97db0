"""Has anything changed that a profile's records were made of? One stat for each path, and nothing else."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from hermes_exporter.sources.artefact import SETTLED_SECONDS, signature

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

Sign = tuple[int, ...]
ABSENT = ((errno.ENOENT,), (errno.ENOTDIR,))
"""How a path looks that does not exist."""


@dataclass(slots=True)
class Watch(Generic[T]):
    """Keeps what was made of some paths for as long as all of them stay as they are.

    A path that does not exist is not looked at: it cannot appear without changing its directory, which is.

    Attributes:
        made: what was made.
        paths: what it was made of, their directories included.
    """

    made: T
    paths: tuple[str, ...] = ()
    _kept: dict[str, Sign] = field(default_factory=dict)

    def same(self) -> bool:
        """Whether everything looks as it did before ``made`` was made of it."""
        for path, sign in self._kept.items():
            if _sign(path) != sign:
                return False
        return bool(self._kept)

    def look(self) -> dict[str, Sign]:
        """Return how the paths look now: take it before they are read, and hand it to ``keep`` afterwards."""
        return {path: _sign(path) for path in self.paths}

    def keep(self, made: T, paths: Iterable[str], signs: dict[str, Sign]) -> None:
        """Take over what was made; what changed just now may change again unseen, and is not kept."""
        self.made = made
        fresh = tuple(dict.fromkeys(each for path in paths for each in (path, os.path.dirname(path))))  # noqa: PTH120
        latest = max((sign[-1] for sign in signs.values() if len(sign) > 1), default=0)
        settled = fresh == self.paths and time.time() - latest / 1e9 > SETTLED_SECONDS
        self.paths = fresh
        self._kept = {path: sign for path, sign in signs.items() if sign not in ABSENT} if settled else {}


def _sign(path: str) -> Sign:
    try:
        status = os.stat(path)  # noqa: PTH116  # one of very many
    except OSError as error:
        return (error.errno or 0,)
    return signature(status)
