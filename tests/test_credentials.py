"""Credentials from the file to the answer: what is inherited, what time ends, what a bad file costs whom."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hermes_exporter.cli import main
from tests.odd_homes import AT, auth, credentials, entry, home, running
from tests.scraping import Scraper, changed, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.homes import Home
    from tests.scraping import Series

SUCCESS = 'hermes_exporter_collector_success{{collector="credentials",profile="{}"}}'


class Lab:
    """Two profiles, of which coder has no credentials of its own, and their exporter."""

    def __init__(self, directory: Path) -> None:
        self.home: Home = home(directory / "home/.hermes", directory)
        running(self.home, "default", 3001)
        running(self.home, "coder", 3002)
        self.root, self.coder = self.home.root, self.home.profile("coder")
        self.scraper = Scraper(self.home)

    def scrape(self, later: float = 0.0) -> Series:
        """The answer as of some seconds after AT."""
        self.scraper.clock.at = AT + later
        return self.scraper.scrape()

    def statuses(self, profile: str, later: float = 0.0) -> dict[str, int]:
        """How many credentials of a profile have which status, by provider and status, but for none."""
        found: dict[str, int] = {}
        for name, value in self.scrape(later).items():
            if name.startswith("hermes_credentials{") and f'profile="{profile}"' in name and value:
                found[name.split('provider="')[1].rstrip('"}').replace('",status="', " ")] = int(value)
        return found


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """The two profiles."""
    lab = Lab(tmp_path)
    yield lab
    lab.scraper.gatherer.close()


def test_without_a_file_nothing_is_said(lab: Lab) -> None:
    """A profile without auth.json has no series of credentials, and no failure."""
    series = lab.scrape()

    assert not any(name.startswith("hermes_credential") for name in series)
    assert series[SUCCESS.format("default")] == series[SUCCESS.format("coder")] == 1


def test_the_root_is_followed_by_those_that_use_it(lab: Lab) -> None:
    """What changes in the root's file is seen at once in a profile whose own files stay as they are."""
    assert lab.statuses("coder") == {}
    for status in ("exhausted", "ok", "dead"):
        auth(lab.root, {"zai": [entry(status)]})
        assert lab.statuses("coder") == {f"zai {status}": 1}
    auth(lab.coder, {"zai": [entry(), entry()]})
    assert lab.statuses("coder") == {"zai ok": 2}
    assert lab.statuses("default") == {"zai dead": 1}
    (lab.root / "auth.json").unlink()
    (lab.coder / "auth.json").unlink()
    assert lab.statuses("coder") == lab.statuses("default") == {}


def test_a_cool_down_ends_by_itself(lab: Lab) -> None:
    """No file changes, and yet five minutes after a 401 its credential is ok, where it is inherited too."""
    auth(lab.root, {"zai": [entry("exhausted", ago=0.0, code=401)]})

    for later, status in ((0, "exhausted"), (1, "exhausted"), (299, "exhausted"), (300, "ok"), (301, "ok")):
        assert lab.statuses("default", later) == {f"zai {status}": 1}, later
        assert lab.statuses("coder", later) == {f"zai {status}": 1}, later


BAD: dict[str, Callable[[Path], object]] = {
    "directory": lambda path: path.mkdir(),
    "fifo": os.mkfifo,
    "sparse": lambda path: (path.touch(), os.truncate(path, 1 << 30)),
    "truncated": lambda path: path.write_text('{"credential_pool": {"zai": ['),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "loop": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("form", BAD)
def test_a_bad_root_costs_what_comes_from_it(lab: Lab, form: str) -> None:
    """The root's collector fails; the other profile loses what comes from there, and is no failure."""
    auth(lab.root, {"zai": [entry()]})
    auth(lab.coder, {"deepseek": [entry()]})
    healthy = lab.scrape()
    assert lab.statuses("coder") == {"zai ok": 1, "deepseek ok": 1}
    kept = lab.root / "kept"
    (lab.root / "auth.json").rename(kept)
    BAD[form](lab.root / "auth.json")

    series = lab.scrape()
    assert (series[SUCCESS.format("default")], series[SUCCESS.format("coder")]) == (0, 1)
    different = changed(healthy, series)
    assert {
        name for name in different if not name.startswith(("hermes_credentials{", "hermes_exporter_"))
    } == set()
    assert lab.statuses("coder") == {"deepseek ok": 1}
    assert lab.statuses("default") == {}

    (lab.root / "auth.json").rmdir() if form == "directory" else (lab.root / "auth.json").unlink()
    kept.rename(lab.root / "auth.json")
    assert {name for name in changed(healthy, lab.scrape()) if "parse_errors" not in name} == set()


def test_a_bad_file_of_its_own_says_nothing_of_the_roots(lab: Lab) -> None:
    """Whoever cannot read a profile's file does not know what it uses of the root's."""
    auth(lab.root, {"zai": [entry("dead")]})
    (lab.coder / "auth.json").write_text("[]")

    assert lab.statuses("coder") == {}
    assert lab.scrape()[SUCCESS.format("coder")] == 0


def test_marks_of_the_future_are_counted(lab: Lab) -> None:
    """A mark that lies ahead is counted; a reset or an expiry that lies ahead is as it should be."""
    auth(lab.root, {"zai": [entry("exhausted", code=429, last_error_reset_at=AT + 900)]})
    future = 'hermes_exporter_future_timestamps_total{collector="credentials",profile="default"}'
    assert lab.scrape()[future] == 0

    auth(lab.root, {"zai": [entry("exhausted", ago=-61.0, code=429)]})
    assert lab.scrape()[future] == 1


def test_the_collector_can_be_switched_off(tmp_path: Path) -> None:
    """Then the file is not even opened: a bad one fails nothing."""
    made = credentials(tmp_path)
    (made.root / "auth.json").unlink()
    (made.root / "auth.json").mkdir()

    done = CliRunner().invoke(main, ["scrape", *made.arguments(), "--no-collector.credentials"])

    assert done.exit_code == 0
    assert 'collector="credentials"' not in done.stdout
    assert not any(name.startswith("hermes_credential") for name in parse(done.stdout))
    assert "auth.json" not in done.stderr


def test_a_served_profile_has_its_own(lab: Lab) -> None:
    """Credentials are a profile's, not its host's."""
    (lab.root / "config.yaml").write_text("gateway:\n  multiplex_profiles: true\n")
    state = json.loads((lab.root / "gateway_state.json").read_text())
    (lab.root / "gateway_state.json").write_text(json.dumps({**state, "served_profiles": ["default", "coder"]}))
    lab.home.procfs.kill(3002)
    auth(lab.root, {"zai": [entry()]})
    auth(lab.coder, {"zai": [entry("dead")]})

    assert lab.scrape()['hermes_gateway_proof{profile="coder",proof="host"}'] == 1
    assert lab.statuses("coder") == {"zai dead": 1}
