"""Every family of the exporter, and the collectors that fill them: records and verdicts in, samples out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors import (
    credential,
    delivery,
    exporter,
    gateway,
    job,
    job_report,
    log,
    platform,
    process,
    profile,
    scheduler,
    storage,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.collector import Collector
    from hermes_exporter.collectors.view import HostView
    from hermes_exporter.metric import Family, Sample

COLLECTORS = ("discovery", "units", "gateway", "platforms", "cron", "delivery", "credentials", "logs", "storage")
"""Names as they appear in the collector label; each but the first can be switched off."""

OF_A_PROFILE: tuple[Collector, ...] = (
    profile.COLLECTOR,
    unit.COLLECTOR,
    gateway.COLLECTOR,
    process.COLLECTOR,
    platform.COLLECTOR,
    scheduler.COLLECTOR,
    credential.COLLECTOR,
    log.COLLECTOR,
    storage.COLLECTOR,
    delivery.COLLECTOR,
    job_report.COLLECTOR,
    job.COLLECTOR,
)
"""Most important first: a limit on series drops from the end."""

FAMILIES_OF_THE_HOST: tuple[Family, ...] = (*exporter.HOST_FAMILIES, *unit.HOST_FAMILIES, *storage.HOST_FAMILIES)

FAMILIES: tuple[Family, ...] = (
    *FAMILIES_OF_THE_HOST,
    *exporter.COLLECTOR.families,
    *(family for collector in OF_A_PROFILE for family in collector.families),
)


def collect_host(view: HostView) -> Iterator[Sample]:
    """Yield every sample that speaks of the host."""
    yield from exporter.collect_host(view)
    yield from unit.collect_host(view)
    yield from storage.collect_host(view)
