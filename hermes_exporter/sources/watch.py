"""Has anything changed that a profile's records were made of? One stat for each path, and nothing else."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from hermes_exporter.sources.artefact import SETTLED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

Sign = tuple[int, ...]


@dataclass(slots=True)
class Watch(Generic[T]):
    """Keeps what was made of some paths for as long as all of them stay as they are, the absent ones too.

    Attributes:
        made: what was made.
        paths: what it was made of.
    """

    made: T
    paths: tuple[str, ...]
    _signs: tuple[Sign, ...] | None = None

    def look(self) -> tuple[Sign, ...]:
        """Return how the paths look now: take it before they are read, and hand it to ``keep`` afterwards."""
        return tuple(map(_sign, self.paths))

    def same(self, signs: tuple[Sign, ...]) -> bool:
        """Whether the paths look as they did before ``made`` was made of them."""
        return self._signs == signs

    def keep(self, made: T, paths: Iterable[str], signs: tuple[Sign, ...]) -> None:
        """Take over what was made; what changed just now may change again unseen, and is not kept."""
        self.made = made
        fresh = tuple(dict.fromkeys(paths))
        latest = max((sign[-1] for sign in signs if len(sign) > 1), default=0)
        settled = fresh == self.paths and time.time() - latest / 1e9 > SETTLED_SECONDS
        self.paths, self._signs = fresh, signs if settled else None


def _sign(path: str) -> Sign:
    try:
        status = os.stat(path)  # noqa: PTH116  # one of very many
    except OSError as error:
        return (error.errno or 0,)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
