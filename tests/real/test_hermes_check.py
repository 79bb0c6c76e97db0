"""The shipped timer without Prometheus: what it tells a phone and a dead man's switch, and when it is silent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.exporter import COMMAND
from tests.lab.ntfy import Ntfy, wait_push
from tests.lab.stubs import Request, Stub
from tests.lab.user_systemd import REPO, UNIT_DIRS
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.hermes_home import HermesHome
    from tests.lab.user_systemd import UserSystemd

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(240)]

UNITS = REPO / "deploy/systemd"
SETTINGS = "/home/hermes/.config/hermes-check.env"
SECRET = "7f0d6a52-ping-ping-ping-1c9e44b0aa21"


class Pings(Stub):
    """healthchecks.io: the pings it got, and whether somebody on the machine could read the address meanwhile."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.pings: list[tuple[str, str]] = []
        self.overheard: list[bytes] = []

    def handle(self, request: Request) -> None:
        """Take a ping, and look at everybody's arguments while its sender waits."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (process / "cmdline").read_bytes()
            except OSError:
                continue
            self.overheard += [arguments] if SECRET.encode() in arguments else []
        self.pings.append((request.path.removeprefix(f"/{SECRET}"), request.body.decode()))
        request.reply(200, "OK", "text/plain")


@pytest.fixture
def pings() -> Iterator[Pings]:
    """A dead man's switch."""
    with Pings() as stub:
        yield stub


@pytest.fixture
def ntfy(tmp_path: Path) -> Iterator[Ntfy]:
    """A real ntfy server."""
    server = Ntfy(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def phone(machine: UserSystemd, ntfy: Ntfy, pings: Pings) -> Iterator[list[dict[str, Any]]]:
    """What the phone gets: the shipped files installed as their documentation says, not started."""
    machine.exec("mkdir", "-p", "/home/hermes/.local/bin", "/home/hermes/.config/systemd/user")
    machine.exec("ln", "-sf", str(COMMAND), "/home/hermes/.local/bin/hermes-exporter")
    machine.write("/home/hermes/.local/bin/hermes-check", (UNITS / "hermes-check.sh").read_text(), mode=0o755)
    settings = {
        "NTFY_URL": f"{ntfy.url}/phone",
        "NTFY_TOKEN": ntfy.token,
        "PING_URL": f"http://127.0.0.1:{pings.port}/{SECRET}",
        "PYTHONPATH": str(REPO),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    machine.write(SETTINGS, "".join(f"{name}={value}\n" for name, value in settings.items()), mode=0o600)
    for name in ("hermes-check.service", "hermes-check.timer"):
        machine.install_unit("user", name, (UNITS / name).read_text())
    yield ntfy.subscribe("phone")
    machine.systemctl("user", "disable", "--now", "hermes-check.timer", check=False)
    machine.systemctl("user", "stop", "hermes-check.service", check=False)
    machine.exec("sh", "-c", f"rm -rf {SETTINGS} ~/.local/bin/hermes-* ~/.config/systemd/user/hermes-check.* "
                 "~/.config/hermes-check ~/.local/state/hermes-check")  # fmt: skip
    machine.systemctl("user", "daemon-reload")
    machine.systemctl("user", "reset-failed", check=False)


def look(machine: UserSystemd) -> str:
    """Let the service run once, as the timer does; return its result."""
    machine.systemctl("user", "start", "hermes-check.service", check=False)
    return machine.show("user", "hermes-check.service", "Result")


def test_changes_are_told_once(
    machine: UserSystemd, hermes: HermesHome, phone: list[dict[str, Any]], pings: Pings
) -> None:
    """At the start, when a gateway dies, and when it is back; the dead man's switch hears it every time."""
    hermes.install("coder")
    hermes.start("coder")
    host = machine.exec("uname", "-n").stdout.strip()

    assert look(machine) == "success"
    first = wait_push(phone, f"Hermes OK on {host}", 10)
    assert look(machine) == "success"
    machine.systemctl("user", "stop", hermes.unit("coder"))
    assert look(machine) == "success"
    dead = wait_push(phone, f"Hermes CRITICAL on {host}", 10)
    assert look(machine) == "success"
    hermes.start("coder")
    assert look(machine) == "success"
    until(lambda: len(phone) == 3, 10, lambda: f"the end; {phone}")

    assert first.get("priority", 3) == 3
    assert dead["priority"] == 5
    assert dead["message"].startswith("1 of 2 profiles is not well: coder: gateway dead")
    assert "systemctl --user status" in dead["message"]
    assert "|" not in dead["message"]
    assert [push["title"].split()[1] for push in phone] == ["OK", "CRITICAL", "OK"]
    assert [way for way, _body in pings.pings] == ["", "", "/fail", "/fail", ""]
    assert pings.pings[2][1].strip() == dead["message"].strip()
    assert pings.overheard == []


def test_what_could_not_be_sent_is_sent_next_time(
    machine: UserSystemd, ntfy: Ntfy, phone: list[dict[str, Any]], pings: Pings
) -> None:
    """The unit fails, so that systemd shows it; the dead man's switch is told nevertheless; nothing is lost."""
    right = machine.path(SETTINGS).read_text()
    machine.write(SETTINGS, right.replace(ntfy.token, "tk_wrong"), mode=0o600)

    assert look(machine) == "exit-code"
    assert len(pings.pings) == 1
    log = machine.exec("journalctl", "--user", "--unit=hermes-check.service", "--no-pager").stdout
    assert "error: 40" in log
    assert ntfy.token not in log
    assert SECRET not in log
    machine.write(SETTINGS, right, mode=0o600)
    assert look(machine) == "success"

    wait_push(phone, "Hermes UNKNOWN on", 10)
    assert [way for way, _body in pings.pings] == ["/log", "/log"]


def test_critical_is_said_again(machine: UserSystemd, hermes: HermesHome, phone: list[dict[str, Any]]) -> None:
    """A push that nobody saw does not end it: every twelve hours it is told again."""
    hermes.install("coder")
    look(machine)
    assert len(phone) == 1
    assert look(machine) == "success"

    (told,) = (path for place in (".config", ".local/state")
               for path in machine.path(f"/home/hermes/{place}/hermes-check").glob("told"))  # fmt: skip
    past = told.stat().st_mtime - 13 * 3600
    os.utime(told, (past, past))
    assert look(machine) == "success"

    until(lambda: len(phone) == 2, 10, lambda: f"again; {phone}")
    assert phone[0]["title"] == phone[1]["title"]
    assert "CRITICAL" in phone[0]["title"]


def test_timer_runs_it(machine: UserSystemd, phone: list[dict[str, Any]], pings: Pings) -> None:
    """The shipped timer starts the service by itself; here every second instead of every five minutes."""
    machine.write(
        UNIT_DIRS["user"] / "hermes-check.timer.d/often.conf",
        "[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nAccuracySec=1us\n",
    )
    machine.systemctl("user", "daemon-reload")

    machine.systemctl("user", "enable", "--now", "hermes-check.timer")

    until(lambda: len(pings.pings) >= 2, 30, "two pings")
    until(lambda: phone, 10, "a push")
    assert len(phone) == 1
