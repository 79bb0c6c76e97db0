"""The files of deploy/fleet: Prometheus takes them, and makes of each target what the alerts go by."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.fleet.engines import ALL_RULES as RULES
from tests.fleet.engines import FLEET
from tests.lab.unpacked import BIN
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path

RULE_TESTS = sorted((FLEET / "tests").glob("*.yml"))
OWN_RULES = FLEET / "hermes-fleet.rules.yml"
RUNBOOKS = "https://github.com/hermes-exporter/hermes_exporter/blob/main/docs/runbooks/"


def promtool(directory: Path, *words: str | Path) -> str:
    """Run promtool there and return what it prints; fail with what it says is wrong."""
    done = subprocess.run(
        [BIN / "promtool", *words], cwd=directory, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def discovered(etc: Path) -> list[dict[str, Any]]:
    """What becomes of each target of scraper.yml."""
    words = ("check", "service-discovery", "--timeout=2s", "scraper.yml", "hermes")
    found: list[dict[str, Any]] = json.loads(promtool(etc, *words))
    return found


@pytest.mark.parametrize("name", ["scraper.yml", "receiver.yml"])
def test_prometheus_takes_it_with_its_rules(etc: Path, name: str) -> None:
    """The configuration is valid and finds every file of rules beside it."""
    assert f"SUCCESS: {len(RULES)} rule files found" in promtool(etc, "check", "config", name)


def test_agent_takes_its_file(etc: Path) -> None:
    """Agent mode knows all that stands in it."""
    assert "SUCCESS" in promtool(etc, "check", "config", "--agent", "agent.yml")


@pytest.mark.parametrize("path", sorted(FLEET.glob("*.rules.yml")), ids=lambda path: path.name)
def test_rules_have_no_lint(path: Path) -> None:
    """The rules parse and have no lint."""
    assert "SUCCESS" in promtool(path.parent, "check", "rules", "--lint=all", "--lint-fatal", path.name)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    """Promtool passes the tests beside the rules."""
    promtool(path.parent, "test", "rules", path.name)


def test_alert_is_complete_and_its_tests_are_not_vacuous() -> None:
    """It has what every alert has, a runbook too, and its tests name no other than alerts there are."""
    (group,) = yaml.safe_load(OWN_RULES.read_text())["groups"]
    (rule,) = (rule for rule in group["rules"] if "alert" in rule)
    files = [yaml.safe_load(path.read_text()) for path in RULES]
    shipped = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    tests = [test for path in RULE_TESTS for test in yaml.safe_load(path.read_text())["tests"]]

    assert rule["labels"] == {"severity": "critical"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOKS}{rule['alert']}.md"
    assert (REPO / f"docs/runbooks/{rule['alert']}.md").read_text().startswith(f"# {rule['alert']}\n")
    assert all(test.get("promql_expr_test") or test["alert_rule_test"] for test in tests)
    assert {case["alertname"] for test in tests for case in test["alert_rule_test"]} <= {
        each["alert"] for each in shipped if "alert" in each
    }


def test_targets_become_hosts(etc: Path) -> None:
    """The instance is the host's name, the user's behind it where there are several, and nobody's twice."""
    found = discovered(etc)
    by_address = {each["discoveredLabels"]["__address__"]: each["labels"] for each in found}
    instances = [labels["instance"] for labels in by_address.values()]

    assert {address: labels["instance"] for address, labels in by_address.items()} == {
        "box.example.org:19119": "box",
        "shed.example.org:19119": "shed",
        "192.0.2.7:19119": "press",
        "[2001:db8::8]:19119": "desk",
        "attic.example.org:19119": "attic-ann",
        "attic.example.org:19120": "attic-bob",
    }
    assert {labels["job"] for labels in by_address.values()} == {"hermes"}
    assert by_address["box.example.org:19119"]["site"] == "home"
    assert len(set(instances)) == len(instances)


def test_address_without_a_name_stays_unique(etc: Path) -> None:
    """Of an address that is no name nothing is cut off: two of a network would be one."""
    targets = [{"targets": ["192.0.2.7:19119", "192.0.2.8:19119", "[2001:db8::8]:19119"]}]
    (etc / "targets/hermes.yml").write_text(yaml.safe_dump(targets))

    found = discovered(etc)

    assert [each["labels"]["instance"] for each in found] == targets[0]["targets"]
