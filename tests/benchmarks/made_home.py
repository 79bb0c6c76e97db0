"""A Hermes home of N profiles with J daily jobs each, made from one that a real Hermes wrote."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DAYS = 30
MAX_EXECUTIONS = 1000
"""Hermes keeps no more rows."""


@dataclass(frozen=True)
class Gateway:
    """The process that plays a profile's gateway."""

    pid: int
    start_ticks: int
    started_at: float


def names(profiles: int) -> tuple[str, ...]:
    """The names of so many profiles."""
    return ("default", *(f"p{number:03d}" for number in range(2, profiles + 1)))


def directory(root: Path, name: str) -> Path:
    """Where the profile of that name is kept."""
    return root if name == "default" else root / "profiles" / name


def make(source: Path, root: Path, profiles: int, jobs: int) -> None:
    """Make the home at ``root``, which must not exist; each profile is ``source``'s default with its own jobs."""
    for index, name in enumerate(names(profiles)):
        profile = directory(root, name)
        shutil.copytree(source, profile, ignore=shutil.ignore_patterns("profiles", "output"))
        _fill(source / "cron", profile / "cron", first_job=index * jobs, jobs=jobs)


def give(root: Path, uid: int) -> None:
    """Make the user the owner of everything."""
    for parent, _directories, files in os.walk(root):
        for path in (parent, *(os.path.join(parent, file) for file in files)):  # noqa: PTH118
            os.chown(path, uid, uid)


def introduce(profile: Path, gateway: Gateway) -> None:
    """Let the profile's files name the process that holds its lock, as a gateway that just started writes them."""
    started = _iso(datetime.fromtimestamp(gateway.started_at, UTC))
    itself = {"pid": gateway.pid, "start_time": gateway.start_ticks}
    for name in ("gateway.pid", "gateway.lock"):
        _amend(profile / name, **itself)
    state = _amend(profile / "gateway_state.json", **itself, updated_at=started)
    platforms = {name: {**platform, "updated_at": started} for name, platform in state["platforms"].items()}
    _amend(profile / "gateway_state.json", platforms=platforms)
    _amend(profile / "logs/gateway-exit-diag.log", pid=gateway.pid, ts=started)
    (profile / "gateway-starts.log").write_text(f"{gateway.started_at}\n")
    beat(profile, gateway)
    tick(profile)


def beat(profile: Path, gateway: Gateway) -> None:
    """Write a gateway's heartbeat; one is due every 30 seconds."""
    moment = _iso(datetime.now(UTC))
    _amend(profile / "state/gateway.heartbeat", pid=gateway.pid, start_time=gateway.started_at, updated_at=moment)


def tick(profile: Path) -> None:
    """Write the cron ticker's two marks; they are due every 60 seconds."""
    for name in ("ticker_heartbeat", "ticker_last_success"):
        (profile / "cron" / name).write_text(str(datetime.now(UTC).timestamp()))


def _amend(path: Path, **fields: object) -> dict[str, Any]:
    """Change fields of a JSON object in place: owner and inode stay."""
    document = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps(document) + "\n")
    return document


def _fill(source: Path, cron: Path, first_job: int, jobs: int) -> None:
    document = json.loads((source / "jobs.json").read_text())
    model, script = document["jobs"][:2]
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    slots = [now - timedelta(minutes=61 * (1 + number % 20)) for number in range(jobs)]
    document["jobs"] = [
        _job(script if number % 5 == 4 else model, first_job + number, slot) for number, slot in enumerate(slots)
    ]
    (cron / "jobs.json").write_text(json.dumps(document, indent=2))
    output = next(source.glob(f"output/{model['id']}/*.md"))
    for job, slot in zip(document["jobs"], slots, strict=True):
        directory = cron / "output" / job["id"]
        directory.mkdir(parents=True)
        shutil.copyfile(output, directory / f"{slot:%Y-%m-%d_%H-%M-%S}.md")
    _record_runs(cron / "executions.db", document["jobs"], slots)


def _job(model: dict[str, Any], number: int, slot: datetime) -> dict[str, Any]:
    expression = f"{slot.minute} {slot.hour} * * *"
    return {
        **model,
        "id": f"{number * 2654435761 % 2**48:012x}",
        "name": f"report-{number:04d}",
        "schedule": {"kind": "cron", "expr": expression, "display": expression},
        "schedule_display": expression,
        "repeat": {"times": None, "completed": DAYS},
        "created_at": _iso(slot - timedelta(days=DAYS)),
        "last_run_at": _iso(slot + timedelta(seconds=4)),
        "next_run_at": _iso(slot + timedelta(days=1)),
    }


def _record_runs(path: Path, jobs: Sequence[dict[str, Any]], slots: Sequence[datetime]) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        like = dict(database.execute("SELECT * FROM executions LIMIT 1").fetchone())
        rows = list(_runs(like, jobs, slots))[:MAX_EXECUTIONS]
        marks = ", ".join(f":{column}" for column in like)
        database.execute("DELETE FROM executions")
        database.executemany(f"INSERT INTO executions VALUES ({marks})", reversed(rows))
        database.commit()


def _runs(
    like: dict[str, Any], jobs: Sequence[dict[str, Any]], slots: Sequence[datetime]
) -> Iterator[dict[str, Any]]:
    """Yield a run of every job on every day, newest first."""
    for day in range(DAYS):
        for job, slot in zip(jobs, slots, strict=True):
            begun = slot - timedelta(days=day)
            yield {
                **like,
                "id": f"{job['id']}{day:020x}",
                "job_id": job["id"],
                "claimed_at": _iso(begun),
                "started_at": _iso(begun),
                "finished_at": _iso(begun + timedelta(seconds=4)),
            }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
