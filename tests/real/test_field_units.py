"""Failures from the field around units, on a real systemd: scraped as they are, and judged as if they lasted.

The gateways are stand-ins: what counts is the unit around them. All of them fail side by side.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.field import rules
from tests.field.row import shows
from tests.lab.exporter import Exporter
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.exporter import Scrape
    from tests.lab.user_systemd import Scope, UserSystemd

pytestmark = pytest.mark.systemd

ROOT = Path("/home/hermes/.hermes")
LOCK = "/usr/bin/flock --nonblock --no-fork {home}/gateway.lock "
LIVES = LOCK + "/bin/sleep infinity"
DEAF = LOCK + "/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'"
LEAVES_A_CHILD = LOCK + "/bin/sh -c '(trap \"\" TERM; exec 3>&-; exec sleep 100) & exec sleep infinity'"
BRIEFLY = LOCK + "/bin/sh -c 'sleep 2; exit {status}'"
ONCE = LOCK + "/bin/sh -c 'test -e {home}/again && exec sleep infinity; touch {home}/again; sleep 1; exit 75'"
AGAIN = ("Restart=always", "RestartSec=200ms", "RestartForceExitStatus=75", "RestartPreventExitStatus=78")
NO_LIMIT = "StartLimitIntervalSec=0"
MINUTE = 60.0
BEFORE_MINUTES, AFTER_MINUTES = 10, 40
SHARED = ("hermes_exporter_last_gather_timestamp_seconds",)
"""Families of the host that every timeline has."""


class Scene:
    """A machine on which everything went well at first, and what was scraped then and of each failure."""

    def __init__(self, machine: UserSystemd, exporter: Exporter) -> None:
        """Begin with nothing installed."""
        self.machine, self.exporter = machine, exporter
        self.before: Scrape
        self.after: dict[str, Scrape] = {}

    def install(
        self,
        profile: str,
        command: str,
        *service: str,
        unit: str = NO_LIMIT,
        scope: Scope = "user",
        status: int = 1,
    ) -> str:
        """Make the profile's home and a unit for it; returns the unit's name."""
        home = ROOT / "profiles" / profile
        self.machine.write(home / "config.yaml", "{}\n")
        name = f"hermes-gateway-{profile}.service"
        owner, wanted_by = ("", "default.target") if scope == "user" else ("User=hermes\n", "multi-user.target")
        text = (
            f"[Unit]\n{unit}\n[Service]\n{owner}ExecStart={command.format(home=home, status=status)}\n"
            f'Environment="HERMES_HOME={home}"\n' + "\n".join(service) + f"\n[Install]\nWantedBy={wanted_by}\n"
        )
        self.machine.install_unit(scope, name, text)
        return name

    def judge(self, profile: str, *families: str) -> dict[str, float]:
        """Return what the rules fire if what was scraped before, and of this profile's failure, lasts for minutes.

        By name, how many minutes into the failure. ``families`` are further ones of the host that count.
        """
        begin = datetime.now(UTC).timestamp()
        scrapes = []
        for minute in range(BEFORE_MINUTES + AFTER_MINUTES):
            scrape = self.before if minute < BEFORE_MINUTES else self.after[profile]
            at = begin + minute * MINUTE
            series = {
                name: at if rules.name_of(name) in SHARED else value
                for name, value in rules.parse(scrape.text).items()
                if rules.labels_of(name).get("profile") == profile or rules.name_of(name) in (*SHARED, *families)
            }
            scrapes.append((at, series))
        fired = rules.evaluate(scrapes, MINUTE, self.exporter.output.parent)
        return {each.alert: (each.since - begin) / MINUTE - BEFORE_MINUTES for each in fired}


@pytest.fixture(scope="module")
def scene(machine: UserSystemd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Every unit that is about to fail, still well, on a small disk of its own; then each of them fails."""
    machine.root("mkdir", "-p", str(ROOT))
    machine.root("mount", "-t", "tmpfs", "-o", "size=64m,mode=700,uid=6061", "tmpfs", str(ROOT))
    machine.write(ROOT / "config.yaml", "{}\n")
    exporter = Exporter(machine, tmp_path_factory.mktemp("field") / "exporter.log")
    scene = Scene(machine, exporter)
    well(scene)
    scene.before = exporter.scrape()
    fail(scene)
    yield scene
    exporter.stop()
    machine.path("/var/lib/systemd/linger/hermes").touch()
    for scope in ("user", "system"):
        machine.remove_units(scope, "hermes-gateway*")
    machine.root("umount", "-l", str(ROOT))
    machine.root("rm", "-rf", str(ROOT))


def well(scene: Scene) -> None:
    """Start what lives before it fails."""
    scene.install("stop", DEAF, "TimeoutStopSec=1", "KillMode=mixed")
    scene.install("stuck", DEAF, "TimeoutStopSec=100", "KillMode=mixed")
    scene.install("child", LEAVES_A_CHILD, *AGAIN, "TimeoutStopSec=100", "KillMode=control-group")
    scene.install("double", LIVES)
    scene.install("mask", LIVES)
    scene.install("logout", LIVES)
    names = [f"hermes-gateway-{name}.service" for name in ("stop", "stuck", "child", "double", "mask", "logout")]
    scene.machine.systemctl("user", "enable", "--now", *names)
    for name in names:
        scene.exporter.wait(1, "hermes_unit_state", unit=name, state="active")
    for profile in ("stop", "stuck", "child", "double", "mask", "logout"):
        scene.exporter.wait(1, "hermes_gateway_up", profile=profile)


def fail(scene: Scene) -> None:
    """Let everything fail, and scrape each failure."""
    machine, wait, after = scene.machine, scene.exporter.wait, scene.after
    scene.install("endless", BRIEFLY, *AGAIN)
    scene.install("asks", BRIEFLY, *AGAIN, status=75)
    scene.install("refuses", BRIEFLY, *AGAIN, status=78)
    scene.install("limit", BRIEFLY, *AGAIN, unit="StartLimitIntervalSec=60\nStartLimitBurst=3")
    scene.install("interpreter", "/nonexistent/python -m hermes_cli.main", *AGAIN)
    scene.install("directory", LIVES, *AGAIN, "WorkingDirectory=/nonexistent")
    scene.install("wanted", ONCE, *AGAIN)
    failing = ("endless", "asks", "refuses", "limit", "interpreter", "directory", "wanted")
    machine.systemctl(
        "user",
        "enable",
        "--now",
        "--no-block",
        *(f"hermes-gateway-{name}.service" for name in failing),
        check=False,
    )

    beat = datetime.now(UTC) - timedelta(minutes=5)
    pid = int(machine.show("user", "hermes-gateway-stuck.service", "MainPID"))
    content = {"pid": pid, "updated_at": beat.isoformat(), "monotonic": 0.0}
    machine.write(ROOT / "profiles/stuck/state/gateway.heartbeat", json.dumps(content))
    machine.systemctl("user", "stop", "--no-block", "hermes-gateway-stuck.service", "hermes-gateway-stop.service")
    machine.systemctl("user", "kill", "--kill-who=main", "--signal=KILL", "hermes-gateway-child.service")

    (machine.path(ROOT) / "profiles/double/gateway.lock").unlink()
    second = scene.install("double", LIVES, scope="system")
    machine.systemctl("system", "enable", "--now", second)

    machine.systemctl("user", "stop", "hermes-gateway-mask.service")
    machine.path("/home/hermes/.config/systemd/user/hermes-gateway-mask.service").unlink()
    machine.systemctl("user", "mask", "hermes-gateway-mask.service")
    machine.systemctl("user", "daemon-reload")

    after["child"] = wait(1, "hermes_unit_state", profile="child", state="deactivating")
    after["stuck"] = wait(1, "hermes_unit_sub_state", profile="stuck", sub_state="stop-sigterm")
    after["double"] = wait(2, "hermes_gateway_processes", profile="double")
    after["mask"] = wait(0, "hermes_unit_enabled", profile="mask")
    after["stop"] = wait(1, "hermes_unit_result", profile="stop", result="timeout")
    after["refuses"] = wait(78, "hermes_unit_exit_status", profile="refuses")
    for name in ("interpreter", "directory"):
        wait(1, "hermes_profile_condition", profile=name, condition="gateway_crash_looping")
        after[name] = wait(1, "hermes_unit_sub_state", profile=name, sub_state="auto-restart")
    after["wanted"] = wait(1, "hermes_unit_restarts_total", profile="wanted")
    after["wanted"] = wait(1, "hermes_gateway_up", profile="wanted")
    after["limit"] = wait(1, "hermes_unit_state", profile="limit", state="failed")
    for name in ("endless", "asks"):
        after[name] = looping(scene.exporter, name)

    (machine.path(ROOT) / "filler").write_bytes(b"\0" * (60 << 20))
    machine.path("/var/lib/systemd/linger/hermes").unlink()
    after["logout"] = wait(0, "hermes_unit_linger_enabled", user="hermes")


def looping(exporter: Exporter, profile: str) -> Scrape:
    """Return a scrape of a loop's usual moment: its gateway lives again, for a while."""

    def there() -> Scrape | None:
        scrape = exporter.scrape()
        loops = scrape.value("hermes_profile_condition", profile=profile, condition="gateway_crash_looping")
        return scrape if loops == 1 and scrape.value("hermes_gateway_up", profile=profile) == 1 else None

    return until(there, 30, f"{profile} loops and lives")


@shows("stop ends in a kill")
def test_a_stop_that_ends_in_a_kill(scene: Scene) -> None:
    """The manager says timeout, the unit is failed, and nothing starts it again."""
    of_unit = {"profile": "stop", "unit": "hermes-gateway-stop.service"}
    scrape = scene.after["stop"]

    assert scrape.one("hermes_unit_state", "state", **of_unit) == "failed"
    assert scrape.one("hermes_unit_result", "result", **of_unit) == "timeout"
    assert scrape.value("hermes_gateway_up", profile="stop") == 0
    assert scene.judge("stop") == {"HermesGatewayDead": 2}


@shows("stuck in its stop")
def test_a_stop_that_never_ends(scene: Scene) -> None:
    """The unit deactivates for ever, its process holds the lock, its beat is old."""
    scrape = scene.after["stuck"]

    assert scrape.one("hermes_unit_state", "state", profile="stuck") == "deactivating"
    assert scrape.one("hermes_unit_sub_state", "sub_state", profile="stuck") == "stop-sigterm"
    assert scrape.value("hermes_gateway_up", profile="stuck") == 1
    assert scene.judge("stuck") == {"HermesGatewayFrozen": 2}


@shows("child delays the restart")
def test_a_child_that_delays_the_restart(scene: Scene) -> None:
    """The main process is gone, the unit deactivates as long as its child lives: dead meanwhile."""
    scrape = scene.after["child"]

    assert (scrape.one("hermes_unit_sub_state", "sub_state", profile="child") or "").endswith("sigterm")
    assert scrape.value("hermes_gateway_up", profile="child") == 0
    assert scene.judge("child") == {"HermesGatewayDead": 2}


@shows("start limit")
def test_a_start_limit(scene: Scene) -> None:
    """Three starts in a minute, and systemd starts it no more."""
    scrape = scene.after["limit"]

    assert scrape.one("hermes_unit_state", "state", profile="limit") == "failed"
    assert scrape.value("hermes_unit_exit_status", profile="limit") == 1
    assert (scrape.value("hermes_unit_restarts_total", profile="limit") or 0) >= 3
    assert scrape.value("hermes_gateway_up", profile="limit") == 0
    assert scene.judge("limit") == {"HermesGatewayDead": 2}


@shows("endless restarts")
def test_endless_restarts(scene: Scene) -> None:
    """Without a start limit it lives two seconds at a time, and the unit is never failed."""
    scrape = scene.after["endless"]

    assert (scrape.value("hermes_unit_restarts_total", profile="endless") or 0) >= 4
    assert scrape.one("hermes_unit_state", "state", profile="endless") in ("active", "activating")
    assert scrape.value("hermes_profile_condition", profile="endless", condition="gateway_crash_looping") == 1
    assert scene.judge("endless") == {"HermesGatewayCrashLooping": 2}


@shows("asks for restarts for ever")
def test_restarts_that_it_asks_for(scene: Scene) -> None:
    """Status 75 each time: wanted, and a loop all the same."""
    scrape = scene.after["asks"]

    assert scrape.value("hermes_unit_exit_status", profile="asks") == 75
    assert (scrape.value("hermes_unit_restarts_total", profile="asks") or 0) >= 4
    assert scrape.value("hermes_profile_condition", profile="asks", condition="gateway_crash_looping") == 1
    assert scene.judge("asks") == {"HermesGatewayCrashLooping": 2}


@shows("wanted restart")
def test_one_restart_that_it_asks_for(scene: Scene) -> None:
    """Status 75 once, and it lives: nothing."""
    scrape = scene.after["wanted"]

    assert scrape.value("hermes_unit_restarts_total", profile="wanted") == 1
    assert scrape.value("hermes_gateway_up", profile="wanted") == 1
    assert scene.judge("wanted") == {}


@shows("refuses its configuration")
def test_a_configuration_that_it_refuses(scene: Scene) -> None:
    """Status 78: its unit is failed at once, and not restarted."""
    scrape = scene.after["refuses"]

    assert scrape.one("hermes_unit_state", "state", profile="refuses") == "failed"
    assert scrape.value("hermes_unit_restarts_total", profile="refuses") == 0
    assert scrape.value("hermes_gateway_up", profile="refuses") == 0
    assert scene.judge("refuses") == {"HermesGatewayDead": 2}


@shows("interpreter gone", "directory gone")
@pytest.mark.parametrize(("profile", "status"), [("interpreter", 203), ("directory", 200)])
def test_a_program_that_is_gone(scene: Scene, profile: str, status: int) -> None:
    """The manager cannot even start it, tries for ever, and says why in its exit status."""
    scrape = scene.after[profile]

    assert scrape.value("hermes_unit_exit_status", profile=profile) == status
    assert scrape.one("hermes_unit_sub_state", "sub_state", profile=profile) == "auto-restart"
    assert scrape.value("hermes_gateway_up", profile=profile) == 0
    assert scene.judge(profile) == {"HermesGatewayDead": 2}


@shows("two units")
def test_two_units_of_one_home(scene: Scene) -> None:
    """One of the user and one of the system, each with a gateway that holds a lock of the same name."""
    scrape = scene.after["double"]

    for scope in ("user", "system"):
        assert scrape.value("hermes_unit_enabled", profile="double", scope=scope) == 1
        assert scrape.one("hermes_unit_state", "state", profile="double", scope=scope) == "active"
    assert scrape.value("hermes_gateway_processes", profile="double") == 2
    assert scene.judge("double") == {"HermesDuplicateGateway": 5}


@shows("masked unit")
def test_a_masked_unit(scene: Scene) -> None:
    """Nothing can start it any more; it was alive, so it is missed."""
    scrape = scene.after["mask"]

    assert scrape.one("hermes_unit_state", "state", profile="mask") == "inactive"
    assert scrape.value("hermes_unit_enabled", profile="mask") == 0
    assert scrape.value("hermes_gateway_up", profile="mask") == 0
    assert scene.judge("mask") == {"HermesGatewayDead": 2}


@shows("no linger")
def test_a_user_that_does_not_linger(scene: Scene) -> None:
    """Its unit is enabled and lives, and would end with the last login."""
    scrape = scene.after["logout"]

    assert scrape.value("hermes_unit_linger_enabled", user="hermes") == 0
    assert scrape.value("hermes_unit_enabled", profile="logout") == 1
    assert scrape.value("hermes_gateway_up", profile="logout") == 1
    assert scene.judge("logout", "hermes_unit_linger_enabled") == {"HermesNotSurvivingLogout": 15}


@shows("disk full")
def test_a_full_disk(scene: Scene) -> None:
    """A file fills the disk that the home lies on but for a few megabytes."""
    families = ("hermes_home_filesystem_avail_bytes", "hermes_home_filesystem_size_bytes")
    scrape = scene.after["logout"]
    left, size = (scrape.value(family) for family in families)

    assert left is not None
    assert size is not None
    assert 0 < left < 0.1 * size
    assert scene.judge("logout", *families) == {"HermesDiskAlmostFull": 15}
