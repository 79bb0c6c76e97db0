"""How Hermes writes a moment down: in its own zone, in UTC, and in its logs in the host's without saying so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Clock:
    """The zones of one profile. Moments are Unix seconds everywhere.

    Attributes:
        host: the host's zone, which the logs are written in.
        zone: Hermes' own, if it is configured; without it Hermes takes the host's offset of the moment.
    """

    host: ZoneInfo
    zone: ZoneInfo | None = None

    @property
    def wall(self) -> ZoneInfo:
        """The zone whose wall clock the owner of a job means."""
        return self.zone or self.host

    def now(self, at: float) -> datetime:
        """Return the moment as Hermes' own clock tells it: in a zone, or at the host's fixed offset."""
        if self.zone is not None:
            return datetime.fromtimestamp(at, self.zone)
        local = datetime.fromtimestamp(at, self.host)
        return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0)), fold=0)

    def iso(self, at: float) -> str:
        """Return the moment as jobs.json and executions.db have it."""
        return self.now(at).isoformat()

    def log(self, at: float) -> str:
        """Return the moment as a log line begins."""
        milliseconds = int(at * 1000) % 1000
        return f"{datetime.fromtimestamp(at, self.host):%Y-%m-%d %H:%M:%S},{milliseconds:03d}"

    def session(self, at: float) -> str:
        """Return the moment as the name of a cron session ends."""
        return f"{self.now(at):%Y%m%d_%H%M%S}"

    def output(self, at: float) -> str:
        """Return the moment as the file of a run's output is called."""
        return f"{self.now(at):%Y-%m-%d_%H-%M-%S}"

    def readable(self, at: float) -> str:
        """Return the moment as it stands within such a file."""
        return f"{self.now(at):%Y-%m-%d %H:%M:%S}"


def utc(at: float) -> str:
    """Return the moment as the gateway's own files have it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
