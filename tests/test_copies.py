"""Homes and profiles that were copied or made anew: what they were given is not what they did."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.homes import Home
from tests.odd_homes import AT, DAY, clone, home, running, stamp
from tests.scraping import Scraper, Series

if TYPE_CHECKING:
    from pathlib import Path


def condition(series: Series, name: str, profile: str) -> float | None:
    return series.get(f'hermes_profile_condition{{condition="{name}",profile="{profile}"}}')


def look(scraper: Scraper, at: float) -> Series:
    scraper.clock.at = at
    return scraper.scrape()


def test_a_copied_home_does_not_live_by_its_source(tmp_path: Path) -> None:
    """The process that its records name lives, and holds the lock of what it was copied from."""
    source = home(tmp_path / "home/.hermes", tmp_path)
    running(source, "default", 3001)
    shutil.copytree(source.root, tmp_path / "copy")

    series = Scraper(Home(tmp_path / "copy", source.procfs, AT)).scrape()

    assert series['hermes_gateway_up{profile="default"}'] == 0
    assert series['hermes_gateway_proof{profile="default",proof="none"}'] == 1


def test_a_clone_does_not_loop(tmp_path: Path) -> None:
    """The starts that it was cloned with are its source's, which loops; those that come later are its own."""
    made = clone(tmp_path)
    for path in (made.root, made.profile("copy")):
        (path / "gateway-starts.log").write_text("".join(f"{AT - ago}\n" for ago in (700, 400, 200, 30)))

    scraper = Scraper(made)
    series = scraper.scrape()

    assert condition(series, "gateway_crash_looping", "default") == 1
    assert condition(series, "gateway_crash_looping", "copy") == 0

    with (made.profile("copy") / "gateway-starts.log").open("a") as ring:
        ring.write("".join(f"{AT + after}\n" for after in (10, 20, 30, 40)))

    assert condition(look(scraper, AT + 50), "gateway_crash_looping", "copy") == 1, "these are its own"


def test_the_end_of_its_source_is_no_end_of_a_clone(tmp_path: Path) -> None:
    """The source's gateway stops in good order; the start of it that the clone was given is closed by nobody."""
    made = clone(tmp_path)
    scraper = Scraper(made)
    for _ in range(2):
        scraper.scrape()
    with (made.root / "logs/gateway-exit-diag.log").open("a") as log:
        log.write(json.dumps({"ts": stamp(AT + 5), "tag": "gateway.exit_clean", "pid": 3001}) + "\n")
    made.procfs.kill(3001)

    series = look(scraper, AT + 10)

    for profile in ("default", "copy"):
        assert series[f'hermes_gateway_unclean_exits_total{{profile="{profile}"}}'] == 0


@pytest.mark.parametrize("left", ["nothing", "a broken state"])
def test_a_profile_that_was_made_anew_owes_no_gateway(tmp_path: Path, left: str) -> None:
    """The life of one that was deleted is not its own; a state that cannot be read is a sign of life too."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    running(made, "coder", 3002)
    scraper = Scraper(made)
    scraper.scrape()
    made.procfs.kill(3002)
    shutil.rmtree(made.profile("coder"))
    assert condition(look(scraper, AT + 61), "gateway_dead", "coder") == 1

    made.profile("coder").mkdir()
    (made.profile("coder") / "config.yaml").write_text("{}\n")
    if left == "a broken state":
        (made.profile("coder") / "gateway_state.json").write_text("")
    for later in (130, 5 * DAY):
        series = look(scraper, AT + later)

    expected = left == "a broken state"
    assert series['hermes_profile_gateway_expected{profile="coder"}'] == expected
    assert condition(series, "gateway_dead", "coder") == expected


def test_a_first_start_that_has_written_no_state_yet_is_not_forgotten(tmp_path: Path) -> None:
    """A gateway notes its start before its state: one that is killed later had an unclean end all the same."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    coder = made.profile("coder")
    (coder / "logs").mkdir(parents=True)
    (coder / "config.yaml").write_text("{}\n")
    scraper = Scraper(made)
    scraper.scrape()
    ends = 'hermes_gateway_unclean_exits_total{profile="coder"}'

    begun = {"ts": stamp(AT + 10), "tag": "gateway.start", "pid": 3002}
    (coder / "logs/gateway-exit-diag.log").write_text(json.dumps(begun) + "\n")
    (coder / "gateway-starts.log").write_text(f"{AT + 10}\n")
    assert look(scraper, AT + 20)[ends] == 0

    running(made, "coder", 3002)
    assert look(scraper, AT + 30)[ends] == 0
    made.procfs.kill(3002)

    assert look(scraper, AT + 40)[ends] == 1
