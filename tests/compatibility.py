"""python -m tests.compatibility: print docs/versions.md.

The families that runs of real versions have brought are recorded in tests/real/versions.json, which the slow tests
compare with what they see; for later versions a fixture is read, made after what those versions write.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from hermes_exporter.collectors import FAMILIES
from hermes_exporter.reference import SECTIONS

HERE = Path(__file__).parent
RECORDED = HERE / "real/versions.json"
RUNS: dict[str, list[str]] = json.loads(RECORDED.read_text())
"""By version, the families of a profile that its run has brought."""
LATER = "0.20 to 0.22"
OF_OTHERS = ("Exporter", "Unit")
"""Not what a version of Hermes decides."""
FIXTURES = (HERE / "golden/odd_newer.prom", HERE / "test_newer_versions.py")

HEAD = f"""# Versions of Hermes Agent

What can be told of a home depends on what Hermes writes into it. Generated from the tests: of each version with a
number a real gateway ran, connected to a messenger, with jobs that were delivered, that failed, that the model
provider refused, and one that was cut off when the gateway was killed. {LATER} are read from files made up after
what those versions write.

*seen*: a run of this version brought it, and it was true. *made up*: a file made up after this version brought it.
Nothing: the version writes nothing that would tell, or the run gave no occasion (a unit, a quota, an update); the
series is then absent, never 0.
"""


def families(exposition: str) -> set[str]:
    """Return the families of which a text exposition has a sample of a profile."""
    names = {family.name for family in FAMILIES}
    lines = re.findall(r"^(\w+)\{[^\n]*profile=", exposition, re.MULTILINE)
    return {name for name in lines if name in names}


def later() -> set[str]:
    """Return the families that the fixtures of later versions bring."""
    named = set(re.findall(r"\bhermes_\w+", "".join(path.read_text() for path in FIXTURES)))
    return named & {family.name for family in FAMILIES}


def table() -> str:
    """Return the page."""
    columns = [*RUNS, LATER]
    made_up = later()
    parts = [HEAD]
    for title, group in SECTIONS:
        rows = [family.name for family in group if not family.host]
        if not rows or title in OF_OTHERS:
            continue
        parts.append(f"\n## {title}\n\n| family | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n")
        for name in rows:
            cells = ["seen" if name in seen else "" for seen in RUNS.values()]
            cells.append("made up" if name in made_up else "")
            parts.append(f"| `{name}` | {' | '.join(cells)} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(table())
