"""The messengers of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.platform import STATES
from hermes_exporter.status.document import PlatformStatus

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.judge.platforms import Platform


def platforms(view: ProfileView) -> tuple[PlatformStatus, ...] | None:
    """Return every messenger that is configured or that the live gateway notes; None where nobody looks."""
    if "platforms" not in view.succeeded:
        return None
    return tuple(_platform(view, platform) for platform in view.platforms)


def _platform(view: ProfileView, platform: Platform) -> PlatformStatus:
    entry = platform.entry
    if entry is None:
        return PlatformStatus(platform.name, platform.configured, None, None, None, None)
    return PlatformStatus(
        name=platform.name,
        configured=platform.configured,
        up=platform.up,
        state=entry.state if entry.state in STATES else "other",
        since=view.past(entry.updated_at),
        needs_attention=entry.needs_attention,
    )
