"""The time line: what is looked at often or seldom is the same, and the same seed writes the same bytes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Habits, Profile, Simulation, faults, owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = 1774566000.0
"""27 March 2026 in Berlin, two days before the clocks change."""
DAY = 86400.0
JOBS = ("0 9 * * *", "30 2 * * *", "*/15 * * * *", "5 * * * 1-5", "0 8 1 * *", "every 50m", "90m", "36h")


def eventful(root: Path, seed: int = 5) -> tuple[Simulation, Profile]:
    """Two profiles, a job of every kind, and a bit of everything that goes wrong."""
    host = Simulation(root, START, host_zone="America/New_York", seed=seed)
    profile = host.profile(zone="Europe/Berlin", messengers=("mattermost", "telegram"))
    other = host.profile("coder", messengers=())
    for each in (profile, other):
        for number, schedule in enumerate(JOBS):
            script = "watch.sh" if number % 2 else None
            owner.create_job(each, schedule, f"job {number}", script=script, habits=Habits(40.0 * number + 2))
        owner.start_gateway(each)
    first, second, *_ = profile.jobs.values()
    for hours, act, *arguments in (
        (5.0, faults.messenger, "mattermost", "unreachable"),
        (8.0, faults.messenger, "mattermost", "ok"),
        (9.0, owner.pause, first),
        (12.0, owner.resume, first),
        (20.0, faults.kill),
        (22.0, owner.start_gateway),
        (26.0, faults.messenger, "mattermost", "refusing"),
        (27.0, faults.messenger, "mattermost", "ok"),
        (27.5, owner.run_now, second),
        (30.0, faults.sleep, 7200.0),
        (34.0, faults.provider, "rate_limit"),
        (40.0, faults.provider, "ok"),
        (41.0, faults.ledger_locked),
        (44.0, owner.stop_gateway, "signal"),
        (45.0, owner.start_gateway),
    ):
        profile.at(START + hours * 3600, act, *arguments)
    return host, profile


def content(root: Path) -> dict[str, tuple[object, float]]:
    """Every file below a directory, and when it was last written; of a database its rows."""
    found: dict[str, tuple[object, float]] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix == ".db":
            connection = sqlite3.connect(path)
            rows = connection.execute("SELECT rowid, * FROM executions ORDER BY rowid").fetchall()
            connection.close()
            found[str(path.relative_to(root))] = (rows, 0.0)
        elif path.is_file() and not path.name.endswith(("-wal", "-shm")):
            found[str(path.relative_to(root))] = (path.read_bytes(), path.stat().st_mtime)
    return found


def at_once(host: Simulation, until: float) -> None:
    """Look when all is over."""
    host.advance(until)


def every_hour(host: Simulation, until: float) -> None:
    """Look every hour."""
    while host.now < until:
        host.advance(host.now + 3600)
        host.materialise()


def every_event(host: Simulation, until: float) -> None:
    """Go from event to event, and look at every twentieth."""
    count = 0
    while (when := host.next_event_at()) <= until:
        host.advance(when)
        count += 1
        if count % 20 == 0:
            host.materialise()
    host.advance(until)


@pytest.mark.parametrize("drive", [at_once, every_hour, every_event], ids=lambda drive: drive.__name__)
def test_however_often_somebody_looks_the_files_are_the_same(
    tmp_path: Path, drive: Callable[[Simulation, float], None]
) -> None:
    """Bytes, times and truth depend on the seed and the acts, not on who looked when."""
    host, profile = eventful(tmp_path / "home")
    drive(host, START + 3 * DAY)
    host.materialise()
    host.close()
    other, other_profile = eventful(tmp_path / "other")
    at_once(other, START + 3 * DAY)
    other.materialise()
    other.close()

    assert content(tmp_path / "home") == content(tmp_path / "other")
    for job_id in profile.lives:
        assert profile.truth(job_id) == other_profile.truth(job_id)


def test_another_seed_is_another_history(tmp_path: Path) -> None:
    """Ids and run times are not the same."""
    homes = []
    for seed in (1, 2):
        host, profile = eventful(tmp_path / str(seed), seed)
        host.advance(START + DAY)
        host.materialise()
        host.close()
        homes.append((profile.home / "cron/jobs.json").read_bytes())

    assert homes[0] != homes[1]


def test_files_are_as_old_as_what_they_tell_of(tmp_path: Path) -> None:
    """A reader who goes by their times sees what it would see beside a real Hermes."""
    host, profile = eventful(tmp_path)
    host.advance(START + DAY)
    host.materialise()
    host.close()

    files = [path for name in ("", "cron", "logs", "state") for path in (profile.home / name).glob("*")]
    ages = {path.name: START + DAY - path.stat().st_mtime for path in files if path.is_file()}
    assert 0 <= ages["gateway.heartbeat"] <= 31
    assert 0 <= ages["ticker_heartbeat"] <= 61
    assert 0 <= ages["agent.log"] <= 900
    assert 0 <= ages["jobs.json"] <= 900
    assert 0 <= ages["executions.db"] <= 900
    assert ages["config.yaml"] == DAY
    assert ages["gateway.lock"] == pytest.approx(DAY - 22 * 3600, abs=5)


def test_truth_is_causal(tmp_path: Path) -> None:
    """A fate that is sealed is never revised by what comes later."""
    host, profile = eventful(tmp_path)
    sealed: dict[tuple[str, float], object] = {}
    while host.now < START + 3 * DAY:
        host.advance(host.now + 5000)
        for job_id in profile.lives:
            for slot in profile.truth(job_id):
                known = sealed.get((job_id, slot.at))
                assert known is None or known == (slot.fate, slot.fixed_at), slot
                if slot.fate is not None:
                    assert slot.fixed_at is not None
                    assert slot.fixed_at <= host.now
                    sealed[job_id, slot.at] = (slot.fate, slot.fixed_at)
    host.close()
    assert {fate for fate, _ in sealed.values()} == {"settled", "late", "missed"}  # type: ignore[misc]


def test_a_ledger_keeps_a_thousand_ended_runs(tmp_path: Path) -> None:
    """The oldest go; numbers of rows go on."""
    host = Simulation(tmp_path, START, keeps_output=False)
    profile = host.profile()
    owner.create_job(profile, "* * * * *", "often", script="x.sh", habits=Habits(1.0))
    owner.start_gateway(profile)
    host.advance(START + DAY)
    host.materialise()
    host.close()

    connection = sqlite3.connect(profile.home / "cron/executions.db")
    ((count, newest),) = connection.execute("SELECT count(*), max(rowid) FROM executions")
    connection.close()
    assert count == 1000
    assert newest > 1400


def test_logs_rotate(tmp_path: Path) -> None:
    """agent.log at five mebibytes, three backups."""
    host = Simulation(tmp_path, START, keeps_output=False)
    profile = host.profile()
    for number in range(20):
        owner.create_job(profile, "* * * * *", f"often {number}", habits=Habits(1.0))
    owner.start_gateway(profile)
    host.advance(START + DAY * 0.65)
    host.materialise()
    host.close()

    sizes = {path.name: path.stat().st_size for path in (profile.home / "logs").glob("agent.log*")}
    assert set(sizes) == {"agent.log", "agent.log.1", "agent.log.2", "agent.log.3"}
    assert max(sizes.values()) < 5 << 20
    assert min(size for name, size in sizes.items() if name != "agent.log") > (5 << 20) - 1000
