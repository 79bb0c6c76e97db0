"""The rules, their tests and their runbooks keep their contract.

promtool passes a test case without assertions, and one with a mistyped alert name that expects nothing; so what
the cases assert is checked here, and what the rules do by promtool.

The name of every test in alerts/tests begins with what it shows of its alert, and each alert has one of each:

fires...          the alert fires, with every label and annotation.
silent...         what the alert looks at is there, and it is silent throughout: a neighbour of what it fires for.
two units...      a profile with two systemd units has it once (of a job: once for each job).
metric absent...  nothing that its expression selects is there, but something else: silent, unless it always fires.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import pytest
import yaml

from hermes_exporter.collectors import (
    COLLECTORS,
    FAMILIES,
    gateway,
    job,
    job_report,
    platform,
    profile,
    scheduler,
    unit,
)
from hermes_exporter.judge import credentials
from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.judge.liveness import PROOFS
from hermes_exporter.judge.report import FATES, Evidence, Outcome
from hermes_exporter.logs.tally import PROVIDER_CLASSES
from hermes_exporter.sources.job import KINDS as JOB_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = Path(__file__).parent.parent
BIN = REPO / ".cache/debs/x/usr/bin"
RULES = sorted((REPO / "alerts").glob("*.rules.yml"))
RULE_TESTS = sorted((REPO / "alerts/tests").glob("*.yml"))
RUNBOOKS = "https://github.com/hermes-exporter/hermes_exporter/blob/main/docs/runbooks/"

ALWAYS_FIRING = {"HermesWatchdog"}
KINDS = ("fires", "silent", "two units", "metric absent")
"""With which of these the name of a rule test begins says what it shows."""
LOCK_SCREEN = 60
"""So many characters of a message a locked phone shows for certain."""

FROM_PROMETHEUS = {"up": {"job", "instance"}}
TARGET_LABELS = {"job", "instance"}
UNIT_SCOPES = ("user", "system")
OUTCOMES = get_args(Outcome)
PLANES = ("provider", "platform")
VOCABULARY = {
    ("hermes_exporter_collector_success", "collector"): COLLECTORS,
    ("hermes_platform_state", "state"): platform.STATES,
    ("hermes_provider_errors_total", "class"): PROVIDER_CLASSES,
    ("hermes_credentials", "status"): credentials.STATUSES,
    ("hermes_profile_condition", "condition"): CONDITIONS,
    ("hermes_gateway_state", "state"): gateway.STATES,
    ("hermes_gateway_proof", "proof"): PROOFS,
    ("hermes_profile_info", "gateway"): ("own", "served", "none"),
    ("hermes_update_last_outcome", "outcome"): (*profile.OUTCOMES, "other"),
    ("hermes_unit_state", "state"): unit.STATES,
    ("hermes_unit_result", "result"): unit.RESULTS,
    ("hermes_cron_jobs", "state"): scheduler.STATES,
    ("hermes_cron_job_info", "kind"): (*JOB_KINDS, "other"),
    ("hermes_cron_job_info", "runner"): ("agent", "script", "provider"),
    ("hermes_cron_job_last_status", "status"): job.STATUSES,
    ("hermes_cron_job_last_delivery_outcome", "outcome"): OUTCOMES,
    ("hermes_cron_job_last_delivery_evidence", "evidence"): get_args(Evidence),
    ("hermes_cron_job_slots_total", "result"): FATES,
    ("hermes_cron_job_runs_total", "status"): job_report.STATUSES,
    ("hermes_cron_job_deliveries_total", "outcome"): OUTCOMES,
    ("hermes_auth_errors_total", "plane"): PLANES,
    ("hermes_auth_last_error_timestamp_seconds", "plane"): PLANES,
    **{(family.name, "scope"): UNIT_SCOPES for family in FAMILIES if "scope" in family.labels},
}
COMPARED = {
    "$labels.condition": CONDITIONS,
    "$condition": CONDITIONS,
    "$outcome": OUTCOMES,
    "$result": unit.RESULTS,
    "$state": platform.STATES,
    "$status.Labels.status": credentials.STATUSES,
    ".Labels.class": PROVIDER_CLASSES,
    ".Labels.collector": COLLECTORS,
    ".Labels.state": unit.STATES,
    ".Labels.scope": UNIT_SCOPES,
}


class Case(NamedTuple):
    """One assertion of a promtool test: what fires at a moment."""

    file: str
    test: str
    alert: str
    seconds: int
    expected: list[dict[str, Any]]


def seconds(duration: str) -> int:
    """Read a duration of Prometheus."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(number) * units[name] for number, name in re.findall(r"(\d+)([smhd])", duration))


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert of every rules file, by name."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def rule_tests() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every promtool test with its file."""
    for path in RULE_TESTS:
        yield from ((path, test) for test in yaml.safe_load(path.read_text())["tests"])


def kind(test: dict[str, Any]) -> str | None:
    """What a rule test shows, by its name; None where the name does not say."""
    return next((word for word in KINDS if re.match(rf"{word}\b", test["name"])), None)


def cases() -> list[Case]:
    """Every assertion of every promtool test."""
    return [
        Case(path.name, test["name"], case["alertname"], seconds(case["eval_time"]), case["exp_alerts"])
        for path, test in rule_tests()
        for case in test["alert_rule_test"]
    ]


def selectors(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every metric named in an expression or template, with its label matchers.

    A matcher made by printf ("%s") names its labels elsewhere in the text.
    """
    for name, _, matchers in re.findall(r"\b(hermes_\w+|up)\b(\{([^}]*)\})?", text):
        yield name, re.findall(r'(\w+)=~?"([^"]*)"', matchers)


def selects(expression: str, series: str) -> bool:
    """Whether an expression reads a series, as far as name and matchers of equality tell."""
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series))
    return any(
        series.partition("{")[0] == name
        and all(re.fullmatch(value, labels.get(label, "")) for label, value in matchers)
        for name, matchers in selectors(expression)
    )


def units_of(test: dict[str, Any]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The units (name, scope) that a rule test feeds in, by instance and profile."""
    units: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for entry in test["input_series"]:
        if entry["series"].startswith("hermes_unit_state{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', entry["series"]))
            units.setdefault((labels["instance"], labels["profile"]), set()).add((labels["unit"], labels["scope"]))
    return units


def shows(test: dict[str, Any], name: str) -> bool:
    """Whether a rule test shows of an alert what the test's name promises."""
    mine = [case["exp_alerts"] for case in test["alert_rule_test"] if case["alertname"] == name]
    fed = [entry["series"] for entry in test["input_series"]]
    read = any(selects(ALERTS[name]["expr"], series) for series in fed)
    match kind(test):
        case "fires":
            return any(mine)
        case "silent":
            return bool(mine) and not any(mine) and read
        case "two units":
            return any(mine) and all(once(alerts, test) for alerts in mine)
        case "metric absent":
            return bool(mine) and bool(fed) and not read and (name in ALWAYS_FIRING or not any(mine))
    return False


def once(expected: list[dict[str, Any]], test: dict[str, Any]) -> bool:
    """Whether some profile of the test has two units, and no two of what is expected differ only in their unit."""
    about = [{k: v for k, v in alert["exp_labels"].items() if k not in ("unit", "scope")} for alert in expected]
    return all(about.count(labels) == 1 for labels in about) and any(
        len(units) > 1 for units in units_of(test).values()
    )


def undeclared(text: str) -> Iterator[str]:
    """What a text uses and no family declares."""
    families = {family.name: family for family in FAMILIES}
    for name, matchers in selectors(text):
        if name in FROM_PROMETHEUS:
            labels = FROM_PROMETHEUS[name]
        elif name in families:
            labels = {*families[name].labels, *TARGET_LABELS, *(() if families[name].host else ("profile",))}
        else:
            yield name
            continue
        for label, value in matchers:
            if label not in labels:
                yield f"{name}: label {label}"
            elif not set(value.split("|")) <= set(VOCABULARY.get((name, label), value.split("|"))):
                yield f"{name}: {label}={value}"


ALERTS = alerts()
CASES = cases()


def run(*command: str | Path) -> str:
    """Run a tool and return what it says; fail with it."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_there_are_alerts_and_tests() -> None:
    """None of the checks below passes for want of anything to check."""
    assert {"HermesGatewayDead", "HermesGatewayCrashLooping", "HermesExporterDown", "HermesWatchdog"} <= set(
        ALERTS
    )
    assert RULE_TESTS


@pytest.mark.parametrize("name", ALERTS)
def test_alert_is_complete(name: str) -> None:
    """An alert has a severity, a summary that fits a lock screen, a description, and a runbook that exists."""
    rule = ALERTS[name]
    notes = rule["annotations"]

    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert set(notes) == {"summary", "description", "runbook_url"}
    assert notes["runbook_url"] == f"{RUNBOOKS}{name}.md"
    runbook = (REPO / f"docs/runbooks/{name}.md").read_text()
    assert runbook.startswith(f"# {name}\n")
    assert re.findall("^## (.*)$", runbook, re.MULTILINE) == ["Meaning", "How it shows", "Check", "Do"]


@pytest.mark.parametrize(
    ("name", "what"),
    [(name, what) for name in ALERTS for what in KINDS if what != "silent" or name not in ALWAYS_FIRING],
)
def test_alert_has_a_test_of_every_kind(name: str, what: str) -> None:
    """Each alert is seen firing, silent beside a neighbour, once where two units are, and without its metric."""
    assert any(kind(test) == what and shows(test, name) for _, test in rule_tests())


def test_rule_tests_show_what_their_names_promise() -> None:
    """The name of every rule test begins with what it shows, and it shows that of each alert it is about."""
    promised = [
        (path.name, test["name"], case["alertname"])
        for path, test in rule_tests()
        for case in test["alert_rule_test"]
        if not shows(test, case["alertname"])
    ]

    assert promised == []


@pytest.mark.parametrize("name", [name for name, rule in ALERTS.items() if "for" in rule])
def test_alert_is_silent_one_evaluation_before_its_time(name: str) -> None:
    """Some test sees the alert silent one step before `for` is over, and firing at that step."""
    step = {path.name: seconds(yaml.safe_load(path.read_text())["evaluation_interval"]) for path in RULE_TESTS}
    silent = {(case.file, case.test, case.seconds) for case in CASES if case.alert == name and not case.expected}
    firing = {(case.file, case.test, case.seconds) for case in CASES if case.alert == name and case.expected}

    assert any((file, test, at - step[file]) in silent for file, test, at in firing)


def test_no_case_is_vacuous() -> None:
    """Every test asserts something, and every assertion is about an alert that exists."""
    assert [test["name"] for _, test in rule_tests() if not test["alert_rule_test"]] == []
    assert {case.alert for case in CASES} <= set(ALERTS)


@pytest.mark.parametrize("case", [case for case in CASES if case.expected], ids=lambda case: case.test[:40])
def test_firing_case_compares_everything(case: Case) -> None:
    """A firing case states severity and every annotation in full, and its summary fits a lock screen."""
    rule = ALERTS[case.alert]
    for alert in case.expected:
        assert alert["exp_labels"]["severity"] == rule["labels"]["severity"]
        assert set(alert["exp_annotations"]) == set(rule["annotations"])
        assert len(alert["exp_annotations"]["summary"]) <= LOCK_SCREEN


@pytest.mark.parametrize("name", ALERTS)
def test_rules_use_what_the_exporter_declares(name: str) -> None:
    """Every metric, label and label value that a rule names is one the exporter can emit."""
    rule = ALERTS[name]
    texts = [rule["expr"], rule["annotations"]["summary"], rule["annotations"]["description"]]

    assert [problem for text in texts for problem in undeclared(text)] == []
    for variable, words in COMPARED.items():
        found = re.findall(rf'(?:eq|ne) {re.escape(variable)}((?: "[^"]*")+)', " ".join(texts))
        assert {word for words_found in found for word in re.findall('"([^"]*)"', words_found)} <= set(words)


def test_rule_tests_use_what_the_exporter_declares() -> None:
    """Every series that a rule test feeds in is one the exporter can emit."""
    series = [entry["series"] for _, test in rule_tests() for entry in test["input_series"]]

    assert series
    assert [problem for text in series for problem in undeclared(text)] == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_promtool_accepts_the_rules(path: Path) -> None:
    """The rules parse and have no lint."""
    assert "SUCCESS" in run(BIN / "promtool", "check", "rules", "--lint=all", "--lint-fatal", path)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_promtool_passes_the_rule_tests(path: Path) -> None:
    """The rules do what their tests say."""
    assert "SUCCESS" in run(BIN / "promtool", "test", "rules", path)


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    """prometheus.yml with all rules beside it is valid, takes every one of them, and scrapes job hermes."""
    config = tmp_path / "prometheus.yml"
    config.write_text((REPO / "deploy/prometheus/prometheus.yml").read_text())
    for rules in RULES:
        (tmp_path / rules.name).write_text(rules.read_text())

    assert f"SUCCESS: {len(RULES)} rule files found" in run(BIN / "promtool", "check", "config", config)
    assert [job["job_name"] for job in yaml.safe_load(config.read_text())["scrape_configs"]] == ["hermes"]
