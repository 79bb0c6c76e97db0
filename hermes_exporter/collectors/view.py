"""What a collector sees: the records and verdicts of one profile, and of the host, at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.discovery import Profile
    from hermes_exporter.judge.credentials import ProviderCredentials
    from hermes_exporter.judge.job_runs import JobRuns
    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.judge.platforms import Platform
    from hermes_exporter.judge.report import Report
    from hermes_exporter.judge.scheduler import Scheduler
    from hermes_exporter.sources.job import Job
    from hermes_exporter.sources.procfs import Figures
    from hermes_exporter.sources.profile_files import ProfileFiles
    from hermes_exporter.sources.storage import Space
    from hermes_exporter.sources.unit import Unit


class LogFacts(Value):
    """What the logs of a profile told so far; ``hermes_exporter.logs.tally`` says what the keys are.

    Attributes:
        counts: since the exporter first saw the logs.
        times: newest moment of what the key names, Unix seconds.
        read_bytes, lost_bytes: by log.
        providers: the one that is configured and those that may take over, whatever the logs tell.
    """

    counts: Mapping[tuple[str, ...], int]
    times: Mapping[tuple[str, ...], float]
    read_bytes: Mapping[str, int]
    lost_bytes: Mapping[str, int]
    providers: tuple[str, ...]


class ProfileView(Value):
    """One profile at ``now`` (Unix seconds).

    Attributes:
        host: label of the profile whose gateway serves this one.
        succeeded: by collector, whether everything that should be readable was.
        conditions: 1, 0 or None (cannot tell) by name; a name that is missing is not judged.
        scheduler: verdict on the cron, None where it is not read.
        jobs_held_back: those beyond the limit.
        reports: verdict on the reports of every job, by its id.
        jobs_overdue: how many are by Hermes' own rule, None where the jobs are not known.
        jobs_vanished: how many went within a day though nobody removed them.
        jobs_newest: the latest time stamp of any job, Unix seconds.
        credentials: by provider, in order of their names.
        logs: what they told, None where they are not read.
        job_names: jobs may be labelled with their names.
        timezone: name of the zone that schedules are read in: IANA, or an offset such as ``UTC+05:30``.
        timezone_mismatch: Hermes writes in another zone than it is told to use; None where that cannot be told.
        starts, unclean_exits: since the exporter first saw the profile.
    """

    profile: Profile
    now: float
    files: ProfileFiles
    platforms: tuple[Platform, ...]
    scheduler: Scheduler | None
    jobs: tuple[JobRuns, ...]
    jobs_held_back: tuple[JobRuns, ...]
    reports: Mapping[str, Report]
    jobs_overdue: int | None
    jobs_vanished: int | None
    jobs_newest: float
    credentials: tuple[ProviderCredentials, ...]
    logs: LogFacts | None
    job_names: bool
    timezone: str
    timezone_mismatch: bool | None
    units: tuple[Unit, ...]
    liveness: Liveness
    figures: Figures | None
    host: str | None
    expected: bool
    conditions: Mapping[str, bool | None]
    headline: str
    succeeded: Mapping[str, bool]
    starts: int
    unclean_exits: int
    parse_errors: Mapping[str, int]
    future_stamps: Mapping[str, int]

    def past(self, stamp: float | None) -> float | None:
        """Return a stamp unless it lies in the future, where no fact can be."""
        return stamp if stamp is not None and stamp <= self.now + FUTURE_TOLERANCE_SECONDS else None

    def name_of(self, job: Job) -> str:
        """Return what a job may be called where others read it."""
        return job.name if job.name and self.job_names else job.id


class HostView(Value):
    """The exporter itself and its host.

    Attributes:
        durations: seconds by collector, over all profiles.
        spaces: by alias of the home.
        series_dropped: by the limit that held them back.
        linger: by user, whether their units survive a logout.
        memory_durable: whether counters survive a restart of the exporter.
    """

    version: str
    python: str
    now: float
    durations: Mapping[str, float]
    series_dropped: Mapping[str, int]
    spaces: Mapping[str, Space]
    linger: Mapping[str, bool]
    memory_durable: bool
