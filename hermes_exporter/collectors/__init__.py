"""Every family of the exporter, and the collectors that fill them: records and verdicts in, samples out."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from hermes_exporter.collectors import exporter, gateway, profile, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermes_exporter.collectors.view import HostView, ProfileView
    from hermes_exporter.metric import Family, Sample

log = logging.getLogger(__name__)

COLLECTORS = ("discovery", "units", "gateway")
"""Names as they appear in the collector label; each can be switched off."""

FAMILIES: tuple[Family, ...] = (*exporter.FAMILIES, *profile.FAMILIES, *unit.FAMILIES, *gateway.FAMILIES)


_OF_A_PROFILE: tuple[tuple[str, Callable[[ProfileView], Iterator[Sample]]], ...] = (
    ("discovery", profile.collect),
    ("units", unit.collect),
    ("gateway", gateway.collect),
)


def run(view: ProfileView) -> Iterator[Sample]:
    """Yield every sample of one profile; a collector that fails contributes nothing but its failure."""
    succeeded = dict(view.succeeded)
    samples: list[Sample] = []
    for name, collect in _OF_A_PROFILE:
        if name not in succeeded:
            continue
        try:
            samples += list(collect(view))
        except Exception:
            log.exception("collector %s failed for profile %s", name, view.profile.label)
            succeeded[name] = False
    yield from exporter.collect(replace(view, succeeded=succeeded))
    yield from samples


def collect_host(view: HostView) -> Iterator[Sample]:
    """Yield every sample that speaks of the host."""
    yield from exporter.collect_host(view)
    yield from unit.collect_host(view)
