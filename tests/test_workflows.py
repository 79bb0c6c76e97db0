"""The workflows of the forge are ones that it accepts, and do what is safe."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPO = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
WORKFLOWS = sorted(REPO.glob(".github/workflows/*.yml"))


def complaints(*command: str | Path) -> str:
    """What a checker says is wrong with the workflows; nothing where all is well."""
    done = subprocess.run(
        [str(word) for word in (*command, *WORKFLOWS)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def release() -> dict[str, Any]:
    """The jobs of a release."""
    jobs: dict[str, Any] = yaml.safe_load((REPO / ".github/workflows/release.yml").read_text())["jobs"]
    return jobs


def test_forge_understands_them() -> None:
    """They follow GitHub's schema of workflows."""
    assert WORKFLOWS
    assert complaints(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows") == ""


def test_nothing_in_them_is_unsafe() -> None:
    """No audit of zizmor's has a finding: templates in scripts, tokens that stay, too many rights."""
    assert complaints(BIN / "zizmor", "--offline", "--no-progress", "--format", "plain") == ""


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned(workflow: Path) -> None:
    """Each is named by its commit, its version beside it, and by the same commit everywhere."""
    used = re.findall(r"uses: (\S+)@(\S+)(?:  # (v[\d.]+))?$", workflow.read_text(), re.MULTILINE)

    assert used
    assert [use for use in used if not (re.fullmatch(r"[0-9a-f]{40}", use[1]) and use[2])] == []
    assert len({name for name, _, _ in used}) == len(set(used))


def test_nothing_is_published_untested() -> None:
    """What is published was built, tested as a change is, and tried; only one job may publish to PyPI."""
    jobs = release()

    assert [name for name, job in jobs.items() if {"build", "test", "try"} <= set(job.get("needs", []))] == [
        "publish",
        "image",
    ]
    assert ".ci/run" in [step.get("run") for step in jobs["test"]["steps"]]
    assert [name for name, job in jobs.items() if job.get("environment")] == ["publish"]
    assert "password" not in yaml.safe_dump(jobs["publish"])


def test_image_is_named_by_its_digest() -> None:
    """The release's page says the digest that was pushed and attested."""
    jobs = release()

    assert jobs["image"]["outputs"] == {"digest": "${{ steps.image.outputs.digest }}"}
    assert jobs["notes"]["env"]["IMAGE"].endswith("@${{ needs.image.outputs.digest }}")


def test_change_runs_what_the_project_runs() -> None:
    """CI is .ci/run, from a checkout, and nothing beside it."""
    (job,) = yaml.safe_load((REPO / ".github/workflows/ci.yml").read_text())["jobs"].values()

    assert job["steps"][-1] == {"run": ".ci/run"}
    assert job["container"]["image"].startswith("debian:12")
