"""What the owner may want of a job's reports: read from the configuration, the first rule that fits counts."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pytest

from hermes_exporter import config
from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.judge.deadline import Terms
from hermes_exporter.judge.job_rules import terms

if TYPE_CHECKING:
    from pathlib import Path

RULES = """\
jobs:
  - {match: "Morning *", by: "7:30", evidence: verified}
  - {match: "*", profile: team/scratch, report: ignored}
  - {match: 4d42d83fd90f, grace: 1h30m}
  - {match: "Evening*", grace: 90s, evidence: any, report: owed}
"""


@pytest.mark.parametrize(
    ("profile", "job", "name", "wanted"),
    [
        ("default", "a", "Morning brief", Terms(by=time(7, 30), verified=True)),
        ("team/scratch", "a", "Morning brief", Terms(by=time(7, 30), verified=True)),
        ("team/scratch", "a", "Evening", Terms(ignored=True)),
        ("default", "4d42d83fd90f", "Whatever", Terms(grace_seconds=5400)),
        ("default", "a", "Evening news", Terms(grace_seconds=90)),
        ("default", "a", "evening news", Terms()),
        ("default", "a", None, Terms()),
    ],
)
def test_the_first_rule_that_fits_counts(
    tmp_path: Path, profile: str, job: str, name: str | None, wanted: Terms
) -> None:
    """By the name with wildcards or by the id, in one profile or in all."""
    (tmp_path / "c.yaml").write_text(RULES)

    assert terms(config.load(tmp_path / "c.yaml").jobs, profile, job, name) == wanted


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("{grace: 5m}", ":1:8: jobs[0]: match is missing"),
        ("{match: x, grace: soon}", ":1:26: jobs[0].grace: expected a duration such as 90s, 45m, or 1h30m"),
        ("{match: x, grace: ''}", ":1:26: jobs[0].grace: expected a duration"),
        ("{match: x, by: '25:00'}", ':1:23: jobs[0].by: expected a time of the day such as "07:30"'),
        ("{match: x, by: 7, grace: 5m}", ":1:8: jobs[0]: by and grace exclude one another"),
        ("{match: x, evidence: strict}", ":1:29: jobs[0].evidence: expected verified or any"),
        ("{match: x, report: no}", ":1:27: jobs[0].report: expected ignored or owed"),
        ("{match: x, profile: A B}", ":1:28: jobs[0].profile: expected a profile's name"),
        ("{match: x, when: now}", ":1:19: jobs[0]: unknown key when"),
        ("5", ":1:8: jobs[0]: expected a mapping"),
    ],
)
def test_a_rule_that_cannot_be_is_named_with_its_place(tmp_path: Path, rule: str, place: str) -> None:
    """File, line, column, and what was expected."""
    file = tmp_path / "c.yaml"
    file.write_text(f"jobs: [{rule}]\n")

    with pytest.raises(ConfigError) as refused:
        config.load(file)

    assert f"{file}{place}" in str(refused.value)
