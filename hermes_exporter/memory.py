"""Everything that is remembered, by label of the profile, and what of it has to be stored.

Counters and the places up to which they were counted are stored together, before they are shown. Where they cannot
be stored, the exporter goes on with what it has in its own memory, and says so.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from hermes_exporter.profile_memory import ProfileMemory
from hermes_exporter.sources import exit_diagnostics
from hermes_exporter.store import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hermes_exporter.discovery import Profile
    from hermes_exporter.store import Key, Store
    from hermes_exporter.store_file import StoreError

log = logging.getLogger(__name__)

STILL_THERE_SECONDS = 3600.0


class Changes(NamedTuple):
    """What to store, and what to drop."""

    rows: Sequence[Row]
    gone: Sequence[Key]

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone)


NOTHING = Changes((), ())
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ProfileMemory)


class Memory:
    """The memory of one exporter; without a store it lasts as long as the process.

    Attributes:
        durable: whether everything will survive the process.
        seen_here: profiles whose gateways were seen as processes; never stored, the next process may see others.
    """

    def __init__(self, store: Store | None = None, *, writes: bool = True, failure: str | None = None) -> None:
        """Take over what is stored; ``failure`` says why nothing can be stored for now."""
        self.seen_here: set[str] = set()
        self._store, self._writes = store, writes
        self._opened = store.opened if store is not None else 0
        self._profiles: dict[str, ProfileMemory] = {}
        self._places: dict[str, _Place] = {}
        self._stored: dict[Key, Row] = {}
        self._met: set[str] = set()
        self._former: dict[str, Key] = {}
        self._failure = failure
        if store is not None:
            self._stored = {row.key: row for row in store.rows()}

    @property
    def durable(self) -> bool:
        """Whether what is shown was stored."""
        return self._store is not None and self._writes and self._failure is None

    @property
    def behind(self) -> bool:
        """Whether there is more in the logs of some profile than the last look had time for."""
        return any(memory.logs.behind for memory in self._profiles.values())

    def of(self, label: str) -> ProfileMemory:
        """Return the memory of a profile, a new one at first sight."""
        memory = self._profiles.get(label)
        if memory is None:
            memory = self._profiles[label] = ProfileMemory()
        return memory

    def recall(self, profile: Profile) -> None:
        """Take over what was stored of a profile, without looking whether it is there."""
        row = self._stored.get((str(profile.home.root), profile.name))
        if row is not None and self._unmet(profile):
            self._profiles[profile.label] = self.decoded(row)
            self._places[profile.label] = _Place(*row[:4])

    def meet(self, profile: Profile) -> str | None:
        """Take over what was stored of a profile that is there; return the name it had where that was another.

        To be called before anything of it is remembered; a directory is known again by device and inode.
        """
        if profile.label in self._met and not self._unmet(profile):
            return None
        try:
            status = os.stat(profile.path)  # noqa: PTH116  # once for each
        except OSError:
            return None
        self.recall(profile)
        place = _Place(str(profile.home.root), profile.name, status.st_dev, status.st_ino)
        former = None
        if profile.label not in self._places and (row := self._renamed(place, str(profile.path))):
            former = row.name
            self._former[profile.label] = row.key
            old = f"{profile.label.removesuffix(profile.name)}{former}"
            self._places.pop(old, None)
            kept = self._profiles.pop(old, None)
            self._profiles[profile.label] = kept or self.decoded(row)
        self._places[profile.label] = place
        self._met.add(profile.label)
        return former

    def names(self, root: str, since: float) -> dict[str, float]:
        """Return which profiles of a home were still there since a moment, and when; Unix seconds."""
        return {
            row.name: row.stored_at for row in self._stored.values() if row.home == root and row.stored_at >= since
        }

    def changes(self, labels: Iterable[str], now: float) -> Changes:
        """Return what has to be stored of these profiles: those that are there and were read in this gather."""
        if self._store is None or not self._writes:
            return NOTHING
        if self._opened != self._store.opened:
            self._opened = self._store.opened
            self._stored.clear()
        rows, gone = [], []
        for label in labels:
            place = self._places.get(label)
            if place is None:
                continue
            row = Row(*place, now, self.encoded(self.of(label)))
            before = self._stored.get(place.key)
            if before is None or before[:4] != row[:4] or before.facts != row.facts or _old(before, now):
                rows.append(row)
                gone += [self._former[label]] if label in self._former else []
        return Changes(rows, gone) if rows else NOTHING

    def write(self, changes: Changes) -> None:
        """Store them, or raise StoreError; nothing else is touched: the thread that does it may be late."""
        if self._store is not None:
            self._store.write(changes.rows, changes.gone)

    def stored(self, changes: Changes) -> None:
        """Take over that they are stored; until then they are changes again at the next gather."""
        for key in changes.gone:
            self._stored.pop(key, None)
        self._stored |= {row.key: row for row in changes.rows}
        self._former = {label: key for label, key in self._former.items() if key not in changes.gone}
        if self._failure is not None:
            log.info("what is counted is stored again")
        self._failure = None

    def failed(self, reason: StoreError | str) -> None:
        """Go on without the store until it works again."""
        if self._failure is None:
            log.warning("%s: what is counted now will not survive a restart", reason)
        self._failure = str(reason)

    @staticmethod
    def encoded(memory: ProfileMemory) -> bytes:
        """Return a memory as it is stored."""
        return _ENCODER.encode(memory)

    @staticmethod
    def decoded(row: Row) -> ProfileMemory:
        """Return what was stored, a new memory where it cannot be understood."""
        try:
            return _DECODER.decode(row.facts)
        except msgspec.DecodeError:
            log.warning("what was stored of %s cannot be understood: its counters begin anew", row.name)
            return ProfileMemory()

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            self._store.close()

    def _unmet(self, profile: Profile) -> bool:
        """Whether nothing is known of the profile, or its label stood for one of another home."""
        place = self._places.get(profile.label)
        if place is not None and place.key == (str(profile.home.root), profile.name):
            return False
        if place is not None:
            del self._places[profile.label]
            self._profiles.pop(profile.label, None)
        return True

    def _renamed(self, place: _Place, path: str) -> Row | None:
        """Return what was stored of the same directory under a name that is not there any more.

        A new directory may get the number of one that was removed: what was followed in it has to be there too.
        """
        for row in self._stored.values():
            same = (row.home, row.device, row.inode) == (place.home, place.device, place.inode)
            if same and "default" not in (row.name, place.name):
                there = os.path.lexists(f"{row.home}/profiles/{row.name}")
                followed = self.decoded(row).diagnostics.knows(f"{path}/{exit_diagnostics.FILENAME}")
                return row if followed and not there else None
        return None


class _Place(NamedTuple):
    home: str
    name: str
    device: int
    inode: int

    @property
    def key(self) -> Key:
        return self.home, self.name


def _old(row: Row, now: float) -> bool:
    """Whether it should be stored again only to say that the profile is still there."""
    return not 0 <= now - row.stored_at < STILL_THERE_SECONDS
