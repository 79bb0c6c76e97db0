"""When nobody can tell whether a report is missing: the last verdict stands for a while, then there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.job_home import DAY, HOUR, LATE, MINUTE, SEVEN, JobHome
from tests.odd_homes import AT, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.job_home import Reports

STANDS = 15 * MINUTE
SETTLED, MISSING, NOBODY_KNOWS = (1, 0), (1, 1), (0, None)
"""A verdict: whether it is made, and whether the report is overdue."""
SOURCES = ("cron/executions.db", "cron/runtime.db", "cron/deliveries.db", "logs/agent.log", "logs/errors.log")
"""Everything besides the jobs themselves that a verdict stands on."""


@pytest.fixture
def where(tmp_path: Path) -> Iterator[JobHome]:
    """Two jobs that are due at seven; the report of the first arrives."""
    where = JobHome(tmp_path)
    where.cron.put("j1")
    where.cron.put("j2")
    where.at(AT)
    where.cron.run("j1", SEVEN + 5)
    yield where
    where.close()


def spoil(where: JobHome, name: str) -> Path:
    """Put a directory in the place of an artefact; return where that lies now."""
    path = where.home.root / name
    kept = where.home.procfs.root / "kept"
    if path.exists():
        path.rename(kept)
    path.mkdir()
    return kept


def mend(where: JobHome, name: str, kept: Path) -> None:
    """Put the artefact back, if there was any."""
    (where.home.root / name).rmdir()
    if kept.exists():
        kept.rename(where.home.root / name)


@pytest.mark.parametrize("name", SOURCES)
def test_a_verdict_stands_for_a_quarter_of_an_hour(where: JobHome, name: str) -> None:
    """A source that cannot be read leaves the verdicts as they were for so long; then they are withheld."""
    before = where.at(LATE + 1)
    assert (before.verdict("j1"), before.verdict("j2"), before.condition()) == (SETTLED, MISSING, 1)

    kept = spoil(where, name)
    for later in (60, STANDS):
        stands = where.at(LATE + 1 + later)
        assert (stands.verdict("j1"), stands.verdict("j2"), stands.condition()) == (SETTLED, MISSING, 1)

    for later in (STANDS + 1, STANDS + HOUR):
        withheld = where.at(LATE + 1 + later)
        assert withheld.verdict("j1") == withheld.verdict("j2") == NOBODY_KNOWS
        assert withheld.condition() is None

    mend(where, name, kept)
    back = where.at(LATE + 2 + STANDS + HOUR)
    assert (back.verdict("j1"), back.verdict("j2"), back.condition()) == (SETTLED, MISSING, 1)


@pytest.mark.parametrize("name", SOURCES)
def test_what_was_counted_stays_and_nothing_counts_twice(where: JobHome, name: str) -> None:
    """While verdicts are withheld all else stands, and what happened meanwhile counts once when it can be read."""
    before = where.at(LATE + 1)
    kept = spoil(where, name)
    for later in (60, STANDS + 1):
        withheld = where.at(LATE + 1 + later)
        assert (
            withheld.counted()
            == before.counted()
            == {
                "slots settled": 1,
                "runs completed": 1,
                "deliveries delivered": 1,
            }
        )
        for fact in ("last_delivery_timestamp_seconds", "start_delay_seconds"):
            assert withheld.of(fact) == before.of(fact) is not None
        assert withheld.of("last_delivery_outcome", outcome="delivered") == 1

    mend(where, name, kept)
    where.cron.run("j2", LATE + 30 * MINUTE)
    back = where.at(LATE + HOUR)
    assert back.counted("j1") == before.counted("j1")
    assert back.counted("j2") == {"slots late": 1, "runs completed": 1, "deliveries delivered": 1}
    assert back.verdict("j2") == SETTLED


@pytest.mark.parametrize("name", SOURCES)
def test_whoever_has_never_read_it_says_nothing(where: JobHome, name: str) -> None:
    """An exporter that starts while a source is unreadable has no verdict that could stand, nor does it acquit."""
    where.at(LATE + 1)
    spoil(where, name)
    where.restart()

    withheld = where.at(LATE + 60)

    assert withheld.verdict("j1") == withheld.verdict("j2") == NOBODY_KNOWS
    assert withheld.condition() is None
    assert withheld.counted() == {"slots settled": 1, "runs completed": 1, "deliveries delivered": 1}


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_said_of_jobs_that_nobody_ever_judged(tmp_path: Path, name: str) -> None:
    """Without any memory, while a source is unreadable, every job is there, counts nothing, and is not judged."""
    where = JobHome(tmp_path)
    where.cron.put("j1", created_at=stamp(AT - 9 * DAY))
    spoil(where, name)

    found = where.at(AT)
    where.close()

    assert (found.verdict(), found.counted(), found.condition()) == (NOBODY_KNOWS, {}, None)


def test_jobs_that_cannot_be_read(where: JobHome) -> None:
    """Without jobs.json no job has any series; whether a report is missing stands for a while all the same."""
    where.at(LATE + 1)
    kept = spoil(where, "cron/jobs.json")

    stands = where.at(LATE + STANDS)
    withheld = where.at(LATE + 2 + STANDS)
    assert stands.about("j1") == stands.about("j2") == withheld.about("j1") == set()
    assert (stands.condition(), withheld.condition()) == (1, None)
    for found in (stands, withheld):
        assert (found.jobs("overdue"), found.jobs("vanished")) == (None, None)

    mend(where, "cron/jobs.json", kept)
    back = where.at(LATE + 3 + STANDS)
    assert (back.verdict("j1"), back.verdict("j2"), back.condition()) == (SETTLED, MISSING, 1)
    assert (back.jobs("overdue"), back.jobs("vanished")) == (0, 0)


def test_jobs_that_nobody_could_ever_read(tmp_path: Path) -> None:
    """An exporter that cannot read jobs.json at its start does not say that no report is missing."""
    where = JobHome(tmp_path)
    spoil(where, "cron/jobs.json")

    found = where.at(AT)
    where.close()

    assert found.condition() is None


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "cron/runtime.db"])
def test_what_the_store_alone_tells_is_told(where: JobHome, name: str) -> None:
    """Jobs that are overdue by Hermes' own rule, or vanished, are counted whatever of the rest can be read."""
    where.cron.put("j2", next_run_at=stamp(SEVEN))
    where.at(LATE)
    where.cron.drop("j1", output=True)
    where.at(LATE + 60)
    before = where.at(LATE + 61)
    spoil(where, name)

    for later in (120, STANDS + HOUR):
        found = where.at(LATE + later)
        assert (found.jobs("overdue"), found.jobs("vanished")) == (0, 1), later
    assert (before.jobs("overdue"), before.jobs("vanished")) == (0, 1)
    assert where.at(SEVEN + 3 * HOUR).jobs("overdue") == 1


@pytest.mark.parametrize("name", SOURCES)
def test_a_one_shot_that_ended_does_not_come_and_go(where: JobHome, name: str) -> None:
    """What is known of a job that Hermes has removed is told on while something cannot be read."""
    once = {"kind": "once", "run_at": stamp(SEVEN + 60)}
    where.cron.put("o1", schedule=once)
    where.at(AT + 60)
    where.cron.run("o1", SEVEN + 61)
    where.cron.drop("o1")
    before = where.at(LATE + 1)
    assert (before.verdict("o1"), before.of("slots_total", "o1", result="settled")) == (SETTLED, 1)

    kept = spoil(where, name)
    stands, withheld = where.at(LATE + 60), where.at(LATE + 2 + STANDS)
    assert stands.counted("o1") == withheld.counted("o1") == before.counted("o1")
    assert (stands.verdict("o1"), withheld.verdict("o1")) == (SETTLED, NOBODY_KNOWS)

    mend(where, name, kept)
    assert where.at(LATE + HOUR).verdict("o1") == SETTLED


def verdicts(found: Reports) -> tuple[object, ...]:
    """Those on both jobs."""
    return found.verdict("j1"), found.verdict("j2"), found.condition()


@pytest.mark.parametrize("alive", [True, False], ids=["live gateway", "no gateway"])
def test_a_clock_that_was_set_is_not_judged_by(where: JobHome, alive: bool) -> None:
    """Until it can be trusted the last verdict stands, or there is none; then one is made all the same."""
    if not alive:
        where.home.procfs.kill(3001)
    assert verdicts(where.at(SEVEN + 60)) == (SETTLED, (1, 0), 0)

    where.scraper.clock.trusted = False
    assert verdicts(where.at(LATE + 1)) == (SETTLED, (1, 0), 0)
    assert verdicts(where.at(SEVEN + HOUR)) == (NOBODY_KNOWS, NOBODY_KNOWS, None)

    where.scraper.clock.trusted = True
    assert verdicts(where.at(SEVEN + HOUR + 1)) == (SETTLED, MISSING, 1)


def test_a_clock_that_was_set_back(where: JobHome) -> None:
    """Nothing that was said then lies ahead of now: no verdict stands that was made later than it is."""
    assert verdicts(where.at(LATE + 1)) == (SETTLED, MISSING, 1)

    where.scraper.clock.trusted = False
    assert verdicts(where.at(SEVEN - HOUR)) == (NOBODY_KNOWS, NOBODY_KNOWS, None)
