"""Which jobs that are gone did nobody remove?"""

from __future__ import annotations

import pytest

from hermes_exporter.judge.job_facts import JobFacts
from hermes_exporter.report_memory import SHOWN_SECONDS, Kept, ReportMemory

NOW = 1_800_000_000.0


def remembered(**gone_at: float | None) -> ReportMemory:
    """A memory of recurring jobs, by when they went."""
    facts = JobFacts("0 7 * * *", 0.0, True, 0.0)
    return ReportMemory({name: Kept(facts, recurring=True, gone_at=at) for name, at in gone_at.items()})


@pytest.mark.parametrize(
    ("memory", "left_over", "there", "vanished"),
    [
        (remembered(a=NOW - 60, b=None), {"a"}, 1, 1),
        (remembered(a=NOW - 60, b=None), set(), 1, 0),
        (remembered(a=NOW - 60, b=NOW), set(), 0, 0),
        (remembered(a=NOW - 60, b=NOW, c=NOW), set(), 0, 2),
        (remembered(a=NOW), set(), 0, 0),
        (remembered(a=NOW), set(), None, 1),
        (remembered(a=NOW - SHOWN_SECONDS), {"a"}, None, 0),
        (remembered(), set(), None, 0),
    ],
)
def test_what_vanished(memory: ReportMemory, left_over: set[str], there: int | None, vanished: int) -> None:
    """Whose output is left, several that left an empty store at once, all of a store that is gone; for a day."""
    assert memory.vanished(NOW, left_over, there) == vanished
