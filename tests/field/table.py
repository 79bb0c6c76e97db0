"""python -m tests.field.table: print docs/field-failures.md."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.field.row import ISSUES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.field.row import Row

HEAD = """# Failures from the field

What users of Hermes Agent reported, and what the exporter makes of it. Generated from `tests/field/`, where each
row that is visible is played on a host, scraped, and judged by the shipped rules. What nobody can see from
outside is told in [blind spots](blind-spots.md). Of a row without an alert only the series tell.
"""
COLUMNS = "| failure | reported | series | alert |\n|---|---|---|---|\n"


def modules(kind: str) -> Iterator[ModuleType]:
    """Yield the modules beside this one whose names match, in their order."""
    for path in sorted(Path(__file__).parent.glob(kind)):
        yield importlib.import_module(f"tests.field.{path.stem}")


def tests() -> Iterator[ModuleType]:
    """Yield the modules whose tests show rows: those beside this one, and what takes a real systemd."""
    yield from modules("test_*.py")
    yield importlib.import_module("tests.real.test_field_units")


def rows() -> dict[str, Row]:
    """Return every row by its key."""
    found: dict[str, Row] = {}
    for module in modules("rows_*.py"):
        assert not found.keys() & module.ROWS.keys()
        found |= module.ROWS
    return found


def table() -> str:
    """Return the page."""
    parts = [HEAD]
    for module in modules("rows_*.py"):
        assert module.__doc__
        parts.append(
            f"\n## {module.__doc__.rstrip('.')}\n\n| failure | reported | series | alert |\n|---|---|---|---|\n"
        )
        parts += [_line(key, row) for key, row in module.ROWS.items()]
    return "".join(parts)


def _line(key: str, row: Row) -> str:
    reported = " ".join(f"[#{number}]({ISSUES}{number})" for number in row.issues)
    series = "blind spot" if row.why else ", ".join(f"`{name}`" for name in row.series)
    return f"| **{key}**: {row.symptom} | {reported} | {series} | {row.alert} |\n"


if __name__ == "__main__":
    sys.stdout.write(table())
