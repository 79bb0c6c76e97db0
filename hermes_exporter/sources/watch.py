"""Has anything changed that a profile's records were made of? One stat for each path, and nothing else."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from hermes_exporter.sources.artefact import settled, signature
from hermes_exporter.values import Mutable, field

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

Sign = tuple[int, ...]
ABSENT = ((errno.ENOENT,), (errno.ENOTDIR,))
"""How a path looks that does not exist."""
DANGLING = ((errno.ENOENT, 1), (errno.ENOTDIR, 1))
"""How a link to nothing looks: what it points to may appear elsewhere, so it is looked at like what exists."""
MISSING = (*ABSENT, *DANGLING)


class Watch(Mutable, Generic[T]):
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
    _looked_when: float = 0.0
    _different: set[str] = field(default_factory=set)

    def same(self) -> bool:
        """Whether everything looks as it did before ``made`` was made of it."""
        self._looked_at = {}
        if not self._stands:
            return False
        now: list[Sign]
        try:
            now = [*map(signature, map(os.stat, self._present))]
        except OSError:
            now = [_sign(path) for path in self._present]
        if now == [*self._present.values()]:
            return True
        self._looked_at = dict(zip(self._present, now, strict=True))
        return False

    def look(self) -> dict[str, Sign]:
        """Return how the paths look now, or did when ``same`` just looked.

        Take it before they are read, and hand it to ``keep`` afterwards.
        """
        signs: dict[str, Sign] = {}
        self._different, self._looked_when = set(), time.time()
        for path, directory in self._directories.items():
            before = absent = self._absent.get(path)
            if absent is not None:
                above = self._present.get(directory) or self._absent.get(directory)
                sign = absent if above and signs.get(directory) == above else _sign(path)
            else:
                before = self._present.get(path)
                sign = self._looked_at[path] if path in self._looked_at else _sign(path)
            if sign != before:
                self._different.add(path)
            signs[path] = sign
        self._looked_at = {}
        return signs

    def changed(self) -> set[str]:
        """Return the paths that may have been different, at the last look, from what ``made`` was made of."""
        return self._unsettled | self._different

    def renew(self, made: T, signs: dict[str, Sign]) -> None:
        """Take over what was made anew of those that changed."""
        self.made = made
        for path in self._different:
            self._present.pop(path, None)
            self._absent.pop(path, None)
            (self._absent if signs[path] in ABSENT else self._present)[path] = signs[path]
        self._unsettled = {path for path in self.changed() if not settled(signs[path], at=self._looked_when)}
        for path in [path for path in self._absent if self._directories[path] in self._unsettled]:
            del self._absent[path]
        self._stands = not self._unsettled

    def keep(self, made: T, paths: Iterable[str], signs: dict[str, Sign]) -> None:
        """Take over what was made; what changed just now may change again unseen, and does not stand."""
        asked = tuple(paths)
        unsettled = self._unsettled = {
            path for path, sign in signs.items() if not settled(sign, at=self._looked_when)
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
        sign = (error.errno or 0,)
        return (*sign, 1) if sign in ABSENT and os.path.islink(path) else sign  # noqa: PTH114
    return signature(status)
