"""The rules that docs/textfile.md gives to those who come through node_exporter."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path


def test_rules_of_the_documentation(tmp_path: Path) -> None:
    """The rules that docs/textfile.md gives are Prometheus', and fire on a file that is old or missing only."""
    (rules,) = re.findall(
        r"^```yaml\n(.*?)^```$", (REPO / "docs/textfile.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "test.yml").write_text(CASES.replace("STATUS", STATUS))

    done = run_promtool("test", "rules", str(tmp_path / "test.yml"))

    assert done == "", done


def run_promtool(*words: str) -> str:
    """What promtool complains about, nothing where all is well."""
    done = subprocess.run(
        [str(REPO / ".cache/debs/x/usr/bin/promtool"), *words], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


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
              summary: "none: Hermes is not watched, node_exporter has no file of it"
              description: "On the machine: STATUS"
"""
