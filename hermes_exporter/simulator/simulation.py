"""A simulated host: a Hermes home with its profiles, on one time line."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hermes_exporter.simulator.clock import Clock
from hermes_exporter.simulator.profile import Profile, Settings
from hermes_exporter.simulator.provider import Model

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.simulator.profile import Version

UPTIME_SECONDS = 86400.0


class Simulation:
    """A Hermes home and its host, from ``start`` on, Unix seconds.

    ``root`` is the home, ``host_zone`` the name of the host's time zone, ``boot_at`` when the host booted, a day
    before the start if nobody says; ``keeps_output`` is whether cron/output is written, which takes most of the
    time of a long simulation. The same seed and the same acts write the same bytes.
    """

    def __init__(  # noqa: PLR0913  # what a host is
        self,
        root: Path,
        start: float,
        *,
        host_zone: str = "UTC",
        version: Version = "0.19",
        seed: int = 0,
        boot_at: float | None = None,
        keeps_output: bool = True,
    ) -> None:
        self.root, self.now = root, start
        self.profiles: dict[str, Profile] = {}
        self._host_zone, self._version, self._seed = ZoneInfo(host_zone), version, seed
        self._keeps_output = keeps_output
        self._boot_at = start - UPTIME_SECONDS if boot_at is None else boot_at

    def profile(
        self,
        name: str = "default",
        *,
        zone: str | None = None,
        model: Model | None = None,
        messengers: tuple[str, ...] = ("mattermost",),
        log_level: str = "INFO",
    ) -> Profile:
        """Add a profile and return it; ``zone`` is the time zone that Hermes is configured for, if it is."""
        clock = Clock(self._host_zone, ZoneInfo(zone) if zone else None)
        settings = Settings(
            name,
            clock,
            self._version,
            messengers=messengers,
            log_level=log_level,
            boot_at=self._boot_at,
            keeps_output=self._keeps_output,
            model=model or Model(),
        )
        home = self.root if name == "default" else self.root / "profiles" / name
        profile = Profile(home, settings, self.now, str(self._seed))
        self.profiles[name] = profile
        return profile

    def next_event_at(self) -> float:
        """Return when something happens next in any profile, infinity for never."""
        return min((profile.next_event_at() for profile in self.profiles.values()), default=float("inf"))

    def advance(self, until: float) -> None:
        """Let everything happen up to a moment, which is the present then. Nothing is written yet."""
        for profile in self.profiles.values():
            profile.advance(until)
        self.now = max(self.now, until)

    def materialise(self) -> None:
        """Write all that is not on the disk yet."""
        for profile in self.profiles.values():
            profile.materialise()

    def close(self) -> None:
        """Close what is open."""
        for profile in self.profiles.values():
            profile.close()
