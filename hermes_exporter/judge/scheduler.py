"""Does anything tick a profile's cron, and do the ticks succeed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.sources.cron_files import CronFiles, Ownership
    from hermes_exporter.sources.hermes_config import HermesConfig

STALE_SECONDS = 200.0
"""Three ticks and twenty seconds: what Hermes itself calls stalled."""
DEAD_STALE_SECONDS = 90.0
"""Beside a dead gateway a mark is its last, unless somebody else goes on ticking every minute."""
STARTING_SECONDS = 300.0
LONG_TICK_SECONDS = 2 * 3600.0
"""So long a run in flight may explain that the loop does not turn."""
BUILT_IN = "builtin"


class Scheduler(Value):
    """The verdict; None is cannot tell.

    Attributes:
        built_in: Hermes' own ticker is meant to fire the jobs, not another provider.
        ticked: a live process ticks this store; None where no job is enabled, or another provider fires them.
        error: its last tick failed.
        stalled: a live gateway does not get its cron to tick.
        store_writable: owner and mode let the gateway replace jobs.json.
    """

    built_in: bool
    ticked: bool | None
    error: bool | None
    stalled: bool | None
    store_writable: bool | None


def judge(  # noqa: PLR0913  # what a verdict on the cron stands on
    cron: CronFiles,
    config: HermesConfig | None,
    liveness: Liveness,
    *,
    draining: bool,
    oldest_run: float | None,
    now: float,
) -> Scheduler:
    """Judge one profile's cron; ``oldest_run`` is when the oldest run in flight began, Unix seconds."""
    provider = config.cron_provider if config else None
    built_in = provider in (None, BUILT_IN)
    enabled = _enabled(cron)
    process = liveness.process
    starting = (
        process is not None and process.started_at is not None and now - process.started_at < STARTING_SECONDS
    )
    busy = oldest_run is not None and now - oldest_run < LONG_TICK_SECONDS
    beats = _beats(cron, now, DEAD_STALE_SECONDS if liveness.up is False else STALE_SECONDS)
    error = _error(cron, now)
    turns = (busy and liveness.up is True) or beats
    seen = beats if cron.heartbeat is None else turns
    ticked = starting or seen if enabled and built_in else None
    stalled: bool | None = None
    if liveness.up and built_in:
        idle = enabled is False or draining or starting
        stalled = False if idle else _stalled(turns, error, cron)
        if enabled is None and not stalled and not idle:
            stalled = None
    uid = process.uid if process else cron.directory.uid if cron.directory else None
    return Scheduler(built_in, ticked, error, stalled, _writable(cron, uid))


def _enabled(cron: CronFiles) -> bool | None:
    """Return whether any job waits to be run, None where the store is there and cannot be understood."""
    if cron.jobs is not None:
        return any(job.enabled for job in cron.jobs.jobs)
    return None if cron.jobs_valid is False else False


def _stalled(turns: bool | None, error: bool | None, cron: CronFiles) -> bool | None:
    if error or turns is False:
        return True
    return None if turns is None or not cron.outcome_known else False


def _beats(cron: CronFiles, now: float, limit: float) -> bool | None:
    return _fresh(cron.heartbeat, now, limit) if cron.beat_known else None


def _error(cron: CronFiles, now: float) -> bool | None:
    if cron.error is not None:
        return True
    if cron.heartbeat is None or not cron.outcome_known:
        return None
    return _fresh(cron.heartbeat, now) and cron.success is not None and not _fresh(cron.success, now)


def _fresh(stamp: float | None, now: float, limit: float = STALE_SECONDS) -> bool:
    return stamp is not None and now - stamp <= limit


def _writable(cron: CronFiles, uid: int | None) -> bool | None:
    if cron.directory is None or uid is None:
        return None
    owned = [cron.directory] if cron.store is None else [cron.directory, cron.store]
    return uid == 0 or all(_owner_writes(each, uid) for each in owned)


def _owner_writes(file: Ownership, uid: int) -> bool:
    return file.uid == uid and file.mode & 0o600 == 0o600
