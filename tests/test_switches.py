"""Collectors that are switched off, and places from which not everything can be seen."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hermes_exporter.cli import main
from hermes_exporter.memory import Memory
from tests.job_home import DAY, SEVEN, Cron
from tests.odd_homes import AT, Gateway, home, running, stamp
from tests.scraping import Scraper, parse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.homes import Home
    from tests.scraping import Series

UP = 'hermes_gateway_up{profile="coder"}'


@pytest.fixture
def made(tmp_path: Path) -> Home:
    """A live gateway, a dead one, and a queue of reports."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    Gateway(made.profile("coder"), 3003).write()
    (made.root / "cron").mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(made.root / "cron/deliveries.db")) as database:
        database.execute("CREATE TABLE deliveries (status TEXT, created_at REAL)")
        database.execute("INSERT INTO deliveries VALUES ('pending', 1795329000)")
        database.commit()
    return made


def scrape(made: Home, *switches: str) -> Series:
    done = CliRunner().invoke(main, ["scrape", *made.arguments(), *switches])
    assert done.exit_code == 0, done.output
    return parse(done.stdout)


def test_without_the_gateway_collector_nothing_is_said_of_gateways(made: Home) -> None:
    """No verdict, no gateway series, and the headline is unknown: nobody looked."""
    assert 'hermes_profile_health{profile="coder",verdict="gateway_dead"}' in scrape(made)

    series = scrape(made, "--no-collector.gateway")

    assert 'hermes_profile_health{profile="coder",verdict="unknown"}' in series
    assert not any(name.startswith("hermes_gateway_") for name in series)
    assert not any('condition="gateway_' in name for name in series)


def test_without_the_platforms_collector_none_is_called_well(made: Home) -> None:
    """Whether a messenger is down is then not known, rather than no."""
    condition = 'hermes_profile_condition{condition="platform_down",profile="default"}'

    assert scrape(made)[condition] == 0
    assert condition not in scrape(made, "--no-collector.platforms")


def test_delivery_and_cron_are_switched_apart(made: Home) -> None:
    """The queue belongs to delivery: it stays without cron, and goes with delivery."""
    pending = 'hermes_delivery_pending{profile="default"}'

    assert scrape(made, "--no-collector.cron")[pending] == 1
    assert pending not in scrape(made, "--no-collector.delivery")


OUTCOME = 'hermes_cron_job_last_delivery_outcome{job_id="j1",job_name="j1-name",outcome="%s",profile="default"}'
EVIDENCE = 'hermes_cron_job_last_delivery_evidence{evidence="%s",job_id="j1",job_name="j1-name",profile="default"}'
JUDGED = 'hermes_cron_job_judged{job_id="j1",job_name="j1-name",profile="default"}'
MISSING = 'hermes_profile_condition{condition="report_missing",profile="default"}'


def test_without_the_cron_nothing_is_said_of_reports(made: Home) -> None:
    """No job, and no word on whether a report is missing."""
    Cron(made.root, 3001, 0).put("j1")
    assert {JUDGED, MISSING} <= scrape(made).keys()

    series = scrape(made, "--no-collector.cron")

    assert not any(name.startswith("hermes_cron_") for name in series)
    assert MISSING not in series


def test_without_delivery_reports_are_judged_all_the_same(made: Home) -> None:
    """What became of a queued report is the cron's affair too, though nothing is said of the queue."""
    cron = Cron(made.root, 3001, 0)
    cron.put("j1", created_at=stamp(AT - DAY))
    run = cron.run("j1", SEVEN - DAY + 5, "queued")
    cron.queue(**{run: "delivered"})

    series = scrape(made, "--no-collector.delivery")

    assert (series[OUTCOME % "delivered"], series[JUDGED], series[MISSING]) == (1, 1, 0)
    assert not any(name.startswith("hermes_delivery_") for name in series)


def test_without_the_logs_a_claim_is_believed(made: Home) -> None:
    """There is none then that contradicts it; with them a run that the log does not know delivered nothing."""
    cron = Cron(made.root, 3001, 0)
    cron.put("j1", created_at=stamp(AT - DAY), last_run_at=stamp(SEVEN - DAY + 35), last_status="ok")
    cron.run("j1", SEVEN - DAY + 5, None)
    lines = (
        f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S},000 INFO a: b\n" for at in (AT - 3 * DAY, AT - 9)
    )
    log = made.root / "logs/agent.log"
    log.write_text("".join(lines))
    os.utime(log, (AT - 9, AT - 9))
    assert OUTCOME % "failed" in scrape(made)

    series = scrape(made, "--no-collector.logs")

    assert (series[OUTCOME % "delivered"], series[EVIDENCE % "claim"]) == (1, 1)
    assert (series[JUDGED], series[MISSING]) == (1, 0)


def test_storage_can_be_switched_off(made: Home) -> None:
    """Neither the disk nor the database is looked at."""
    done = CliRunner().invoke(main, ["scrape", *made.arguments(), "--no-collector.storage"])

    assert "hermes_home_filesystem" not in done.stdout
    assert "hermes_state_db" not in done.stdout


def test_a_beating_heart_goes_on_proving_where_processes_are_hidden(made: Home) -> None:
    """In another pid namespace the heartbeat decides, at every gather and not only at the first."""
    namespace = made.procfs.root / "self/ns"
    namespace.mkdir(parents=True)
    (namespace / "pid").touch()
    scraper = Scraper(made)

    for _ in range(3):
        series = scraper.scrape()
        assert series[UP] == 1
        assert 'hermes_gateway_proof{profile="coder",proof="heartbeat"}' in series


def test_a_gateway_that_was_seen_here_is_dead_when_it_is_gone(made: Home) -> None:
    """Once its process was seen, its absence proves its death, whatever its last beat says."""
    running(made, "coder", 3003)
    namespace = made.procfs.root / "self/ns"
    namespace.mkdir(parents=True)
    (namespace / "pid").touch()
    memory = Memory()
    scraper = Scraper(made, memory=memory)
    assert scraper.scrape()[UP] == 1

    made.procfs.kill(3003)

    assert scraper.scrape()[UP] == 0
    assert Scraper(made, memory=memory).scrape()[UP] == 0, "to reread a configuration is no reason to forget it"
    assert Scraper(made).scrape()[UP] == 1, "an exporter started elsewhere never saw it"
