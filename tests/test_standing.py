"""A verdict that was not made again is the one that would have been made."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hermes_exporter import standing
from hermes_exporter.sources.artefact import SETTLED_SECONDS
from tests.homes import CASES, Home, restore
from tests.job_home import HOUR, SEVEN, JobHome
from tests.odd_homes import AT, ODD, home, running, stamp
from tests.scraping import Scraper, Series, changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DURABLE = "hermes_exporter_memory_durable"
HOMES: dict[str, Callable[[Path], Home]] = {**{case: partial(restore, case) for case in CASES}, **ODD}
STEPS = (
    0,
    1,
    5,
    28,
    31,
    59,
    61,
    89,
    91,
    119,
    121,
    199,
    201,
    299,
    301,
    601,
    899,
    901,
    3601,
    7199,
    7201,
    86_401,
    93_599,
    93_601,
    94_000,
    2_700_000,
)
"""Seconds after the first look, around every moment at which some judge changes its mind."""


def at(scraper: Scraper, moment: float) -> Series:
    scraper.clock.at = moment
    return scraper.scrape()


@pytest.mark.parametrize("case", HOMES)
def test_what_stands_is_what_would_be_said(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the clock goes on, an exporter that keeps its verdicts says what one that makes them anew says."""
    made_home = HOMES[case](tmp_path)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)
    keeping = Scraper(made_home)
    anew = Scraper(made_home)
    anew.gatherer._assessor._standing = Never()

    for step in STEPS:
        for _ in range(2):
            kept, made = at(keeping, made_home.at + step), at(anew, made_home.at + step)
            assert changed(kept, made) == set(), f"{step} s later"


def test_verdicts_on_reports_that_stand_are_those_that_would_be_made(tmp_path: Path) -> None:
    """Through a morning in which much happens, the verdict on a job is made again whenever it would be another."""
    where = JobHome(tmp_path)
    cron = where.cron
    cron.put("daily")
    cron.put("often", schedule={"kind": "cron", "expr": "*/20 * * * *"})
    cron.put("hours", schedule={"kind": "cron", "expr": "0 */2 * * *"}, next_run_at=stamp(SEVEN + HOUR))
    cron.put("interval", schedule={"kind": "interval", "minutes": 45}, created_at=stamp(AT - 600))
    cron.put("once", schedule={"kind": "once", "run_at": stamp(SEVEN + 1800)})
    cron.put("held", quota_hold_until=SEVEN + HOUR, schedule={"kind": "cron", "expr": "30 * * * *"})
    queued = f"{b'daily'.hex()}{int(SEVEN + 5):x}"
    acts: dict[float, Callable[[], object]] = {
        SEVEN + 40: lambda: (cron.run("daily", SEVEN + 5, "queued"), cron.queue(**{queued: "pending"})),
        SEVEN + 100: lambda: cron.run("often", SEVEN + 5, "failed"),
        SEVEN + 1800: lambda: cron.run("interval", SEVEN + 1700),
        SEVEN + 2000: lambda: cron.put("often", last_run_at=stamp(SEVEN + 1990), last_status="ok"),
        SEVEN + 3000: lambda: cron.run("interval", SEVEN + 2900, None, "running"),
        SEVEN + 3600: lambda: cron.drop("once"),
        SEVEN + 5000: lambda: cron.put("hours", enabled=False),
    }
    keeping, anew = where.scraper, Scraper(where.home)
    anew.gatherer._assessor._standing = Never()
    moment = AT
    while moment < SEVEN + 4 * HOUR:
        for due in [due for due in acts if due <= moment]:
            acts.pop(due)()
        for state in anew.gatherer._assessor._reports._states.values():
            state.verdicts = {name: verdict._replace(until=0.0) for name, verdict in state.verdicts.items()}
        kept, made = at(keeping, moment), at(anew, moment)
        assert changed(kept, made) - {DURABLE} == set(), moment - SEVEN
        moment += 67
    anew.gatherer.close()
    where.close()
    assert acts == {}


class Never(standing.Standing):
    """Keeps nothing."""

    def keep(self, *_arguments: object) -> None:
        """Forget it."""


def written(name: str, text: str) -> Callable[[Path], object]:
    """Write a file in its place."""
    return lambda profile: (profile / name).write_text(text)


def replaced(name: str, text: str) -> Callable[[Path], object]:
    """Put a new file in the place of one, through a name beside it."""

    def change(profile: Path) -> None:
        (profile / "state/new").write_text(text)
        (profile / "state/new").replace(profile / name)

    return change


BEAT = json.dumps({"pid": 3001, "updated_at": stamp(AT - 3), "monotonic": 1009.5, "start_time": AT - 3600})
AHEAD = BEAT.replace(stamp(AT - 3), stamp(AT + 900))
CHANGES: dict[str, tuple[Callable[[Path], object], ...]] = {
    "a heartbeat": (written("state/gateway.heartbeat", BEAT),),
    "a heartbeat in the place of the old one": (replaced("state/gateway.heartbeat", BEAT),),
    "a tick": (written("cron/ticker_heartbeat", f"{AT - 2}"), written("cron/ticker_last_success", f"{AT - 2}")),
    "a tick without success": (written("cron/ticker_heartbeat", f"{AT - 2}"),),
    "no heartbeat any more": (lambda profile: (profile / "state/gateway.heartbeat").unlink(),),
    "a broken heartbeat": (written("state/gateway.heartbeat", "{"),),
    "a heartbeat ahead of the clock": (written("state/gateway.heartbeat", AHEAD),),
    "a heartbeat, and another version": (
        written("state/gateway.heartbeat", BEAT),
        written(
            "gateway_state.json", json.dumps({"pid": 3001, "gateway_state": "draining", "updated_at": stamp(AT)})
        ),
    ),
    "a heartbeat, and a file that was not there": (
        written("state/gateway.heartbeat", BEAT),
        written("state/gateway.lifecycle.json", json.dumps({"phase": "running", "pid": 3001})),
        written("cron/ticker_last_error", f"{AT - 9}\nx"),
    ),
    "a heartbeat, and a cron that may not be written": (
        written("state/gateway.heartbeat", BEAT),
        lambda profile: (profile / "cron").chmod(0o500),
    ),
}
"""What changes in a profile between two looks."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_pulse_is_read_as_all_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """An exporter that reads anew only what a gateway writes again and again says what one says that reads all."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    for name in ("ticker_heartbeat", "ticker_last_success"):
        (made.root / "cron" / name).write_text(f"{AT - 70}")
    (made.root / "cron/jobs.json").write_text('{"jobs": [{"id": "j1", "enabled": true}]}')
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)
    keeping = Scraper(made)
    before = [keeping.scrape() for _ in range(3)][-1]

    for step in CHANGES[change]:
        step(made.root)

    for _ in range(2):
        after, fresh = keeping.scrape(), Scraper(made).scrape()
        assert changed(before, after) != set()
        assert {name for name in changed(after, fresh) if not name.startswith(COUNTED)} == set()


COUNTED = ("hermes_exporter_parse_errors_total", "hermes_exporter_future_timestamps_total")
"""They go on where an exporter does."""


def test_something_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above is no empty one: of a healthy home the verdicts are kept."""
    healthy = restore("healthy", tmp_path)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)
    scraper = Scraper(healthy)
    for step in range(4):
        at(scraper, healthy.at + step)

    stood = scraper.gatherer._assessor._standing._stood
    assert len(stood) == 3
    assert all(healthy.at < each.until < healthy.at + 300 for each in stood.values())


def test_a_dead_gateway_whose_directory_goes_stays_dead(tmp_path: Path) -> None:
    """One that was dead before anybody looked is missed like any other when its disk goes."""
    made_home = home(tmp_path / "home/.hermes", tmp_path)
    running(made_home, "default", 3001)
    running(made_home, "coder", 3002)
    made_home.procfs.kill(3002)
    scraper = Scraper(made_home)
    dead = 'hermes_profile_condition{condition="gateway_dead",profile="coder"}'
    assert scraper.scrape()[dead] == 1

    (made_home.root / "profiles/coder").rename(tmp_path / "away")

    series = scraper.scrape()
    assert series['hermes_profile_gateway_expected{profile="coder"}'] == 1
    assert series[dead] == 1
    assert series['hermes_profile_health{profile="coder",verdict="gateway_dead"}'] == 1
