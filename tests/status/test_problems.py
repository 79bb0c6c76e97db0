"""What is told of a profile that is not well: how bad it is, in which words, with which command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.collectors.view import LogFacts
from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.judge.platforms import Platform
from hermes_exporter.judge.report import Report
from hermes_exporter.judge.scheduler import Scheduler
from hermes_exporter.sources.cron_files import CronFiles
from hermes_exporter.sources.gateway_state import PlatformEntry
from hermes_exporter.sources.heartbeat import Heartbeat
from hermes_exporter.sources.hermes_config import HermesConfig
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.status import severity
from hermes_exporter.status.host import profile
from hermes_exporter.status.problems import TELLERS
from hermes_exporter.values import replace
from tests.views import ALIVE, DEAD, HIDDEN, HOUR, NOW, SETTLED, holding, job, process, state, unit, view

if TYPE_CHECKING:
    from hermes_exporter.status.document import Problem

RULES = Path(__file__).parents[2] / "alerts/hermes.rules.yml"
MINUTE = 60.0
BEATEN = ProfileFiles(state=state(), heartbeat=Heartbeat(7, NOW - 2 * HOUR, 1.0))
"""A gateway that gave its last sign of life two hours ago."""


def told(condition: str, label: str = "default", **fields: Any) -> Problem:
    """What is told of a profile for which only this condition holds."""
    (problem,) = profile(view(label, **{"conditions": holding(condition), **fields})).problems
    assert problem.condition == condition
    return problem


def test_every_condition_can_be_told() -> None:
    """None of the conditions is without words."""
    assert set(TELLERS) == set(CONDITIONS)


def test_severities_are_those_of_the_alerts() -> None:
    """What pages is critical here, what does not is a warning. An alert stands on the first condition it names."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    stands_on = re.compile(r'hermes_profile_condition\{condition="(\w+)"\}')
    alerts = [
        (found[1], rule["labels"]["severity"])
        for group in groups
        for rule in group["rules"]
        if (found := stands_on.search(rule["expr"]))
    ]

    assert alerts
    assert [(condition, severity.of_condition(condition)) for condition, _severity in alerts] == alerts


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_makes_its_profile_as_bad_as_itself(condition: str) -> None:
    """One condition is one problem with a command, and the headline."""
    found = profile(view(conditions=holding(condition)))

    (problem,) = found.problems
    assert (problem.condition, problem.severity) == (condition, severity.of_condition(condition))
    assert (found.severity, found.headline) == (problem.severity, condition)
    assert problem.sentence
    assert problem.command is not None


def test_the_worst_comes_first() -> None:
    """Critical before warning, whatever the order of the conditions is otherwise."""
    found = profile(view(conditions=holding("provider_quota", "platform_auth", "degraded")))

    assert [problem.condition for problem in found.problems] == ["platform_auth", "provider_quota", "degraded"]
    assert found.headline == "platform_auth"


@pytest.mark.parametrize(
    ("fields", "sentence", "command"),
    [
        ({}, "gateway dead", "hermes logs gateway -n 50"),
        ({"files": BEATEN}, "gateway dead since 06:00 UTC", "hermes logs gateway -n 50"),
        (
            {"files": replace(BEATEN, state=state(state="startup_failed"))},
            "gateway dead since 06:00 UTC: Hermes refused to start it",
            "hermes logs gateway -n 50",
        ),
        (
            {"units": (unit(active_state="failed", result="exit-code", exit_status=78),)},
            "gateway dead: hermes-gateway.service is failed, exit status 78: Hermes refused its configuration",
            "systemctl --user status hermes-gateway.service",
        ),
        (
            {"units": (unit(active_state="activating", result="exit-code", exit_status=1),)},
            "gateway dead: hermes-gateway.service is activating, exit status 1",
            "systemctl --user status hermes-gateway.service",
        ),
        (
            {"units": (unit(active_state="failed", result="oom-kill", exit_status=9),)},
            "gateway dead: hermes-gateway.service is failed, exit status 9: killed because memory ran out",
            "systemctl --user status hermes-gateway.service",
        ),
        (
            {"units": (unit(active_state="inactive", scope="system"),)},
            "gateway dead: hermes-gateway.service is inactive: stopped in good order, or not started since boot",
            "systemctl status hermes-gateway.service",
        ),
        (
            {"units": (unit(),)},
            "gateway dead: hermes-gateway.service is active, but its process never became a gateway",
            "systemctl --user status hermes-gateway.service",
        ),
        (
            {"units": (unit("a.service", active_state="inactive", file_state="disabled"), unit("b.service"))},
            "gateway dead: b.service is active, but its process never became a gateway",
            "systemctl --user status b.service",
        ),
    ],
)
def test_a_death_with_its_cause(fields: dict[str, Any], sentence: str, command: str) -> None:
    """The last sign of life, what systemd or the gateway itself made of its end, and where to look."""
    problem = told("gateway_dead", liveness=DEAD, **fields)

    assert (problem.sentence, problem.command) == (sentence, command)


def test_a_clone_has_no_sign_of_life_of_its_own() -> None:
    """Without a state file the heartbeat is that of the profile it was copied from."""
    assert told("gateway_dead", liveness=DEAD, files=replace(BEATEN, state=None)).since is None


def test_a_profile_that_is_gone() -> None:
    """Its directory is gone: Hermes does not take its name any more, and the command does without."""
    gone = replace(view("coder").profile, present=False)

    found = profile(view("coder", profile=gone, liveness=DEAD, conditions=holding("gateway_dead")))

    assert found.problems[0].sentence == "gateway dead: the profile's directory does not exist"
    assert {problem.command for problem in found.problems} == {"hermes profile list"}


def test_a_frozen_gateway() -> None:
    """Since its last beat; one that a signal stopped is told apart."""
    frozen = replace(ALIVE, frozen=True, process=process())
    stopped = replace(frozen, up=False, stopped=True)

    one, other = (told("gateway_frozen", "coder", liveness=each, files=BEATEN) for each in (frozen, stopped))

    assert one.sentence == "gateway frozen since 06:00 UTC: its process lives and does nothing"
    assert other.sentence == "gateway frozen since 06:00 UTC: a signal has stopped its process"
    assert (one.since, one.command) == (NOW - 2 * HOUR, "hermes -p coder logs -n 50")


@pytest.mark.parametrize(
    ("scope", "command"),
    [
        ("user", "journalctl --user -u hermes-gateway-coder.service -n 50 --no-pager"),
        ("system", "sudo journalctl -u hermes-gateway-coder.service -n 50 --no-pager"),
    ],
)
def test_a_crash_loop(scope: str, command: str) -> None:
    """How often it started of late, how it ends, and its journal."""
    starts = tuple(NOW - MINUTE * minutes for minutes in (40, 9, 6, 3, 1))
    looping = unit("hermes-gateway-coder.service", scope=scope, active_state="activating", exit_status=203)

    problem = told("gateway_crash_looping", "coder", files=ProfileFiles(starts=starts), units=(looping,))

    assert problem.sentence == (
        "gateway crashes again and again: 4 starts in 15 min; "
        "hermes-gateway-coder.service is activating, exit status 203: its Python interpreter is gone"
    )
    assert problem.command == command


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "cron stalled since 07:00 UTC: the gateway lives and starts no jobs"),
        (
            {"host": "default"},
            "cron stalled since 07:00 UTC: the gateway of default serves this profile and does not start its jobs",
        ),
        (
            {"scheduler": Scheduler(True, True, True, True, store_writable=False)},
            "cron stalled since 07:00 UTC: the gateway may not write cron/jobs.json",
        ),
        (
            {"files": ProfileFiles(cron=CronFiles(jobs_valid=False))},
            "cron stalled: Hermes cannot use cron/jobs.json",
        ),
    ],
)
def test_a_cron_that_does_not_tick(fields: dict[str, Any], sentence: str) -> None:
    """Since its last tick that succeeded, and why as far as that is known."""
    files = ProfileFiles(cron=CronFiles(heartbeat=NOW - 60, success=NOW - HOUR))

    problem = told("scheduler_stalled", "coder", **{"files": files, **fields})

    assert (problem.sentence, problem.command) == (sentence, "hermes -p coder cron status")


def overdue(minutes: float) -> Report:
    """A report that should have come so long ago."""
    due = NOW - minutes * MINUTE
    return Report(judged=True, overdue=True, owed_slot=due, deadline=due + 15 * MINUTE)


def test_missing_reports_are_named() -> None:
    """The oldest first, three by name, with when they were due in the profile's zone; the runs of the first."""
    reports = {f"j{number}": overdue(minutes) for number, minutes in enumerate((25, 90, 40, 30))}
    jobs = tuple(job(job_id, f"Brief {job_id}") for job_id in reports)

    problem = told("report_missing", "coder", jobs=jobs, reports=reports, timezone="Asia/Seoul")

    assert problem.sentence == (
        "4 reports missing: Brief j1, due 15:30 KST, 1 h overdue; Brief j2, due 16:20 KST, 40 min overdue; "
        "Brief j3, due 16:30 KST, 30 min overdue; and 1 more"
    )
    assert (problem.since, problem.command) == (NOW - 90 * MINUTE, "hermes -p coder cron runs j1")


def test_a_missing_report_beyond_the_limit_is_told() -> None:
    """A limit on what is listed hides no report that is missing, nor one of a job that is gone."""
    reports = {"held": overdue(30), "gone": overdue(20)}

    problem = told("report_missing", jobs_held_back=(job("held", None),), reports=reports)

    assert problem.sentence == (
        "2 reports missing: held, due 07:30 UTC, 30 min overdue; gone, due 07:40 UTC, 20 min overdue"
    )


@pytest.mark.parametrize("job_id", ["a b", "x;reboot", "\x1b[31m", "$(id)", "ä"])
def test_no_command_holds_what_somebody_else_wrote(job_id: str) -> None:
    """A job whose id is no id is looked up in the list."""
    problem = told("report_missing", jobs=(job(job_id, None),), reports={job_id: overdue(30)})

    assert problem.command == "hermes cron list"
    assert problem.sentence.isprintable()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Brief\nHERMES OK - all is well | x=1", "Brief HERMES OK - all is well / x=1"),
        ("\x1b[2J\x1b[31mBrief\u202e", "[2J [31mBrief"),
        ("x" * 300, "x" * 59 + "…"),
    ],
)
def test_a_name_stays_a_name(name: str, shown: str) -> None:
    """A job's name moves no cursor, ends no line and adds no figures."""
    problem = told("report_missing", jobs=(job("a", name),), reports={"a": overdue(30)})

    assert problem.sentence == f"1 report missing: {shown}, due 07:30 UTC, 30 min overdue"


def test_names_are_shown_as_metrics_may_show_them() -> None:
    """With --cron.job-names id, and where Hermes took the name from the prompt, the id stands for it."""
    for fields in ({"job_names": False, "jobs": (job("a1"),)}, {"jobs": (job("a1", None),)}):
        assert "missing: a1, due" in told("report_missing", reports={"a1": overdue(30)}, **fields).sentence


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("provider_auth", "model provider nous refuses the credentials"),
        ("provider_quota", "the quota of model provider nous is used up"),
        ("provider_unreachable", "model provider nous does not answer"),
        ("degraded", "model provider nous fails, and another model provider stands in for it"),
    ],
)
def test_the_provider_is_named(condition: str, sentence: str) -> None:
    """By the name that metrics show; one that may not be shown stays unnamed."""
    named, hidden = (
        told(condition, files=ProfileFiles(settings=HermesConfig(valid=True, provider=provider))).sentence
        for provider in ("nous", "other")
    )

    assert named == sentence
    assert hidden == sentence.replace("model provider nous", "the model provider")


def platform(name: str, state: str = "connected", *, needs_attention: bool = False) -> Platform:
    """A messenger as the live gateway notes it."""
    return Platform(name, True, PlatformEntry("", name, state, None, NOW - HOUR, needs_attention, None))


def test_lost_messengers_are_named() -> None:
    """Those that are lost with their state, and no other."""
    platforms = (platform("slack"), platform("telegram", "retrying"), platform("mail", needs_attention=True))

    problem = told("platform_down", platforms=platforms)

    assert problem.sentence == "messenger lost: telegram is retrying, mail needs attention"
    assert problem.command == "hermes logs gateway -n 50"


def test_a_messenger_that_refuses_is_named() -> None:
    """The one whose refusal is newer than its last connection."""
    times = {("auth", "platform", "slack"): NOW - 9, ("connected", "slack"): NOW - 5}
    times |= {("auth", "platform", "telegram"): NOW - 9, ("connected", "telegram"): NOW - 50}
    platforms = (platform("slack"), platform("telegram"))

    logs = LogFacts({}, times, {}, {}, ())

    assert (
        told("platform_auth", platforms=platforms, logs=logs).sentence == "telegram refuses the bot's credentials"
    )
    assert told("platform_auth", platforms=platforms).sentence == "a messenger refuses the bot's credentials"


def test_commands_are_for_the_right_profile() -> None:
    """`default` needs no -p; a home with an alias needs its root, which is left to be filled in."""
    commands = [told("config_invalid", label).command for label in ("default", "coder", "team/default", "team/x")]

    assert commands == [
        "hermes config check",
        "hermes -p coder config check",
        "HERMES_HOME=<team> hermes config check",
        "HERMES_HOME=<team> hermes -p x config check",
    ]


def test_what_could_not_be_read_is_unknown() -> None:
    """A collector that failed makes a profile that is well unknown, one that is not no better."""
    failed = {**dict.fromkeys(COLLECTORS, True), "logs": False, "cron": False}

    well = profile(view(succeeded=failed))
    ill = profile(view(succeeded=failed, conditions=holding("degraded")))

    assert (well.severity, well.headline, well.unread) == ("unknown", "unknown", ("cron", "logs"))
    assert [problem.sentence for problem in well.problems] == ["not everything could be read: cron, logs"]
    assert (ill.severity, ill.headline, len(ill.problems)) == ("warning", "degraded", 2)


def test_a_gateway_of_which_nobody_can_tell_is_unknown() -> None:
    """Never ok, and never dead."""
    found = profile(view(liveness=HIDDEN, conditions={**holding(), "gateway_dead": None}))

    assert (found.severity, found.gateway.state) == ("unknown", "unknown")
    assert [problem.condition for problem in found.problems] == ["gateway_dead"]


def test_without_its_collector_the_gateway_is_unknown() -> None:
    """Nobody looked: that is not ok, and the reason is said."""
    found = profile(view(succeeded={"cron": True}))

    assert (found.severity, found.gateway.state) == ("unknown", "unknown")
    assert "switched off" in found.problems[0].sentence


@pytest.mark.parametrize("report", [None, Report(judged=False), Report(judged=False, overdue=False)])
def test_a_report_that_is_not_judged_is_unknown(report: Report | None) -> None:
    """A job's verdict that is missing or withheld is never taken for a report that came."""
    found = profile(view(jobs=(job("a"), job("b")), reports={"b": SETTLED, **({"a": report} if report else {})}))

    assert found.severity == "unknown"
    assert [problem.sentence for problem in found.problems] == ["whether 1 report arrived cannot be told"]


@pytest.mark.parametrize(
    "fields",
    [
        {"jobs": (job("a"),), "reports": {"a": SETTLED}},
        {"jobs": (job("a", enabled=False),)},
        {"liveness": DEAD, "expected": False},
        {"liveness": HIDDEN, "expected": False, "conditions": {}},
        {"liveness": DEAD, "expected": False, "jobs": (job("a", enabled=False),)},
    ],
)
def test_well_and_idle_profiles_are_ok(fields: dict[str, Any]) -> None:
    """Settled reports, jobs that are switched off, and a profile from which nobody expects anything."""
    found = profile(view(**fields))

    assert (found.severity, found.headline, found.problems) == ("ok", "ok", ())


def test_jobs_without_a_gateway_are_not_idle() -> None:
    """A profile whose jobs are enabled and not judged is unknown, whoever expects its gateway."""
    assert profile(view(liveness=DEAD, expected=False, jobs=(job("a"),))).severity == "unknown"
