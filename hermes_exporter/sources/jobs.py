"""cron/jobs.json: what a profile's cron is told to do, and what Hermes last noted of each job.

Rewritten whole by Hermes after every run. Hermes accepts a bare list, a byte order mark and control characters,
and so does this. Later versions move what they note of a run to cron/runtime.db (runtime_store.py); a field that
still stands in jobs.json wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from hermes_exporter.sources import lenient_json, provider_id, refusals
from hermes_exporter.sources.artefact import Notes, UnusableError
from hermes_exporter.sources.gateway_state import PLATFORM
from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.times import zoned

if TYPE_CHECKING:
    from collections.abc import Iterable

FILENAME = "cron/jobs.json"
MAX_BYTES = 16 << 20
KINDS = ("cron", "interval", "once")
MAX_ID = 128


@dataclass(frozen=True, slots=True)
class Noted:
    """What Hermes notes of a job as it runs; None where it notes nothing. Times are Unix seconds.

    Attributes:
        last_run_at: the end of the last run.
        held_until: the job waits for its provider's quota.
        error: class of the last run's error; what it was about is not kept.
    """

    state: str | None
    next_run_at: float | None
    last_run_at: float | None
    last_status: str | None
    held_until: float | None
    failure_streak: int | None
    error: str | None = None

    def or_else(self, other: Noted) -> Noted:
        """Return these notes with the gaps filled from others."""
        mine, others = astuple(self), astuple(other)
        return Noted(*(one if one is not None else two for one, two in zip(mine, others, strict=True)))


@dataclass(frozen=True, slots=True)
class Job:
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

    @property
    def state(self) -> str:
        """One of enabled, paused, disabled, completed, error, other."""
        if self.noted.state in ("paused", "completed", "error"):
            return self.noted.state
        if self.noted.state in (None, "scheduled", "running"):
            return "enabled" if self.switched_on else "disabled"
        return "other"

    @property
    def enabled(self) -> bool:
        """Whether it is meant to run again."""
        return self.switched_on and self.state not in ("paused", "completed")

    @property
    def schedulable(self) -> bool:
        """Whether Hermes could compute its next run; a job that is not enabled needs none."""
        return not self.enabled or self.noted.next_run_at is not None or self.once_at is not None


Stamp = tuple[float, int]
"""When Hermes wrote something (Unix seconds), and how far its clock was ahead of UTC (seconds)."""


@dataclass(frozen=True, slots=True)
class JobStore:
    """Every job of the store, in its order.

    Attributes:
        saved: when Hermes wrote the file, where the stamp says its offset.
        ended: when the newest run ended, the same.
    """

    jobs: tuple[Job, ...]
    saved: Stamp | None = None
    ended: Stamp | None = None

    @property
    def written(self) -> tuple[Stamp, ...]:
        """The stamps that tell by which clock Hermes goes, the newest first.

        Not the plans: they may lie in an hour that the clocks skip, and a one-shot's is its owner's own text.
        """
        return tuple(sorted((stamp for stamp in (self.saved, self.ended) if stamp), reverse=True))

    def with_runtime(self, runtime: Mapping[str, Mapping[str, object]]) -> JobStore:
        """Return the store with what runtime.db notes of each job."""
        jobs = tuple(
            replace(job, noted=job.noted.or_else(_noted(JsonObject(dict(runtime[job.id]), Notes()))))
            if job.id in runtime
            else job
            for job in self.jobs
        )
        return JobStore(jobs, self.saved, _newest((self.ended, *map(_end, runtime.values()))))


def parse(data: bytes, notes: Notes) -> JobStore:
    """Parse the file; a record that is no job is noted and left out."""
    root = lenient_json.decode(data)
    records = root.get("jobs") if isinstance(root, dict) else root
    if not isinstance(records, list):
        raise UnusableError("holds no list of jobs")
    jobs: dict[str, Job] = {}
    for index, record in enumerate(records):
        place = f"jobs[{index}]"
        if not isinstance(record, dict):
            notes.fault(place, "expected an object")
            continue
        job_id = record.get("id") or record.get("job_id")
        if not isinstance(job_id, (str, int)) or isinstance(job_id, bool) or len(str(job_id)) > MAX_ID:
            notes.fault(place, "has no id")
        elif str(job_id) in jobs:
            notes.fault(place, "has the id of an earlier job")
        else:
            jobs[str(job_id)] = _job(str(job_id), JsonObject(record, notes, f"{place}."))
    saved = zoned(root.get("updated_at")) if isinstance(root, dict) else None
    return JobStore(tuple(jobs.values()), saved, _newest(_end(record) for record in records))


def _end(record: object) -> Stamp | None:
    return zoned(record.get("last_run_at")) if isinstance(record, Mapping) else None


def _newest(stamps: Iterable[Stamp | None]) -> Stamp | None:
    return max((stamp for stamp in stamps if stamp is not None), default=None)


def _job(job_id: str, record: JsonObject) -> Job:
    kind, schedule, once_at = _schedule(record)
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
        noted=_noted(record),
        gated=bool(record.raw_text("script").strip()),
        provider=_provider(record),
    )


def _noted(record: JsonObject) -> Noted:
    return Noted(
        state=record.text("state"),
        next_run_at=record.plan("next_run_at"),
        last_run_at=record.stamp("last_run_at"),
        last_status=record.text("last_status"),
        held_until=record.plan("quota_hold_until"),
        failure_streak=record.integer("failure_streak"),
        error=refusals.of_run(error) if (error := record.raw_text("last_error")) else None,
    )


def _provider(record: JsonObject) -> str | None:
    name = record.raw_text("provider").strip().lower()
    return provider_id.label(name) if name else None


def _schedule(record: JsonObject) -> tuple[str, str, float | None]:
    schedule = record.child("schedule")
    if schedule is None:
        return "other", "", None
    kind = schedule.text("kind") or "other"
    if kind == "interval":
        minutes = schedule.integer("minutes")
        return kind, f"every {minutes}m" if minutes is not None else "", None
    if kind == "once":
        at = schedule.plan("run_at")
        return kind, schedule.raw_text("run_at"), at
    return kind if kind in KINDS else "other", schedule.text("expr") or "", None


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
