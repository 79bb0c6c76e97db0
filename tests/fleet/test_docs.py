"""What docs/fleet.md gives to copy is what the programs it is for accept, and costs no alert."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

from hermes_exporter.collectors import FAMILIES
from tests.fleet.engines import ALL_RULES
from tests.fleet.test_files import discovered, promtool
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (REPO / "docs/fleet.md").read_text()


def dropped() -> dict[str, Any]:
    """The example of what to leave out."""
    (found,) = re.findall(r"^ +```yaml\n(.*?)^ +```$", PAGE, re.MULTILINE | re.DOTALL)
    (relabelling,) = yaml.safe_load(found)["metric_relabel_configs"]
    example: dict[str, Any] = relabelling
    return example


def test_what_may_be_left_out_is_read_by_no_alert() -> None:
    """Every name in the example is a family's, and no rule of ours names it, in expression or text."""
    left_out = {family.name for family in FAMILIES if re.fullmatch(dropped()["regex"], family.name)}
    read = {name for path in ALL_RULES for name in re.findall(r"\bhermes_\w+", path.read_text())}

    assert dropped()["action"] == "drop"
    assert len(left_out) == len(re.findall(r"\w+(?=[|)]|$)", dropped()["regex"]))
    assert left_out & read == set()


def test_prometheus_takes_what_is_left_out(etc: Path) -> None:
    """The example is Prometheus', in the job where the page says that it belongs."""
    config = yaml.safe_load((etc / "scraper.yml").read_text())
    config["scrape_configs"][0]["metric_relabel_configs"] = [dropped()]
    (etc / "scraper.yml").write_text(yaml.safe_dump(config))

    assert "SUCCESS" in promtool(etc, "check", "config", "scraper.yml")


def test_names_that_meet_are_told(etc: Path) -> None:
    """The program in the page prints the instances that several targets have, and nothing where none has."""
    (program,) = re.findall(r"python3 -c '(import collections.*?)'\n", PAGE, re.DOTALL)
    alike = [{"targets": ["web.a.example:19119", "web.b.example:19119", "box.a.example:19119"]}]
    (etc / "targets/alike.yml").write_text(yaml.safe_dump(alike))

    assert set(told(program, discovered(etc)).split()) == {"web", "box"}
    (etc / "targets/alike.yml").unlink()
    assert told(program, discovered(etc)) == ""


def told(program: str, found: list[dict[str, Any]]) -> str:
    """What a program prints that is given what promtool found."""
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(found), capture_output=True, text=True, check=True
    )
    return done.stdout
