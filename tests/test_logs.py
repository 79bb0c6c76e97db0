"""From the logs of a home to the exposition: what is counted, what is remembered, what is concluded."""

from __future__ import annotations

import copy
import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.gather import Gatherer
from hermes_exporter.health_assessor import CONDITIONS
from hermes_exporter.logs.tally import PLATFORM_CLASSES, PROVIDER_CLASSES
from hermes_exporter.sources.artefact import SETTLED_SECONDS
from tests.log_home import (
    BOT_BACK,
    BOT_LOST,
    BOT_REFUSED,
    FALLBACK,
    SECRET,
    Logs,
    answered,
    configured,
    failed,
    made,
    refused,
)
from tests.odd_homes import AT, Gateway, stamp
from tests.scraping import Scraper, changed, unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.scraping import Series

DAY = 86400.0
OURS = ("hermes_auth_", "hermes_provider_", "hermes_platform_errors", "hermes_log_records", "hermes_exporter_log_")


def name(family: str, profile: str = "default", **labels: str) -> str:
    """A series."""
    pairs = sorted({**labels, "profile": profile}.items())
    text = ",".join(f'{key}="{value}"' for key, value in pairs)
    return f"hermes_{family}{{{text}}}"


def auth(provider: str = "nous", plane: str = "provider", profile: str = "default") -> str:
    """The counter of refusals."""
    return name("auth_errors_total", profile, plane=plane, name=provider)


def condition(series: Series, which: str, profile: str = "default") -> float | None:
    """Whether a condition holds, None where nobody can tell."""
    return series.get(name("profile_condition", profile, condition=which))


def test_counters_are_there_before_anything_happens(tmp_path: Path) -> None:
    """Whatever could be counted by what is configured stands at 0 at the first scrape, without a single log."""
    series = Scraper(made(tmp_path)).scrape()

    expected = {
        *(auth(provider) for provider in ("nous", "deepseek")),
        auth("mattermost", "platform"),
        *(
            name("provider_errors_total", provider=provider, **{"class": error})
            for provider in ("nous", "deepseek")
            for error in PROVIDER_CLASSES
        ),
        *(name("platform_errors_total", platform="mattermost", **{"class": error}) for error in PLATFORM_CLASSES),
        *(name("log_records_total", level=level) for level in ("WARNING", "ERROR", "CRITICAL")),
        *(
            name(f"exporter_log_bytes{lost}_total", file=file)
            for file in ("agent", "errors")
            for lost in ("", "_lost")
        ),
    }
    assert {each: value for each, value in series.items() if each.startswith(OURS)} == dict.fromkeys(expected, 0)
    assert series[name("exporter_collector_success", collector="logs")] == 1
    assert series[name("log_level_hides_events")] == 0


def test_history_gives_facts_and_no_counts(tmp_path: Path) -> None:
    """Of what was logged before the first scrape the times are taken; what comes afterwards counts."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    logs.write(7200, refused(), failed("HTTP 500:"), BOT_LOST)
    logs.write(3600, answered())
    scraper = Scraper(where)

    series = scraper.scrape()
    assert {each for each in series if each.startswith(OURS) and series[each] and "bytes" not in each} == {
        name("auth_last_error_timestamp_seconds", plane="provider", name="nous"),
        name("provider_last_success_timestamp_seconds", provider="nous"),
    }
    assert series[name("auth_last_error_timestamp_seconds", plane="provider", name="nous")] == AT - 7200
    assert series[name("provider_last_success_timestamp_seconds", provider="nous")] == AT - 3600
    size = logs.path("agent").stat().st_size
    assert series[name("exporter_log_bytes_total", file="agent")] == size

    logs.write(60, refused(), failed("HTTP 500:"), BOT_LOST)
    counted = scraper.scrape()
    assert counted[auth()] == 1
    assert counted[name("provider_errors_total", provider="nous", **{"class": "server"})] == 1
    assert counted[name("platform_errors_total", platform="mattermost", **{"class": "transport"})] == 1
    assert counted[name("log_records_total", level="WARNING")] == 3
    assert counted[name("exporter_log_bytes_total", file="agent")] == logs.path("agent").stat().st_size
    assert changed(counted, scraper.scrape()) == set()


def test_a_log_that_comes_later_is_no_history(tmp_path: Path) -> None:
    """A profile without logs that begins to log is counted from its first record on."""
    scraper = Scraper(made(tmp_path))
    scraper.scrape()

    Logs(tmp_path / ".hermes").write(60, refused())

    assert scraper.scrape()[auth()] == 1


def test_counts_outlive_gateways_and_rotations(tmp_path: Path) -> None:
    """Neither a gateway's restart nor rotated logs lose a record or count one twice, and none is lost unread."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    logs.write(900, refused())
    scraper = Scraper(where)
    scraper.scrape()

    for number in range(1, 6):
        logs.write(800 - number, refused())
        if number % 2:
            logs.rotate("errors")
            logs.rotate("agent")
        logs.write(700 - number, refused(), answered())
        where.procfs.kill(3000 + number)
        gateway = Gateway(where.root, 3001 + number)
        configured(gateway)
        gateway.live(where.procfs)
        series = scraper.scrape()
        assert series[auth()] == 2 * number
        assert series[name("log_records_total", level="WARNING")] == 2 * number
    assert series[name("exporter_log_bytes_lost_total", file="errors")] == 0


def test_what_was_logged_while_nobody_read_counts(tmp_path: Path) -> None:
    """An exporter that starts with what another one remembered counts what was logged in between."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    logs.write(900, refused())
    first = Scraper(where)
    first.scrape()
    remembered = copy.deepcopy(first.gatherer._memory)
    first.gatherer.close()

    logs.write(800, refused())
    logs.rotate("errors")
    logs.write(700, refused())

    second = Scraper(where)
    second.gatherer = Gatherer(second.settings, remembered)
    assert second.scrape()[auth()] == 2


def test_profiles_and_homes_are_told_apart(tmp_path: Path) -> None:
    """What one profile logs is counted under it, whichever home it lies in."""
    here, there = made(tmp_path / "a", "default", "coder"), made(tmp_path / "b")
    scraper = Scraper(here, team=there)
    scraper.scrape()
    Logs(here.profile("coder")).write(60, refused())
    for _ in range(2):
        Logs(there.root).write(50, refused("deepseek"))

    series = scraper.scrape()

    counted = {each: value for each, value in series.items() if each.startswith("hermes_auth_errors") and value}
    assert counted == {auth(profile="coder"): 1, auth("deepseek", profile="team/default"): 2}


def no_time(scraper: Scraper) -> None:
    """Let a look end after its first portion."""
    for watched in scraper.gatherer._homes:
        watched._reader._follower._seconds = 0.0


def test_a_long_history_is_read_bit_by_bit(tmp_path: Path) -> None:
    """One look takes a bounded part; until the end nothing is counted and nothing concluded, then both."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    logs.write(7200, refused(), answered())
    with logs.path("agent").open("a") as agent:
        agent.write(f"2026-11-22 05:00:00,000 INFO gateway.run: {'x' * 200}\n" * 12_000)
    logs.write(3600, answered())
    scraper = Scraper(where)
    no_time(scraper)

    looks = [scraper.scrape() for _ in range(5)]

    sizes = [look[name("exporter_log_bytes_total", file="agent")] for look in looks]
    assert 0 < sizes[0] < sizes[1] < sizes[2] == sizes[3] == logs.path("agent").stat().st_size
    assert [condition(look, "provider_auth") for look in looks] == [None, None, 0, 0, 0]
    assert {look[auth()] for look in looks} == {0}
    logs.write(60, refused())
    assert scraper.scrape()[auth()] == 1


def test_nobody_starves_behind_a_flood(tmp_path: Path) -> None:
    """While one profile logs more than a look can take, the others have their turns."""
    where = made(tmp_path, "default", "coder", "zed")
    scraper = Scraper(where)
    scraper.scrape()
    no_time(scraper)
    for profile in ("coder", "zed"):
        Logs(where.profile(profile)).write(60, refused())
    flood = f"2026-11-22 05:00:00,000 INFO gateway.run: {'x' * 200}\n" * 6000
    for _ in range(4):
        with Logs(where.root).path("agent").open("a") as agent:
            agent.write(flood)
        series = scraper.scrape()

    assert [series[auth(profile=profile)] for profile in ("coder", "zed")] == [1, 1]


def test_a_served_profile_is_not_judged(tmp_path: Path) -> None:
    """What befalls it stands in its host's logs under nobody's name: nothing is said of it, all of its host."""
    where = made(tmp_path, "default")
    root = Gateway(where.root, 3001)
    root.write(served_profiles=["default", "coder"])
    config = (where.root / "config.yaml").read_text()
    (where.root / "config.yaml").write_text(f"{config}gateway:\n  multiplex_profiles: true\n")
    where.profile("coder").mkdir(parents=True)
    (where.profile("coder") / "config.yaml").write_text(config)
    for profile in ("default", "coder"):
        Logs(where.profile(profile)).write(120, refused())
        Logs(where.profile(profile)).write(50, refused())

    series = Scraper(where).scrape()

    assert condition(series, "provider_auth") == 1
    assert [condition(series, which, "coder") for which in CONDITIONS] == [None] * len(CONDITIONS)
    assert 'gateway="served"' in "".join(series)


WELL = dict.fromkeys(("provider_auth", "provider_quota", "provider_unreachable", "platform_auth", "degraded"), 0)
STORIES: dict[str, list[tuple[float, tuple[str, ...], dict[str, float | None]]]] = {
    "refused once, then twice, then accepted": [
        (7200, (answered(),), WELL),
        (600, (refused(),), WELL),
        (300, (refused(),), {**WELL, "provider_auth": 1}),
        (200, (answered(),), WELL),
    ],
    "one call with every credential of the pool": [
        (7200, (answered(),), WELL),
        (600, (refused(), refused(), refused()), WELL),
    ],
    "out of quota": [
        (7200, (answered(),), WELL),
        (600, (failed("HTTP 402: Insufficient credits"),), WELL),
        (300, (failed("HTTP 429: Rate limit reached"),), {**WELL, "provider_quota": 1}),
        (100, (answered(),), WELL),
    ],
    "nobody answers": [
        (7200, (answered(),), WELL),
        (600, (failed("Connection error.", error="APIConnectionError"),), WELL),
        (300, (failed("Connection error.", error="APIConnectionError"),), {**WELL, "provider_unreachable": 1}),
        (200, (answered(),), WELL),
    ],
    "another provider stands in": [
        (7200, (answered(),), WELL),
        (600, (refused(), FALLBACK, answered("deepseek")), {**WELL, "degraded": 1}),
        (300, (refused(), FALLBACK, answered("deepseek")), {**WELL, "degraded": 1}),
        (200, (answered(),), WELL),
    ],
    "the fallback is refused": [
        (7200, (answered(),), WELL),
        (600, (refused("deepseek"),), WELL),
        (300, (refused("deepseek"),), WELL),
    ],
    "the bot's token is refused": [
        (7200, (answered(), BOT_BACK), WELL),
        (600, (BOT_LOST, BOT_LOST), WELL),
        (300, (BOT_REFUSED,), {**WELL, "platform_auth": 1}),
        (200, (BOT_BACK,), WELL),
    ],
    "nothing but old news": [
        (2 * DAY, (answered(),), {"degraded": 0, "platform_auth": 0}),
        (600, (refused(),), {"degraded": 0, "platform_auth": 0}),
        (300, (refused(),), {"provider_auth": 1, "degraded": 0, "platform_auth": 0}),
    ],
    "nothing at all": [(7200, ("INFO gateway.run: nothing",), {"platform_auth": 0})],
}


@pytest.mark.parametrize("before", [True, False], ids=["kept", "anew"])
@pytest.mark.parametrize("story", STORIES)
def test_conditions_stand_until_evidence_ends_them(story: str, before: bool, tmp_path: Path) -> None:
    """Step by step: one failure is none, what holds stands, evidence ends it; an exporter started then agrees."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    scraper = Scraper(where)
    if before:
        scraper.scrape()
    for ago, lines, expected in STORIES[story]:
        logs.write(ago, *lines)
        judge = scraper if before else Scraper(where)
        for _ in range(2):
            series = judge.scrape()
            found = {which: value for which in CONDITIONS if (value := condition(series, which)) is not None}
            assert found == expected, ago


def test_a_condition_outlives_the_gateway(tmp_path: Path) -> None:
    """A restart is no evidence: neither provider nor messenger has taken anything since."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    logs.write(300, refused(), BOT_REFUSED)
    logs.write(200, refused())
    scraper = Scraper(where)
    scraper.scrape()

    where.procfs.kill(3001)
    gateway = Gateway(where.root, 3002, started=100)
    gateway.write(platforms={})
    gateway.live(where.procfs)
    (where.root / "config.yaml").write_text("model: {provider: nous}\nplatforms: {mattermost: {enabled: true}}\n")

    series = scraper.scrape()
    assert [condition(series, which) for which in ("provider_auth", "platform_auth")] == [1, 1]


def _fifo(path: Path) -> None:
    os.mkfifo(path)


REFUSED: dict[str, Callable[[Path], object]] = {
    "directory": lambda path: path.mkdir(),
    "fifo": _fifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "closed": lambda path: (path.touch(), path.chmod(0o000)),
}


@pytest.mark.parametrize("file", ["agent", "errors"])
@pytest.mark.parametrize("form", REFUSED)
def test_a_log_that_cannot_be_read(
    form: str, file: str, open_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs what the logs tell, and no more; what else is known may still accuse, but acquits nobody."""
    where, logs = made(open_directory, "default", "coder"), Logs(open_directory / ".hermes")
    logs.write(7200, answered(), refused())
    scraper = Scraper(where)
    with unprivileged():
        before = scraper.scrape()
    kept = logs.path(file).rename(open_directory / "kept")
    REFUSED[form](logs.path(file))

    with unprivileged():
        series = scraper.scrape()

    acquitted = {name("profile_condition", condition=which) for which in CONDITIONS}
    gone = {each for each in before if each.startswith(OURS) and 'profile="default"' in each}
    success = name("exporter_collector_success", collector="logs")
    assert changed(before, series) == gone | {success} | (acquitted & before.keys())
    assert series[success] == 0
    said = [record.__dict__["fields"]["path"] for record in caplog.records if record.levelname == "WARNING"]
    assert said == [str(logs.path(file))]
    logs.path(file).rmdir() if form == "directory" else logs.path(file).unlink()
    kept.rename(logs.path(file))
    assert changed(before, scraper.scrape()) == set()


def test_nonsense_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are no records are read, counted as bytes, and tell nothing; the records after them do."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    scraper = Scraper(where)
    scraper.scrape()
    for file in ("agent", "errors"):
        logs.path(file).write_bytes(bytes(range(256)) * 40 + b"\n" + b"\0" * 4096 + b"\n")
    logs.write(60, refused())

    series = scraper.scrape()

    assert series[name("exporter_collector_success", collector="logs")] == 1
    assert series[auth()] == 1
    assert caplog.records == []


@pytest.mark.parametrize("hours", [-11, -5, 0, 5.75, 13])
def test_a_writer_with_another_clock(hours: float, tmp_path: Path) -> None:
    """Stamps are the writer's wall clock, whose zone the file itself tells, for its history as well."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    offset = hours * 3600
    logs.write(7200, refused(), answered(), offset=offset)
    scraper = Scraper(where)
    last_error = name("auth_last_error_timestamp_seconds", plane="provider", name="nous")

    assert scraper.scrape()[last_error] == AT - 7200
    logs.write(60, refused(), offset=offset)
    series = scraper.scrape()
    assert series[last_error] == AT - 60
    assert series[name("exporter_future_timestamps_total", collector="logs")] == 0


def test_stamps_from_the_future_are_counted_and_not_believed(tmp_path: Path) -> None:
    """A record an hour ahead counts as an error, but tells no time and ends no condition."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    logs.write(120, refused())
    logs.write(40, refused())
    scraper = Scraper(where)
    before = scraper.scrape()
    logs.write(-600, answered(), refused())
    os.utime(logs.path("agent"), (AT - 30, AT - 30))
    os.utime(logs.path("errors"), (AT - 30, AT - 30))

    series = scraper.scrape()

    assert series[auth()] == 1
    assert series[name("exporter_future_timestamps_total", collector="logs")] == 2
    assert condition(series, "provider_auth") == condition(before, "provider_auth") == 1
    assert name("provider_last_success_timestamp_seconds", provider="nous") not in series


@pytest.mark.parametrize("year", ["0001", "1969", "9999"])
def test_stamps_of_other_ages(year: str, tmp_path: Path) -> None:
    """A stamp from the ends of time, on a file of the same age, costs nothing but itself."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    scraper = Scraper(where)
    scraper.scrape()
    logs.write(60, refused())
    line = f"{year}-12-31 23:59:59,000 {refused()}\n"
    for file in ("agent", "errors"):
        logs.path(file).write_text(logs.path(file).read_text() + line)
        moment = {"0001": 0, "1969": -1, "9999": 253402300799}[year]
        os.utime(logs.path(file), (moment, moment))

    series = scraper.scrape()

    assert series[auth()] == 2
    assert series[name("auth_last_error_timestamp_seconds", plane="provider", name="nous")] == AT - 60
    assert series[name("exporter_collector_success", collector="logs")] == 1


LEVELS: Mapping[str, float] = {"INFO": 0, "debug": 0, "nonsense": 0, "WARNING": 1, "error": 1, "Critical": 1}


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_that_hides_what_goes_well(level: str, tmp_path: Path) -> None:
    """Above INFO, in any spelling that Hermes takes, successes are not logged, and that is said."""
    where = made(tmp_path)
    (where.root / "config.yaml").write_text(f"logging:\n  level: {level}\n")

    assert Scraper(where).scrape()[name("log_level_hides_events")] == LEVELS[level]


def test_switched_off(tmp_path: Path) -> None:
    """Without the collector no log is opened: no series, no verdict, and no failure of one that cannot be read."""
    where = made(tmp_path)
    (where.root / "logs/agent.log").mkdir()
    scraper = Scraper(where, without=("logs",))

    series = scraper.scrape()

    assert [each for each in series if each.startswith((*OURS, "hermes_log_"))] == []
    assert {condition(series, which) for which in CONDITIONS} == {None}


def test_nothing_private_is_remembered(tmp_path: Path) -> None:
    """What stands in the records beside the facts is in no answer and in nothing that is kept."""
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    scraper = Scraper(where)
    scraper.scrape()
    logs.write(60, refused(), answered(), failed("HTTP 402:"), BOT_LOST, BOT_REFUSED, FALLBACK)
    logs.write(60, refused(f"custom:{SECRET}"), answered(SECRET))

    assert SECRET.lower() not in scraper.text().lower()
    assert SECRET.lower() not in repr(scraper.gatherer._memory).lower()


UNAUTHORIZED = "RuntimeError: HTTP 401: No auth credentials found"
RUNS: dict[str, tuple[dict[str, object], float | None]] = {
    "failed for it": ({"last_status": "error", "last_error": UNAUTHORIZED}, 1),
    "failed for its quota": ({"last_status": "error", "last_error": "RuntimeError: HTTP 402: no credits"}, None),
    "failed otherwise": ({"last_status": "error", "last_error": "Script exited with code 3"}, None),
    "failed before": ({"last_status": "ok", "last_error": UNAUTHORIZED}, 0),
    "went well": ({"last_status": "ok"}, 0),
    "went well, perhaps without the model": ({"last_status": "ok", "script": "look.sh"}, None),
    "a script alone failed": ({"last_status": "error", "last_error": UNAUTHORIZED, "no_agent": True}, None),
    "a script alone went well": ({"last_status": "ok", "no_agent": True}, None),
    "another provider's failed": ({"last_status": "error", "last_error": UNAUTHORIZED, "provider": "zai"}, None),
    "another provider's went well": ({"last_status": "ok", "provider": "zai"}, None),
    "its own by name failed": ({"last_status": "error", "last_error": UNAUTHORIZED, "provider": "Nous"}, 1),
    "in the future": ({"last_status": "error", "last_error": UNAUTHORIZED, "last_run_at": stamp(AT + 600)}, None),
}


@pytest.mark.parametrize("run", RUNS)
def test_runs_of_jobs_are_evidence(run: str, tmp_path: Path) -> None:
    """The last run of a job that asks the profile's provider confirms its trouble or ends it; no other does."""
    where = made(tmp_path)
    notes, expected = RUNS[run]
    job = {"id": "j1", "schedule": {"kind": "cron", "expr": "0 9 * * *"}, "last_run_at": stamp(AT - 600), **notes}
    (where.root / "cron/jobs.json").write_text(json.dumps({"jobs": [job]}))

    series = Scraper(where).scrape()

    assert condition(series, "provider_auth") == expected


LIMIT, BILL = "RuntimeError: HTTP 429: Rate limit reached", "RuntimeError: HTTP 402: no credits"


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(3500, LIMIT, 1)], 1),
        ([(3700, LIMIT, 1)], None),
        ([(3700, LIMIT, 2)], 1),
        ([(3700, LIMIT, 1), (7300, LIMIT, 1)], 1),
        ([(3700, BILL, 1)], 1),
    ],
    ids=["cools down", "over", "twice", "two jobs", "a bill"],
)
def test_one_run_that_met_a_rate_limit_passes(
    runs: list[tuple[float, str, int]], expected: float | None, tmp_path: Path
) -> None:
    """It counts for the hour of the cool-down; failed again, in two jobs or for a bill it stands."""
    where = made(tmp_path)
    jobs = [
        {
            "id": f"j{number}",
            "schedule": {"kind": "cron", "expr": "0 9 * * *"},
            "last_run_at": stamp(AT - ago),
            "last_status": "error",
            "last_error": error,
            "failure_streak": streak,
        }
        for number, (ago, error, streak) in enumerate(runs)
    ]
    (where.root / "cron/jobs.json").write_text(json.dumps({"jobs": jobs}))

    assert condition(Scraper(where).scrape(), "provider_quota") == expected


@pytest.mark.parametrize(("ago", "expected"), [(400, 1), (200, 0)])
def test_a_messenger_that_its_gateway_connected_since_is_well(ago: float, expected: float, tmp_path: Path) -> None:
    """Where the log does not tell of what goes well, the gateway's own note of a connection, if newer, does."""
    where = made(tmp_path)
    Gateway(where.root, 3001).write(
        platforms={"mattermost": {"state": "connected", "updated_at": stamp(AT - ago)}},
    )
    (where.root / "config.yaml").write_text("logging: {level: WARNING}\n")
    Logs(where.root).write(300, BOT_REFUSED)

    assert condition(Scraper(where).scrape(), "platform_auth") == expected


def test_time_alone_ends_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict that all is well is good for 26 hours after the last proof, also while nothing else happens."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)
    where = made(tmp_path)
    Logs(where.root).write(60, answered())
    scraper = Scraper(where)
    found = []
    for later in (0, 1, 93_539, 93_541):
        scraper.clock.at = AT + later
        scraper.scrape()
        found.append(condition(scraper.scrape(), "provider_auth"))

    assert found == [0, 0, 0, None]
