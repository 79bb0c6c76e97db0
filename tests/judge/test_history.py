"""What is kept of the newest slots: a few, with the run that served each."""

from __future__ import annotations

import msgspec
import pytest

from hermes_exporter.judge.job_facts import HISTORY, JobFacts
from hermes_exporter.judge.report import Slot
from hermes_exporter.report_memory import Kept, ReportMemory, decoded, encoded
from tests.judge.job_story import DAY, EIGHT, HOUR, MINUTE, MONDAY, run, watched

SLOT = MONDAY + EIGHT
JOBS, MEGABYTE = 1000, 1 << 20


def test_a_settled_slot_keeps_its_run() -> None:
    """When the run began that settled it, what became of its report, and on what evidence."""
    story = watched()

    (kept,) = story.look(SLOT + 90, run(SLOT + 5)).history[-1:]

    assert (kept.at, kept.fate, kept.outcome, kept.began) == (SLOT, "settled", "delivered", SLOT + 5)


@pytest.mark.parametrize(
    ("outcome", "fate"), [("failed", "missed"), ("not_configured", "missed"), ("none", "unknown")]
)
def test_a_run_that_came_to_nothing_is_kept(outcome: str, fate: str) -> None:
    """A slot that nothing settled keeps when it was tried, which is not the same as never having run."""
    story = watched()
    story.look(SLOT + 90, run(SLOT + 5, outcome))  # type: ignore[arg-type]

    (kept,) = story.look(SLOT + DAY + 1).history[-1:]

    assert (kept.at, kept.fate, kept.outcome, kept.began) == (SLOT, fate, None, SLOT + 5)


def test_a_slot_without_a_run_keeps_none() -> None:
    """The run of another slot is not taken for its own."""
    story = watched()
    story.look(SLOT + 90, run(SLOT + 5, "failed"))
    story.look(SLOT + DAY + HOUR)

    first, second = story.look(SLOT + 2 * DAY + MINUTE).history[-2:]

    assert (first.began, second.at, second.fate, second.began) == (SLOT + 5, SLOT + DAY, "missed", None)


def test_a_memory_of_before_is_read() -> None:
    """Slots that were stored without their runs are kept."""
    facts = JobFacts("0 7 * * *", 0.0, True, 0.0, history=[Slot(1.0, 2.0, "settled", "delivered", "log", 1)])
    stored = msgspec.msgpack.decode(encoded(ReportMemory({"a": Kept(facts)})))
    del stored["jobs"]["a"]["facts"]["history"][0]["began"]

    read = decoded(msgspec.msgpack.encode(stored), "default").jobs["a"].facts

    assert read.history == [Slot(1.0, 2.0, "settled", "delivered", "log")]


def test_what_is_kept_of_a_thousand_jobs_is_small() -> None:
    """The newest slots of 1000 jobs take less than 2 MB of what is stored."""
    full = [
        Slot(SLOT + day, SLOT + day + HOUR, "unknown", "not_configured", "ledger", int(SLOT))
        for day in range(HISTORY)
    ]
    with_slots, without = (
        {
            f"{number:012x}": Kept(JobFacts("0 7 * * *", 0.0, True, 0.0, history=list(history)))
            for number in range(JOBS)
        }
        for history in (full, [])
    )

    taken = len(encoded(ReportMemory(with_slots))) - len(encoded(ReportMemory(without)))

    assert taken < 2 * MEGABYTE
