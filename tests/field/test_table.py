"""The table of failures from the field keeps its word: whatever is visible is shown by a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hermes_exporter.collectors import FAMILIES
from tests.field import table

REPO = Path(__file__).parents[2]
ROWS = table.rows()


def shown() -> set[str]:
    """What the tests say that they show."""
    found: set[str] = set()
    for module in table.tests():
        for thing in vars(module).values():
            marks: list[Any] = getattr(thing, "pytestmark", [])
            found |= {key for mark in marks if mark.name == "shows" for key in mark.args}
    return found


def test_each_visible_failure_is_shown() -> None:
    """By a test; a test that shows none of the table is mistyped."""
    assert shown() == {key for key, row in ROWS.items() if not row.why}


@pytest.mark.parametrize("key", ROWS)
def test_row_is_of_what_there_is(key: str) -> None:
    """Its series and its alert exist; a blind spot has neither."""
    row = ROWS[key]
    files = (REPO / "alerts").glob("*.rules.yml")
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]

    assert set(row.series) <= {family.name for family in FAMILIES}
    assert row.alert in {"", *(rule["alert"] for group in groups for rule in group["rules"])}
    assert bool(row.why) != bool(row.series)


def test_page_is_up_to_date() -> None:
    """docs/field-failures.md is what `python -m tests.field.table` prints."""
    assert (REPO / "docs/field-failures.md").read_text() == table.table()
