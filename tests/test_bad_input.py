"""Whatever lies in a Hermes home, a scrape costs no more than the series of the artefact that is wrong."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.bad_lab import (
    AGENTS,
    ARTEFACTS,
    BEAT,
    DEAD_TARGETS,
    DRAINING,
    FROZEN,
    INFO,
    INTERRUPTED,
    JOB_STATES,
    JOBS_OVERDUE,
    MISSING,
    NO_INFO,
    OF_JOBS,
    OTHER_TARGETS,
    REPLACED,
    SECRET,
    STALLED,
    STATE,
    STATE_TIME,
    STOPPING,
    UPDATE_FAILED,
    UPDATED,
    UPDATED_AT,
    UPDATED_OTHERWISE,
    VALID,
    WELL,
    Artefact,
    Lab,
)
from tests.odd_homes import AT, home, running, stamp
from tests.scraping import NOBODY, Scraper, changed, parse, unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scraping import Series

BIG = 80 << 20
FEW = 20


@pytest.fixture
def lab(open_directory: Path, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A healthy home, scraped once; its last tick failed where that is what the test is about."""
    callspec = getattr(request.node, "callspec", None)
    failing = callspec is not None and callspec.params.get("name") == "cron/ticker_last_error"
    lab = Lab(open_directory, caplog, failing=failing)
    yield lab
    lab.scraper.gatherer.close()


def check(lab: Lab, artefact: Artefact, verdict: str, *, moved: bool = False) -> None:
    """The verdict costs exactly what it may, and is said with file and reason when it comes, and not again."""
    series = lab.scrape()

    assert changed(lab.expected(artefact, verdict, moved=moved), series) == set()
    wanted = [] if verdict in ("fine", "absent", "hollow") else [str(lab.path(artefact))]
    assert [path for path, reason in lab.problems() if reason] == wanted

    assert changed(series, lab.scrape()) == set()
    assert lab.problems() == []


def check_recovery(lab: Lab, artefact: Artefact, verdict: str) -> None:
    """Put right, everything is as it was but for the counts; what was said to be wrong is said to be over."""
    series = lab.scrape()

    assert changed(lab.healthy, series) <= lab.about(artefact, "parse_errors_total")
    assert lab.problems() == []
    if verdict != "counted":  # a line that was skipped in a log is over with the next scrape, a file is not
        said = [str(lab.path(artefact))] if verdict in ("fails", "refused", "misnamed") else []
        assert [path for path, _reason in lab.recovered()] == said


CONTENTS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[: len(data) * 2 // 3],
    "empty": lambda _data: b"",
    "binary": lambda _data: (SECRET.encode() + bytes(range(256))) * 10 + b"\n",
}
TRUNCATED_YAML = f"model: {{api_key: {SECRET},".encode()


@pytest.mark.parametrize("form", CONTENTS)
@pytest.mark.parametrize("name", ARTEFACTS)
def test_content_that_makes_no_sense(lab: Lab, name: str, form: str) -> None:
    """Truncated, empty and binary content costs the artefact's own series, and is counted and said once."""
    artefact = ARTEFACTS[name]
    path = lab.path(artefact)
    data = path.read_bytes()

    verdict = getattr(artefact, form)
    bad = TRUNCATED_YAML if (name, form) == ("config.yaml", "truncated") else CONTENTS[form](data)
    path.write_bytes(bad)

    check(lab, artefact, verdict)
    path.write_bytes(data)
    check_recovery(lab, artefact, verdict)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_huge_file(lab: Lab, name: str) -> None:
    """A file of 80 MB is refused before it is read; one that is followed is followed in bounded steps."""
    artefact = ARTEFACTS[name]
    path = lab.path(artefact)
    size = path.stat().st_size
    os.truncate(path, BIG)

    check(lab, artefact, artefact.big)
    os.truncate(path, size)
    check_recovery(lab, artefact, artefact.big)


def _socket(path: Path) -> None:
    directory = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{directory}/{path.name}")
    os.close(directory)


KINDS: dict[str, Callable[[Path], None]] = {
    "directory": lambda path: path.mkdir(),
    "fifo": os.mkfifo,
    "socket": _socket,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "symlink loop": lambda path: path.symlink_to(path.name),
    "dangling symlink": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ARTEFACTS)
def test_no_file_at_all(lab: Lab, name: str, kind: str) -> None:
    """A directory, a FIFO, a device or a loop of links in the place of a file is refused and not waited for."""
    artefact = ARTEFACTS[name]
    path = lab.path(artefact)
    kept = lab.home.procfs.root / "kept"
    path.rename(kept)
    KINDS[kind](path)

    verdict = "absent" if kind == "dangling symlink" else "refused"
    check(lab, artefact, verdict, moved=True)
    path.rmdir() if kind == "directory" else path.unlink()
    kept.rename(path)
    check_recovery(lab, artefact, verdict)


OWNERS = ("ours", "another's") if os.geteuid() == 0 else ("ours",)
"""Only root can give a file away."""


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("name", ARTEFACTS)
def test_file_that_may_not_be_read(lab: Lab, name: str, owner: str) -> None:
    """A file that is closed to the exporter, its own or another's, costs its series and is said once."""
    artefact = ARTEFACTS[name]
    path = lab.path(artefact)
    data = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"\n")
    path.chmod(0o000 if owner == "ours" else 0o600)
    if os.geteuid() == 0:
        os.chown(path, NOBODY if owner == "ours" else NOBODY - 1, -1)

    with unprivileged():
        check(lab, artefact, "refused")
    path.chmod(0o644)
    path.write_bytes(data)
    check_recovery(lab, artefact, "refused")


def test_profile_that_may_not_be_entered(lab: Lab) -> None:
    """Of a profile whose directory is closed nothing is claimed, least of all that its gateway is dead."""
    lab.coder.chmod(0o000)

    with unprivileged():
        series = lab.scrape()

    assert {path for path, _reason in lab.problems()} >= {
        str(lab.path(artefact)) for artefact in ARTEFACTS.values() if artefact.collector != "discovery"
    }
    assert 'hermes_gateway_up{profile="coder"}' not in series
    assert series['hermes_profile_gateway_expected{profile="coder"}'] == 1
    assert series['hermes_exporter_collector_success{collector="gateway",profile="coder"}'] == 0
    assert {name for name in changed(lab.healthy, series) if 'profile="default"' in name} == set()
    lab.coder.chmod(0o755)


def test_file_that_comes_and_goes(lab: Lab) -> None:
    """Files that vanish and come back while they are read cost their own series at most, and only meanwhile.

    Without its heartbeat the ticker stands still, unless the ledger, which may be away as well, shows a long run.
    Of jobs that come back while the ledger is away nobody can tell whether a report is missing.
    """
    artefacts = [artefact for artefact in ARTEFACTS.values() if artefact.name != "gateway.lock"]
    artefacts = [artefact for artefact in artefacts if lab.path(artefact).exists()]
    paths = [lab.path(artefact) for artefact in artefacts]
    together = {STALLED, WELL.replace('"ok"', '"scheduler_stalled"'), WELL, MISSING}
    done = threading.Event()

    def come_and_go() -> None:
        away = lab.home.procfs.root / "away"
        while not done.is_set():
            for path in paths:
                path.rename(away)
                away.rename(path)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(300):
            different = changed(lab.healthy, lab.scrape())
            about = {name for name in different if name.startswith("hermes_exporter_")}
            files = different - about - together
            assert [name for name in files if not any(each.owns(name) for each in artefacts)] == []
            assert not any('profile="default"' in name and 'collector="gateway"' in name for name in about)
    finally:
        done.set()
        thread.join()
    left = changed(lab.healthy, lab.scrape())
    assert {name for name in left if not name.startswith("hermes_exporter_")} == set()


TEXT, WHOLE, NUMBER, STAMP, NAMES, TABLE = "text", "whole", "number", "stamp", "names", "table"
FLAG, OBJECT, TIMES, LIST = "flag", "object", "times", "list"
UNREAD = "unread"
TARGET = f"telegram:{SECRET}"
CREDENTIAL_SERIES = ARTEFACTS["auth.json"].lost
OF_ONE_JOB = frozenset(name for name in OF_JOBS if 'job_id="j1"' in name) | JOB_STATES
"""What one job is shown by; more of it, by another name, may come."""
HEALTH = frozenset(
    f'hermes_profile_health{{profile="coder",verdict="{verdict}"}}' for verdict in ("ok", "gateway_frozen")
)
KEYS: dict[str, dict[str, tuple[str, frozenset[str]]]] = {
    "gateway_state.json": {
        "gateway_state": (TEXT, STATE),
        "pid": (WHOLE, frozenset({AGENTS})),
        "start_time": (WHOLE, frozenset()),
        "active_agents": (WHOLE, frozenset({AGENTS})),
        "updated_at": (STAMP, frozenset({STATE_TIME})),
        "served_profiles": (NAMES, frozenset()),
        "code_version": (TEXT, frozenset({INFO, NO_INFO, INFO.replace("0.22.1", "NaN")})),
        "platforms": (TABLE, frozenset()),
        **dict.fromkeys(("argv", "kind", "exit_reason", "unheard_of"), (UNREAD, frozenset())),
    },
    "gateway.pid": {
        "pid": (WHOLE, frozenset()),
        "start_time": (WHOLE, frozenset()),
        "argv": (UNREAD, frozenset()),
    },
    "gateway.lock": {"pid": (WHOLE, frozenset()), "start_time": (WHOLE, frozenset())},
    "state/gateway.heartbeat": {
        "pid": (WHOLE, frozenset({FROZEN})),
        "updated_at": (STAMP, frozenset({BEAT, FROZEN})),
        "monotonic": (NUMBER, frozenset()),
        "start_time": (UNREAD, frozenset()),
    },
    ".drain_request.json": {"requested_at": (STAMP, frozenset({DRAINING})), "principal": (UNREAD, frozenset())},
    ".gateway-planned-stop.json": {
        "written_at": (STAMP, frozenset({STOPPING})),
        "target_pid": (UNREAD, frozenset()),
    },
    ".gateway-takeover.json": {"written_at": (STAMP, frozenset({REPLACED}))},
    "gateway/restart_loop.json": {"boots": (TIMES, frozenset({INTERRUPTED}))},
    "logs/update_receipts/latest.json": {
        "outcome": (TEXT, frozenset({UPDATED, UPDATED_OTHERWISE})),
        "finished_at": (STAMP, frozenset({UPDATED_AT})),
        "gateway_restart": (OBJECT, frozenset({UPDATE_FAILED})),
        "gateway_restart/failed_units": (NAMES, frozenset({UPDATE_FAILED})),
        "pre_sha": (UNREAD, frozenset()),
    },
    "state/gateway.lifecycle.json": {
        "phase": (TEXT, frozenset()),
        "pid": (WHOLE, frozenset()),
        "exit_reason": (TEXT, frozenset()),
        "started_at": (UNREAD, frozenset()),
    },
    "auth.json": {
        "credential_pool": (TABLE, CREDENTIAL_SERIES),
        "providers": (OBJECT, CREDENTIAL_SERIES),
        "providers/nous": (OBJECT, CREDENTIAL_SERIES),
        "providers/nous/refresh_token": (TEXT, CREDENTIAL_SERIES),
        "credential_pool/nous/0/last_status": (TEXT, CREDENTIAL_SERIES),
        "credential_pool/nous/0/last_error_code": (WHOLE, CREDENTIAL_SERIES),
        "credential_pool/nous/0/auth_type": (TEXT, CREDENTIAL_SERIES),
        **dict.fromkeys(
            ("credential_pool/nous/0/last_error_message", "credential_pool/nous/0/id", "updated_at", "unheard_of"),
            (UNREAD, frozenset()),
        ),
    },
    "gateway/dead_targets.json": {TARGET: (OBJECT, frozenset({DEAD_TARGETS, OTHER_TARGETS}))},
    "cron/jobs.json": {
        **dict.fromkeys(("jobs/0/name", "jobs/0/state", "jobs/0/last_status"), (TEXT, OF_ONE_JOB)),
        **dict.fromkeys(("jobs/0/enabled", "jobs/0/no_agent"), (FLAG, OF_ONE_JOB)),
        **dict.fromkeys(("jobs/0/next_run_at", "jobs/0/last_run_at", "jobs/0/created_at"), (STAMP, OF_ONE_JOB)),
        "jobs/0/quota_hold_until": (STAMP, OF_ONE_JOB),
        **dict.fromkeys(
            ("jobs/0/failure_streak", "jobs/0/repeat/times", "jobs/0/repeat/completed"), (WHOLE, OF_ONE_JOB)
        ),
        **dict.fromkeys(("jobs/0/repeat", "jobs/0/run_claim"), (OBJECT, OF_ONE_JOB)),
        "jobs/0/run_claim/at": (STAMP, OF_ONE_JOB),
        "jobs/0/last_delivery_unverified": (LIST, OF_ONE_JOB),
        "jobs/0/schedule": (OBJECT, OF_ONE_JOB | {MISSING}),
        "jobs/0/schedule/expr": (TEXT, OF_ONE_JOB | {MISSING}),
        "jobs/0/schedule/kind": (TEXT, OF_ONE_JOB | {MISSING}),
        **dict.fromkeys(
            (
                *("jobs/0/deliver", "jobs/0/prompt", "jobs/0/last_error", "jobs/0/last_delivery_error"),
                *("jobs/0/run_claim/by", "jobs/0/unheard_of", "updated_at"),
            ),
            (UNREAD, OF_ONE_JOB),
        ),
    },
}
"""The keys of each artefact: what they hold, and the series that they feed; in a list by number."""

VALUES: dict[str, tuple[object, frozenset[str]]] = {
    "null": (None, frozenset({TEXT, WHOLE, NUMBER, STAMP, NAMES, TABLE, FLAG, OBJECT, TIMES, LIST})),
    "true": (True, frozenset({FLAG})),
    "whole": (5, frozenset({WHOLE, NUMBER})),
    "negative": (-1, frozenset({WHOLE, NUMBER})),
    "huge": (10**400, frozenset()),
    "float": (1.5, frozenset({NUMBER})),
    "recent": (AT - 9.5, frozenset({NUMBER, STAMP})),
    "whole float": (3.0, frozenset({WHOLE, NUMBER})),
    "huge float": (1e300, frozenset({NUMBER})),
    "text": ("NaN", frozenset({TEXT})),
    "list": ([SECRET], frozenset({NAMES, LIST})),
    "list of lists": ([[SECRET]], frozenset({LIST})),
    "object": ({SECRET: {"pid": SECRET}}, frozenset({OBJECT})),
}
"""What is put in the place of a value, and for which kinds of key it is understood."""
PLAUSIBLE = {("whole", STAMP), ("float", STAMP), ("whole float", STAMP)}
"""Stamps of 1970: understood, and of no interest here."""


def with_value(document: Any, key: str, value: object) -> Any:
    """The document with another value at the key."""
    whole = copy.deepcopy(document)
    *above, last = key.split("/")
    inner = whole
    for name in above:
        inner = inner[int(name) if isinstance(inner, list) else name]
    inner[last] = value
    return whole


@pytest.mark.parametrize("name", KEYS)
def test_value_of_another_type(lab: Lab, name: str) -> None:
    """A value of the wrong type costs the series of its key and is counted; one nobody reads costs nothing."""
    path = lab.path(ARTEFACTS[name])
    healthy = json.loads(path.read_bytes())
    (counter,) = lab.about(ARTEFACTS[name], "parse_errors_total")
    before = lab.healthy[counter]
    for key, (kind, fed) in KEYS[name].items():
        for label, (value, understood) in VALUES.items():
            if (label, kind) in PLAUSIBLE:
                continue
            path.write_text(json.dumps(with_value(healthy, key, value)))
            series = lab.scrape()

            context = f"{name}: {key} is {label}"
            of_another = (name, key) == ("state/gateway.heartbeat", "pid") and value is not None
            own = fed | HEALTH if of_another and kind in understood else fed
            different = {series for series in changed(lab.healthy, series) if 'job_id="j1"' not in series}
            assert different - own == ({counter} if series[counter] else set()), context
            wrong = kind != UNREAD and kind not in understood
            assert series[counter] - before == wrong, context
            assert [path for path, _reason in lab.problems()] == [str(path)] * wrong, context

            path.write_text(json.dumps(healthy))
            before = lab.scrape()[counter]


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(document, dict):
        yield document
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    for each in list(inner):
        yield from objects(each)


@pytest.mark.parametrize("name", KEYS)
def test_secret_as_a_key(lab: Lab, name: str) -> None:
    """A key that no Hermes writes, in whatever object and whatever it holds, is not quoted in logs or answers."""
    path = lab.path(ARTEFACTS[name])
    healthy = json.loads(path.read_bytes())
    held = [value for value, _understood in VALUES.values()] + [{"state": 5, "updated_at": "x", "platform": []}]
    for number in range(len(list(objects(healthy)))):
        for value in held:
            document = copy.deepcopy(healthy)
            list(objects(document))[number][SECRET] = value
            path.write_text(json.dumps(document))

            lab.scrape()


@pytest.mark.parametrize("text", [r"\ud800", r"\udcff/hermes", r"a\u0000b", '\\n\\"\\\\', "é\u2028"])
def test_odd_text_in_a_value_nobody_reads(lab: Lab, text: str) -> None:
    """Lone surrogates (a path that is no UTF-8, as Python writes it), newlines and quotes cost nothing there."""
    for name in ("gateway_state.json", "gateway.pid", "gateway.lock"):
        path = lab.path(ARTEFACTS[name])
        path.write_text(path.read_text().replace("/home/user/.hermes/hermes-agent", text))

    assert changed(lab.healthy, lab.scrape()) == set()
    assert lab.problems() == []


@pytest.mark.parametrize("text", [r"\ud800", "\\n", r"\"} 1\nhermes_gateway_up 0", "x" * 1_000_000])
def test_odd_text_that_becomes_a_label(lab: Lab, text: str) -> None:
    """Text from a file that is shown as a label is escaped and bounded, and never makes a series of its own."""
    path = lab.path(ARTEFACTS["gateway_state.json"])
    path.write_text(path.read_text().replace("0.22.1", text))

    answer = lab.answer()

    different = changed(lab.healthy, parse(answer))
    assert all(name.startswith(("hermes_profile_info{", "hermes_exporter_parse_errors")) for name in different)
    assert len(answer) < 100_000
    assert list(text_string_to_metric_families(answer))


@pytest.mark.parametrize("kind", ["cron", "once"])
def test_half_a_character_in_a_job(lab: Lab, kind: str) -> None:
    """Lone surrogates in whatever is shown or remembered of a job cost nothing but that they are seen as such."""
    path = lab.path(ARTEFACTS["cron/jobs.json"])
    schedule = {"kind": kind, "expr": "\udfff", "run_at": stamp(AT - 60), "display": "\udfff"}
    odd = {"id": "\ud800", "name": "\udc00", "state": "\udb00", "last_status": "\ud801", "schedule": schedule}
    path.write_text(json.dumps({"jobs": [odd, *json.loads(path.read_text())["jobs"]]}))

    for _ in range(2):
        series = lab.scrape()
    assert series['hermes_cron_job_judged{job_id="?",job_name="?",profile="coder"}'] in (0, 1)
    different = {name for name in changed(lab.healthy, series) if 'job_id="?"' not in name}
    assert different <= JOB_STATES | {JOBS_OVERDUE, MISSING}
    assert lab.problems() == []


STAMPS = {
    "state": ("gateway_state.json", "updated_at", STATE_TIME, frozenset()),
    "beat": ("state/gateway.heartbeat", "updated_at", BEAT, frozenset({FROZEN})),
    "drain": (".drain_request.json", "requested_at", DRAINING, frozenset()),
    "stop": (".gateway-planned-stop.json", "written_at", STOPPING, frozenset()),
    "update": ("logs/update_receipts/latest.json", "finished_at", UPDATED_AT, frozenset()),
}
LOCAL = datetime.fromtimestamp(AT - 50).isoformat()  # noqa: DTZ006  # naive, as old versions wrote it
GOOD_STAMPS: dict[str | float, float] = {
    LOCAL: AT - 50,
    datetime.fromtimestamp(AT - 50, UTC).isoformat().replace("+00:00", "Z"): AT - 50,
    "2026-11-22T07:46:30.123456+01:00": 1795329990.123456,
    int(AT) - 7: AT - 7,
    AT - 7.25: AT - 7.25,
    AT + 59: AT + 59,
}
FUTURE_STAMPS = ["9999-12-31T23:59:59+00:00", AT + 61, int(AT) + 10**9]
BAD_STAMPS = ["0001-01-01T00:00:00", "0001-01-01T00:00:00+00:00", "Infinity", "yesterday", "", -1, 1e300, 10**30]


@pytest.mark.parametrize("where", STAMPS)
def test_stamps(lab: Lab, where: str) -> None:
    """Stamps are understood with offset, naive (local time) and as numbers; those ahead of us are ignored."""
    name, key, series_name, beside = STAMPS[where]
    path = lab.path(ARTEFACTS[name])
    healthy = json.loads(path.read_bytes())
    faults, future = (
        f'hermes_exporter_{family}_total{{collector="gateway",profile="coder"}}'
        for family in ("parse_errors", "future_timestamps")
    )
    for value, expected in GOOD_STAMPS.items():
        path.write_text(json.dumps({**healthy, key: value}))
        series = lab.scrape()
        assert series[series_name] == pytest.approx(expected, abs=1e-3)
        assert changed(lab.healthy, series) - {series_name} <= beside
    bad = [*((value, future) for value in FUTURE_STAMPS), *((value, faults) for value in BAD_STAMPS)]
    for wrong, counter in bad:
        path.write_text(json.dumps(healthy))
        before = lab.scrape()
        path.write_text(json.dumps({**healthy, key: wrong}))
        series = lab.scrape()
        assert series_name not in series, wrong
        assert series.keys() & beside == set(), wrong
        assert series[counter] == before[counter] + 1, wrong
        assert changed(before, series) == {series_name, counter, *beside}, wrong


def test_starts_of_the_future_are_no_loop(lab: Lab) -> None:
    """Recorded starts that lie ahead are counted as such and make no crash loop; nor do lines that are no time."""
    path = lab.path(ARTEFACTS["gateway-starts.log"])
    lines = [f"{AT - 3600}", *(f"{AT + 1000 + step}" for step in range(8)), "nan", "inf", "-1", "1e999", "\x00"]
    path.write_text("\n".join(lines) + "\n")

    series = lab.scrape()

    assert series['hermes_exporter_future_timestamps_total{collector="gateway",profile="coder"}'] >= 1
    assert series['hermes_exporter_parse_errors_total{collector="gateway",profile="coder"}'] >= 1
    assert all("exporter" in name for name in changed(lab.healthy, series))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gateway-starts.log", f"{AT - 3600}\n" + f"{SECRET}\n" * 20_000),
        ("gateway-starts.log", f"{AT + 9e6}\n" * 10_000),
        ("gateway_state.json", json.dumps({"gateway_state": "running", "served_profiles": [1] * 100_000})),
    ],
    ids=["lines", "future lines", "names"],
)
def test_a_thousand_faults_in_one_file(lab: Lab, name: str, content: str) -> None:
    """However many values of one file are wrong, the log gets a few lines about it, not one for each."""
    lab.path(ARTEFACTS[name]).write_text(content)

    lab.scrape()

    assert 1 <= len(lab.problems()) <= FEW


@pytest.mark.parametrize("name", ["cron/ticker_heartbeat", "cron/ticker_last_success", "cron/ticker_last_error"])
def test_a_mark_that_cannot_be_read_is_no_verdict(lab: Lab, name: str) -> None:
    """Whether the cron stands still is not told, nor that it ticks, while the mark that says so is of no use."""
    for explanation in (".drain_request.json", "cron/executions.db"):
        (lab.coder / explanation).unlink()
    failing = name == "cron/ticker_last_error"
    assert lab.scrape()[STALLED] == failing

    (lab.coder / name).write_bytes(SECRET.encode())
    assert STALLED not in lab.scrape()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def job_records() -> st.SearchStrategy[dict[str, Any]]:
    """Jobs whose every value may be anything."""
    places = [key.split("/") for key in KEYS["cron/jobs.json"]]
    schedule = st.fixed_dictionaries(
        {"kind": st.sampled_from(("cron", "interval", "once")) | JSON_VALUES},
        optional=dict.fromkeys(("expr", "minutes", "run_at"), JSON_VALUES),
    )
    optional = {place[2]: JSON_VALUES for place in places if len(place) == 3}
    ids = st.sampled_from(("j1", "j2")) | JSON_VALUES
    return st.fixed_dictionaries({"id": ids}, optional={**optional, "schedule": schedule | JSON_VALUES})


def documents(name: str) -> st.SearchStrategy[bytes]:
    """Arbitrary bytes, arbitrary JSON, and JSON objects with the keys that are read."""
    keys = KEYS.get(name, {"ts": None, "tag": None, "pid": None, "gateway": None})
    objects = st.fixed_dictionaries({}, optional=dict.fromkeys(keys, JSON_VALUES))
    if name == "cron/jobs.json":
        objects = st.fixed_dictionaries({"jobs": st.lists(job_records(), max_size=3)})
    if name == "gateway/dead_targets.json":
        targets = st.fixed_dictionaries({"platform": JSON_VALUES | st.just("telegram")})
        objects = st.dictionaries(st.text(max_size=8), targets | JSON_VALUES, max_size=3)
    encoded = (objects | JSON_VALUES).map(lambda value: json.dumps(value).encode())
    return st.binary(max_size=200) | encoded | st.lists(encoded, max_size=4).map(b"\n".join)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_arbitrary_content(lab: Lab, name: str) -> None:
    """No content whatsoever stops a scrape, breaks its answer, or costs more than the artefact's own series."""
    artefact = ARTEFACTS[name]
    path = lab.path(artefact)
    unclean = 'hermes_gateway_unclean_exits_total{profile="coder"}'
    verdicts = {"logs/gateway-exit-diag.log": {unclean}, "state/gateway.heartbeat": HEALTH}
    verdicts |= dict.fromkeys(("cron/jobs.json", "cron/executions.db", "cron/runtime.db"), frozenset({MISSING}))
    more = verdicts.get(name, set())

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(documents(name))
    def scrape_with(content: bytes) -> None:
        path.write_bytes(content)
        answer = lab.answer()
        list(text_string_to_metric_families(answer))
        different = {series for series in changed(lab.healthy, parse(answer)) - more if not artefact.owns(series)}
        about = {
            series
            for family in ("collector_success", "parse_errors_total", "future_timestamps_total")
            for series in lab.about(artefact, family)
        }
        assert {series for series in different if not series.startswith(INFO[:20])} <= about

    scrape_with()


def command(*arguments: str, at: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the real command on a home."""
    words = [sys.executable, "-m", "hermes_exporter", "scrape", *at.arguments(), *arguments]
    return subprocess.run(words, capture_output=True, timeout=20, check=False)


def yaml_bomb() -> bytes:
    """Mappings merged into one another until a hundred million keys would have to be copied."""
    lines = [b"a0: &a0 {k: v}"]
    lines += [b"a%d: &a%d {<<: [%s]}" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10)]
    return b"\n".join(lines)


HOSTILE = {
    "deep list": b"a: " + b"[" * 100_000 + b"]" * 100_000,
    "deep list, never closed": b"a: " + b"[" * 400_000,
    "deep mapping": b"{a: " * 100_000,
    "deep block": b"- " * 200_000,
    "merge bomb": yaml_bomb(),
    "time that is none": b"a: !!timestamp CANARY-3f9c71\n",
    "flag that is none": b"a: !!bool CANARY-3f9c71\n",
    "number that is none": b"a: !!int\n",
    "object of Python": b"!!python/object/apply:os.system [CANARY-3f9c71]\n",
    "key that is a list": b"? [CANARY-3f9c71]\n: 1\n",
}


@pytest.mark.parametrize("form", HOSTILE)
def test_hostile_yaml(tmp_path: Path, form: str) -> None:
    """A config.yaml made to break a parser costs its own series; the neighbour's and the process stand."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    running(made, "coder", 3002)
    (made.profile("coder") / "config.yaml").write_bytes(HOSTILE[form])

    done = command(at=made)

    assert done.returncode == 0, done.stderr[-2000:]
    series = parse(done.stdout.decode())
    for profile in ("default", "coder"):
        assert series[f'hermes_gateway_up{{profile="{profile}"}}'] == 1
    assert series['hermes_config_valid{profile="default"}'] == 1
    assert series.get(VALID) in (None, 0, 1)
    assert SECRET.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_odd_bytes_in_the_path_of_a_home(tmp_path: Path, log_format: str) -> None:
    """A home whose path has quotes, newlines and bytes that are no text is scraped, and logged line by line."""
    directory = tmp_path / os.fsdecode(b'a "b"\n\xff={}\\')
    made = home(directory / "h", tmp_path)
    running(made, "default", 3001)
    (made.root / "config.yaml").write_text("a: [")

    done = command("--log.format", log_format, at=made)

    assert done.returncode == 0, done.stderr
    assert parse(done.stdout.decode())['hermes_config_valid{profile="default"}'] == 0
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    if log_format == "json":
        assert json.loads(lines[0])["path"].endswith("/config.yaml")
    else:
        assert lines[0].startswith("ts=")


def test_odd_text_in_the_name_of_a_profile(tmp_path: Path) -> None:
    """A profile that only the configuration names is shown under its label, whatever is in it, escaped."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    name = 'we"ird\n\\{}'
    scraper = Scraper(made, gateways={name: "required"})
    answer = scraper.text()
    scraper.gatherer.close()

    families = list(text_string_to_metric_families(answer))
    profiles = {sample.labels.get("profile") for family in families for sample in family.samples}
    assert profiles == {None, "default", name}


def unclean_exits(series: Series) -> float:
    """How many gateways of coder died without a word."""
    return series['hermes_gateway_unclean_exits_total{profile="coder"}']


def test_exit_diagnostics_of_nonsense_kill_nobody(lab: Lab) -> None:
    """Lines that are no records are counted once; starts and deaths around them still are what they are."""
    path = lab.path(ARTEFACTS["logs/gateway-exit-diag.log"])
    lines = [f'{{"tag": "{SECRET}"}}', "[]", "{", '{"ts": null, "tag": 1, "pid": "x"}', "\x00\x00", '"x"']
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n")
    series = lab.scrape()
    assert series['hermes_exporter_parse_errors_total{collector="gateway",profile="coder"}'] == 1
    assert unclean_exits(series) == 0

    lab.home.procfs.kill(3002)
    assert unclean_exits(lab.scrape()) == 1
