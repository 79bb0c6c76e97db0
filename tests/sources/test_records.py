"""Each artefact's parser: the shapes that Hermes has written, and what is noted of any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources import (
    active_profile,
    dead_targets,
    drain_request,
    env_file,
    gateway_state,
    heartbeat,
    hermes_config,
    lifecycle,
    pid_record,
    start_ring,
    ticker,
)
from hermes_exporter.sources.artefact import Notes, UnusableError
from hermes_exporter.sources.pid_record import PidRecord

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1795329403.746499
ISO = "2026-11-22T06:36:43.746499+00:00"


def parse(parser: Callable[[bytes, Notes], object], value: object) -> tuple[object, list[str]]:
    """A parser's record and what it noted."""
    notes = Notes()
    return parser(json.dumps(value).encode(), notes), notes.faults


def test_gateway_state_of_019() -> None:
    """The shape of 0.19: everything is understood, unknown keys are none of our business."""
    record, faults = parse(
        gateway_state.parse,
        {"pid": 7, "kind": "hermes-gateway", "start_time": 420145, "gateway_state": "running", "active_agents": 2,
         "platforms": {"telegram": {"state": "connected"}}, "updated_at": ISO},
    )  # fmt: skip

    telegram = gateway_state.PlatformEntry("", "telegram", "connected", None, None, None, None)
    assert record == gateway_state.GatewayState(
        "running", 7, 420145, 2, NOW, (), None, None, None, (telegram,), None
    )
    assert faults == []


def test_gateway_state_of_020() -> None:
    """Newer shapes: profiles as objects, the version of the code, a stamp that is a number."""
    record, faults = parse(
        gateway_state.parse,
        {"gateway_state": "draining", "served_profiles": [{"profile_id": "default"}, {"profile_id": "coder"}],
         "code_version": "0.22.1", "code_sha": "abc", "updated_at": 1795329403,
         "argv": ["/venv/bin/hermes", "gateway", "run"],
         "session_store": {"status": "unavailable"},
         "platforms": {"coder:slack": {"state": "retrying", "error_code": "x", "needs_attention": True,
                                       "writer_pid": 7, "writer_start_time": 9, "updated_at": 1795329403}}},
    )  # fmt: skip

    slack = gateway_state.PlatformEntry("coder", "slack", "retrying", "x", 1795329403.0, True, (7, 9))
    assert record == gateway_state.GatewayState(
        "draining",
        None,
        None,
        None,
        1795329403.0,
        ("default", "coder"),
        "0.22.1",
        "abc",
        "/venv/bin/hermes",
        (slack,),
        True,
    )
    assert faults == []


def test_served_profiles_that_are_no_names() -> None:
    """Names are taken, whatever else is in the list is noted by its place."""
    record, faults = parse(gateway_state.parse, {"served_profiles": ["default", 5, {"profile_id": None}, "coder"]})

    assert isinstance(record, gateway_state.GatewayState)
    assert record.served == ("default", "coder")
    assert [fault.partition(":")[0] for fault in faults] == ["served_profiles[1]", "served_profiles[2]"]


@pytest.mark.parametrize(
    ("data", "record"),
    [
        (b'{"pid": 7, "kind": "hermes-gateway", "start_time": 42}', PidRecord(7, 42)),
        (b'{"pid": 7, "start_time": null}', PidRecord(7, None)),
        (b"7\n", PidRecord(7, None)),
        (b"  7", PidRecord(7, None)),
        (b"", None),
        (b" \n", None),
        (b'{"start_time": 42}', None),
        (b"\xef\xbb\xbf" + b'{"pid": 7, "start_time": 42}', PidRecord(7, 42)),
    ],
)
def test_pid_records(data: bytes, record: PidRecord | None) -> None:
    """Objects, bare numbers of old versions, and nothing at all, which is no error."""
    assert pid_record.parse(data, Notes()) == record


@pytest.mark.parametrize("data", [b"seven", b"[]", b'"7"', b"{", b"7 8", b"-7", b"7.5", b"9" * 40])
def test_pid_record_of_no_use(data: bytes) -> None:
    """Anything else is unusable, and the reason does not quote it."""
    with pytest.raises(UnusableError) as caught:
        pid_record.parse(data, Notes())
    assert data.decode() not in str(caught.value) or len(data) < 3


def test_heartbeat() -> None:
    """Its start_time is in another unit than everywhere else, and is not read."""
    record, faults = parse(
        heartbeat.parse, {"pid": 7, "updated_at": ISO, "monotonic": 4382.9, "start_time": 1795329474.95}
    )

    assert record == heartbeat.Heartbeat(7, NOW, 4382.9)
    assert faults == []


@pytest.mark.parametrize(
    ("data", "starts", "faults"),
    [
        (b"", (), 0),
        (b"1795329474.4\n", (1795329474.4,), 0),
        (b"1795329474.4", (1795329474.4,), 0),
        (b"30\n10\n20\n", (10.0, 20.0, 30.0), 0),
        (b"10\r\n\r\n20\r\n", (10.0, 20.0), 0),
        (b"10\nx\n20\n", (10.0, 20.0), 1),
        (b"10\nnan\ninf\n-5\n1e300\n", (10.0,), 4),
    ],
)
def test_start_ring(data: bytes, starts: tuple[float, ...], faults: int) -> None:
    """One time per line, in order; lines that are none are noted."""
    notes = Notes()

    assert start_ring.parse(data, notes) == starts
    assert len(notes.faults) == faults


def test_start_ring_of_no_use() -> None:
    """Without a single time in it the file is unusable."""
    with pytest.raises(UnusableError):
        start_ring.parse(b"x\ny\n", Notes())


def test_drain_request() -> None:
    """When the drain was asked for; a marker without it is one all the same."""
    record, _faults = parse(drain_request.parse, {"action": "drain", "requested_at": ISO})
    assert record == drain_request.DrainRequest(NOW)
    assert parse(drain_request.parse, {}) == (drain_request.DrainRequest(None), [])


@pytest.mark.parametrize(
    ("text", "valid", "multiplex"),
    [
        ("", True, None),
        ("# nothing\n", True, None),
        ("timezone: UTC\n", True, None),
        ("gateway:\n  multiplex_profiles: true\n", True, True),
        ("multiplex_profiles: true\n", True, True),
        ("gateway:\n  multiplex_profiles: false\nmultiplex_profiles: true\n", True, False),
        ("multiplex_profiles: 'yes'\n", True, None),
        ("gateway: 5\nmultiplex_profiles: true\n", True, True),
        ("- a\n- b\n", False, None),
        ("just text\n", False, None),
        ("a: [\n", False, None),
        ("a: 1\n b: 2\n", False, None),
        ("a: !!python/object:os.system x\n", False, None),
        ("\x00", False, None),
        ("a: &x 1\nb: *y\n", False, None),
    ],
)
def test_hermes_config(text: str, *, valid: bool, multiplex: bool | None) -> None:
    """What Hermes would ignore is invalid and noted; of the rest only what changes a verdict is kept."""
    notes = Notes()

    config = hermes_config.parse(text.encode(), notes)

    assert (config.valid, config.multiplex) == (valid, multiplex)
    assert bool(notes.faults) != valid


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"coder\n", "coder"), (b" coder ", "coder"), (b"default\n", None), (b"", None), (b"\n", None)],
)
def test_active_profile(data: bytes, name: str | None) -> None:
    """One name, or none."""
    assert active_profile.parse(data, Notes()) == name


@pytest.mark.parametrize("parser", [gateway_state.parse, heartbeat.parse, drain_request.parse])
@pytest.mark.parametrize(
    "data", [b"", b" ", b"null", b"[]", b"7", b'"x"', b"{", b'{"a": }', b"\xff\xfe{}", b"{}{}"]
)
def test_content_that_is_no_object(parser: Callable[[bytes, Notes], object], data: bytes) -> None:
    """Whatever is not one JSON object is unusable."""
    with pytest.raises(UnusableError):
        parser(data, Notes())


def test_hermes_config_keeps_what_changes_a_verdict() -> None:
    """Zone, cron provider, log level and messengers are kept; the host's overlay wins leaf by leaf."""
    text = b"""
timezone: Asia/Seoul
cron: {provider: chronos}
logging: {level: WARNING}
gateway: {platforms: {slack: {enabled: true}}}
platforms: {slack: {enabled: false}, telegram: {enabled: true, token: SECRET}, odd: 5, "Bad Name": {enabled: true}}
"""
    config = hermes_config.parse(text, Notes())
    overlay = hermes_config.parse(b"timezone: UTC\nplatforms: {slack: {enabled: true}}", Notes())

    assert (config.timezone, config.cron_provider, config.log_level) == ("Asia/Seoul", "chronos", "WARNING")
    assert dict(config.platforms) == {"slack": False, "telegram": True}
    assert "SECRET" not in repr(config)
    managed = config.under(overlay)
    assert (managed.timezone, managed.cron_provider) == ("UTC", "chronos")
    assert dict(managed.platforms) == {"slack": True, "telegram": True}


def test_env_file_keeps_names_and_no_secrets() -> None:
    """Which messengers its variables switch on, a zone and a switch; no value of anything else."""
    text = b"""# comment
TELEGRAM_BOT_TOKEN=SECRET
export MATTERMOST_TOKEN="SECRET"
SLACK_BOT_TOKEN=
HERMES_TIMEZONE='Asia/Seoul'
GATEWAY_MULTIPLEX_PROFILES=On
no assignment \xff
"""
    env = env_file.parse(text, Notes())

    assert env == env_file.EnvFile(frozenset({"telegram", "mattermost"}), "Asia/Seoul", True)
    assert "SECRET" not in repr(env)


@pytest.mark.parametrize(
    ("parse_file", "data", "value"),
    [
        (ticker.parse_time, b"1795326828.152355", 1795326828.152355),
        (ticker.parse_error, b"1795326828.5\nSECRET text", 1795326828.5),
        (ticker.parse_count, b"12\n", 12),
    ],
)
def test_ticker_marks(parse_file: Callable[[bytes, Notes], float], data: bytes, value: float) -> None:
    """Each mark is a number; what a tick failed of is not read."""
    assert parse_file(data, Notes()) == value


@pytest.mark.parametrize("data", [b"", b"soon", b"-5", b"nan", b"\xff", b"1e999"])
def test_ticker_marks_that_are_none(data: bytes) -> None:
    """Anything else is an error, not a time and not a count."""
    for parse_file in (ticker.parse_time, ticker.parse_error, ticker.parse_count):
        with pytest.raises(UnusableError):
            parse_file(data, Notes())


def test_dead_targets_are_counted_by_platform() -> None:
    """How many of each messenger; which chats they are stays there."""
    table = {
        "telegram:42": {"platform": "telegram", "chat_id": "42"},
        "telegram:43": {"platform": "telegram"},
        "x": {"platform": "BAD NAME"},
        "y": 5,
    }
    record, faults = parse(dead_targets.parse, table)

    assert record == {"telegram": 2, "other": 1}
    assert len(faults) == 1


def test_lifecycle() -> None:
    """Phase, pid and reason of the last end."""
    record, faults = parse(lifecycle.parse, {"phase": "exited", "pid": 7, "exit_reason": "loop_liveness_watchdog"})

    assert (record, faults) == (lifecycle.Lifecycle("exited", 7, "loop_liveness_watchdog"), [])
