"""What the simulator writes has the shape of what a real Hermes wrote of the same events."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from hermes_exporter.simulator import Habits, Process, Simulation, faults, owner
from tests.homes import restore
from tests.simulator.shapes import keys, kinds, line_shapes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hermes_exporter.simulator import Profile

START = 1795329000.0
SHORT = Habits(4.0)


def healthy(profile: Profile) -> None:
    """A report of an agent, one of a script, one that stays here, and an interval that never ran."""
    owner.create_job(profile, "31 6 * * *", "daily-report", habits=SHORT)
    owner.create_job(profile, "31 6 * * *", "disk-watch", script="disk_watch.sh", habits=SHORT)
    owner.create_job(profile, "31 6 * * *", "local-note", deliver="local", habits=SHORT)
    owner.create_job(profile, "every 60m", "hourly-watch", script="disk_watch.sh", habits=SHORT)
    owner.start_gateway(profile)


def outcomes(profile: Profile) -> None:
    """Silence, empty answers, a script that fails or says nothing, targets that are not there."""
    for answer in ("report", "silent", "empty"):
        owner.create_job(profile, "31 6 * * *", f"agent-{answer}", habits=Habits(4.0, answer=answer))
    for answer in ("report", "silent", "exit3"):
        owner.create_job(
            profile, "31 6 * * *", f"script-{answer}", script="x.sh", habits=Habits(4.0, answer=answer)
        )
    for deliver in ("origin", "local", "telegram:424242", "discord"):
        owner.create_job(profile, "31 6 * * *", f"to-{deliver}", deliver=deliver, habits=SHORT)
    owner.start_gateway(profile)


def provider_auth(profile: Profile) -> None:
    """The provider refuses the key."""
    owner.create_job(profile, "31 6 * * *", "daily-report", habits=SHORT)
    owner.create_job(profile, "31 6 * * *", "disk-watch", script="disk_watch.sh", habits=SHORT)
    faults.provider(profile, "auth")
    owner.start_gateway(profile)


def platform_midflight(profile: Profile) -> None:
    """The messenger answers 503 after the gateway has connected."""
    owner.create_job(profile, "31 6 * * *", "daily-report", habits=SHORT)
    owner.create_job(profile, "31 6 * * *", "disk-watch", script="disk_watch.sh", habits=SHORT)
    owner.start_gateway(profile)
    profile.at(START + 10, faults.messenger, "mattermost", "refusing")


def sigkill(profile: Profile) -> None:
    """The gateway is killed while an agent's report and a one-shot run."""
    owner.create_job(profile, "31 6 * * *", "daily-report", habits=Habits(300.0))
    owner.create_job(profile, "1m", "one-shot", habits=Habits(300.0))
    owner.start_gateway(profile)
    profile.at(START + 140, faults.kill)


def job_states(profile: Profile) -> None:
    """A paused job, a disabled one, one that is gone, used-up one-shots, a limit, a target that is not there."""
    scripts: dict[str, Any] = {"script": "disk_watch.sh", "habits": Habits(0.1)}
    owner.create_job(profile, "0 9 * * *", "active", **scripts)
    owner.pause(profile, owner.create_job(profile, "* * * * *", "paused", **scripts))
    owner.switch(profile, owner.create_job(profile, "* * * * *", "disabled", **scripts), on=False)
    owner.remove(profile, owner.create_job(profile, "* * * * *", "removed", **scripts))
    owner.create_job(profile, "1m", "once", **scripts)
    owner.create_job(profile, "1m", "once-no-target", deliver="discord", **scripts)
    owner.create_job(profile, "1m", "once-twice", repeat=2, **scripts)
    owner.create_job(profile, "* * * * *", "twice", repeat=2, **scripts)
    owner.create_job(profile, "30 3 1 1 *", "never-run", **scripts)
    owner.start_gateway(profile)


ACTS = (healthy, outcomes, provider_auth, platform_midflight, sigkill, job_states)


@pytest.fixture(params=ACTS, ids=lambda act: act.__name__)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A simulated profile, and the directory that holds the real one of the same events."""
    act: Callable[[Profile], None] = request.param
    real = restore(act.__name__, tmp_path / "real").root
    host = Simulation(tmp_path / "simulated", START, seed=3)
    profile = host.profile()
    act(profile)
    host.advance(START + 240)
    host.materialise()
    host.close()
    return profile.home, real


def profiles(real: Path) -> list[Path]:
    """Every profile of a real home."""
    return [real, *(real / "profiles").glob("*")]


def jobs(home: Path) -> list[dict[str, Any]]:
    """The jobs of a profile."""
    file = home / "cron/jobs.json"
    found: list[dict[str, Any]] = json.loads(file.read_text())["jobs"] if file.exists() else []
    return found


def rows(home: Path, directory: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and the rows of a profile's ledger, read from a copy."""
    directory.mkdir()
    for name in ("executions.db", "executions.db-wal"):
        if (home / "cron" / name).exists():
            shutil.copy(home / "cron" / name, directory / name)
    cursor = sqlite3.connect(directory / "executions.db").execute("SELECT * FROM executions")
    return [column[0] for column in cursor.description], cursor.fetchall()


def test_jobs_have_the_same_keys(pair: tuple[Path, Path]) -> None:
    """Every job has the keys of a real one in the same order, with values of the same kind."""
    simulated, real = pair
    known = [keys(job) for home in profiles(real) for job in jobs(home)]
    for job in jobs(simulated):
        assert keys(job) in known, job["name"]


def test_the_store_is_formatted_alike(pair: tuple[Path, Path]) -> None:
    """jobs.json is what json.dump with an indent of two makes of it, without a newline at its end."""
    for home in pair:
        text = (home / "cron/jobs.json").read_text()
        assert text == json.dumps(json.loads(text), indent=2)
        assert list(json.loads(text)) == ["jobs", "updated_at"]


def test_runs_have_the_same_rows(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """The ledger has the columns of a real one, and no row of a kind that a real one has not."""
    simulated, real = pair
    columns, mine = rows(simulated, tmp_path / "mine")
    theirs = []
    for number, home in enumerate(profiles(real)):
        real_columns, found = rows(home, tmp_path / f"theirs{number}")
        assert columns == real_columns
        theirs += found
    assert mine
    assert kinds(mine) <= kinds(theirs)
    assert {row[columns.index("status")] for row in mine} <= {row[columns.index("status")] for row in theirs}


def test_gateways_tell_of_themselves_alike(pair: tuple[Path, Path]) -> None:
    """State, record, beat and diagnostics have the keys of real ones, and the marks are numbers."""
    simulated, real = pair
    for name in ("gateway_state.json", "gateway.pid", "gateway.lock", "state/gateway.heartbeat"):
        mine = json.loads((simulated / name).read_text())
        assert keys(mine) in [keys(json.loads((home / name).read_text())) for home in profiles(real)], name
    diagnostics = [(home / "logs/gateway-exit-diag.log").read_text().splitlines()[0] for home in (simulated, real)]
    assert keys(json.loads(diagnostics[0])) == keys(json.loads(diagnostics[1]))
    for name in ("cron/ticker_heartbeat", "cron/ticker_last_success", "gateway-starts.log"):
        assert float((simulated / name).read_text()) == pytest.approx(START, abs=300), name


def test_files_have_the_same_modes(pair: tuple[Path, Path]) -> None:
    """Whatever is there has the mode that Hermes gives it, but for the logs' directory."""
    simulated, real = pair
    for name in (
        "gateway_state.json",
        "gateway.pid",
        "gateway.lock",
        "cron/jobs.json",
        "cron",
        "config.yaml",
        ".env",
    ):
        assert (simulated / name).stat().st_mode == (real / name).stat().st_mode, name


def test_log_lines_are_those_of_a_real_one(pair: tuple[Path, Path]) -> None:
    """No line is logged whose shape a real Hermes' logs of the same events have not, in the same files."""
    simulated, real = pair
    for name in ("agent.log", "errors.log", "gateway.log"):
        theirs = set().union(*(line_shapes(home / "logs" / name) for home in profiles(real)))
        assert line_shapes(simulated / "logs" / name) <= theirs, name


def test_a_killed_run_leaves_its_rows_in_the_wal(tmp_path: Path) -> None:
    """While a run is in flight the newest rows are in the -wal; once none is, all are in the main file."""
    host = Simulation(tmp_path, START, seed=3)
    profile = host.profile()
    owner.create_job(profile, "31 6 * * *", "daily-report", habits=Habits(100.0))
    owner.start_gateway(profile, Process(41048, 402889))
    host.advance(START + 120)
    host.materialise()

    wal = profile.home / "cron/executions.db-wal"
    assert wal.stat().st_size > 0
    host.advance(START + 400)
    host.materialise()
    assert not wal.exists()
