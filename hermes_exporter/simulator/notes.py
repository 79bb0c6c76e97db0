"""What Hermes notes of a job in jobs.json when a run of it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermes_exporter.simulator.logs import Line

if TYPE_CHECKING:
    from datetime import datetime

    from hermes_exporter.simulator.jobs import Job
    from hermes_exporter.simulator.profile import Profile


def mark_run(
    profile: Profile,
    job: Job,
    error: str | None,
    undelivered: str | None = None,
    unconfirmed: list[str] | None = None,
) -> None:
    """Note a run that is over now, when the job runs next, or take it out if it is used up.

    ``error`` is what it failed of, ``undelivered`` what its delivery failed of, ``unconfirmed`` where it went
    without an answer.
    """
    if profile.jobs.get(job.id) is not job:
        profile.log(Line("WARNING", "cron.jobs", f"mark_job_run: job_id {job.id} not found, skipping save"))
        return
    now = profile.now
    job.life.anchors.append(now)
    changes: dict[str, Any] = {
        "last_run_at": profile.iso(),
        "last_status": "ok" if error is None else "error",
        "last_error": error,
        "last_delivery_error": undelivered,
        "fire_claim": None,
    }
    if job.record.get("run_claim") is not None:
        job.claim(None, None)
    if profile.newer:
        changes.update(_newer(job, error, undelivered, unconfirmed or []))
    repeat = dict(job.record["repeat"])
    claimed = job.schedule.kind == "once" and repeat["times"] and repeat["completed"]
    repeat["completed"] += 0 if claimed else 1
    job.set(**changes, repeat=repeat)
    if repeat["times"] and repeat["completed"] >= repeat["times"]:
        profile.drop(job, "finished")
        return
    _plan_next(profile, job, job.next_run(profile.clock, now))
    profile.save_jobs()


def _newer(job: Job, error: str | None, undelivered: str | None, unconfirmed: list[str]) -> dict[str, Any]:
    status = "error" if error is not None else "delivery_failed" if undelivered else "ok"
    if error is not None and error.startswith("Blocked by configuration"):
        status = "blocked_config"
    streak = job.record.get("failure_streak") or 0
    return {
        "last_status": status,
        "last_delivery_unverified": unconfirmed,
        "failure_streak": 0 if status == "ok" else streak + 1,
    }


def _plan_next(profile: Profile, job: Job, moment: datetime | None) -> None:
    job.plan(moment)
    if moment is None:
        job.set(enabled=False, state="completed")
        job.life.hold(profile.now)
    elif job.record["state"] != "paused":
        job.set(state="scheduled")
