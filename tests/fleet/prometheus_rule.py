"""python -m tests.fleet.prometheus_rule: write the rules anew as objects of the Prometheus operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path

RULES = sorted((*(REPO / "alerts").glob("*.rules.yml"), REPO / "deploy/fleet/hermes-fleet.rules.yml"))
"""Every file of rules there is but the inventory, which is an example."""
HEAD = "# Made from {source} by `make kubernetes`; what stands in it is explained there.\n"
SELECTED_BY = {"release": "kube-prometheus-stack"}
"""What the operator's chart selects rules by, unless it is told otherwise."""


def place(rules: Path) -> Path:
    """Where the object made of a file of rules lies."""
    return REPO / "deploy/kubernetes" / f"{name(rules)}-rules.yaml"


def name(rules: Path) -> str:
    """What it is called."""
    return rules.name.removesuffix(".rules.yml")


def text(rules: Path) -> str:
    """The object made of a file of rules, as YAML."""
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": name(rules), "labels": SELECTED_BY},
        "spec": yaml.safe_load(rules.read_text()),
    }
    body = yaml.dump(document, Dumper=_WithoutAnchors, sort_keys=False, allow_unicode=True, width=115)
    return HEAD.format(source=rules.relative_to(REPO)) + body


class _WithoutAnchors(yaml.SafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


if __name__ == "__main__":
    for path in RULES:
        place(path).write_text(text(path))
