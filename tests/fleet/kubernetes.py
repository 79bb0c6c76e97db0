"""What Kubernetes and the Prometheus operator have to say of an object, by their published schemas and types."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.lab.node import node
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

MANIFESTS = sorted((REPO / "deploy/kubernetes").glob("*.yaml"))
SCHEMAS = REPO / ".cache/kubernetes"
"""tests/lab/setup.sh fills it: JSON schemas that refuse what they do not know, and the operator's types."""
VERSIONS = ("1.25", "1.37")
OPERATOR = "monitoring.coreos.com/v1"
TSC = (
    "--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler",
    "--target", "es2022",
)  # fmt: skip


def objects(path: Path) -> list[dict[str, Any]]:
    """The objects of a manifest."""
    return [found for found in yaml.safe_load_all(path.read_text()) if found]


def complaints(thing: dict[str, Any], version: str) -> list[str]:
    """What a version of Kubernetes says is wrong with an object of its own."""
    group, _, api = thing["apiVersion"].rpartition("/")
    name = "-".join(filter(None, [thing["kind"].lower(), group.split(".")[0], api]))
    schema = json.loads((SCHEMAS / f"v{version}" / f"{name}.json").read_text())
    validator = jsonschema.Draft202012Validator(schema, registry=_definitions(version))
    return [error.message for error in validator.iter_errors(thing)]


@lru_cache
def _definitions(version: str) -> Registry[Any]:
    """What the schemas of a version refer to, under the address that they have for it."""
    contents = json.loads((SCHEMAS / f"v{version}" / "_definitions.json").read_text())
    registry: Registry[Any] = Registry()
    return registry.with_resource("/api/_definitions.json", DRAFT202012.create_resource(contents))


def operator_complaints(thing: dict[str, Any], directory: Path) -> str:
    """What the operator's types and validators say of an object; empty where both take it.

    The types know every key, the validators the values.
    """
    kind = thing["kind"]
    (directory / "node_modules").symlink_to(SCHEMAS / "node_modules")
    module = f"@kubernetes-models/prometheus-operator/{OPERATOR}/{kind}"
    document = json.dumps(thing)
    typed = directory / "typed.ts"
    typed.write_text(f'import type {{ I{kind} }} from "{module}";\nexport const it: I{kind} = {document};\n')
    checked = directory / "checked.mjs"
    checked.write_text(f'import {{ {kind} }} from "{module}";\nnew {kind}({document}).validate();\n')
    tsc = SCHEMAS / "node_modules/typescript/bin/tsc"
    return "".join(_said(node(*words)) for words in ((tsc, *TSC, typed), (checked,)))


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr if done.returncode else ""
