"""Configuration that the documentation gives: it is what the programs it is for accept."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).parent.parent
PROMTOOL = REPO / ".cache/debs/x/usr/bin/promtool"

STATUS = "systemctl --user status hermes-exporter-textfile.timer hermes-exporter-textfile"
CASES = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="node", instance="fresh"}', values: '1x20'}
      - {series: 'hermes_exporter_last_gather_timestamp_seconds{job="node", instance="fresh"}', values: '0+60x20'}
      - {series: 'up{job="node", instance="old"}', values: '1x20'}
      - {series: 'hermes_exporter_last_gather_timestamp_seconds{job="node", instance="old"}', values: '60x20'}
      - {series: 'up{job="node", instance="none"}', values: '1x20'}
      - {series: 'up{job="node", instance="off"}', values: '0x20'}
    alert_rule_test:
      - eval_time: 6m
        alertname: HermesTextfileStale
        exp_alerts: []
      - eval_time: 7m
        alertname: HermesTextfileStale
        exp_alerts:
          - exp_labels: {severity: critical, job: node, instance: old}
            exp_annotations:
              summary: "old: Hermes is not watched, its metrics are 6m 0s old"
              description: "On the machine: STATUS"
      - eval_time: 4m
        alertname: HermesTextfileMissing
        exp_alerts: []
      - eval_time: 6m
        alertname: HermesTextfileMissing
        exp_alerts:
          - exp_labels: {severity: critical, job: node, instance: none}
            exp_annotations:
              summary: "none: Hermes is not watched: node_exporter does not answer, or has no file of it"
              description: "On the machine: STATUS"
          - exp_labels: {severity: critical, job: node, instance: "off"}
            exp_annotations:
              summary: "off: Hermes is not watched: node_exporter does not answer, or has no file of it"
              description: "On the machine: STATUS"
"""


def example(page: str) -> str:
    """The one YAML block of a page."""
    found = re.findall(r"^```yaml\n(.*?)^```$", (REPO / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    (block,) = found
    return str(block)


def complaints(*words: str | Path) -> str:
    """What promtool says is wrong, nothing where all is well."""
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_rules_for_the_textfile(tmp_path: Path) -> None:
    """The rules that docs/textfile.md gives are Prometheus', and fire on a file that is old or missing only."""
    (tmp_path / "rules.yml").write_text(example("textfile.md"))
    (tmp_path / "test.yml").write_text(CASES.replace("STATUS", STATUS))

    assert complaints("test", "rules", tmp_path / "test.yml") == ""


def test_prometheus_for_several_users(tmp_path: Path) -> None:
    """It is Prometheus' own, scrapes as the alerts expect, and no two users look the same."""
    (tmp_path / "prometheus.yml").write_text(example("several-users.md"))

    assert complaints("check", "config", tmp_path / "prometheus.yml") == ""
    (scrape,) = yaml.safe_load(example("several-users.md"))["scrape_configs"]
    assert scrape["job_name"] == "hermes"
    instances = [target["labels"]["instance"] for target in scrape["static_configs"]]
    assert len(instances) == len(set(instances)) == 2


@pytest.fixture
def service() -> dict[str, object]:
    """The exporter's service of the compose file."""
    found: dict[str, object] = yaml.safe_load(example("containers.md"))["services"]["hermes-exporter"]
    return found


def test_container_gets_no_more_than_it_needs(service: dict[str, object]) -> None:
    """Its root and the home are read-only, no capability is left, and nobody but this host reaches it."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:19119:19119"]
    assert service["volumes"] == ["~/.hermes:/opt/data:ro", "/proc:/host/proc:ro", "hermes-exporter:/state"]


def test_image_is_what_the_page_says(service: dict[str, object]) -> None:
    """User, paths and port of the image are those of the page."""
    image = (REPO / "Dockerfile").read_text()

    assert f"\nUSER {service['user']}\n" in image
    assert "\nVOLUME /state\n" in image
    assert "HERMES_HOME=/opt/data " in image
    assert "HERMES_EXPORTER_WEB_LISTEN_ADDRESS=0.0.0.0:19119 " in image


def test_build_context_has_what_is_built() -> None:
    """What .dockerignore lets through is what the wheel is made of; nothing else of the checkout travels."""
    ignored, *let_through = (REPO / ".dockerignore").read_text().splitlines()
    wheel = re.search(r"force-include\]\n((?:.+\n)+)", (REPO / "pyproject.toml").read_text())
    assert wheel

    shared = set(re.findall(r'^"(\w+)', wheel[1], re.MULTILINE))

    assert ignored == "*"
    assert {name.removeprefix("!") for name in let_through if name.startswith("!")} == {
        *shared, "hermes_exporter", "pyproject.toml", "README.md", "LICENSE"
    }  # fmt: skip
