"""Which jobs a tick has to start: Hermes' look through its store, which plans ahead whatever it starts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from hermes_exporter.simulator import plan
from hermes_exporter.simulator.logs import Line

if TYPE_CHECKING:
    from hermes_exporter.simulator.gateway import Gateway
    from hermes_exporter.simulator.jobs import Job
    from hermes_exporter.simulator.profile import Profile

CLAIM_SECONDS = 1800.0
LOGGER = "cron.jobs"


def collect(profile: Profile, gateway: Gateway) -> list[Job]:
    """Return the jobs that are due now, in the store's order; their next runs are planned, their claims made."""
    waiting = [job for job in profile.jobs.values() if (job.waits_for() or profile.now + 1) <= profile.now]
    found = [job for job in waiting if not _replanned(profile, job) and _claimed(profile, gateway, job)]
    for job in found:
        job.planned_at = job.due_at
        _advance(profile, job)
    if waiting:
        profile.save_jobs()
    return found


def _replanned(profile: Profile, job: Job) -> bool:
    """Whether a clock change made Hermes plan the run anew, where it takes it for one of another zone."""
    stored = datetime.fromisoformat(job.record["next_run_at"])
    now = profile.clock.now(profile.now)
    moved = stored.utcoffset() != now.utcoffset()
    if job.schedule.kind != "cron" or not moved or stored.replace(tzinfo=None) <= now.replace(tzinfo=None):
        return False
    following = job.next_run(profile.clock, profile.now)
    told = (
        f"Job '{job.name}' next_run_at offset changed ({stored.utcoffset()} -> {now.utcoffset()}). "
        f"Recomputing cron run to preserve local wall-clock intent: {following.isoformat() if following else None}"
    )
    profile.log(Line("INFO", LOGGER, told))
    job.plan(following)
    return True


def _claimed(profile: Profile, gateway: Gateway, job: Job) -> bool:
    """Whether the job is to be started: a recurring one always, a one-shot if this process may."""
    if job.schedule.kind != "once":
        _say_if_late(profile, job)
        return True
    times, completed = job.record["repeat"]["times"], job.record["repeat"]["completed"]
    used_up = bool(times) and completed >= times
    claim = {"at": profile.iso(), "by": f"{profile.host}:{gateway.process.pid}"}
    if used_up and job.id in gateway.runs:
        job.claim(claim, profile.now + CLAIM_SECONDS)
        return False
    if used_up:
        limit = f"one-shot dispatch limit reached ({completed}/{times})"
        told = f"Job '{job.name}': {limit} — removing stale due entry"
        profile.log(Line("INFO", LOGGER, told))
        profile.drop(job, "finished")
        return False
    job.claim(claim, profile.now + CLAIM_SECONDS)
    return True


def _say_if_late(profile: Profile, job: Job) -> None:
    late = profile.now - (job.due_at or profile.now)
    if late <= plan.LEAST_GRACE_SECONDS:
        return
    grace = plan.grace_seconds(job.schedule, profile.clock, profile.now)
    if late > grace:
        following = job.next_run(profile.clock, profile.now)
        told = (
            f"Job '{job.name}' missed its scheduled time ({job.record['next_run_at']}, grace={grace}s). "
            f"Running now; next run provisionally set to: {following.isoformat() if following else None} "
            "(re-anchored on completion)"
        )
        profile.log(Line("INFO", LOGGER, told))


def _advance(profile: Profile, job: Job) -> None:
    following = job.next_run(profile.clock, profile.now)
    if following is not None:
        job.plan(following)
