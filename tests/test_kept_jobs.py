"""What is remembered of jobs: it is stored as it is, bounded, and knows who came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter import report_memory
from hermes_exporter.report_memory import FORGET_SECONDS, MAX_GONE, SHOWN_SECONDS, Kept, ReportMemory
from hermes_exporter.values import astuple, replace
from tests.judge.job_story import DAILY, DAY, EIGHT, HOUR, MONDAY, full_facts

if TYPE_CHECKING:
    import pytest

NOW = MONDAY + EIGHT
ONCE = replace(DAILY, id="o", kind="once", schedule="2026-11-02T08:00:00+00:00", once_at=NOW)


def test_everything_is_stored_as_it_is() -> None:
    """What is stored and read again is the same, whatever is known of a job."""
    full = full_facts()
    assert all(astuple(full)), "a field was left out"
    jobs = {"a": Kept(full, recurring=True), "o": Kept(full, last=ONCE, gone_at=NOW)}
    memory = ReportMemory(jobs, newest_row=77)

    again = report_memory.decoded(report_memory.encoded(memory), "default")

    assert again == memory
    assert again.jobs["a"].facts.settlings[0].covers(again.jobs["a"].facts.open[0])


def test_what_cannot_be_understood_is_begun_anew(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing stored is nothing known; what is damaged is said once, with the profile that it is about."""
    assert report_memory.decoded(b"", "coder") == ReportMemory()
    assert caplog.records == []

    for damaged in (b"\xc1", b"\x80" * 3, report_memory.encoded(ReportMemory({"a": Kept(full_facts())}))[:-3]):
        caplog.clear()
        assert report_memory.decoded(damaged, "coder") == ReportMemory()
        assert ["coder" in record.getMessage() for record in caplog.records] == [True]


def test_a_field_that_is_new_has_its_default() -> None:
    """What an older version stored is understood, and what a newer one did is left out."""
    newer = b"\x82\xa4jobs\x80\xabunheard of\x01"
    assert report_memory.decoded(newer, "default") == ReportMemory()
    assert report_memory.decoded(b"\x80", "default") == ReportMemory()


def there(*names: str, gone: dict[str, float] | None = None) -> ReportMemory:
    """Recurring jobs that are there, and some that went at a moment."""
    jobs = {name: Kept(full_facts(), recurring=True) for name in names}
    jobs |= {name: Kept(full_facts(), recurring=True, gone_at=at) for name, at in (gone or {}).items()}
    return ReportMemory(jobs)


def test_who_goes_and_who_comes_is_new_once() -> None:
    """A job is gone since the first look without it, and owes nothing when it comes back."""
    memory = there("a", "b")

    assert not memory.missing({"a", "b", "c"}, NOW)
    assert memory.missing({"a"}, NOW + 60)
    assert not memory.missing({"a"}, NOW + 120)
    assert (memory.jobs["a"].gone_at, memory.jobs["b"].gone_at) == (None, NOW + 60)
    assert memory.vanishing(NOW + 120) == ("b",)
    assert memory.moments() == (NOW + 60 + SHOWN_SECONDS,)

    assert memory.missing({"a", "b"}, NOW + HOUR)
    assert (memory.jobs["b"].gone_at, memory.jobs["b"].facts.owing) == (None, False)
    assert memory.jobs["a"].facts.owing
    assert memory.vanishing(NOW + HOUR) == memory.moments() == ()


def test_a_one_shot_that_went_before_its_time_is_forgotten() -> None:
    """Its owner removed it. One that went a minute before its time or later is one that ended."""
    for gone_at, kept in ((NOW - HOUR, False), (NOW - 61, False), (NOW - 60, True), (NOW + HOUR, True)):
        memory = ReportMemory({"o": Kept(full_facts(), last=ONCE)})
        assert memory.missing(set(), gone_at)
        assert (memory.ended(gone_at) == (ONCE,)) == kept
        assert ("o" in memory.jobs) == kept
        assert memory.shown(gone_at) == ({"o"} if kept else set())


def test_what_went_is_shown_or_missed_for_a_day() -> None:
    """Recurring jobs are missed, one-shots shown, and those that are there are neither."""
    memory = there("a", gone={"b": NOW})
    memory.jobs["o"] = Kept(full_facts(), last=ONCE, gone_at=NOW)

    assert (memory.vanishing(NOW + DAY - 1), memory.ended(NOW + DAY - 1)) == (("b",), (ONCE,))
    assert memory.shown(NOW + DAY - 1) == {"a", "o"}
    assert (memory.vanishing(NOW + DAY), memory.ended(NOW + DAY)) == ((), ())
    assert memory.shown(NOW + DAY) == {"a"}


def test_what_went_a_season_ago_is_forgotten() -> None:
    """After 90 days; jobs that are there are never forgotten."""
    memory = there("a", gone={"old": NOW - FORGET_SECONDS - 1, "older": NOW - FORGET_SECONDS + 1})

    memory.forget(NOW)

    assert set(memory.jobs) == {"a", "older"}


def test_of_too_many_the_newest_are_remembered() -> None:
    """However many one-shots come and go: so many are remembered, and every job that is there."""
    gone = {f"gone{number}": NOW - 10 * number for number in range(MAX_GONE + 500)}
    memory = there("a", "b", gone=gone)

    memory.forget(NOW)

    assert len(memory.jobs) == MAX_GONE + 2
    assert set(memory.jobs) == {"a", "b", *(f"gone{number}" for number in range(MAX_GONE))}


def test_a_ledger_that_goes_on_is_not_replaced() -> None:
    """Its newest row grows, stays, or is not there for a while."""
    memory = there("a")
    for rows, told in (({5: "e"}, True), ({5: "e"}, False), ({5: "e", 9: "n"}, True), ({}, False)):
        assert memory.numbered(rows, NOW) == told
    assert not memory.numbered({9: "n"}, NOW)
    assert memory.recorded_since == 0
    assert (memory.newest_row, memory.jobs["a"].facts.row) == (9, 1234)


def test_a_ledger_that_was_replaced_has_lower_numbers() -> None:
    """Then no row of it was taken up yet, of no job, also not of those that it has no row of."""
    memory = there("a", gone={"b": NOW})
    memory.numbered({9: "n"}, NOW - 60)

    assert memory.numbered({3: "t"}, NOW)

    assert (memory.newest_row, memory.recorded_since) == (3, NOW)
    assert {kept.facts.row for kept in memory.jobs.values()} == {0}


def test_any_change_of_a_job_is_seen() -> None:
    """Its fingerprint is another one as soon as anything of it is."""
    kept = Kept(full_facts())
    before = report_memory.fingerprint(kept)
    assert report_memory.fingerprint(Kept(full_facts())) == before != report_memory.fingerprint(None)

    kept.facts.slots["late"] += 1
    assert report_memory.fingerprint(kept) != before
    kept.facts.slots["late"] -= 1
    kept.gone_at = NOW
    assert report_memory.fingerprint(kept) != before


def test_a_job_needs_some_two_kilobytes() -> None:
    """A thousand of them and as many that went as are ever remembered fit into 6.3 MB, whatever is known."""
    gone = {f"{number:012x}": NOW - number for number in range(10_000, 10_000 + MAX_GONE)}
    memory = there(*(f"{number:012x}" for number in range(1000)), gone=gone)

    size = len(report_memory.encoded(memory))

    assert 1_000_000 < size < (1000 + MAX_GONE) * 2100
