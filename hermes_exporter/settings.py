"""What to watch, and how: what the command line and the configuration file come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.discovery import Home
    from hermes_exporter.judge.job_rules import JobRule


class Settings(Value):
    """What to watch, and how.

    Attributes:
        gateways: by label of the profile, ``required`` or ``ignored``.
        timezones: by label of the profile, the zone that its owner named.
        collectors: names of those that are switched on.
        series_limit: at most so many series are exposed.
        jobs_limit: at most so many jobs of each profile are.
        job_names: jobs are labelled with their names, not with their ids only.
        job_rules: what is wanted of which job's reports; the first that fits wins.
        at: judge as of this moment (Unix seconds) instead of now, a copied home with a copied /proc.
    """

    homes: tuple[Home, ...]
    gateways: Mapping[str, str]
    collectors: frozenset[str]
    series_limit: int = 50_000
    jobs_limit: int = 500
    job_names: bool = True
    procfs: Path = Path("/proc")
    rootfs: Path = Path("/")
    at: float | None = None
    job_rules: tuple[JobRule, ...] = ()
    timezones: Mapping[str, str] = field(default_factory=dict)


class Policy(Value):
    """What the owner decided.

    Attributes:
        collectors: names of those that are switched on.
        gateways: by label of the profile, ``required`` or ``ignored``.
        jobs_limit: at most so many jobs of each profile are exposed.
        job_names: jobs may be labelled with their names.
        host_zone: IANA name of the host's time zone.
        job_rules: what is wanted of which job's reports.
        timezones: by label of the profile, the zone that its owner named.
    """

    collectors: frozenset[str]
    gateways: Mapping[str, str]
    jobs_limit: int
    job_names: bool
    host_zone: str
    timezones: Mapping[str, str]
    job_rules: tuple[JobRule, ...] = ()

    @classmethod
    def of(cls, settings: Settings, host_zone: str) -> Policy:
        """Return what the settings decide of verdicts."""
        return cls(
            collectors=settings.collectors,
            gateways=settings.gateways,
            jobs_limit=settings.jobs_limit,
            job_names=settings.job_names,
            host_zone=host_zone,
            timezones=settings.timezones,
            job_rules=settings.job_rules,
        )
