"""Does anybody expect this profile to have a gateway? Only then is a dead one worth waking somebody for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.sources.profile_files import ProfileFiles

MEMORY_SECONDS = 30 * 24 * 3600.0
SETTINGS = ("required", "ignored")


def expected(setting: str | None, alive_at: float | None, *, enabled: bool, served: bool, now: float) -> bool:
    """Return whether a gateway should be there.

    ``setting`` is what the configuration says, ``alive_at`` when the gateway was last known to live, ``enabled``
    whether one of its units is. Jobs alone do not make a gateway expected.
    """
    if setting is not None:
        return setting == "required"
    recent = alive_at is not None and now - alive_at < MEMORY_SECONDS
    return served or recent or enabled


def last_alive(files: ProfileFiles, now: float) -> float | None:
    """Return the newest moment before ``now`` at which the gateway wrote that it lives, Unix seconds.

    Without a state file nothing counts: a cloned profile starts life with its source's heartbeat and starts.
    """
    if files.state is None:
        return None
    beat = files.heartbeat.updated_at if files.heartbeat else None
    stamps = (files.state.updated_at, beat)
    return max((stamp for stamp in stamps if stamp is not None and stamp <= now), default=None)
