"""The parsers by name, each as a function of bytes that fails where the parser does what it must not.

It must not raise anything but the error that it declares, cost more than the input's size allows, or quote in an
error what stands in the input.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_exporter.access.passwords import Passwords
from hermes_exporter.access.web_config import load
from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.exposition import PLAIN, negotiate
from hermes_exporter.judge.cron_times import ScheduleError
from hermes_exporter.judge.schedule import cron_schedule
from hermes_exporter.logs.records import boundary, first_stamp, last_stamp
from hermes_exporter.logs.scan import scan
from hermes_exporter.sources import (
    active_profile,
    auth_store,
    dead_targets,
    deliveries,
    drain_request,
    env_file,
    executions,
    gateway_state,
    heartbeat,
    hermes_config,
    jobs,
    lifecycle,
    pid_record,
    restart_guard,
    runtime_store,
    start_ring,
    stop_markers,
    ticker,
    update_receipt,
)
from hermes_exporter.sources.artefact import Reader, SourceError
from hermes_exporter.sources.exit_diagnostics import FILENAME as EXIT_DIAGNOSTICS
from hermes_exporter.sources.exit_diagnostics import ExitDiagnostics
from hermes_exporter.sources.installed_code import Installs
from hermes_exporter.sources.proc_environ import zone_variables
from hermes_exporter.sources.sqlite_copy import DatabaseReader
from tests.fuzz.bounds import check_weight, steps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from hermes_exporter.sources.artefact import Notes

logging.getLogger("croniter").setLevel(logging.CRITICAL)

SECRET = "CANARY-3f9c71"
"""Stands in the inputs where a secret would, and must never stand in an error."""
AT = 1_795_330_000.0
ZONE = "Europe/Berlin"
CRON_CALLS = 400_000
"""An expression that fires once in the 130 years that count is looked for in each month of them."""
USER = b"lab"
COST_4 = b"$2b$04$c.STyNQoz5tw5da8RFzX7OEHd7zKGD6BXWsmCITn8reGZOuw9kA5a"
"""bcrypt of ``right``."""

_PLACE = Path(tempfile.gettempdir()) / "hermes-exporter-fuzz"


def _file(data: bytes, name: str = "file") -> Path:
    _PLACE.mkdir(exist_ok=True)
    path = _PLACE / name
    path.write_bytes(data)
    return path


def _unsaid(data: bytes, *texts: str) -> None:
    """Assert that no error quotes the secret, and that none of them is long because the input is."""
    assert SECRET not in "".join(texts)
    assert len("".join(texts)) <= 4000, data[:100]


def artefact(parse: Callable[[bytes, Notes], object], max_bytes: int, data: bytes) -> None:
    """Read a file of a home."""
    path = str(_file(data))
    with steps(len(data)):
        try:
            read = Reader().read(path, parse, max_bytes)
        except SourceError as error:
            _unsaid(data, str(error))
            return
    assert read is not None
    check_weight(read, len(data))
    _unsaid(data, *read.faults)


def database(query: Callable[[sqlite3.Connection], object], data: bytes) -> None:
    """Ask a database."""
    path = str(_file(data, "file.db"))
    with steps(len(data)):
        try:
            found = DatabaseReader().read(path, query)
        except SourceError as error:
            _unsaid(data, str(error))
            return
    check_weight(found, len(data))


def exit_diagnostics(data: bytes) -> None:
    """Follow the exit diagnostics: first as history, then as news."""
    path = _file(b"", "diagnostics")
    followed = ExitDiagnostics()
    with steps(len(data)):
        followed.follow(str(path))
        path.write_bytes(data)
        followed.follow(str(path))
        path.write_bytes(data + b"\n" + data)
        followed.follow(str(path))
    assert len(followed.open) + followed.unclean <= 2 * data.count(b"gateway.start") + data.count(b"\\")
    check_weight(followed.open, 2 * len(data))


def log(file: str, data: bytes) -> None:
    """Scan a log, piece by piece as it would be taken."""
    with steps(len(data)):
        first_stamp(data)
        last_stamp(data)
        for quiet in (False, True):
            taken = boundary(data, quiet=quiet)
            assert 0 <= taken <= len(data)
            told = scan(data[:taken], file)  # type: ignore[arg-type]
            check_weight(told, len(data))


def cron(data: bytes) -> None:
    """Evaluate an expression: the slots around a moment are in order, and few calls find them."""
    expression = data.decode("utf-8", "replace")
    with steps(len(data), CRON_CALLS):
        try:
            schedule = cron_schedule(expression, ZONE)
        except ScheduleError as error:
            _unsaid(data, str(error))
            return
        newest, following = schedule.newest(AT), schedule.next(AT)
        assert newest is None or newest <= AT
        assert following is None or following > AT
        for number, slot in enumerate(schedule.between(AT, AT + 86400)):
            assert AT < slot <= AT + 86400
            if number == 10:
                break


def authorization(data: bytes) -> None:
    """Ask with a header: only the right one is let in, with whatever padding base64 gets."""
    passwords = Passwords()
    passwords.use({USER: COST_4})
    header = data.decode("latin-1")
    admitted = asyncio.run(passwords.prove(header, "client"))
    passwords.close()
    assert not admitted or header.split(" ", 1)[1].strip().rstrip("=") == "bGFiOnJpZ2h0"


def accept(data: bytes) -> None:
    """Ask for a format: there always is an answer, in one of the known types."""
    header = data.decode("latin-1")
    half = len(header) // 2
    for asked in ((header, ""), ("", header), (header[:half], header[half:])):
        with steps(len(data)):
            wanted, content_type = negotiate(*asked)
        assert wanted.openmetrics or not wanted.compressed or wanted != PLAIN
        assert content_type.startswith(("text/plain; ", "application/openmetrics-text; "))
        assert "\n" not in content_type


def web_config(data: bytes) -> None:
    """Load a web configuration; keys may be told, values may not."""
    path = _file(data, "web.yml")
    with steps(len(data)):
        try:
            load(path)
        except ConfigError as error:
            assert str(path) in str(error)


def environment(data: bytes) -> None:
    """Read the environment of a process."""
    path = _file(data, "environ")
    with steps(len(data)):
        check_weight(zone_variables(str(path)), len(data))


def installed(data: bytes) -> None:
    """Look at a tree of code, each file of which holds the input."""
    root = _PLACE / "root"
    info = root / "venv/lib/python3.11/site-packages/hermes_agent-0.19.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (root / "venv/bin").mkdir(exist_ok=True)
    (info / "direct_url.json").write_bytes(data)
    for name in (".git/HEAD", ".git/packed-refs", "hermes_cli/__init__.py", "install-stamp.json"):
        path = root / "hermes-agent" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with steps(len(data)):
        for program in (None, "/venv/bin/hermes"):
            check_weight(Installs(root, root).of(program), len(data))


ARTEFACTS = {
    active_profile.FILENAME: active_profile,
    auth_store.FILENAME: auth_store,
    dead_targets.FILENAME: dead_targets,
    drain_request.FILENAME: drain_request,
    env_file.FILENAME: env_file,
    gateway_state.FILENAME: gateway_state,
    heartbeat.FILENAME: heartbeat,
    hermes_config.FILENAME: hermes_config,
    jobs.FILENAME: jobs,
    lifecycle.FILENAME: lifecycle,
    pid_record.PID_FILENAME: pid_record,
    restart_guard.FILENAME: restart_guard,
    start_ring.FILENAME: start_ring,
    stop_markers.FILENAMES["stop"]: stop_markers,
    update_receipt.FILENAME: update_receipt,
}
TICKER = {
    ticker.HEARTBEAT: ticker.parse_time,
    ticker.ERROR: ticker.parse_error,
    ticker.CATCH_UP: ticker.parse_count,
}
DATABASES = {module.FILENAME: module.query for module in (executions, deliveries, runtime_store)}
TARGETS: dict[str, Callable[[bytes], None]] = {
    **{name: partial(artefact, module.parse, module.MAX_BYTES) for name, module in ARTEFACTS.items()},
    **{name: partial(artefact, parse, ticker.MAX_BYTES) for name, parse in TICKER.items()},
    **{name: partial(database, query) for name, query in DATABASES.items()},
    EXIT_DIAGNOSTICS: exit_diagnostics,
    "logs/agent.log": partial(log, "agent"),
    "logs/errors.log": partial(log, "errors"),
    "cron expression": cron,
    "Authorization": authorization,
    "Accept": accept,
    "web configuration": web_config,
    "environ": environment,
    "installed code": installed,
}
"""By the name of the file in a home, where it is one."""
