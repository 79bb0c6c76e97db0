"""One scrape of every kind of home, compared with what it printed when somebody last looked at it.

``pytest --update-golden`` writes the golden files anew; the difference is what has to be reviewed.
"""

from __future__ import annotations

import json
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hermes_exporter.cli import main
from hermes_exporter.exposition import negotiate
from tests.homes import CASES, Home, restore
from tests.odd_homes import ODD, Gateway, auth, entry, home, running
from tests.scraping import Scraper, changed, unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
PROMTOOL = HERE.parent / ".cache/debs/x/usr/bin/promtool"
VARYING = (
    (re.compile(r'(build_info\{python=)"[^"]*"(,version=)"[^"]*"'), r'\1"PYTHON"\2"VERSION"'),
    (re.compile(r"(?m)^(hermes_exporter_collector_duration_seconds\{.*\}) .*$"), r"\1 SECONDS"),
    (re.compile(r"(?m)^(hermes_home_filesystem_\w+\{.*\}) .*$"), r"\1 BYTES"),
    (re.compile(r"(?m)^(hermes_cron_store_writable\{.*\}) .*$"), r"\1 OWNER"),
)
HOMES: dict[str, Callable[[Path], Home]] = {
    **{case: partial(restore, case) for case in CASES},
    **{f"odd_{name}": builder for name, builder in ODD.items()},
}


def scrape(home: Home) -> str:
    """What the command prints for a home."""
    done = CliRunner().invoke(main, ["scrape", *home.arguments()])
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", HOMES)
def test_scrape_is_as_reviewed(case: str, tmp_path: Path, update_golden: bool) -> None:
    """A scrape of a home prints exactly its golden file, which promtool finds nothing wrong with."""
    text = scrape(HOMES[case](tmp_path))
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    golden = GOLDEN / f"{case}.prom"
    if update_golden:
        golden.write_text(text)

    assert text == golden.read_text()
    plain = re.sub(r"(?m) (SECONDS|BYTES|OWNER)$", " 1", text)
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=plain, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_every_golden_file_has_its_home() -> None:
    """No golden file is left over from a home that is gone."""
    assert {path.stem for path in GOLDEN.glob("*.prom")} == set(HOMES)


@pytest.mark.parametrize("case", CASES)
def test_gateways_are_judged_as_they_were(case: str, tmp_path: Path) -> None:
    """Who lived and who was stopped when the home was recorded is what the exporter says."""
    home = restore(case, tmp_path)
    series = Scraper(home).scrape()
    assert home.truth["gateways"] or case == "units"

    for gateway in home.truth["gateways"]:
        profile = "default" if gateway["profile"] == "root" else gateway["profile"]
        stopped = gateway.get("proc_state") == "T"
        works = gateway["alive"] and not stopped
        assert series[f'hermes_gateway_up{{profile="{profile}"}}'] == works
        condition = f'hermes_profile_condition{{condition="%s",profile="{profile}"}}'
        assert series[condition % "gateway_dead"] == (not gateway["alive"])
        assert series[condition % "gateway_frozen"] == stopped


VERDICTS = {
    "fresh": {"default": (0, 0, "ok"), "coder": (0, 0, "ok")},
    "custom_root": {"default": (1, 1, "ok"), "bob": (1, 1, "ok"), "empty": (0, 0, "ok")},
    "symlinks": {"default": (1, 1, "ok"), "coder": (1, 1, "ok"), "zed": (1, 1, "ok")},
    "default_below": {"default": (0, 0, "ok")},
    "docker": {"default": (1, 1, "ok"), "ops": (0, 1, "gateway_dead")},
    "sticky": {"default": (0, 0, "ok"), "coder": (1, 1, "ok")},
    "newer": {"default": (1, 1, "ok"), "coder": (1, 1, "ok")},
    "bare_pid": {"default": (1, 1, "ok"), "coder": (0, 1, "gateway_dead")},
    "clone": {"default": (1, 1, "ok"), "copy": (0, 0, "ok")},
    "credentials": dict.fromkeys(("default", "coder", "bare"), (1, 1, "ok")),
    "troubled": {
        **dict.fromkeys(("default", "dev2", "draining", "unlocked", "twice"), (1, 1, "ok")),
        **dict.fromkeys(("dev", "zombie", "reused"), (0, 1, "gateway_dead")),
        "wedged": (1, 1, "gateway_frozen"),
        "held": (0, 1, "gateway_frozen"),
        "looping": (1, 1, "gateway_crash_looping"),
    },
}
"""What is true of the odd homes: up, expected, and the headline, by profile."""


@pytest.mark.parametrize("case", VERDICTS)
def test_odd_homes_are_judged_rightly(case: str, tmp_path: Path) -> None:
    """Of every profile of a home made by hand the verdict is the one its maker had in mind."""
    series = Scraper(ODD[case](tmp_path)).scrape()

    for profile, (up, expected, verdict) in VERDICTS[case].items():
        assert series[f'hermes_gateway_up{{profile="{profile}"}}'] == up, profile
        assert series[f'hermes_profile_gateway_expected{{profile="{profile}"}}'] == expected, profile
        assert f'hermes_profile_health{{profile="{profile}",verdict="{verdict}"}}' in series, profile
    assert sum(name.startswith("hermes_gateway_up{") for name in series) == len(VERDICTS[case])


def test_served_profiles_live_by_their_host(tmp_path: Path) -> None:
    """Where one gateway serves all profiles, each of them is up by its host, and says by whose."""
    series = Scraper(restore("multiplex", tmp_path)).scrape()

    for profile in ("coder", "research"):
        assert series[f'hermes_gateway_up{{profile="{profile}"}}'] == 1
        assert series[f'hermes_gateway_proof{{profile="{profile}",proof="host"}}'] == 1
        assert any(
            'gateway="served",host_profile="default"' in name and f'profile="{profile}"' in name for name in series
        )


def test_openmetrics_is_what_its_parser_accepts(tmp_path: Path) -> None:
    """The OpenMetrics answer parses, ends as it must, and says the same as the text."""
    scraper = Scraper(restore("sigkill", tmp_path))
    plain = scraper.scrape()
    assert scraper.gatherer.last is not None
    wanted, content_type = negotiate("application/openmetrics-text; version=1.0.0", "")
    body = scraper.gatherer.last.exposition.encode(wanted)

    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    families = list(text_string_to_metric_families(body.decode()))  # type: ignore[no-untyped-call]
    samples = [sample for family in families for sample in family.samples]
    left_out = ("hermes_exporter_collector_duration_seconds", "hermes_home_filesystem_")
    assert sum(not sample.name.startswith(left_out) for sample in samples) == len(plain)
    assert {sample.value for sample in samples if sample.name == "hermes_gateway_up"} == {0.0}


def test_what_is_kept_is_what_would_be_said_anew(tmp_path: Path) -> None:
    """However much changes between scrapes, the answer is that of an exporter that has kept nothing."""
    home = ODD["troubled"](tmp_path)
    kept = Scraper(home)
    path = home.root / "gateway_state.json"
    record = json.loads(path.read_text())
    changes: list[Callable[[], object]] = [
        lambda: auth(home.root, {"zai": [entry("dead")]}),
        lambda: auth(home.root, {"zai": [entry()]}),
        lambda: auth(home.profile("dev"), {"zai": [entry("exhausted", code=429)]}),
        (home.root / "auth.json").unlink,
        lambda: path.write_text(json.dumps({**record, "gateway_state": "draining"})),
        lambda: path.write_text(json.dumps({**record, "active_agents": 5})),
        lambda: path.write_text(json.dumps({**record, "code_version": "0.22.1", "updated_at": home.at - 9})),
        lambda: path.write_text(json.dumps({**record, "served_profiles": ["default", "dev"]})),
        lambda: (home.root / "config.yaml").write_text("["),
        (home.root / "config.yaml").unlink,
        (home.profile("draining") / ".drain_request.json").unlink,
        (home.profile("wedged") / "state/gateway.heartbeat").unlink,
        lambda: (home.procfs.root / "3002/statm").write_text("9 9 0 0 0 0 0"),
        lambda: home.procfs.kill(3002),
        lambda: home.profile("held").rename(home.profile("moved")),
        path.unlink,
    ]
    ours = ("hermes_exporter_", "hermes_gateway_unclean_exits", "hermes_profile_gateway_expected")
    for change in changes:
        kept.scrape()
        change()
        new = Scraper(home)
        different = changed(new.scrape(), kept.scrape())
        new.gatherer.close()
        assert {name for name in different if not name.startswith(ours) and 'profile="held"' not in name} == set()


@pytest.mark.parametrize("told", ["process", "unset"])
def test_the_environment_of_a_gateway_tells_whether_it_serves(tmp_path: Path, told: str) -> None:
    """A gateway that was started with GATEWAY_MULTIPLEX_PROFILES serves those on its list."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    gateway = Gateway(made.root, 3001)
    gateway.write(served_profiles=["default", "coder"])
    gateway.live(made.procfs)
    made.profile("coder").mkdir(parents=True)
    if told == "process":
        made.procfs.environ(3001, GATEWAY_MULTIPLEX_PROFILES="true")

    assert Scraper(made).scrape()['hermes_gateway_up{profile="coder"}'] == (told == "process")


def test_a_served_profile_that_goes_is_dead(tmp_path: Path) -> None:
    """Its host still lists it and lives; nothing serves a directory that is not there."""
    made = ODD["newer"](tmp_path)
    scraper = Scraper(made)
    up = 'hermes_gateway_up{profile="coder"}'
    assert scraper.scrape()[up] == 1
    made.profile("coder").rename(tmp_path / "elsewhere")
    scraper.clock.at += 61
    series = scraper.scrape()

    assert series[up] == 0
    assert series['hermes_profile_condition{condition="gateway_dead",profile="coder"}'] == 1


@pytest.mark.parametrize(("closed", "up"), [("", None), ("profiles", 1)], ids=["home", "profiles"])
def test_a_home_that_was_never_looked_into_is_not_dead(open_directory: Path, closed: str, up: int | None) -> None:
    """A closed home tells nothing of its gateway; where only its profiles are closed, the root's is proved."""
    made = home(open_directory / "srv/.hermes", open_directory)
    running(made, "default", 3001)
    (made.root / "profiles").mkdir()
    assert Scraper(made).scrape()['hermes_gateway_up{profile="default"}'] == 1
    (made.root / closed).chmod(0o000)
    with unprivileged():
        scraper = Scraper(made, {"default": "required"})
        scraper.scrape()
        series = scraper.scrape()
    (made.root / closed).chmod(0o755)

    assert series.get('hermes_gateway_up{profile="default"}') == up
    assert series.get('hermes_profile_condition{condition="gateway_dead",profile="default"}') == (up and 0)
    assert series['hermes_exporter_collector_success{collector="discovery",profile="default"}'] == 0
