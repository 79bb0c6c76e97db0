"""The manifests of deploy/kubernetes: what they promise, and that Kubernetes and the operator take them."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.fleet import kubernetes, prometheus_rule
from tests.fleet.kubernetes import MANIFESTS, OPERATOR, VERSIONS, objects

if TYPE_CHECKING:
    from pathlib import Path

THINGS = {f"{path.stem}: {thing['kind']}": thing for path in MANIFESTS for thing in objects(path)}
OURS = {name: thing for name, thing in THINGS.items() if thing["apiVersion"] != OPERATOR}
THE_OPERATORS = {name: thing for name, thing in THINGS.items() if thing["apiVersion"] == OPERATOR}
PODS = {name: thing["spec"]["template"] for name, thing in THINGS.items() if thing["kind"] == "Deployment"}


def exporter(pod: dict[str, Any]) -> dict[str, Any]:
    """The exporter's container."""
    (found,) = (each for each in pod["spec"]["containers"] if each["name"] == "hermes-exporter")
    container: dict[str, Any] = found
    return container


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OURS)
def test_kubernetes_takes_it(name: str, version: str) -> None:
    """By the schemas of the oldest and of the newest version, which refuse what they do not know."""
    assert kubernetes.complaints(OURS[name], version) == []


def test_schema_refuses_what_is_misspelt() -> None:
    """A key that no version knows, at any depth, is told."""
    pod = deepcopy(THINGS["sidecar: Deployment"])
    pod["spec"]["template"]["spec"]["containers"][1]["livenesProbe"] = {}

    (complaint,) = kubernetes.complaints(pod, VERSIONS[-1])
    assert "livenesProbe" in complaint


@pytest.mark.parametrize("name", THE_OPERATORS)
def test_operator_takes_it(name: str, tmp_path: Path) -> None:
    """By the types and the validators that are published of the operator's objects."""
    assert kubernetes.operator_complaints(THE_OPERATORS[name], tmp_path) == ""


def test_operator_refuses_what_is_misspelt(tmp_path: Path) -> None:
    """A key that the operator does not know is told."""
    monitor = deepcopy(THINGS["podmonitor: PodMonitor"])
    monitor["spec"]["podMetricsEndpoints"][0]["prot"] = "hermes-metrics"

    assert '"prot"\' does not exist' in kubernetes.operator_complaints(monitor, tmp_path)


@pytest.mark.parametrize("rules", prometheus_rule.RULES, ids=lambda path: path.name)
def test_rules_are_the_shipped_ones(rules: Path) -> None:
    """The objects are what `make kubernetes` writes, and say the same as the files that they are made from."""
    written = prometheus_rule.place(rules).read_text()

    assert written == prometheus_rule.text(rules)
    assert yaml.safe_load(written)["spec"] == yaml.safe_load(rules.read_text())


def test_every_rules_file_has_an_object() -> None:
    """None is forgotten, and none is left of a file that is gone."""
    kinds = {path for path in MANIFESTS if objects(path)[0]["kind"] == "PrometheusRule"}

    assert kinds == {prometheus_rule.place(path) for path in prometheus_rule.RULES}


@pytest.mark.parametrize("name", PODS)
def test_exporter_gets_no_more_than_it_needs(name: str) -> None:
    """It is what Kubernetes calls restricted, sees the home read-only, and writes nowhere else than it must."""
    pod, container = PODS[name]["spec"], exporter(PODS[name])

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    read_only = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    assert read_only == {"/opt/data": True, "/state": False, "/tmp": False}


def test_processes_are_shared_where_they_can_be() -> None:
    """Beside Hermes the exporter sees its processes as the same user, and never takes its pod out of service."""
    pod = PODS["sidecar: Deployment"]["spec"]
    hermes, ours = pod["containers"]

    assert pod["shareProcessNamespace"] is True
    assert pod["securityContext"]["runAsUser"] == 10000
    assert not {"runAsUser", "runAsGroup"} & {*hermes.get("securityContext", {}), *ours["securityContext"]}
    assert "fsGroup" not in pod["securityContext"]
    assert "readinessProbe" not in ours


def test_probes_ask_for_what_there_is() -> None:
    """Alive is /-/healthy; ready, where it is asked, /-/ready."""
    paths = {
        (name, probe): exporter(pod)[probe]["httpGet"]
        for name, pod in PODS.items()
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        if probe in exporter(pod)
    }

    assert {(probe, get["path"]) for (_, probe), get in paths.items()} == {
        ("startupProbe", "/-/healthy"), ("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")
    }  # fmt: skip
    assert {get["port"] for get in paths.values()} == {"hermes-metrics"}


@pytest.mark.parametrize("name", PODS)
def test_monitor_and_policy_mean_these_pods(name: str) -> None:
    """The monitor finds the pod and its port, and the policy lets Prometheus in there and nowhere else."""
    monitor = THINGS["podmonitor: PodMonitor"]["spec"]
    policy = THINGS[name.replace("Deployment", "NetworkPolicy")]["spec"]
    labels = PODS[name]["metadata"]["labels"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    (port,) = exporter(PODS[name])["ports"]
    (ingress,) = policy["ingress"]

    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert THINGS[name]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert endpoint["port"] == port["name"] == ingress["ports"][0]["port"] == "hermes-metrics"
    assert port["containerPort"] == 19119
    set_to = {each.get("targetLabel"): each for each in endpoint["relabelings"]}
    assert set_to["job"]["replacement"] == "hermes"
    assert "__meta_kubernetes_pod_label_app_kubernetes_io_instance" in set_to["instance"]["sourceLabels"]
    assert labels["app.kubernetes.io/instance"]
