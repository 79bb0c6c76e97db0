"""When a job runs next, as Hermes 0.19 computes it, its fault on the days of a clock change included.

Hermes asks croniter 6.0.0 with datetimes in a zone. That release shifts a result by the change of the offset, an
hour off on the first slot after it; later ones do not. So that the fault is here whatever release is installed,
croniter is asked for the wall clock alone, and what 6.0.0 does about zones is done here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from croniter import croniter

if TYPE_CHECKING:
    from hermes_exporter.simulator.clock import Clock

Kind = Literal["cron", "interval", "once"]
LEAST_GRACE_SECONDS = 120
MOST_GRACE_SECONDS = 7200
UNITS = {"m": 1, "h": 60, "d": 1440}


@dataclass(frozen=True)
class Schedule:
    """When a job is to run.

    Attributes:
        expr: of a cron job.
        minutes: of an interval.
        run_at: of a one-shot, Unix seconds.
        display: as Hermes shows it.
    """

    kind: Kind
    display: str
    expr: str = ""
    minutes: int = 0
    run_at: float = 0.0

    def record(self, clock: Clock) -> dict[str, Any]:
        """Return the schedule as jobs.json has it."""
        if self.kind == "cron":
            return {"kind": self.kind, "expr": self.expr, "display": self.display}
        if self.kind == "interval":
            return {"kind": self.kind, "minutes": self.minutes, "display": self.display}
        return {"kind": self.kind, "run_at": clock.iso(self.run_at), "display": self.display}


def parse(text: str, clock: Clock, at: float) -> Schedule:
    """Return what the owner asked for at a moment; raise ValueError for what Hermes refuses."""
    if text.startswith("every "):
        minutes = _minutes(text.removeprefix("every "))
        return Schedule("interval", f"every {minutes}m", minutes=minutes)
    parts = text.split()
    if len(parts) >= 5 and all(re.fullmatch(r"[\d*\-,/]+", part) for part in parts):
        croniter(text)
        return Schedule("cron", text, expr=text)
    if "T" in text:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=clock.now(at).tzinfo)
        return Schedule("once", f"once at {moment:%Y-%m-%d %H:%M}", run_at=moment.timestamp())
    return Schedule("once", f"once in {text}", run_at=at + _minutes(text) * 60)


def _minutes(text: str) -> int:
    match = re.fullmatch(r"(\d+)([mhd])", text)
    if match is None:
        raise ValueError(f"no schedule: {text!r}")
    return int(match[1]) * UNITS[match[2]]


def next_run(schedule: Schedule, clock: Clock, at: float) -> datetime | None:
    """Return when a recurring job runs after a moment, as Hermes stores it; None for a one-shot."""
    now = clock.now(at)
    if schedule.kind == "interval":
        return now + timedelta(minutes=schedule.minutes)
    if schedule.kind == "once":
        return None
    return next_cron(schedule.expr, now)


def next_cron(expr: str, now: datetime) -> datetime:
    """Return what croniter 6.0.0 says comes after ``now``; both have a zone or an offset."""
    zone = now.tzinfo
    whole = now.replace(microsecond=0)
    step = timedelta(seconds=60 if len(expr.split()) == 5 else 1)
    start = (whole.astimezone(UTC) + step).astimezone(zone)
    wall = _wall_after(expr, start.replace(tzinfo=None, fold=0) - step)
    stays = wall == start.replace(tzinfo=None, fold=0) and step.seconds == 1
    result = datetime.fromtimestamp(wall.replace(tzinfo=zone, fold=start.fold if stays else 0).timestamp(), zone)
    change = (result.utcoffset() or timedelta(0)) - (now.utcoffset() or timedelta(0))
    if change and _shifted(now, result, change):
        return (result - change).replace(fold=0)
    return result


def _wall_after(expr: str, wall: datetime) -> datetime:
    found: datetime = _read(expr).get_next(datetime, start_time=wall)
    return found


@lru_cache(maxsize=256)
def _read(expr: str) -> croniter:
    return croniter(expr, datetime(2026, 1, 1))  # noqa: DTZ001  # wall-clock time


def _shifted(now: datetime, result: datetime, change: timedelta) -> bool:
    to_midnight = timedelta(hours=24 - now.hour)
    away = abs(result.replace(tzinfo=None) - now.replace(tzinfo=None))
    return away >= to_midnight if change > timedelta(0) else away - change >= to_midnight


def grace_seconds(schedule: Schedule, clock: Clock, at: float) -> int:
    """Return how late Hermes starts a recurring job without a word: half its period, within bounds."""
    period = schedule.minutes * 60
    if schedule.kind == "cron":
        first = _wall_after(schedule.expr, clock.now(at).replace(tzinfo=None))
        period = int((_wall_after(schedule.expr, first) - first).total_seconds())
    return max(LEAST_GRACE_SECONDS, min(period // 2, MOST_GRACE_SECONDS))
