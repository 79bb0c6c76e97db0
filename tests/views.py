"""Views built by hand: one profile that is well, and whatever a test makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.collectors.view import ProfileView
from hermes_exporter.discovery import Home, Profile
from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.judge.job_runs import JobRuns
from hermes_exporter.judge.liveness import Liveness
from hermes_exporter.judge.report import Report
from hermes_exporter.sources.gateway_state import GatewayState
from hermes_exporter.sources.job import Job, Noted
from hermes_exporter.sources.procfs import Process
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.sources.unit import Unit
from hermes_exporter.values import replace

NOW = 1_800_000_000.0
"""Friday, 15 January 2027, 08:00 UTC."""
HOUR = 3600.0
SETTLED = Report(judged=True, overdue=False)
ALIVE = Liveness(up=True, proof="lock")
DEAD = Liveness(up=False, proof="none", frozen=False)
HIDDEN = Liveness(up=None, proof="none")


def view(label: str = "default", **fields: Any) -> ProfileView:
    """A profile with a live gateway and no jobs, judged in every respect, unless ``fields`` say otherwise."""
    alias, _, name = label.rpartition("/")
    home = Home(alias, Path("/h"))
    well = ProfileView(
        profile=Profile(label, home, name, Path("/h"), Path("/h")),
        now=NOW,
        files=ProfileFiles(),
        platforms=(),
        scheduler=None,
        jobs=(),
        jobs_held_back=(),
        reports={},
        jobs_overdue=None,
        jobs_vanished=None,
        jobs_newest=0.0,
        credentials=(),
        logs=None,
        job_names=True,
        timezone="UTC",
        timezone_mismatch=None,
        units=(),
        liveness=ALIVE,
        figures=None,
        host=None,
        expected=True,
        conditions=dict.fromkeys(CONDITIONS, False),
        headline="ok",
        succeeded=dict.fromkeys(COLLECTORS, True),
        starts=0,
        unclean_exits=0,
        parse_errors={},
        future_stamps={},
    )
    return replace(well, **fields)


def holding(*conditions: str) -> dict[str, bool | None]:
    """All conditions, of which these hold."""
    return {name: name in conditions for name in CONDITIONS}


def job(job_id: str = "a1", name: str | None = "Brief", *, enabled: bool = True, **noted: Any) -> JobRuns:
    """A daily job that never ran, as far as ``noted`` does not say otherwise."""
    notes = Noted(**{**dict.fromkeys(Noted.__struct_fields__), **noted})
    made = Job(job_id, name, "cron", "0 7 * * *", None, ("telegram",), False, enabled, None, notes)
    return JobRuns(made, False, None, None, None, None, None)


def process(**fields: Any) -> Process:
    """The process of a gateway."""
    return replace(Process(7, 7, stopped=False, start_ticks=1, started_at=NOW - HOUR, unit=None), **fields)


def state(**fields: Any) -> GatewayState:
    """What a gateway wrote when it started, an hour ago."""
    named = dict.fromkeys(GatewayState.__struct_fields__)
    return GatewayState(**{**named, "state": "running", "updated_at": NOW - HOUR, "platforms": (), **fields})


def unit(name: str = "hermes-gateway.service", **fields: Any) -> Unit:
    """An enabled unit of the user's, active unless ``fields`` say otherwise."""
    made = Unit(
        name=name,
        scope="user",
        load_state="loaded",
        active_state="active",
        sub_state="running",
        result="success",
        exit_status=None,
        restarts=0,
        main_pid=7,
        file_state="enabled",
        needs_reload=False,
        state_changed_at=None,
        active_since=None,
        hermes_home=None,
        profile_flag=None,
    )
    return replace(made, **fields)
