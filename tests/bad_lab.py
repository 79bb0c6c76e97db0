"""A home with two gateways, whose artefacts of ``coder`` go bad one after the other, and what that may cost."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.odd_homes import AT, home, running, stamp
from tests.scraping import Scraper, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tests.homes import Home
    from tests.scraping import Series

SECRET = "CANARY-3f9c71"
"""Stands in the artefacts, and must never stand in the log or the answer."""
QUICK_SECONDS = 3.0

STATES = ("starting", "running", "degraded", "draining", "stopped", "startup_failed", "other")
STATE = frozenset(f'hermes_gateway_state{{profile="coder",state="{state}"}}' for state in STATES)
STATE_TIME = 'hermes_gateway_state_timestamp_seconds{profile="coder"}'
AGENTS = 'hermes_gateway_active_agents{profile="coder"}'
BEAT = 'hermes_gateway_heartbeat_timestamp_seconds{profile="coder"}'
DRAINING = 'hermes_gateway_draining_since_timestamp_seconds{profile="coder"}'
VALID = 'hermes_config_valid{profile="coder"}'
INFO = 'hermes_profile_info{code_version="0.22.1",gateway="own",host_profile="",profile="coder",version=""}'
NO_INFO = INFO.replace("0.22.1", "")
LOCKED = 'hermes_gateway_proof{profile="coder",proof="lock"}'
RECORDED = 'hermes_gateway_proof{profile="coder",proof="pid_record"}'
FROZEN = 'hermes_profile_condition{condition="gateway_frozen",profile="coder"}'
INVALID = 'hermes_profile_condition{condition="config_invalid",profile="coder"}'
HEALTH = 'hermes_profile_health{{profile="coder",verdict="{}"}}'
WELL, ILL = HEALTH.format("ok"), HEALTH.format("config_invalid")
LOOPING = 'hermes_profile_condition{condition="gateway_crash_looping",profile="coder"}'


@dataclass(frozen=True)
class Artefact:
    """One file of a profile, or of the root.

    Attributes:
        lost: series that are gone when nothing can be had from it, and ``instead`` those that come.
        absent_loses: the same where it does not exist, which is no failure.
        moved: series that change when another file takes its place; the process has the old one open.
        truncated, empty, binary: what such content comes to: ``fails`` (the collector failed and the error is
            counted), ``counted`` (only that), ``fine``; ``misread`` are the series that are then different.
    """

    name: str
    lost: frozenset[str] = frozenset()
    absent_loses: frozenset[str] | None = None
    instead: Mapping[str, float] = field(default_factory=dict)
    moved: Mapping[str, float | None] = field(default_factory=dict)
    misread: Mapping[str, float | None] = field(default_factory=dict)
    truncated: str = "fails"
    empty: str = "fails"
    binary: str = "fails"
    big: str = "refused"
    collector: str = "gateway"

    @property
    def own(self) -> set[str]:
        """Every series that it may change."""
        return {*self.lost, *self.instead, *self.misread}


FINE = {"truncated": "fine", "empty": "fine", "binary": "fine"}
ARTEFACTS = {
    artefact.name: artefact
    for artefact in (
        Artefact("gateway_state.json", lost=STATE | {STATE_TIME, AGENTS, INFO}, instead={NO_INFO: 1}),
        Artefact("gateway.pid", empty="fine"),
        Artefact("gateway.lock", moved={LOCKED: None, RECORDED: 1}, empty="fine"),
        Artefact("state/gateway.heartbeat", lost=frozenset({BEAT, FROZEN})),
        Artefact(
            "gateway-starts.log",
            lost=frozenset({LOOPING}),
            absent_loses=frozenset(),
            truncated="fine",
            empty="fine",
        ),
        Artefact(".drain_request.json", lost=frozenset({DRAINING})),
        Artefact(
            "config.yaml",
            lost=frozenset({VALID, INVALID}),
            misread={VALID: 0, INVALID: 1, WELL: None, ILL: 1},
            truncated="counted",
            empty="fine",
            binary="counted",
        ),
        Artefact("logs/gateway-exit-diag.log", truncated="fine", empty="fine", binary="counted", big="fine"),
        Artefact("../../active_profile", **{**FINE, "binary": "misnamed"}, collector="discovery"),  # type: ignore[arg-type]
    )
}


class Lab:
    """The home, its exporter, and what that exporter logged."""

    def __init__(self, directory: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.home: Home = home(directory / "home/.hermes", directory)
        running(self.home, "default", 3001)
        coder = running(self.home, "coder", 3002)
        coder.write(code_version="0.22.1", exit_reason=SECRET)
        self.coder = coder.path
        (self.home.root / "active_profile").write_text("coder\n")
        marker = {"action": SECRET, "requested_at": stamp(AT - 90), "principal": SECRET}
        (self.coder / ".drain_request.json").write_text(json.dumps(marker))
        (self.coder / "config.yaml").write_text(f"model:\n  api_key: {SECRET}\n")
        self.scraper = Scraper(self.home)
        self._caplog = caplog
        caplog.set_level(logging.INFO)
        self.healthy = self.scrape()
        assert self.problems() == []

    def path(self, artefact: Artefact) -> Path:
        """Where the artefact lies."""
        return Path(os.path.normpath(self.coder / artefact.name))

    def answer(self) -> str:
        """Scrape in time, without an accident, and without a word of content in the log or the answer."""
        self._caplog.clear()
        started = time.monotonic()
        text = self.scraper.text()
        assert time.monotonic() - started < QUICK_SECONDS
        assert SECRET not in text
        for record in self._caplog.records:
            assert record.exc_info is None, f"{record.getMessage()}: {record.exc_text}"
            assert SECRET not in repr(record.__dict__)
        return text

    def scrape(self) -> Series:
        """The series of an answer."""
        return parse(self.answer())

    def problems(self) -> list[tuple[str, str]]:
        """Path and reason of every problem that the last scrape logged."""
        return self._logged(logging.WARNING)

    def recovered(self) -> list[tuple[str, str]]:
        """Path and reason of every problem that the last scrape found gone."""
        return self._logged(logging.INFO)

    def expected(self, artefact: Artefact, verdict: str, *, moved: bool = False) -> Series:
        """What a scrape comes to when the artefact has come to the verdict."""
        series: dict[str, float | None] = dict(self.healthy)
        absent = artefact.lost if artefact.absent_loses is None else artefact.absent_loses
        lost = {"fails": artefact.lost, "refused": artefact.lost, "absent": absent}.get(verdict, frozenset())
        series |= dict.fromkeys(lost)
        series |= artefact.instead if lost else {}
        series |= artefact.moved if moved else {}
        series |= artefact.misread if verdict == "counted" else {}
        if verdict in ("fails", "refused"):
            series |= dict.fromkeys(self.about(artefact, "collector_success"), 0.0)
        if verdict in ("fails", "counted", "misnamed"):
            series |= dict.fromkeys(self.about(artefact, "parse_errors_total"), 1.0)
        return {name: value for name, value in series.items() if value is not None}

    def about(self, artefact: Artefact, family: str) -> set[str]:
        """The exporter's series about itself that speak of the artefact."""
        whom = ("coder",) if artefact.collector == "gateway" else ("coder", "default")
        return {
            f'hermes_exporter_{family}{{collector="{artefact.collector}",profile="{profile}"}}' for profile in whom
        }

    def _logged(self, level: int) -> list[tuple[str, str]]:
        return [
            (record.__dict__["fields"]["path"], record.getMessage())
            for record in self._caplog.records
            if record.levelno == level
        ]
