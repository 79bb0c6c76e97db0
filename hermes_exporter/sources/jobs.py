"""cron/jobs.json: what a profile's cron is told to do, and what Hermes last noted of each job.

Rewritten whole by Hermes after every run. Hermes accepts a bare list, a byte order mark and control characters,
and so does this. Later versions move what they note of a run to cron/runtime.db (runtime_store.py); a field that
still stands in jobs.json wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hermes_exporter.sources import lenient_json
from hermes_exporter.sources.artefact import Notes, UnusableError
from hermes_exporter.sources.job import Job, job_of, notes_of
from hermes_exporter.sources.json_object import JsonObject, whole_text
from hermes_exporter.times import zoned
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

FILENAME = "cron/jobs.json"
MAX_BYTES = 16 << 20
MAX_ID = 128

Stamp = tuple[float, int]
"""When Hermes wrote something (Unix seconds), and how far its clock was ahead of UTC (seconds)."""


class JobStore(Value):
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
            replace(job, noted=job.noted.or_else(notes_of(JsonObject(dict(runtime[job.id]), Notes()))))
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
        job_id = _id(record)
        if job_id is None:
            notes.fault(place, "has no id")
        elif job_id in jobs:
            notes.fault(place, "has the id of an earlier job")
        else:
            jobs[job_id] = job_of(job_id, JsonObject(record, notes, f"{place}."))
    saved = zoned(root.get("updated_at")) if isinstance(root, dict) else None
    return JobStore(tuple(jobs.values()), saved, _newest(_end(record) for record in records))


def _id(record: Mapping[str, object]) -> str | None:
    found = record.get("id") or record.get("job_id")
    if not isinstance(found, (str, int)) or isinstance(found, bool) or len(str(found)) > MAX_ID:
        return None
    return whole_text(str(found))


def _end(record: object) -> Stamp | None:
    return zoned(record.get("last_run_at")) if isinstance(record, Mapping) else None


def _newest(stamps: Iterable[Stamp | None]) -> Stamp | None:
    return max((stamp for stamp in stamps if stamp is not None), default=None)
