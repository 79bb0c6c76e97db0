"""Homes in every state that the page has a picture of, each with an exporter of its own."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.web.exporter_process import ExporterProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NASTY = '<script>document.title = "run"</script><img src=x onerror=alert(1)>\u202egnp.exe\x1b[31m\x00 אבג'
UNREADABLE = (
    "config.yaml",
    "gateway_state.json",
    "gateway.pid",
    "cron/jobs.json",
    "cron/executions.db",
    "logs/agent.log",
)
SCENES = ("well", "report missing", "gateway dead", "blind", "no Hermes", "nasty names")


@contextmanager
def scene(name: str, directory: Path) -> Iterator[ExporterProcess]:
    """Serve a home of that state; its files are below the directory."""
    failures = {"well": [], "report missing": ["report_missing"], "gateway dead": ["gateway_dead"]}
    home = directory / "home"
    if name in failures:
        arguments = [part for failure in failures[name] for part in ("--failure", failure)]
        environment, command = {"TMPDIR": str(directory), "HERMES_HOME": ""}, "demo"
    else:
        {"blind": _blind, "no Hermes": lambda _home: None, "nasty names": _nasty}[name](home)
        arguments = ["--hermes.home", str(home), "--no-collector.units"]
        environment, command = {}, "serve"
    with ExporterProcess(arguments, directory / "log", environment, command=command) as exporter:
        yield exporter


def _blind(home: Path) -> None:
    """A home of which nothing can be read: directories stand where its files should."""
    for name in UNREADABLE:
        (home / name).mkdir(parents=True)


def _nasty(home: Path) -> None:
    """A home with a job whose name tries everything."""
    (home / "cron").mkdir(parents=True)
    named = {"id": "<b>'\"", "name": NASTY, "prompt": "write", "deliver": "telegram", "enabled": True}
    schedule = {"kind": "cron", "expr": "0 7 * * *", "display": "0 7 * * *"}
    job = {**named, "schedule": schedule, "created_at": "2026-01-01T00:00:00+00:00", "state": "scheduled"}
    (home / "cron/jobs.json").write_text(json.dumps({"jobs": [job]}))
