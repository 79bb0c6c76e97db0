"""cron/jobs.json in every shape that Hermes accepts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.collectors.scheduler import STATES
from hermes_exporter.sources import jobs
from hermes_exporter.sources.artefact import Notes, UnusableError

JOB = {
    "id": "c3510928081b",
    "name": "Morning brief",
    "prompt": "Write the daily report.",
    "skills": [],
    "skill": None,
    "script": None,
    "no_agent": False,
    "schedule": {"kind": "cron", "expr": "44 6 * * *", "display": "44 6 * * *"},
    "repeat": {"times": None, "completed": 1},
    "enabled": True,
    "state": "scheduled",
    "created_at": "2026-11-22T06:41:59.724233+00:00",
    "next_run_at": "2026-11-23T06:44:00+00:00",
    "last_run_at": "2026-11-22T06:44:22.809983+00:00",
    "last_status": "ok",
    "deliver": "mattermost",
    "origin": None,
}


ONCE = {"kind": "once", "run_at": "2026-11-23T06:44:00+00:00", "display": "once"}
NO_UTF8 = json.dumps({"jobs": [JOB]}).replace("daily", "@").encode().replace(b"@", b"\xff")


def read(*records: object) -> tuple[jobs.Job, ...]:
    return jobs.parse(json.dumps({"jobs": records}).encode(), Notes()).jobs


def one(**changes: object) -> jobs.Job:
    return read({**JOB, **changes})[0]


def test_a_job_as_hermes_writes_it() -> None:
    """Every field of a plain job is understood."""
    job = one()

    assert (job.id, job.name, job.kind, job.schedule) == ("c3510928081b", "Morning brief", "cron", "44 6 * * *")
    assert (job.state, job.enabled, job.schedulable, job.deliver) == ("enabled", True, True, ("mattermost",))
    assert (job.noted.last_status, job.noted.last_run_at) == ("ok", 1795329862.809983)


ERRORS = {
    "RuntimeError: HTTP 401: No auth credentials found": "auth",
    "RuntimeError: HTTP 403: Your account is not active": "auth",
    "RuntimeError: HTTP 403 — Just a moment...": "edge_block",
    "RuntimeError: HTTP 402: Insufficient credits. Add more to continue.": "billing",
    "RuntimeError: HTTP 402: Usage limit reached, try again in 5 minutes": "rate_limit",
    "RuntimeError: HTTP 404: The model x does not exist": "other",
    "RuntimeError: HTTP 429: Rate limit reached": "rate_limit",
    "RuntimeError: HTTP 429: The engine is overloaded": "overloaded",
    "RuntimeError: HTTP 500: The server had an error": "server",
    "RuntimeError: Connection error.": "transport",
    "RuntimeError: Request timed out.": "transport",
    "RuntimeError: Hermes is not logged into Nous Portal. Run `hermes model` to re-authenticate.": "auth",
    "RuntimeError: No LLM provider configured. Run `hermes model`": "auth",
    "RuntimeError: No usable credentials found for provider 'gemini'. Set GEMINI_API_KEY": "auth",
    "RuntimeError: Nous Portal rate limit active — resets in 12m": "rate_limit",
    "RuntimeError: Codex provider quota exhausted (429). Credentials are still valid.": "rate_limit",
    "RuntimeError: Skipped to prevent unintended spend: provider 'unauthorized' -> 'x'": "other",
    "RuntimeError: vars() argument must have __dict__ attribute": "invalid_response",
    "TimeoutError: Cron job 'unauthorized' idle for 600s (limit 600s)": "other",
    "Script exited with code 3\nstderr:\nRuntimeError: HTTP 401: Unauthorized": "other",
    "Script timed out after 5s: /home/user/.hermes/scripts/slow.sh": "other",
    "Agent completed but produced empty response (model error, timeout, or misconfiguration)": "other",
}


@pytest.mark.parametrize("error", ERRORS)
def test_what_a_run_failed_for(error: str) -> None:
    """Of the error's text only its class is kept; what a script or a tool quotes is no refusal."""
    job = one(last_status="error", last_error=error)

    assert job.noted.error == ERRORS[error]
    assert error.rsplit(":", maxsplit=1)[-1] not in repr(job)


def test_whom_a_job_asks() -> None:
    """A provider of its own is named as everywhere; a script before the prompt may end a run without asking."""
    assert (one().provider, one().gated, one().noted.error) == (None, False, None)
    assert one(provider=" OpenRouter ").provider == "openrouter"
    assert one(provider="sk-or-v1-0123456789").provider == "other"
    assert one(script="data.sh").gated


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + json.dumps({"jobs": [JOB]}).encode(),
        json.dumps([JOB]).encode(),
        json.dumps({"jobs": [{**JOB, "prompt": "@"}]}).encode().replace(b"@", b"a raw \x01 and a\nnew line"),
        json.dumps({"jobs": [{**JOB, "repeat": None}, None, 7, "x"]}).encode(),
        json.dumps({"jobs": [{**JOB, "odd": float("nan")}]}).encode(),
    ],
    ids=["byte order mark", "bare list", "control characters", "foreign records", "NaN"],
)
def test_what_hermes_tolerates_is_tolerated(data: bytes) -> None:
    """Each leniency of Hermes yields the job, and nothing of it is lost."""
    assert [job.name for job in jobs.parse(data, Notes()).jobs] == ["Morning brief"]


@pytest.mark.parametrize("data", [b"", b"{", b"7", b"null", b'"x"', b'{"jobs": 3}', b"{}", b"\xff\xfe", NO_UTF8])
def test_what_hermes_cannot_use_is_no_empty_store(data: bytes) -> None:
    """A store that is corrupt is never zero jobs."""
    with pytest.raises(UnusableError):
        jobs.parse(data, Notes())


def test_records_without_an_id_are_noted() -> None:
    """No id, an odd id and an id that was there before cost that record only; the legacy key counts."""
    notes = Notes()
    records = [{**JOB, "id": None}, {**JOB, "id": [1]}, JOB, JOB, {**JOB, "id": None, "job_id": "old"}]

    store = jobs.parse(json.dumps(records).encode(), notes)

    assert [job.id for job in store.jobs] == ["c3510928081b", "old"]
    assert len(notes.faults) == 3


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "Morning brief"),
        ({"name": "Write the daily rep"}, None),
        ({"name": "disk.sh", "script": "disk.sh"}, None),
        ({"name": "weather", "skill": "weather"}, None),
        ({"name": "weather", "skills": ["weather", "x"]}, None),
        ({"name": ""}, None),
        ({"name": 7}, None),
        ({"name": None}, None),
    ],
)
def test_a_name_that_hermes_took_from_the_prompt_is_private(changes: dict[str, object], name: str | None) -> None:
    """Only a name that its owner chose is one: the start of prompt, skill or script is none."""
    assert one(**changes).name == name


@pytest.mark.parametrize(
    ("changes", "state", "enabled"),
    [
        ({}, "enabled", True),
        ({"state": "paused", "enabled": False}, "paused", False),
        ({"state": "scheduled", "enabled": False}, "disabled", False),
        ({"state": "completed", "enabled": False, "repeat": {"times": 3, "completed": 3}}, "completed", False),
        ({"state": "completed", "enabled": False, "schedule": ONCE}, "completed", False),
        ({"state": "completed", "enabled": False}, "error", True),
        ({"state": "error"}, "error", True),
        ({"state": None, "enabled": None}, "enabled", True),
        ({"state": "hibernating"}, "other", True),
    ],
)
def test_states(changes: dict[str, object], state: str, enabled: bool) -> None:
    """Hermes' word and its switch make one state out of a closed list; what has no end is never completed."""
    job = one(**changes)

    assert (job.state, job.enabled) == (state, enabled)
    assert state in STATES


@pytest.mark.parametrize(
    ("deliver", "origin", "platforms"),
    [
        ("telegram:424242", None, ("telegram",)),
        ("telegram:-100:7, mattermost ,telegram", None, ("mattermost", "telegram")),
        (["discord:1", "slack"], None, ("discord", "slack")),
        ("origin", {"platform": "telegram", "chat_id": "5"}, ("telegram",)),
        ("origin", None, ("origin",)),
        ("origin", "junk", ("origin",)),
        ("local", None, ("local",)),
        ("Köln!", None, ("other",)),
        (None, None, ()),
        (7, None, ()),
    ],
)
def test_destinations_lose_everything_but_the_platform(deliver: object, origin: object, platforms: object) -> None:
    """Chats and threads never leave the reader."""
    assert one(deliver=deliver, origin=origin).deliver == platforms


def test_schedules_of_every_kind() -> None:
    """Interval, one-shot, and a kind that Hermes may add."""
    interval = one(schedule={"kind": "interval", "minutes": 60})
    once = one(schedule={"kind": "once", "run_at": "2026-11-22T07:00:00+00:00"}, next_run_at=None)
    other = one(schedule={"kind": "lunar"})
    none = one(schedule="daily")

    assert (interval.kind, interval.schedule) == ("interval", "every 60m")
    assert (once.kind, once.once_at, once.schedulable) == ("once", 1795330800.0, True)
    assert (other.kind, none.kind) == ("other", "other")


def test_a_job_without_a_next_run_is_not_schedulable() -> None:
    """Enabled and nothing to come: Hermes could not compute it. A paused job needs none."""
    assert one(next_run_at=None).schedulable is False
    assert one(next_run_at=None, state="paused", enabled=False).schedulable is True


def test_the_split_store_is_merged() -> None:
    """What runtime.db notes fills the gaps of jobs.json; what still stands in jobs.json wins."""
    definition = {key: JOB[key] for key in ("id", "name", "schedule", "enabled", "deliver")}
    store = jobs.parse(json.dumps([definition, {**JOB, "id": "b"}]).encode(), Notes())
    runtime = {
        "c3510928081b": {"next_run_at": "2026-11-23T06:44:00+00:00", "last_status": "error"},
        "b": {"last_status": "error"},
    }

    split, whole = store.with_runtime(runtime).jobs

    assert (split.schedulable, split.noted.last_status, whole.noted.last_status) == (True, "error", "ok")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(JOB)), ANYTHING, max_size=6))
def test_any_value_at_any_key_costs_at_most_that_job(changes: dict[str, object]) -> None:
    """Whatever stands at a key, the neighbour is read and nothing is raised."""
    data = json.dumps([{**JOB, **changes}, {**JOB, "id": "neighbour"}]).encode()

    store = jobs.parse(data, Notes())

    assert store.jobs[-1].name == "Morning brief"
    assert store.jobs[-1].id == "neighbour"


def written(updated_at: object, *last_runs: object) -> tuple[jobs.Stamp, ...]:
    """The stamps by which Hermes' clock is known, of a file of that time with runs that ended at those."""
    records = [{**JOB, "id": str(number), "last_run_at": stamp} for number, stamp in enumerate(last_runs)]
    return jobs.parse(json.dumps({"jobs": records, "updated_at": updated_at}).encode(), Notes()).written


def test_the_clock_is_known_by_the_newest_run_and_the_file() -> None:
    """Of the runs the last to end, by the moment and not by the text; the newer of the two stamps first."""
    found = written("2026-11-22T16:00:00+09:00", "2026-11-22T06:30:00+00:00", "2026-11-22T07:00:00+02:00")

    assert found == ((1795330800.0, 32400), (1795329000.0, 0))


def test_a_clock_that_tells_no_offset_is_not_known() -> None:
    """Naive stamps, numbers and what is no time say nothing; nor do plans and a one-shot's own text."""
    assert written("2026-11-22T16:00:00", "2026-11-22T16:00:00", 1795330800.0, "yesterday", None, {}) == ()
    assert written(None) == ()
    planned = {**JOB, "last_run_at": None, "next_run_at": "2026-11-23T06:44:00+09:00"}
    assert jobs.parse(json.dumps([planned]).encode(), Notes()).written == ()


def test_the_clock_is_known_by_runs_that_runtime_db_notes() -> None:
    """Where the notes of a run have moved, so has its stamp; the newest of both counts."""
    store = jobs.parse(json.dumps({"jobs": [JOB]}).encode(), Notes())
    with_newer = store.with_runtime({JOB["id"]: {"last_run_at": "2026-11-22T15:44:30+09:00"}})  # type: ignore[dict-item]
    with_older = store.with_runtime({"x": {"last_run_at": "2026-11-01T00:00:00+09:00"}, "y": {}})

    assert store.written == with_older.written == ((1795329862.809983, 0),)
    assert with_newer.written == ((1795329870.0, 32400),)
