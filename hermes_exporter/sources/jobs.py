"""cron/jobs.json: what a profile's cron is told to do, and what Hermes last noted of each job.

Rewritten whole by Hermes after every run. Hermes accepts a bare list, a byte order mark and control characters, and
so does this. Later versions move what they note of a run to cron/runtime.db (runtime_store.py); a field that still
stands in jobs.json wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.sources import lenient_json
from hermes_exporter.sources.artefact import UnusableError
from hermes_exporter.sources.json_object import JsonObject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.sources.artefact import Notes

FILENAME = "cron/jobs.json"
MAX_BYTES = 16 << 20
KINDS = ("cron", "interval", "once")
STATES = ("enabled", "paused", "disabled", "completed", "error", "other")
MAX_ID = 128

_PLATFORM = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times are Unix seconds.

    Attributes:
        name: as its owner called it; None where Hermes took it from the prompt, the skill or the script.
        kind: cron, interval, once, or other.
        schedule: the expression, "every N m", or the moment, as text.
        deliver: platforms that its report goes to, or local, origin, all.
        script: it runs a script alone, no model.
        state: one of STATES.
        schedulable: Hermes could compute a next run.
        next_run_at, last_run_at, last_status: Hermes' own notes; last_run_at is the end of the run.
        held_until: it waits for its provider's quota.
    """

    id: str
    name: str | None
    kind: str
    schedule: str
    deliver: tuple[str, ...]
    script: bool
    enabled: bool
    state: str
    schedulable: bool
    created_at: float | None
    next_run_at: float | None
    last_run_at: float | None
    last_status: str | None
    held_until: float | None
    failure_streak: int | None


@dataclass(frozen=True, slots=True)
class JobStore:
    """Every job of the store."""

    jobs: tuple[Job, ...]


def parse(data: bytes, notes: Notes, runtime: Mapping[str, Mapping[str, object]] | None = None) -> JobStore:
    """Parse the file; a record that is no job is noted and left out. ``runtime`` is what runtime.db adds."""
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
            merged = {**(runtime or {}).get(str(job_id), {}), **record}
            jobs[str(job_id)] = _job(str(job_id), JsonObject(merged, notes, f"{place}."))
    return JobStore(tuple(jobs.values()))


def _job(job_id: str, record: JsonObject) -> Job:
    kind, schedule, once_at = _schedule(record)
    enabled = record.flag("enabled") is not False
    state = _state(record.text("state"), enabled=enabled)
    next_run_at = record.stamp("next_run_at")
    return Job(
        id=job_id,
        name=_own_name(record),
        kind=kind,
        schedule=schedule,
        deliver=_deliver(record),
        script=record.flag("no_agent") is True,
        enabled=enabled and state not in ("paused", "completed"),
        state=state,
        schedulable=not (enabled and state in ("enabled", "error") and next_run_at is None and once_at is None),
        created_at=record.stamp("created_at"),
        next_run_at=next_run_at,
        last_run_at=record.stamp("last_run_at"),
        last_status=record.text("last_status"),
        held_until=record.stamp("quota_hold_until"),
        failure_streak=record.integer("failure_streak"),
    )


def _schedule(record: JsonObject) -> tuple[str, str, float | None]:
    schedule = record.object("schedule")
    if schedule is None:
        return "other", "", None
    kind = schedule.text("kind") or "other"
    if kind == "interval":
        minutes = schedule.integer("minutes")
        return kind, f"every {minutes}m" if minutes is not None else "", None
    if kind == "once":
        at = schedule.stamp("run_at")
        return kind, schedule.raw_text("run_at"), at
    return kind if kind in KINDS else "other", schedule.text("expr") or "", None


def _state(state: str | None, *, enabled: bool) -> str:
    if state in ("paused", "completed", "error"):
        return state
    if state in (None, "scheduled", "running"):
        return "enabled" if enabled else "disabled"
    return "other"


def _own_name(record: JsonObject) -> str | None:
    name = record.text("name")
    if not name or not name.strip():
        return None
    sources = [record.raw_text(key) for key in ("prompt", "skill", "script")]
    sources += [skill for skill in record.array("skills") or () if isinstance(skill, str)]
    start = name.strip()
    return None if any(source.strip().startswith(start) for source in sources) else name


def _deliver(record: JsonObject) -> tuple[str, ...]:
    value = record.any("deliver")
    targets = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    names = [target.partition(":")[0].strip().lower() for target in targets if isinstance(target, str)]
    origin = record.object("origin") if "origin" in names else None
    where = origin.text("platform") if origin else None
    resolved = [where if name == "origin" and where else name for name in names]
    return tuple(sorted({name if _PLATFORM.fullmatch(name) else "other" for name in resolved if name}))
