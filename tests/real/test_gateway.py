"""Real Hermes gateways that live, die and mislead, seen through /metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.exporter import Scrape
    from tests.lab.hermes_home import HermesHome
    from tests.real.conftest import StartExporter

pytestmark = pytest.mark.systemd

STEADY = (
    "hermes_gateway_up",
    "hermes_gateway_proof",
    "hermes_gateway_processes",
    "hermes_gateway_state",
    "hermes_gateway_start_timestamp_seconds",
    "hermes_gateway_starts_total",
    "hermes_gateway_unclean_exits_total",
    "hermes_unit_state",
    "hermes_unit_restarts_total",
    "hermes_profile_condition",
)


def condition(scrape: Scrape, profile: str, name: str) -> float | None:
    """Whether a condition holds, None where it cannot be told."""
    return scrape.value("hermes_profile_condition", profile=profile, condition=name)


def steady(scrape: Scrape) -> dict[str, list[tuple[str, float]]]:
    """The series that only an event changes, each with its values."""
    return {
        name: sorted(
            (str(sorted(labels.items())), value)
            for labels, value in zip(scrape.series(name), scrape.values(name), strict=True)
        )
        for name in STEADY
    }


def test_two_profiles_up(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """Two profiles under their units are up, proved by the lock each holds, one process each."""
    for profile in ("default", "coder"):
        hermes.install(profile)
        hermes.start(profile)

    scrape = start_exporter().scrape()

    for profile in ("default", "coder"):
        assert scrape.value("hermes_gateway_up", profile=profile) == 1
        assert scrape.one("hermes_gateway_proof", "proof", profile=profile) == "lock"
        assert scrape.one("hermes_gateway_state", "state", profile=profile) == "running"
        assert scrape.value("hermes_gateway_processes", profile=profile) == 1
        assert scrape.value("hermes_gateway_supervised", profile=profile) == 1
        assert scrape.value("hermes_profile_gateway_expected", profile=profile) == 1
        assert scrape.one("hermes_profile_info", "gateway", profile=profile) == "own"
        unit = hermes.unit(profile)
        assert scrape.value("hermes_unit_state", profile=profile, unit=unit, state="active") == 1
        for name in ("gateway_dead", "gateway_frozen", "gateway_crash_looping"):
            assert condition(scrape, profile, name) == 0
    assert scrape.values("hermes_exporter_collector_success") == [1.0] * len(
        scrape.values("hermes_exporter_collector_success")
    )


def test_killed_once_and_restarted(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """One SIGKILL under Restart=always: one unclean exit, one restart, one start more, and no condition stays."""
    hermes.install("coder")
    pid = hermes.start("coder")
    unit = hermes.unit("coder")
    exporter = start_exporter()
    before = exporter.scrape()
    counters = ("hermes_gateway_unclean_exits_total", "hermes_gateway_starts_total")
    was = {name: before.value(name, profile="coder") or 0 for name in counters}
    assert before.value("hermes_unit_restarts_total", unit=unit) == 0

    hermes.kill(pid, "KILL")
    hermes.wait_running("coder", not_pid=pid)

    scrape = exporter.wait(
        was["hermes_gateway_unclean_exits_total"] + 1, "hermes_gateway_unclean_exits_total", profile="coder"
    )
    assert scrape.value("hermes_gateway_starts_total", profile="coder") == was["hermes_gateway_starts_total"] + 1
    assert scrape.value("hermes_unit_restarts_total", unit=unit) == 1
    assert scrape.value("hermes_gateway_up", profile="coder") == 1
    assert scrape.one("hermes_gateway_proof", "proof", profile="coder") == "lock"
    for name in ("gateway_dead", "gateway_crash_looping", "gateway_frozen"):
        assert condition(scrape, "coder", name) == 0
    assert steady(exporter.scrape()) == steady(scrape)


def test_interpreter_gone(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A gateway that cannot start again is down at the next scrape, its cause is 203; the other is untouched."""
    for profile in ("default", "coder"):
        hermes.install(profile)
    hermes.start("default")
    pid = hermes.start("coder")
    exporter = start_exporter()
    assert exporter.scrape().value("hermes_gateway_up", profile="coder") == 1
    interpreter = hermes.systemd.path(hermes.venv / "bin/python")
    interpreter.rename(interpreter.with_name("python.gone"))

    hermes.kill(pid, "KILL")
    until(lambda: not hermes.alive(pid), 5, "the gateway is gone")
    scrape = exporter.scrape()
    assert scrape.value("hermes_gateway_up", profile="coder") == 0
    assert condition(scrape, "coder", "gateway_dead") == 1

    scrape = exporter.wait(203, "hermes_unit_exit_status", unit=hermes.unit("coder"))
    assert scrape.value("hermes_gateway_up", profile="coder") == 0
    assert condition(scrape, "coder", "gateway_dead") == 1
    assert scrape.value("hermes_unit_state", unit=hermes.unit("coder"), state="failed") == 0
    assert scrape.value("hermes_gateway_up", profile="default") == 1
    assert condition(scrape, "default", "gateway_dead") == 0

    interpreter.with_name("python.gone").rename(interpreter)
    hermes.wait_running("coder", not_pid=pid)
    scrape = exporter.scrape()
    assert scrape.value("hermes_gateway_up", profile="coder") == 1
    assert condition(scrape, "coder", "gateway_dead") == 0


def test_started_by_hand_and_killed(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A gateway without a unit is up while it lives, down at the next scrape, and missed: it was seen alive."""
    exporter = start_exporter()
    process = hermes.start_by_hand("coder")
    scrape = exporter.wait(1, "hermes_gateway_up", profile="coder")
    assert scrape.one("hermes_gateway_proof", "proof", profile="coder") == "lock"
    assert scrape.value("hermes_gateway_supervised", profile="coder") == 0
    assert not scrape.series("hermes_unit_state", profile="coder")

    process.signal(9)
    process.wait(10)
    scrape = exporter.scrape()

    assert scrape.value("hermes_gateway_up", profile="coder") == 0
    assert scrape.one("hermes_gateway_proof", "proof", profile="coder") == "none"
    assert scrape.value("hermes_profile_gateway_expected", profile="coder") == 1
    assert condition(scrape, "coder", "gateway_dead") == 1


def test_terminated_bare(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """After a SIGTERM that Hermes did not plan its state file still says running: that claim is shown, up is 0."""
    process = hermes.start_by_hand("default")
    exporter = start_exporter()
    assert exporter.scrape().value("hermes_gateway_up", profile="default") == 1

    process.signal(15)
    process.wait(30)
    assert hermes.state("default")["gateway_state"] == "running"
    scrape = exporter.scrape()

    assert scrape.value("hermes_gateway_up", profile="default") == 0
    assert scrape.one("hermes_gateway_state", "state", profile="default") == "running"
    assert condition(scrape, "default", "gateway_dead") == 1


def test_stopped_process_is_frozen(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A gateway held by SIGSTOP keeps its lock and does nothing: frozen, not dead; well again after SIGCONT."""
    hermes.install("coder")
    pid = hermes.start("coder")
    exporter = start_exporter()
    assert condition(exporter.scrape(), "coder", "gateway_frozen") == 0

    hermes.kill(pid, "STOP")
    scrape = exporter.wait(1, "hermes_profile_condition", profile="coder", condition="gateway_frozen")
    assert condition(scrape, "coder", "gateway_dead") == 0
    assert scrape.one("hermes_profile_health", "verdict", profile="coder") == "gateway_frozen"
    assert scrape.value("hermes_gateway_up", profile="coder") == 0

    hermes.kill(pid, "CONT")
    scrape = exporter.wait(0, "hermes_profile_condition", profile="coder", condition="gateway_frozen")
    assert scrape.value("hermes_gateway_up", profile="coder") == 1


def test_second_gateway_is_refused(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A second gateway for the same home is refused by Hermes; while it tries and after it nothing changes."""
    hermes.install("coder")
    hermes.start("coder")
    exporter = start_exporter()
    before = steady(exporter.scrape())

    second = hermes.run_by_hand("coder")
    while second.poll() is None:
        assert steady(exporter.scrape()) == before
    assert second.poll() == 1, second.output
    assert "already running" in second.output

    assert steady(exporter.scrape()) == before
    assert exporter.scrape().value("hermes_gateway_processes", profile="coder") == 1


def test_pid_of_a_dead_gateway_used_again(
    hermes: HermesHome, start_exporter: StartExporter, tmp_path: Path
) -> None:
    """A record whose pid now belongs to another process, started at another time, proves nothing."""
    process = hermes.start_by_hand("coder")
    exporter = start_exporter()
    assert exporter.scrape().value("hermes_gateway_up", profile="coder") == 1
    process.signal(9)
    process.wait(10)
    stranger = hermes.systemd.spawn("hermes", "sleep", "300", output=tmp_path / "sleep.log")
    pid = until(lambda: stranger.pid, 5, "a stranger runs")
    for name in ("gateway.pid", "gateway.lock", "gateway_state.json"):
        path = hermes.home("coder") / name
        record = {**json.loads(hermes.systemd.path(path).read_text()), "pid": pid}
        hermes.systemd.write(path, json.dumps(record))
    assert hermes.alive(pid)

    scrape = exporter.scrape()

    assert scrape.value("hermes_gateway_up", profile="coder") == 0
    assert scrape.one("hermes_gateway_proof", "proof", profile="coder") == "none"
    assert scrape.value("hermes_gateway_processes", profile="coder") == 0
    stranger.signal(9)


def test_zombie(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A killed gateway that nobody buried has its pid and its start time still, and is dead."""
    parent = hermes.start_by_hand("coder", parent=True)
    pid = hermes.state("coder")["pid"]
    exporter = start_exporter()
    assert exporter.scrape().value("hermes_gateway_up", profile="coder") == 1

    hermes.kill(pid, "KILL")
    stat = hermes.systemd.path(f"/proc/{pid}/stat")
    until(lambda: ") Z " in stat.read_text(), 5, "the gateway is a zombie")
    scrape = exporter.scrape()

    assert scrape.value("hermes_gateway_up", profile="coder") == 0
    assert scrape.value("hermes_gateway_processes", profile="coder") == 0
    assert condition(scrape, "coder", "gateway_dead") == 1
    parent.signal(9)


def test_name_that_begins_like_another(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A live gateway of dev2 does not make dev alive, whose own was never started."""
    for profile in ("dev", "dev2"):
        hermes.add(profile)
        hermes.install(profile)
    hermes.start("dev2")

    scrape = start_exporter().scrape()

    assert scrape.value("hermes_gateway_up", profile="dev2") == 1
    assert condition(scrape, "dev2", "gateway_dead") == 0
    assert scrape.value("hermes_gateway_up", profile="dev") == 0
    assert scrape.value("hermes_gateway_processes", profile="dev") == 0
    assert condition(scrape, "dev", "gateway_dead") == 1


def test_served_profile(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """A profile served by another's gateway lives and dies with it."""
    hermes.configure("default", gateway={"multiplex_profiles": True})
    hermes.install("default")
    pid = hermes.start("default")
    until(lambda: "coder" in hermes.state("default").get("served_profiles", []), 20, "coder is served")
    exporter = start_exporter()

    scrape = exporter.scrape()
    info = scrape.series("hermes_profile_info", profile="coder")[0]
    assert (info["gateway"], info["host_profile"]) == ("served", "default")
    assert scrape.value("hermes_gateway_up", profile="coder") == 1
    assert scrape.one("hermes_gateway_proof", "proof", profile="coder") == "host"
    assert scrape.one("hermes_gateway_proof", "proof", profile="default") == "lock"
    assert scrape.value("hermes_profile_gateway_expected", profile="coder") == 1

    hermes.systemd.systemctl("user", "stop", hermes.unit("default"))
    until(lambda: not hermes.alive(pid), 10, "the host is gone")
    scrape = exporter.scrape()
    for profile in ("default", "coder"):
        assert scrape.value("hermes_gateway_up", profile=profile) == 0
        assert condition(scrape, profile, "gateway_dead") == 1
