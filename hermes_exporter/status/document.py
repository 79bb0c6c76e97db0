"""The document that ``check --json`` prints and /api/v1/status serves.

These types are the interface: docs/status.schema.json is made of them. A field may be added at any time; one that
is renamed, removed or given another meaning makes a new SCHEMA_VERSION. Every time is in Unix seconds, and null
means that there is none or that it is not known.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.judge.report import Evidence, Fate, Outcome

SCHEMA_VERSION = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Severity = Literal["ok", "warning", "critical", "unknown"]
"""unknown: what matters could not be judged, and nothing worse is known."""
GatewayState = Literal["alive", "dead", "frozen", "none", "unknown"]

Condition = Annotated[str, Meta(extra_json_schema={"examples": list(CONDITIONS)})]


class UnitStatus(Struct, frozen=True):
    """A systemd unit of a gateway, as systemd tells it."""

    name: str
    scope: Annotated[str, Meta(description="Whose manager runs it: user or system.")]
    state: Annotated[str, Meta(description="ActiveState.")]
    sub_state: Annotated[str, Meta(description="SubState.")]
    result: Annotated[str, Meta(description="How its last run ended.")]
    exit_status: Annotated[int | None, Meta(description="Of the last exit; null before the first.")]


class GatewayStatus(Struct, frozen=True):
    """The gateway of a profile, by proof and not by what Hermes wrote."""

    state: Annotated[
        GatewayState,
        Meta(description="none: there is none, and nobody expects one. unknown: it cannot be told."),
    ]
    expected: Annotated[bool, Meta(description="Whether this profile should have a live gateway.")]
    since: Annotated[
        float | None,
        Meta(description="alive: start of its process. dead, frozen: its last sign of life."),
    ]
    proof: Annotated[str, Meta(description="What decided: lock, pid_record, unit, host, heartbeat or none.")]
    host: Annotated[str | None, Meta(description="The profile whose gateway serves this one.")]
    units: tuple[UnitStatus, ...]


class PlatformStatus(Struct, frozen=True):
    """A messenger of a profile, as its live gateway notes it: a claim, which may mean that it was so once."""

    name: str
    configured: Annotated[bool, Meta(description="config.yaml or .env switches it on.")]
    up: Annotated[bool | None, Meta(description="Called connected; null: no live gateway says anything of it.")]
    state: Annotated[
        str | None, Meta(description="As in hermes_platform_state; null: no live gateway says anything of it.")
    ]
    since: Annotated[float | None, Meta(description="When the gateway noted that state.")]
    needs_attention: Annotated[
        bool | None, Meta(description="The gateway has given up on it; null: its version does not say so.")
    ]


class LastReport(Struct, frozen=True):
    """The newest report that is proved to have arrived."""

    job_id: str
    job_name: str
    at: float
    evidence: Annotated[
        Evidence | None, Meta(description="The proof, strongest first; claim: only Hermes says so.")
    ]


class NextReport(Struct, frozen=True):
    """The first report to come, by the schedules of the enabled jobs."""

    job_id: str
    job_name: str
    at: float


class Problem(Struct, frozen=True):
    """One reason why a profile is not ok."""

    condition: Annotated[
        Condition | None,
        Meta(description="As in hermes_profile_condition; null where something could not be read."),
    ]
    severity: Annotated[
        Literal["warning", "critical", "unknown"],
        Meta(description="unknown: whether the condition holds cannot be told."),
    ]
    sentence: Annotated[str, Meta(description="For a person. Its wording may change at any time.")]
    since: float | None
    command: Annotated[str | None, Meta(description="What to run first on this host, as its owner.")]


class SlotStatus(Struct, frozen=True):
    """One moment at which the schedule wanted the job to run, and what became of it."""

    at: float
    deadline: float
    fate: Annotated[Fate | None, Meta(description="null: still open.")]
    outcome: Outcome | None
    evidence: Evidence | None
    began: Annotated[
        float | None,
        Meta(description="Start of the run that settled it, or of one that did not; null: none is known."),
    ]


class JobStatus(Struct, frozen=True):
    """One job of a profile's cron."""

    id: str
    name: Annotated[str, Meta(description="Its own name; its id where that could show its prompt.")]
    schedule: str
    zone: Annotated[str, Meta(description="The zone that the schedule is read in, named like the profile's.")]
    enabled: bool
    last_slot: Annotated[float | None, Meta(description="When it should have run last.")]
    next_slot: Annotated[float | None, Meta(description="When it should run next.")]
    owed_slot: Annotated[float | None, Meta(description="The newest slot that is not settled.")]
    deadline: Annotated[float | None, Meta(description="When the report of the owed slot is late.")]
    overdue: Annotated[bool | None, Meta(description="null: the verdict is withheld.")]
    judged: Annotated[bool, Meta(description="Whether all that the verdict stands on could be read.")]
    last_run: Annotated[float | None, Meta(description="End of the last run.")]
    last_success: Annotated[float | None, Meta(description="End of the last good run.")]
    last_delivery: Annotated[float | None, Meta(description="The last report that is proved to have arrived.")]
    last_delivery_evidence: Evidence | None
    last_outcome: Annotated[Outcome | None, Meta(description="Of the last run that ended.")]
    consecutive_failures: int | None
    history: Annotated[tuple[SlotStatus, ...], Meta(description="Newest slots that were judged, oldest first.")]


class ProfileStatus(Struct, frozen=True):
    """One profile. It is as bad as the worst of its problems, and ok without any."""

    label: Annotated[str, Meta(description="Name of the profile, or ALIAS/NAME in a home with an alias.")]
    present: Annotated[bool, Meta(description="Whether its directory exists.")]
    severity: Severity
    headline: Annotated[str, Meta(description="The worst condition that holds, else unknown or ok.")]
    gateway: GatewayStatus
    platforms: Annotated[tuple[PlatformStatus, ...] | None, Meta(description="null: nobody looks at them.")]
    last_report: LastReport | None
    next_report: NextReport | None
    zone: Annotated[
        str, Meta(description="Its time zone: an IANA name, or UTC+05:30 where only the offset is known.")
    ]
    zone_mismatch: Annotated[
        bool | None, Meta(description="Hermes writes in another zone than it is told to use; null: not known.")
    ]
    problems: Annotated[tuple[Problem, ...], Meta(description="Worst first.")]
    unread: Annotated[
        tuple[str, ...], Meta(description="Collectors that could not read all that should be readable.")
    ]
    jobs_known: Annotated[
        bool, Meta(description="Whether its cron could be read; if not, it may have other jobs.")
    ]
    jobs: tuple[JobStatus, ...]


class Status(Struct, frozen=True):
    """Everything that hermes-exporter knows of the Hermes homes of one host at one moment."""

    schema_version: Annotated[int, Meta(extra_json_schema={"const": SCHEMA_VERSION})]
    version: Annotated[str, Meta(description="Of hermes-exporter.")]
    at: Annotated[float, Meta(description="The moment that all of it speaks of.")]
    severity: Annotated[
        Severity, Meta(description="The worst of all profiles: critical, warning, unknown, ok in this order.")
    ]
    sentence: Annotated[str, Meta(description="The whole of it in one line.")]
    profiles: tuple[ProfileStatus, ...]


def encode(status: Status) -> bytes:
    """Return the document as JSON, to be read by people too."""
    return msgspec.json.format(msgspec.json.encode(status), indent=2) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    return {"$schema": DIALECT, "title": "hermes-exporter status", **msgspec.json.schema(Status)}
