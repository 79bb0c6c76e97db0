"""The document: what stands in it, and that its schema says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hermes_exporter.judge.platforms import Platform
from hermes_exporter.judge.report import Report, Slot
from hermes_exporter.sources.gateway_state import PlatformEntry
from hermes_exporter.sources.heartbeat import Heartbeat
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.status import document
from hermes_exporter.status.host import profile, status
from hermes_exporter.values import replace
from tests.views import ALIVE, DEAD, HIDDEN, HOUR, NOW, SETTLED, holding, job, process, state, unit, view

SCHEMA = Path(__file__).parents[2] / "docs/status.schema.json"
DAY = 24 * HOUR
FULL = Report(
    last_slot=NOW - HOUR,
    next_slot=NOW + 23 * HOUR,
    owed_slot=NOW - HOUR,
    deadline=NOW - HOUR + 900,
    overdue=True,
    judged=True,
    last_delivery_at=NOW - DAY,
    last_delivery_evidence="log",
    last_outcome="failed",
    history=(
        Slot(NOW - DAY, NOW - DAY + 900, "settled", "delivered", "log", int(NOW - DAY) + 2),
        Slot(NOW - HOUR, NOW - HOUR + 900, None),
    ),
)


def written(*views: Any) -> dict[str, Any]:
    """The document of these views, as its readers get it."""
    read: dict[str, Any] = json.loads(document.encode(status(views, NOW, "1.2.3")))
    return read


def test_schema_is_documented(update_golden: bool) -> None:
    """docs/status.schema.json is what the types come to; ``pytest --update-golden`` writes it anew."""
    schema = json.dumps(document.schema(), indent=2) + "\n"
    if update_golden:
        SCHEMA.write_text(schema)

    assert SCHEMA.read_text() == schema
    Draft202012Validator.check_schema(document.schema())


def test_every_field_is_always_there() -> None:
    """What is not known is null, never missing: every property of the schema is required."""
    for name, made in document.schema()["$defs"].items():
        assert set(made["properties"]) == set(made["required"]), name


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"liveness": HIDDEN, "succeeded": {"logs": False}},
        {"jobs": (job("a"), job("b", None)), "reports": {"a": FULL}, "conditions": holding("report_missing")},
        {"liveness": DEAD, "units": (unit(exit_status=78),), "conditions": holding("gateway_dead", "degraded")},
    ],
)
def test_documents_are_as_the_schema_says(fields: dict[str, Any]) -> None:
    """Of profiles that are well, ill and unknown."""
    Draft202012Validator(document.schema()).validate(written(view(**fields), view("coder")))


def test_a_wrong_document_is_refused() -> None:
    """The schema is no empty one."""
    good = written(view())
    validator = Draft202012Validator(document.schema())

    for wrong in ({"severity": "fine"}, {"schema_version": 2}, {"at": "now"}, {"profiles": [{}]}):
        assert not validator.is_valid({**good, **wrong})


def test_a_job_with_all_that_is_known() -> None:
    """Every fact of a job stands in its place."""
    runs = replace(job("a1", last_run_at=NOW - HOUR), last_success_at=NOW - DAY, failures=1)

    (found,) = written(view(jobs=(runs,), reports={"a1": FULL}, timezone="Asia/Seoul"))["profiles"][0]["jobs"]

    assert found == {
        "id": "a1",
        "name": "Brief",
        "schedule": "0 7 * * *",
        "zone": "Asia/Seoul",
        "enabled": True,
        "last_slot": NOW - HOUR,
        "next_slot": NOW + 23 * HOUR,
        "owed_slot": NOW - HOUR,
        "deadline": NOW - HOUR + 900,
        "overdue": True,
        "judged": True,
        "last_run": NOW - HOUR,
        "last_success": NOW - DAY,
        "last_delivery": NOW - DAY,
        "last_delivery_evidence": "log",
        "last_outcome": "failed",
        "consecutive_failures": 1,
        "history": [
            {
                "at": NOW - DAY,
                "deadline": NOW - DAY + 900,
                "fate": "settled",
                "outcome": "delivered",
                "evidence": "log",
                "began": NOW - DAY + 2,
            },
            {
                "at": NOW - HOUR,
                "deadline": NOW - HOUR + 900,
                "fate": None,
                "outcome": None,
                "evidence": None,
                "began": None,
            },
        ],
    }


def test_a_job_of_which_nothing_is_known() -> None:
    """Its verdict is withheld, and every moment is null."""
    (found,) = written(view(jobs=(job("a1"),)))["profiles"][0]["jobs"]

    assert (found["overdue"], found["judged"], found["history"]) == (None, False, [])
    assert {found[key] for key in ("last_slot", "next_slot", "last_delivery", "last_outcome")} == {None}


def test_a_stamp_of_the_future_is_no_fact() -> None:
    """What cannot have happened yet did not."""
    runs = replace(job("a1", last_run_at=NOW + HOUR), last_success_at=NOW + HOUR)
    reports = {"a1": replace(SETTLED, last_delivery_at=NOW + HOUR)}

    (found,) = written(view(jobs=(runs,), reports=reports))["profiles"]

    assert found["last_report"] is None
    assert {found["jobs"][0][key] for key in ("last_run", "last_success", "last_delivery")} == {None}


def test_the_reports_at_either_side_of_now() -> None:
    """The newest that came, of whichever job; the first to come, of enabled jobs only."""
    jobs = (job("a", "A"), job("b", "B"), job("c", "C", enabled=False))
    reports = {
        "a": replace(SETTLED, last_delivery_at=NOW - 9, last_delivery_evidence="claim", next_slot=NOW + 500),
        "b": replace(SETTLED, last_delivery_at=NOW - 99, last_delivery_evidence="log", next_slot=NOW + 400),
        "c": replace(SETTLED, next_slot=NOW + 300),
    }

    (found,) = written(view(jobs=jobs, reports=reports))["profiles"]

    assert found["last_report"] == {"job_id": "a", "job_name": "A", "at": NOW - 9, "evidence": "claim"}
    assert found["next_report"] == {"job_id": "b", "job_name": "B", "at": NOW + 400}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"liveness": replace(ALIVE, process=process())}, ("alive", NOW - HOUR)),
        ({"liveness": ALIVE}, ("alive", None)),
        ({"liveness": replace(ALIVE, frozen=True)}, ("frozen", NOW - 9)),
        ({"liveness": replace(ALIVE, up=False, stopped=True, frozen=True)}, ("frozen", NOW - 9)),
        ({"liveness": DEAD}, ("dead", NOW - 9)),
        ({"liveness": DEAD, "expected": False}, ("none", None)),
        ({"liveness": HIDDEN}, ("unknown", None)),
    ],
)
def test_the_state_of_a_gateway(fields: dict[str, Any], expected: tuple[str, float | None]) -> None:
    """Alive since its start, dead and frozen since its last sign of life; none where nobody waits for one."""
    files = ProfileFiles(state=state(), heartbeat=Heartbeat(7, NOW - 9, 1.0))

    gateway = profile(view(files=files, **fields)).gateway

    assert (gateway.state, gateway.since) == expected


def test_a_gateway_without_heartbeats_wrote_a_state() -> None:
    """Versions that write no heartbeat leave the time of their last claim."""
    assert profile(view(files=ProfileFiles(state=state()), liveness=DEAD)).gateway.since == NOW - HOUR


def test_a_served_profile_names_its_host() -> None:
    """With the units of the gateway that serves it."""
    gateway = profile(view("coder", host="default", units=(unit(),))).gateway

    assert (gateway.state, gateway.host) == ("alive", "default")
    assert [each.name for each in gateway.units] == ["hermes-gateway.service"]


@pytest.mark.parametrize(
    ("conditions", "severity", "sentence"),
    [
        (((), ()), "ok", "all 2 profiles are well"),
        (
            (("provider_quota",), ()),
            "warning",
            "1 of 2 profiles is not well: a: the quota of the model provider is used up",
        ),
        (
            (("provider_unreachable",), ("gateway_dead",)),
            "critical",
            "2 of 2 profiles are not well: b: gateway dead; a: the model provider does not answer",
        ),
    ],
)
def test_the_host_is_as_bad_as_its_worst_profile(
    conditions: tuple[tuple[str, ...], ...], severity: str, sentence: str
) -> None:
    """And its sentence begins with that one."""
    views = [view(label, conditions=holding(*held)) for label, held in zip("ab", conditions, strict=True)]

    said = status(views, NOW, "1")

    assert (said.severity, said.sentence) == (severity, sentence)


def test_unknown_is_better_than_a_warning_and_worse_than_ok() -> None:
    """A profile of which nothing is known hides no warning, and is not well."""
    hidden = view("hidden", liveness=HIDDEN)

    assert status([view(), hidden], NOW, "1").severity == "unknown"
    assert status([view(), hidden], NOW, "1").sentence == (
        "1 of 2 profiles cannot be judged: hidden: whether the gateway lives cannot be told"
    )
    assert status([hidden, view(conditions=holding("degraded"))], NOW, "1").severity == "warning"


def test_one_profile_needs_no_counting() -> None:
    """Who has one profile is told of it, and not of one of one."""
    assert status([view()], NOW, "1").sentence == "default is well"
    assert status([view(conditions=holding("gateway_dead"))], NOW, "1").sentence == "default: gateway dead"


def test_many_profiles_are_counted() -> None:
    """Three that are not well are named, the rest are a number."""
    views = [view(f"p{number}", conditions=holding("gateway_dead")) for number in range(5)]

    sentence = status(views, NOW, "1").sentence

    assert sentence.startswith("5 of 5 profiles are not well: p0: gateway dead; p1: ")
    assert sentence.endswith("; and 2 more")


def test_messengers_as_the_live_gateway_notes_them() -> None:
    """State and since when; null where no live gateway speaks, `other` for a word that is not in the metrics."""
    entries = {
        "telegram": PlatformEntry("", "telegram", "fatal", "secret", NOW - HOUR, True, None),
        "slack": PlatformEntry("", "slack", "a sentence with a token", None, NOW + HOUR, None, None),
    }
    noted = tuple(Platform(name, name != "slack", entries.get(name)) for name in ("discord", "slack", "telegram"))

    (found,) = written(view(platforms=noted))["profiles"]

    nothing = dict.fromkeys(("up", "state", "since", "needs_attention"))
    assert found["platforms"] == [
        {"name": "discord", "configured": True, **nothing},
        {"name": "slack", "configured": False, **nothing, "up": False, "state": "other"},
        {
            "name": "telegram",
            "configured": True,
            "up": False,
            "state": "fatal",
            "since": NOW - HOUR,
            "needs_attention": True,
        },
    ]


def test_what_nobody_looks_at_is_null() -> None:
    """Messengers and jobs whose collector is switched off are not none: they are not known."""
    (found,) = written(view(succeeded={"gateway": True}, timezone_mismatch=True))["profiles"]

    assert (found["platforms"], found["jobs_known"], found["zone_mismatch"]) == (None, False, True)
    assert written(view())["profiles"][0]["jobs_known"] is True


def test_a_profile_that_is_gone_says_so() -> None:
    """Its directory does not exist, and nothing is known of its jobs."""
    gone = replace(view().profile, present=False)

    (found,) = written(view(profile=gone))["profiles"]

    assert (found["present"], found["jobs_known"]) == (False, False)
