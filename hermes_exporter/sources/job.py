"""One job of cron/jobs.json: what it is told to do, and what Hermes last noted of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.sources import provider_id, refusals
from hermes_exporter.sources.gateway_state import PLATFORM
from hermes_exporter.values import Value, astuple

if TYPE_CHECKING:
    from hermes_exporter.sources.json_object import JsonObject

KINDS = ("cron", "interval", "once")
NO_TARGET = re.compile(r"no delivery target resolved for |platform '[^']*' not configured/enabled")


class Noted(Value):
    """What Hermes notes of a job as it runs; None where it notes nothing. Times are Unix seconds.

    Attributes:
        last_run_at: the end of the last run.
        held_until: the job waits for its provider's quota.
        error: class of the last run's error; what it was about is not kept.
        undelivered: why the last report did not reach everybody: ``not_configured`` or ``failed``.
        unverified: the last report was sent and not confirmed.
        claimed_at: when the run of a one-shot that is under way last showed a sign of life.
    """

    state: str | None
    next_run_at: float | None
    last_run_at: float | None
    last_status: str | None
    held_until: float | None
    failure_streak: int | None
    error: str | None = None
    undelivered: str | None = None
    unverified: bool | None = None
    claimed_at: float | None = None

    def or_else(self, other: Noted) -> Noted:
        """Return these notes with the gaps filled from others."""
        mine, others = astuple(self), astuple(other)
        return Noted(*(one if one is not None else two for one, two in zip(mine, others, strict=True)))


class Job(Value):
    """One job. Times are Unix seconds.

    Attributes:
        name: as its owner called it; None where Hermes took it from the prompt, the skill or the script.
        kind: cron, interval, once, or other.
        schedule: the expression, "every Nm", or the moment, as text.
        once_at: the moment of a one-shot.
        deliver: platforms that its report goes to, or local, origin, all.
        script: it runs a script alone, no model.
        gated: a script runs before the model and may end the run.
        provider: that it asks whatever the profile is configured for, as it may be shown; None for the profile's.
        switched_on: its own switch; a job that is on may still be paused or completed.
        minutes: of an interval.
        runs_left: after so many runs Hermes removes it; None where it never does.
    """

    id: str
    name: str | None
    kind: str
    schedule: str
    once_at: float | None
    deliver: tuple[str, ...]
    script: bool
    switched_on: bool
    created_at: float | None
    noted: Noted
    gated: bool = False
    provider: str | None = None
    minutes: int | None = None
    runs_left: int | None = None

    @property
    def state(self) -> str:
        """One of enabled, paused, disabled, completed, error, other."""
        if self.given_up:
            return "error"
        if self.noted.state in ("paused", "completed", "error"):
            return self.noted.state
        if self.noted.state in (None, "scheduled", "running"):
            return "enabled" if self.switched_on else "disabled"
        return "other"

    @property
    def enabled(self) -> bool:
        """Whether it is meant to run again."""
        return self.given_up or (self.switched_on and self.state not in ("paused", "completed"))

    @property
    def given_up(self) -> bool:
        """Whether Hermes called it completed though its schedule has no end: it could not compute a next run."""
        return self.kind in ("cron", "interval") and self.runs_left is None and self.noted.state == "completed"

    @property
    def schedulable(self) -> bool:
        """Whether Hermes could compute its next run; a job that is not enabled needs none."""
        return not self.enabled or self.noted.next_run_at is not None or self.once_at is not None


def job_of(job_id: str, record: JsonObject) -> Job:
    """Return the job that a record of the store describes."""
    kind, schedule, once_at, minutes = _schedule(record)
    return Job(
        id=job_id,
        name=_own_name(record),
        kind=kind,
        schedule=schedule,
        once_at=once_at,
        deliver=_deliver(record),
        script=record.flag("no_agent") is True,
        switched_on=record.flag("enabled") is not False,
        created_at=record.stamp("created_at"),
        noted=notes_of(record),
        gated=bool(record.raw_text("script").strip()),
        provider=_provider(record),
        minutes=minutes,
        runs_left=_runs_left(record),
    )


def notes_of(record: JsonObject) -> Noted:
    """Return what Hermes notes of a job, in its record or in runtime.db."""
    return Noted(
        state=record.text("state"),
        next_run_at=record.plan("next_run_at"),
        last_run_at=record.stamp("last_run_at"),
        last_status=record.text("last_status"),
        held_until=record.plan("quota_hold_until"),
        failure_streak=record.integer("failure_streak"),
        error=refusals.of_run(error) if (error := record.raw_text("last_error")) else None,
        undelivered=_undelivered(record),
        unverified=bool(unverified) if (unverified := record.array("last_delivery_unverified")) else None,
        claimed_at=claim.stamp("at") if (claim := record.child("run_claim")) else None,
    )


def _undelivered(record: JsonObject) -> str | None:
    """Return the class of the last delivery's error; the text says where to, and is not kept."""
    text = record.raw_text("last_delivery_error").strip()
    if not text:
        return None
    return "not_configured" if all(NO_TARGET.match(part) for part in text.split("; ")) else "failed"


def _runs_left(record: JsonObject) -> int | None:
    repeat = record.child("repeat")
    times = repeat.integer("times") if repeat else None
    if repeat is None or times is None:
        return None
    return max(times - (repeat.integer("completed") or 0), 0)


def _provider(record: JsonObject) -> str | None:
    name = record.raw_text("provider").strip().lower()
    return provider_id.of_owner(name) if name else None


def _schedule(record: JsonObject) -> tuple[str, str, float | None, int | None]:
    schedule = record.child("schedule")
    if schedule is None:
        return "other", "", None, None
    kind = schedule.text("kind") or "other"
    if kind == "interval":
        minutes = schedule.integer("minutes")
        return kind, f"every {minutes}m" if minutes is not None else "", None, minutes
    if kind == "once":
        at = schedule.plan("run_at")
        return kind, schedule.raw_text("run_at"), at, None
    return kind if kind in KINDS else "other", schedule.text("expr") or "", None, None


def _own_name(record: JsonObject) -> str | None:
    name = record.text("name")
    if not name or not name.strip():
        return None
    sources = [record.raw_text(key) for key in ("prompt", "skill", "script")]
    sources += [skill for skill in record.array("skills") or () if isinstance(skill, str)]
    start = name.strip()
    return None if any(source.strip().startswith(start) for source in sources) else name


def _deliver(record: JsonObject) -> tuple[str, ...]:
    value = record.value("deliver")
    targets = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    names = [target.partition(":")[0].strip().lower() for target in targets if isinstance(target, str)]
    origin = record.child("origin") if "origin" in names else None
    where = origin.text("platform") if origin else None
    resolved = [where if name == "origin" and where else name for name in names]
    return tuple(sorted({name if PLATFORM.fullmatch(name) else "other" for name in resolved if name}))
