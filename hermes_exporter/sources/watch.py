"""Has anything changed that a profile's records were made of? One stat for each path, and nothing else."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from hermes_exporter.sources.artefact import SETTLED_SECONDS, signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    """

    made: T
    _asked: tuple[str, ...] = ()
    _directories: dict[str, str] = field(default_factory=dict)
    _present: dict[str, Sign] = field(default_factory=dict)
    _absent: dict[str, Sign] = field(default_factory=dict)
    _unsettled: set[str] = field(default_factory=set)
    _stands: bool = False
    _looked_at: dict[str, Sign] = field(default_factory=dict)

    def same(self) -> bool:
        """Whether everything looks as it did before ``made`` was made of it."""
        self._looked_at.clear()
        if not self._stands:
            return False
        for path, sign in self._present.items():
            now = self._looked_at[path] = _sign(path)
            if now != sign:
                return False
        return True

    def look(self) -> dict[str, Sign]:
        """Return how the paths look now, or did when ``same`` just looked.

        Take it before they are read, and hand it to ``keep`` afterwards.
        """
        signs: dict[str, Sign] = {}
        for path, directory in self._directories.items():
            if path in self._looked_at:
                signs[path] = self._looked_at.pop(path)
                continue
            absent = self._absent.get(path)
            above = self._present.get(directory) or self._absent.get(directory)
            signs[path] = absent if absent and above and signs.get(directory) == above else _sign(path)
        return signs

    def changed(self, signs: Mapping[str, Sign]) -> set[str]:
        """Return the paths that may be different from what ``made`` was made of."""
        before = self._present | self._absent
        return self._unsettled | {path for path, sign in signs.items() if before.get(path) != sign}

    def renew(self, made: T, signs: dict[str, Sign]) -> None:
        """Take over what was made of the same paths as before."""
        self.keep(made, self._asked, signs)

    def keep(self, made: T, paths: Iterable[str], signs: dict[str, Sign]) -> None:
        """Take over what was made; what changed just now may change again unseen, and does not stand."""
        asked = tuple(paths)
        settled_before = (time.time() - SETTLED_SECONDS) * 1e9
        unsettled = self._unsettled = {
            path for path, sign in signs.items() if len(sign) > 1 and sign[-1] > settled_before
        }
        self.made, self._stands = made, bool(signs) and asked == self._asked and not unsettled
        self._present = {path: sign for path, sign in signs.items() if sign not in ABSENT}
        self._absent = {
            path: sign
            for path, sign in signs.items()
            if sign in ABSENT and self._directories[path] not in unsettled
        }
        if asked != self._asked:
            self._asked, self._directories = asked, _with_directories(asked)


def _with_directories(paths: Iterable[str]) -> dict[str, str]:
    """Return each path with its directory; directories come before what lies in them."""
    directories = {path: os.path.dirname(path) for path in paths}  # noqa: PTH120
    above = sorted(set(directories.values()))
    return {path: os.path.dirname(path) for path in above} | directories  # noqa: PTH120


def _sign(path: str) -> Sign:
    try:
        status = os.stat(path)  # noqa: PTH116  # one of very many
    except OSError as error:
        return (error.errno or 0,)
    return signature(status)
