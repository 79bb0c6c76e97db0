"""The zone of a profile: from variables, processes, units and settings, held against what Hermes wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.calm import CalmFacts
from hermes_exporter.cases import Case
from hermes_exporter.discovery import Home as WatchedHome
from hermes_exporter.discovery import Profile
from hermes_exporter.judge.liveness import Liveness
from hermes_exporter.profile_memory import ProfileMemory
from hermes_exporter.sources.env_file import EnvFile
from hermes_exporter.sources.hermes_config import HermesConfig
from hermes_exporter.sources.proc_environ import ZoneVariables
from hermes_exporter.sources.procfs import Process
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.sources.unit import Unit, from_properties
from tests import odd_homes
from tests.scraping import Scraper

if TYPE_CHECKING:
    from tests.homes import Home

ROOT = Path("/nowhere/.hermes")
PROFILE = Profile("default", WatchedHome("", ROOT), "default", ROOT, ROOT)
PROCESS = Process(700, 700, False, 4242, 1.8e9, None)
HOST = "Asia/Tokyo"
NAMED = {
    "managed": "Africa/Cairo",
    "env": "Asia/Seoul",
    "process": "Asia/Kolkata",
    "unit": "Asia/Dhaka",
    "config": "Europe/Berlin",
    "process_tz": "America/Lima",
    "unit_tz": "America/Bogota",
}


def unit(timezone: str | None, tz: str | None) -> Unit:
    environment = [f"{name}={value}" for name, value in (("HERMES_TIMEZONE", timezone), ("TZ", tz)) if value]
    states = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
    return from_properties("user", {"Id": "hermes-gateway.service", "Environment": environment, **states}, None)


def zone_of(*named: str, readable: bool = True, alive: bool = True, owner: str | None = None) -> str:
    """The zone of a profile where only these name one."""
    told = {place: NAMED[place] if place in named else None for place in NAMED}
    case = Case(
        PROFILE,
        ProfileFiles(
            settings=HermesConfig(valid=True, timezone=told["config"]), env=EnvFile(frozenset(), told["env"], None)
        ),
        (unit(told["unit"], told["unit_tz"]),),
        Liveness(up=alive, proof="lock", process=PROCESS if alive else None),
        env=EnvFile(frozenset(), told["managed"], None),
    )
    variables = ZoneVariables(told["process"], told["process_tz"]) if readable else None
    facts = CalmFacts(HOST, {"default": owner} if owner else {}, lambda _process: variables, with_platforms=False)
    return facts.of(case, ProfileMemory()).timezone


ORDER = ("managed", "env", "process", "config", "process_tz")


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_each_place_wins_over_those_behind_it(place: int) -> None:
    """The host's .env, the home's, HERMES_TIMEZONE of the process, config.yaml, its TZ; the host's zone last."""
    assert zone_of(*ORDER[place:]) == NAMED[ORDER[place]]
    assert zone_of() == HOST


def test_the_owner_has_the_last_word() -> None:
    """What our own configuration says wins over everything."""
    assert zone_of(*NAMED, owner="Pacific/Apia") == "Pacific/Apia"


@pytest.mark.parametrize("state", [{"readable": False}, {"alive": False}])
def test_a_unit_speaks_where_no_process_does(state: dict[str, bool]) -> None:
    """A process that is gone, or not ours to read: its unit's variables take their place."""
    assert zone_of("process", "unit", "config", "unit_tz", **state) == NAMED["unit"]
    assert zone_of("process", "config", "unit_tz", **state) == NAMED["config"]
    assert zone_of("process_tz", "unit_tz", **state) == NAMED["unit_tz"]


def test_a_process_knows_better_than_its_unit() -> None:
    """A unit that was edited since the start says nothing about the process that runs."""
    assert zone_of("unit", "unit_tz") == HOST


def write(home: Home, last_run: str | None, saved: str | None = None) -> None:
    """Leave a jobs.json that Hermes wrote at those times."""
    (home.root / "cron").mkdir(exist_ok=True)
    job = {"id": "a1", "schedule": {"kind": "cron", "expr": "0 7 * * *"}, "last_run_at": last_run}
    (home.root / "cron/jobs.json").write_text(json.dumps({"jobs": [job], "updated_at": saved or last_run}))


def seen(home: Home, **timezones: str) -> tuple[str, float | None]:
    """The zone that a scrape says, and whether it calls it a mismatch."""
    series = Scraper(home, timezones=timezones).scrape()
    (info,) = (name for name in series if name.startswith("hermes_cron_job_info{"))
    return info.partition('timezone="')[2].partition('"')[0], series.get(
        'hermes_cron_timezone_mismatch{profile="default"}'
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a live gateway that is told to go by UTC."""
    made = odd_homes.home(tmp_path / "home/.hermes", tmp_path)
    odd_homes.running(made, "default", 3001)
    write(made, "2026-11-22T06:00:00.5+00:00")
    return made


def test_a_zone_that_hermes_goes_by_is_no_mismatch(home: Home) -> None:
    """Told UTC, writes UTC."""
    assert seen(home) == ("UTC", 0)


def test_another_zone_is_a_mismatch_and_hermes_offset_counts(home: Home) -> None:
    """Told UTC, writes at half past five hours: the label says so, and the gauge is 1."""
    write(home, "2026-11-22T11:30:00.5+05:30")

    assert seen(home) == ("UTC+05:30", 1)


def test_the_environment_of_the_live_gateway_is_read(home: Home) -> None:
    """HERMES_TIMEZONE of the process wins over config.yaml, and agrees with what it writes."""
    home.procfs.environ(3001, HERMES_TIMEZONE="Asia/Kolkata", TZ="America/Lima")
    write(home, "2026-11-22T11:30:00.5+05:30")

    assert seen(home) == ("Asia/Kolkata", 0)


def test_naive_stamps_tell_nothing(home: Home) -> None:
    """Without an offset, or without a stamp, nothing is compared and the gauge is absent."""
    for stamp in ("2026-11-22T06:00:00", None):
        write(home, stamp)
        assert seen(home) == ("UTC", None)


def test_an_agreeing_run_outweighs_a_foreign_command(home: Home) -> None:
    """The gateway's last run agrees; a command in a shell with another TZ has saved the file since."""
    write(home, "2026-11-22T06:00:00+00:00", saved="2026-11-22T16:00:00+09:00")

    assert seen(home) == ("UTC", 0)


def test_what_the_owner_says_is_never_a_mismatch(home: Home) -> None:
    """Our own configuration wins, whatever Hermes writes."""
    write(home, "2026-11-22T11:30:00.5+05:30")

    assert seen(home, default="Europe/Berlin") == ("Europe/Berlin", None)


def test_a_mismatch_comes_and_goes_with_what_is_written(home: Home) -> None:
    """The same exporter, the file written anew."""
    exporter = Scraper(home)
    name = 'hermes_cron_timezone_mismatch{profile="default"}'

    before = exporter.scrape()[name]
    write(home, "2026-11-22T15:00:00+09:00")
    between = exporter.scrape()[name]
    write(home, "2026-11-22T06:20:00+00:00")

    assert (before, between, exporter.scrape()[name]) == (0, 1, 0)
