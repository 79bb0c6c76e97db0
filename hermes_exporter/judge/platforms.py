"""What a gateway's notes on its messengers are worth: an entry counts only if the live process wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.sources.env_file import EnvFile
    from hermes_exporter.sources.gateway_state import PlatformEntry
    from hermes_exporter.sources.hermes_config import HermesConfig
    from hermes_exporter.sources.procfs import Process

SERVING = ("connected", "running", "ok", "ready")
BROKEN = ("retrying", "fatal", "disconnected")
CLOCK_SLACK_SECONDS = 1.0
"""A start is known to a hundredth, the boot that it counts from to a second."""


class Platform(Value):
    """One messenger of one profile.

    Attributes:
        configured: it is switched on by the configuration or the environment file.
        entry: what the live gateway notes of it; None where it notes nothing, or only a leftover.
    """

    name: str
    configured: bool
    entry: PlatformEntry | None

    @property
    def up(self) -> bool | None:
        """Whether the live gateway calls it connected; None where it says nothing."""
        return None if self.entry is None else self.entry.state in SERVING


def platforms(
    entries: Iterable[PlatformEntry],
    process: Process | None,
    config: HermesConfig | None,
    env: EnvFile | None,
) -> tuple[Platform, ...]:
    """Return every messenger that is configured or alive, by name."""
    current = {entry.platform: entry for entry in entries if process is not None and _current(entry, process)}
    wanted = dict.fromkeys(env.platforms, True) if env else {}
    if config:
        wanted.update(config.platforms)
    names = sorted({*current, *(name for name, on in wanted.items() if on)})
    return tuple(Platform(name, wanted.get(name, False), current.get(name)) for name in names)


def _current(entry: PlatformEntry, process: Process) -> bool:
    if entry.writer is not None:
        return entry.writer == (process.own_pid, process.start_ticks)
    if entry.updated_at is None or process.started_at is None:
        return False
    return entry.updated_at >= process.started_at - CLOCK_SLACK_SECONDS
