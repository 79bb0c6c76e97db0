"""What systemd says about gateway units, seen through /metrics.

The gateways here are stand-ins: what counts is the unit around them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.exporter import Exporter
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.exporter import Scrape
    from tests.lab.user_systemd import Scope, UserSystemd

pytestmark = pytest.mark.systemd

ROOT = Path("/home/hermes/.hermes")
GATEWAY = "/usr/bin/flock --nonblock --no-fork {home}/gateway.lock /bin/sleep infinity"
NOTIFY_ONCE = "/bin/sh -c 'systemd-notify --ready; exec sleep infinity'"


@pytest.fixture(scope="module")
def exporter(machine: UserSystemd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter for all of these tests: it follows profiles and units that come and go."""
    machine.write(ROOT / "config.yaml", "{}\n")
    exporter = Exporter(machine, tmp_path_factory.mktemp("units") / "exporter.log")
    yield exporter
    assert exporter.stop() == 0
    machine.root("rm", "-rf", str(ROOT))


@pytest.fixture(autouse=True)
def no_units_left(machine: UserSystemd) -> Iterator[None]:
    """Every test begins without gateway units and without named profiles."""
    yield
    machine.remove_units("user", "hermes-gateway*")
    machine.remove_units("system", "hermes-gateway*")
    machine.root("rm", "-rf", str(ROOT / "profiles"))


def install(
    machine: UserSystemd, profile: str, command: str, *service: str, unit: str = "", scope: Scope = "user"
) -> str:
    """Make the profile's home and a unit for it; returns the unit's name."""
    home = ROOT / "profiles" / profile
    machine.write(home / "config.yaml", "{}\n")
    name = f"hermes-gateway-{profile}.service"
    if scope == "system":
        service = ("User=hermes", *service)
    wanted_by = "default.target" if scope == "user" else "multi-user.target"
    lines = [
        "[Unit]", unit,
        "[Service]", f"ExecStart={command.format(home=home)}", f'Environment="HERMES_HOME={home}"', *service,
        "[Install]", f"WantedBy={wanted_by}",
    ]  # fmt: skip
    machine.install_unit(scope, name, "\n".join([*lines, ""]))
    return name


def state(scrape: Scrape, unit: str) -> str | None:
    """The one state that is 1."""
    return scrape.one("hermes_unit_state", "state", unit=unit)


def test_active(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit in order: active, running, success, no restarts, and every other state 0."""
    unit = install(machine, "calm", GATEWAY, "Restart=always")
    machine.systemctl("user", "enable", "--now", unit)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="active")

    of_unit = {"profile": "calm", "unit": unit, "scope": "user"}
    assert len(scrape.values("hermes_unit_state", **of_unit)) == 7
    assert sum(scrape.values("hermes_unit_state", **of_unit)) == 1
    assert scrape.one("hermes_unit_sub_state", "sub_state", **of_unit) == "running"
    assert scrape.one("hermes_unit_result", "result", **of_unit) == "success"
    assert scrape.value("hermes_unit_restarts_total", **of_unit) == 0
    assert scrape.value("hermes_unit_enabled", **of_unit) == 1
    assert scrape.value("hermes_gateway_up", profile="calm") == 1


def test_linger(machine: UserSystemd, exporter: Exporter) -> None:
    """Whether the user's units survive its logout is told of the user, and followed when it changes."""
    exporter.wait(1, "hermes_unit_linger_enabled", user="hermes")
    lingering = machine.path("/var/lib/systemd/linger/hermes")
    lingering.unlink()
    try:
        exporter.wait(0, "hermes_unit_linger_enabled", user="hermes")
    finally:
        lingering.touch()
    exporter.wait(1, "hermes_unit_linger_enabled", user="hermes")


def test_crash_loop_that_never_fails(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit that systemd restarts for ever is never failed: restarts climb, and the condition says it loops."""
    unit = install(
        machine, "loop", "/bin/sh -c 'sleep 0.2; exit 3'", "Restart=always", "RestartSec=300ms",
        unit="StartLimitIntervalSec=0",
    )  # fmt: skip
    machine.systemctl("user", "start", unit)

    scrape = exporter.wait(1, "hermes_profile_condition", profile="loop", condition="gateway_crash_looping")
    before = scrape.value("hermes_unit_restarts_total", unit=unit) or 0
    assert before > 0
    exporter.wait(3, "hermes_unit_exit_status", unit=unit)
    for _ in range(10):
        scrape = exporter.scrape()
        assert state(scrape, unit) in {"active", "activating", "deactivating"}
        assert scrape.value("hermes_profile_condition", profile="loop", condition="gateway_crash_looping") == 1
    assert machine.show("user", unit, "ActiveState") != "failed"
    until(
        lambda: (exporter.scrape().value("hermes_unit_restarts_total", unit=unit) or 0) > before,
        10,
        "more restarts",
    )


def test_start_limit(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit that systemd gave up on is failed, with the exit status that made it give up."""
    unit = install(
        machine, "limit", "/bin/false", "Restart=on-failure", "RestartSec=50ms",
        unit="StartLimitIntervalSec=30\nStartLimitBurst=3",
    )  # fmt: skip
    machine.systemctl("user", "start", unit, check=False)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="failed")

    assert scrape.value("hermes_unit_exit_status", unit=unit) == 1
    assert scrape.one("hermes_unit_result", "result", unit=unit) in {"exit-code", "start-limit-hit"}
    assert scrape.one("hermes_unit_sub_state", "sub_state", unit=unit) == "failed"
    assert scrape.value("hermes_unit_restarts_total", unit=unit) == float(machine.show("user", unit, "NRestarts"))


def test_start_limit_after_clean_exits(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit that always ends well and is refused in the end says so in its result."""
    unit = install(
        machine, "polite", "/bin/true", "Restart=always", "RestartSec=50ms",
        unit="StartLimitIntervalSec=30\nStartLimitBurst=3",
    )  # fmt: skip
    machine.systemctl("user", "start", unit, check=False)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="failed")

    assert scrape.one("hermes_unit_result", "result", unit=unit) == "start-limit-hit"
    assert scrape.value("hermes_unit_exit_status", unit=unit) == 0


def test_masked(machine: UserSystemd, exporter: Exporter) -> None:
    """A masked unit is not loaded and so not listed as a unit; it is inactive and not enabled, not absent."""
    unit = install(machine, "mask", GATEWAY)
    machine.systemctl("user", "start", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
    machine.systemctl("user", "stop", unit)
    machine.path(f"/home/hermes/.config/systemd/user/{unit}").unlink()
    machine.systemctl("user", "mask", unit)
    machine.systemctl("user", "daemon-reload")

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="inactive")

    assert scrape.series("hermes_unit_state", unit=unit, state="inactive")[0]["profile"] == "mask"
    assert scrape.value("hermes_unit_enabled", unit=unit) == 0


def test_missing(machine: UserSystemd, exporter: Exporter) -> None:
    """A profile without a unit has no unit series, and that is no failure."""
    machine.write(ROOT / "profiles/bare/config.yaml", "{}\n")

    exporter.wait(1, "hermes_profile_info", profile="bare")
    scrape = exporter.scrape()

    assert "hermes_unit_" not in "".join(line for line in scrape.text.splitlines() if 'profile="bare"' in line)
    assert scrape.value("hermes_exporter_collector_success", profile="bare", collector="units") == 1


@pytest.mark.parametrize("enabled", [True, False])
def test_stopped(machine: UserSystemd, exporter: Exporter, *, enabled: bool) -> None:
    """A stopped unit stays visible, also the one that systemd forgets because nothing wants it."""
    unit = install(machine, "rest", GATEWAY)
    if enabled:
        machine.systemctl("user", "enable", unit)
    machine.systemctl("user", "start", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
    machine.systemctl("user", "stop", unit)

    scrape = exporter.wait(1, "hermes_unit_state", profile="rest", unit=unit, state="inactive")

    assert scrape.value("hermes_unit_enabled", profile="rest", unit=unit) == float(enabled)
    assert scrape.value("hermes_gateway_up", profile="rest") == 0
    assert scrape.value("hermes_profile_gateway_expected", profile="rest") == 1


def test_watchdog(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit that hung and was killed by systemd's watchdog is failed with that result."""
    unit = install(
        machine, "hung", NOTIFY_ONCE, "Type=notify", "NotifyAccess=all", "WatchdogSec=1", "WatchdogSignal=SIGKILL",
    )  # fmt: skip
    machine.systemctl("user", "start", unit)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="failed")

    assert scrape.one("hermes_unit_result", "result", unit=unit) == "watchdog"
    assert scrape.value("hermes_unit_exit_status", unit=unit) == 9


def test_killed(machine: UserSystemd, exporter: Exporter) -> None:
    """SIGKILL, which is also what the kernel sends when memory runs out, is a result of its own."""
    unit = install(machine, "shot", GATEWAY)
    machine.systemctl("user", "start", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
    machine.systemctl("user", "kill", "--signal=KILL", unit)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="failed")

    assert scrape.one("hermes_unit_result", "result", unit=unit) == "signal"
    assert scrape.value("hermes_unit_exit_status", unit=unit) == 9


def test_no_interpreter(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit whose program is gone says 203."""
    unit = install(machine, "gone", "/nonexistent/python -m hermes_cli.main", "Restart=no")
    machine.systemctl("user", "start", unit, check=False)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, state="failed")

    assert scrape.value("hermes_unit_exit_status", unit=unit) == 203


def test_unit_file_deleted_while_running(machine: UserSystemd, exporter: Exporter) -> None:
    """Deleting the unit file stops nothing: the unit stays active, and its gateway up."""
    unit = install(machine, "orphan", GATEWAY)
    machine.systemctl("user", "start", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
    machine.path(f"/home/hermes/.config/systemd/user/{unit}").unlink()
    machine.systemctl("user", "daemon-reload")
    assert machine.show("user", unit, "LoadState") == "not-found"

    scrape = exporter.scrape()

    assert scrape.value("hermes_unit_state", profile="orphan", unit=unit, state="active") == 1
    assert scrape.value("hermes_gateway_up", profile="orphan") == 1
    machine.systemctl("user", "stop", unit)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_need_daemon_reload(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit file changed behind systemd's back is said, until the manager has read it."""
    unit = install(machine, "stale", GATEWAY)
    machine.systemctl("user", "start", unit)
    exporter.wait(0, "hermes_unit_need_daemon_reload", unit=unit)
    path = f"/home/hermes/.config/systemd/user/{unit}"
    machine.write(path, machine.path(path).read_text() + "# edited\n")
    assert machine.show("user", unit, "NeedDaemonReload") == "yes"

    exporter.wait(1, "hermes_unit_need_daemon_reload", unit=unit, seconds=75)


def test_system_manager(machine: UserSystemd, exporter: Exporter) -> None:
    """A unit of the system manager is seen beside the user's, by its scope."""
    unit = install(machine, "board", GATEWAY, "Restart=always", scope="system")
    machine.systemctl("system", "start", unit)

    scrape = exporter.wait(1, "hermes_unit_state", unit=unit, scope="system", state="active")

    of_unit = {"profile": "board", "unit": unit, "scope": "system"}
    assert scrape.one("hermes_unit_sub_state", "sub_state", **of_unit) == "running"
    assert scrape.value("hermes_unit_enabled", **of_unit) == 0
    assert scrape.value("hermes_gateway_up", profile="board") == 1
    assert not scrape.series("hermes_unit_state", profile="board", scope="user")


def test_manual_restart_resets_the_counter(machine: UserSystemd, exporter: Exporter) -> None:
    """The counter of restarts is systemd's: it climbs with every automatic one and falls to 0 by a manual one."""
    unit = install(machine, "again", GATEWAY, "Restart=always", "RestartSec=50ms", unit="StartLimitIntervalSec=0")
    machine.systemctl("user", "start", unit)
    exporter.wait(0, "hermes_unit_restarts_total", unit=unit)

    machine.systemctl("user", "kill", "--signal=KILL", unit)
    exporter.wait(1, "hermes_unit_restarts_total", unit=unit)

    machine.systemctl("user", "restart", unit)
    exporter.wait(0, "hermes_unit_restarts_total", unit=unit)


def test_session_bus_killed_and_back(machine: UserSystemd, exporter: Exporter) -> None:
    """Without its bus the units collector has failed and claims nothing; the rest is served; then it is back."""
    unit = install(machine, "bus", GATEWAY)
    machine.systemctl("user", "start", unit)
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")

    machine.systemctl("user", "stop", "dbus.socket", "dbus.service")
    try:
        scrape = exporter.wait(0, "hermes_exporter_collector_success", profile="bus", collector="units")
        assert scrape.value("hermes_gateway_up", profile="bus") == 1
        assert scrape.value("hermes_exporter_collector_success", profile="bus", collector="gateway") == 1
        assert (
            not scrape.series("hermes_unit_state", unit=unit, state="inactive") or state(scrape, unit) == "active"
        )
    finally:
        machine.systemctl("user", "start", "dbus.socket")
    exporter.wait(1, "hermes_exporter_collector_success", profile="bus", collector="units")
    exporter.wait(1, "hermes_unit_state", unit=unit, state="active")
