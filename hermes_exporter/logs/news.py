"""What one look at a profile's logs brought, and what is remembered of all looks: plain values, to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.logs.cursor import Cursor  # noqa: TC001  # the memory is stored by its types
from hermes_exporter.logs.tally import Key, Tally
from hermes_exporter.values import Mutable, Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.logs.scan import File
    from hermes_exporter.logs.tail import Portion


class FileNews(Value):
    """What one look at one log brought.

    Attributes:
        since: where the reading began; the news are those of a memory that stands there.
        cursor: where the next reading goes on.
        tally: what was read tells, its times in Unix seconds; without counts where that is history.
        history: what was there before the profile's logs were first looked at is not read to its end yet.
        offset: seconds east of UTC of a writer whose clock is not the host's, as far as the file tells.
        oldest, newest: stamps of the first and the last record that were read, Unix seconds.
        read_bytes, lost_bytes: read, and gone unread.
        broken: more may have gone unread, before what was read.
    """

    since: Cursor | None
    cursor: Cursor | None
    tally: Tally
    history: bool = False
    offset: int | None = None
    read_bytes: int = 0
    lost_bytes: int = 0
    oldest: float | None = None
    newest: float | None = None
    broken: bool = False


class LogNews(Value):
    """What one look at a profile's logs brought.

    Attributes:
        files: by log; one that was refused, or brought nothing, is not among them.
        behind: there is more to read, which the time for one look did not allow.
        refused: one of the logs could not be read.
    """

    files: Mapping[File, FileNews] = field(default_factory=dict)
    behind: bool = False
    refused: bool = False


UNREAD = LogNews(behind=True)
"""No time was left for the profile."""


class LogMemory(Mutable):
    """What is remembered of a profile's logs. Times are Unix seconds; ``logs.tally`` says what the keys are.

    Attributes:
        seen: its logs were looked at; a log that appears later is no history.
        history: logs of which only facts are taken, no counts, until they are read to the end.
        cursors: where to read on.
        offsets: of writers whose clock is not the host's, seconds east of UTC.
        counts, times, met, told: as in a Tally.
        unbroken: since when nothing of a log went unread, Unix seconds.
        newest: stamp of the last record of a log, Unix seconds.
        read_bytes, lost_bytes: of each log.
        behind, refused: of the last look.
        changes: how often it became different.
    """

    seen: bool = False
    history: set[str] = field(default_factory=set)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    counts: dict[Key, int] = field(default_factory=dict)
    times: dict[Key, float] = field(default_factory=dict)
    met: dict[Key, tuple[float, ...]] = field(default_factory=dict)
    told: dict[Key, tuple[float, ...]] = field(default_factory=dict)
    read_bytes: dict[str, int] = field(default_factory=dict)
    lost_bytes: dict[str, int] = field(default_factory=dict)
    unbroken: dict[str, float] = field(default_factory=dict)
    newest: dict[str, float] = field(default_factory=dict)
    behind: bool = False
    refused: bool = False
    changes: int = 0

    @property
    def future(self) -> int:
        """How many time stamps were ahead of the clock."""
        return self.counts.get(("future",), 0)

    def knows(self, name: File, portion: Portion) -> bool:
        """Whether a portion of a log, read from where this stands, brings nothing."""
        same = portion.cursor == self.cursors.get(name) and not portion.lost_bytes and not portion.behind
        return same and self.seen and name not in self.history

    def apply(self, news: LogNews) -> None:
        """Take over what a look brought; what was read from another place than where the memory stands is old."""
        fresh = {name: file for name, file in news.files.items() if file.since == self.cursors.get(name)}
        different = (news.behind, news.refused) != (self.behind, self.refused) or not self.seen
        self.behind, self.refused = news.behind, news.refused
        if news is UNREAD:
            self.changes += different
            return
        if not self.seen:
            self.history = self.history | (FILES - news.files.keys())
            self.seen = True
        for name, file in fresh.items():
            different |= self._take(name, file)
        self.changes += different

    def _take(self, name: File, file: FileNews) -> bool:
        was_history = name in self.history
        self.history = self.history | {name} if file.history else self.history - {name}
        if file.offset is None:
            self.offsets.pop(name, None)
        else:
            self.offsets[name] = file.offset
        if file.cursor == file.since and not file.lost_bytes:
            return was_history != file.history
        if file.cursor is not None:
            self.cursors[name] = file.cursor
        total = Tally(self.counts, self.times, self.met, self.told) + file.tally
        self.counts, self.times, self.met, self.told = total.counts, total.times, total.met, total.told
        if file.lost_bytes or file.broken:
            self.unbroken.pop(name, None)
        if file.oldest is not None:
            self.unbroken.setdefault(name, file.oldest)
        if file.newest is not None:
            self.newest[name] = max(file.newest, self.newest.get(name, file.newest))
        self.read_bytes[name] = self.read_bytes.get(name, 0) + file.read_bytes
        self.lost_bytes[name] = self.lost_bytes.get(name, 0) + file.lost_bytes
        return True


FILES: frozenset[File] = frozenset({"agent", "errors"})
