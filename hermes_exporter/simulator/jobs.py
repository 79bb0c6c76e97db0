"""A job as Hermes keeps it in cron/jobs.json, and what the made-up job does when it runs."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from hermes_exporter.simulator import plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.simulator.book import Life
    from hermes_exporter.simulator.clock import Clock
    from hermes_exporter.simulator.plan import Schedule

Answer = Literal["report", "silent", "empty", "exit3", "blocked", "lost"]
"""What a run comes to, if its provider plays along: a report; nothing to report (an agent answers [SILENT], a
script prints nothing); an agent's empty answer; a script that exits with 3; a run that a check of its
configuration refuses (0.22 only); a run that another process takes over while it
is under way, so that what it comes to is thrown away."""


MINUTE = timedelta(minutes=1)


@dataclass
class Habits:
    """What the made-up job does.

    Attributes:
        seconds: how long a run takes, about.
        spread: by what part of that it varies.
        answer: what its runs come to; ``answers`` come first, one a run.
    """

    seconds: float = 20.0
    spread: float = 0.2
    answer: Answer = "report"
    answers: deque[Answer] = field(default_factory=deque)

    def next_answer(self) -> Answer:
        """Return what the next run comes to."""
        return self.answers.popleft() if self.answers else self.answer


class _Found(NamedTuple):
    """When a schedule was found to want a run next, and at which offset that was asked."""

    schedule: Schedule
    offset: timedelta | None
    moment: datetime | None


@dataclass
class Job:
    """One job of the store.

    Attributes:
        record: what stands in jobs.json.
        due_at: the same moment as next_run_at, Unix seconds; None without one.
        planned_at: what it was when the job was last started.
        skips: so many dispatches pass it by without a word.
        held_until: its provider's quota holds it back until then (0.22).
    """

    record: dict[str, Any]
    schedule: Schedule
    habits: Habits
    life: Life
    due_at: float | None = None
    planned_at: float | None = None
    claimed_until: float | None = None
    skips: int = 0
    held_until: float | None = None
    _text: str | None = None
    _found: _Found | None = None

    @property
    def id(self) -> str:
        """Its id, 12 hex digits."""
        return str(self.record["id"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.record["name"])

    @property
    def is_script(self) -> bool:
        """Whether it runs a script alone, no model."""
        return bool(self.record["no_agent"])

    def set(self, **changes: Any) -> None:
        """Change keys of the record."""
        self.record.update(changes)
        self._text = None

    def plan(self, moment: datetime | None) -> None:
        """Set when it runs next."""
        self.due_at = moment.timestamp() if moment is not None else None
        self.set(next_run_at=moment.isoformat() if moment is not None else None)

    def next_run(self, clock: Clock, at: float) -> datetime | None:
        """Return when it runs after a moment, as Hermes stores it; None for a one-shot.

        What was found last is the answer again while it lies ahead, and no clock changes between.
        """
        now = clock.now(at)
        found = self._found
        if found is not None and found.schedule is self.schedule and self.schedule.kind == "cron":
            moment = found.moment
            same = moment is not None and found.offset == now.utcoffset() == moment.utcoffset()
            if moment is not None and same and now + MINUTE <= moment:
                return moment
        following = plan.next_run(self.schedule, clock, at)
        self._found = _Found(self.schedule, now.utcoffset(), following)
        return following

    def claim(self, claim: dict[str, str] | None, until: float | None) -> None:
        """Let a process hold a one-shot, or nobody any more."""
        self.claimed_until = until
        self.set(run_claim=claim)

    def waits_for(self) -> float | None:
        """Return when a tick has something to do for it, None if never."""
        if not self.record["enabled"] or self.due_at is None:
            return None
        return max(self.due_at, self.claimed_until or 0.0, self.held_until or 0.0)

    def text(self) -> str:
        """Return the record as it stands in the file."""
        if self._text is None:
            self._text = "    " + json.dumps(self.record, indent=2).replace("\n", "\n    ")
        return self._text


def store(jobs: Iterable[Job], clock: Clock, at: float) -> bytes:
    """Return jobs.json as it was saved at a moment."""
    texts = [job.text() for job in jobs]
    listed = "[\n" + ",\n".join(texts) + "\n  ]" if texts else "[]"
    return f'{{\n  "jobs": {listed},\n  "updated_at": {json.dumps(clock.iso(at))}\n}}'.encode()


def new_record(  # noqa: PLR0913  # what an owner says of a job
    job_id: str,
    name: str,
    schedule: Schedule,
    clock: Clock,
    at: float,
    *,
    deliver: str,
    script: str | None,
    repeat: int | None,
    inference: tuple[str, str],
) -> dict[str, Any]:
    """Return a job as Hermes creates it; ``inference`` is the provider and the model that it would ask now."""
    provider, model = inference if script is None else (None, None)
    return {
        "id": job_id,
        "name": name,
        "prompt": "" if script else f"Write the report {name}.",
        "skills": [],
        "skill": None,
        "model": None,
        "provider": None,
        "provider_snapshot": provider,
        "model_snapshot": model,
        "base_url": None,
        "script": script,
        "no_agent": script is not None,
        "context_from": None,
        "schedule": schedule.record(clock),
        "schedule_display": schedule.display,
        "repeat": {"times": repeat, "completed": 0},
        "enabled": True,
        "state": "scheduled",
        "paused_at": None,
        "paused_reason": None,
        "created_at": clock.iso(at),
        "next_run_at": None,
        "last_run_at": None,
        "last_status": None,
        "last_error": None,
        "last_delivery_error": None,
        "deliver": deliver,
        "origin": None,
        "enabled_toolsets": None,
        "workdir": None,
    }
