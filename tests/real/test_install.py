"""`install` and `uninstall` on a real systemd: the unit of the user, and the system's."""

from __future__ import annotations

import re
import shlex
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from hermes_exporter.stack import unit_file
from tests.lab.exporter import Scrape
from tests.lab.installed import environment
from tests.lab.user_systemd import OWNERS, UNIT_DIRS
from tests.lab.waiting import free_port, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.lab.user_systemd import Scope, UserSystemd

pytestmark = pytest.mark.systemd

SCOPES: tuple[Scope, ...] = ("user", "system")
INSTALL = {"user": ("hermes", "install"), "system": ("root", "install", "--system")}
UNITS = {"user": "hermes-exporter.service", "system": "hermes-exporter@hermes.service"}
HOME = Path("/home/hermes/.hermes")
USER_MEMORY = "/home/hermes/.local/state/hermes-exporter/memory.db"
GATEWAY = "hermes-gateway.service"
STAND_IN = f"""[Service]
ExecStart=/usr/bin/flock --nonblock --no-fork {HOME}/gateway.lock /bin/sleep infinity
Environment=HERMES_HOME={HOME}
"""


class Host:
    """A machine on which the exporter is installed for everybody, and Hermes for one."""

    def __init__(self, machine: UserSystemd, program: Path, port: int) -> None:
        self.machine, self.program, self.port = machine, program, port

    def call(self, user: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the installed program as that user, and wait for it."""
        return self.machine.run(user, str(self.program), *words, check=False)

    def install(self, scope: Scope, *words: str) -> subprocess.CompletedProcess[str]:
        """Install the unit for hermes, on a free port unless words are given, and expect it to work."""
        options = words or (f"--web.listen-address=127.0.0.1:{self.port}", f"--hermes.home={HOME}")
        done = self.call(*INSTALL[scope], *options)
        assert done.returncode == 0, done.stderr
        return done

    def uninstall(self, scope: Scope) -> subprocess.CompletedProcess[str]:
        """Take the unit of hermes away."""
        return self.call("hermes", "uninstall") if scope == "user" else self.call("root", "uninstall", "--system")

    def file(self, scope: Scope) -> Path:
        """The unit, where the host finds it."""
        return self.machine.path(UNIT_DIRS[scope] / UNITS[scope])

    def show(self, scope: Scope, what: str) -> str:
        """One property of the exporter's unit."""
        return self.machine.show(scope, UNITS[scope], what)

    def scrape(self, port: int = 0) -> Scrape:
        """What the installed exporter answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}/metrics", timeout=15) as answer:
            return Scrape(answer.read().decode())


@pytest.fixture(scope="module")
def program(machine: UserSystemd) -> Path:
    """The installed program."""
    return environment(machine, "/opt/hermes-exporter", owner="root")


@pytest.fixture
def host(machine: UserSystemd, program: Path) -> Iterator[Host]:
    """A Hermes home with nothing running, and no exporter; nothing is left of either."""
    machine.exec("mkdir", "-m", "0700", "-p", str(HOME))
    yield Host(machine, program, free_port())
    for scope in SCOPES:
        machine.remove_units(scope, "hermes-*")
    state = ("/home/hermes/.local/state/hermes-exporter", "/var/lib/hermes-exporter")
    machine.root("rm", "-rf", str(HOME), "/home/nosy/.hermes", *state)


@pytest.fixture
def gateway(host: Host) -> int:
    """A process that holds the lock as a gateway does; its pid."""
    host.machine.install_unit("user", GATEWAY, STAND_IN)
    host.machine.systemctl("user", "start", GATEWAY)
    return int(host.machine.show("user", GATEWAY, "MainPID"))


@pytest.mark.parametrize("scope", SCOPES)
def test_installed_exporter_sees_everything(host: Host, gateway: int, scope: Scope) -> None:
    """In either unit it is enabled and runs, proves a gateway by its lock, asks both systemds, and remembers."""
    host.install(scope)

    assert host.show(scope, "ActiveState") == "active"
    assert host.show(scope, "UnitFileState") == "enabled"
    scrape = host.scrape()
    assert scrape.value("hermes_gateway_up", profile="default") == 1
    assert scrape.one("hermes_gateway_proof", "proof", profile="default") == "lock"
    assert scrape.value("hermes_gateway_open_fds", profile="default") is not None
    assert scrape.value("hermes_unit_state", unit=GATEWAY, scope="user", state="active") == 1
    assert set(scrape.values("hermes_exporter_collector_success")) == {1.0}
    assert scrape.value("hermes_exporter_memory_durable") == 1
    pid = host.show(scope, "MainPID")
    host.machine.systemctl(scope, "reload", UNITS[scope])
    assert host.show(scope, "MainPID") == pid
    host.machine.systemctl("user", "stop", GATEWAY)
    scrape = host.scrape()
    assert scrape.value("hermes_gateway_up", profile="default") == 0
    assert scrape.value("hermes_unit_state", unit=GATEWAY, scope="user", state="active") in {0, None}


def test_hermes_of_root(host: Host) -> None:
    """Where Hermes runs as root, its gateway is proved from the system unit, too."""
    home = Path("/srv/hermes")
    host.machine.root("mkdir", "-m", "0700", "-p", str(home))
    held = STAND_IN.replace(str(HOME), str(home))
    host.machine.install_unit("system", GATEWAY, held)
    host.machine.systemctl("system", "start", GATEWAY)

    host.install("system", f"--hermes.home={home}", f"--web.listen-address=127.0.0.1:{host.port}")

    scrape = host.scrape()
    assert scrape.one("hermes_gateway_proof", "proof") == "lock"
    assert scrape.value("hermes_gateway_open_fds") is not None
    assert set(scrape.values("hermes_exporter_collector_success")) == {1.0}
    host.machine.systemctl("system", "stop", GATEWAY)
    host.machine.root("rm", "-rf", str(home))


def test_after_su_or_sudo(host: Host) -> None:
    """Without the variables that a login sets, as after sudo -u, the user's systemd is found all the same."""
    login = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
    bare = [word for variable in login for word in ("-u", variable)]
    address = f"--web.listen-address=127.0.0.1:{host.port}"

    done = host.machine.exec("env", *bare, str(host.program), "install", address, check=False)

    assert done.returncode == 0, done.stderr
    assert host.show("user", "ActiveState") == "active"


def test_home_is_read_only_in_the_system_unit(host: Host, gateway: int) -> None:
    """There the kernel refuses every write to the home, while what proves a gateway can be looked at."""
    host.install("system")
    inside = ("nsenter", "--mount", "--target", host.show("system", "MainPID"))
    as_hermes = ("setpriv", "--reuid=6061", "--regid=6061", "--clear-groups", "--bounding-set=-all")

    def attempt(*command: str) -> subprocess.CompletedProcess[str]:
        return host.machine.root(*inside, *as_hermes, *command, check=False)

    for place in (HOME / "x", "/home/hermes/x", "/etc/x"):
        assert "Read-only file system" in attempt("touch", str(place)).stderr
    assert f"{HOME}/gateway.lock" in attempt("ls", "-l", f"/proc/{gateway}/fd").stdout
    assert f" {gateway} " in attempt("cat", "/proc/locks").stdout
    assert attempt("touch", "/var/lib/hermes-exporter/hermes/x").returncode == 0
    assert not host.machine.path(HOME / "x").exists()


@pytest.mark.usefixtures("host")
def test_user_unit_has_no_view_of_its_own_for_a_reason(machine: UserSystemd, gateway: int) -> None:
    """In a user unit systemd makes the home read-only only where the kernel then hides what proves a gateway."""
    look = f"touch {HOME}/x; ls -l /proc/{gateway}/fd"
    view = ("--property=PrivateUsers=yes", f"--property=ReadOnlyPaths={HOME}")

    done = machine.exec(
        "systemd-run", "--user", "--wait", "--pipe", "--quiet", *view, "sh", "-c", look, check=False
    )

    assert "Read-only file system" in done.stderr
    assert "gateway.lock" not in done.stdout


def test_exposure_of_the_system_unit(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    """The system unit is rated 2.0 or better by systemd itself, of 10; the user unit's rate is printed only."""
    rates = {}
    for scope in SCOPES:
        host.install(scope)
        command = ("systemd-analyze", f"--{scope}", "--no-pager", "security", UNITS[scope])
        said = host.machine.run("root" if scope == "system" else "hermes", *command).stdout
        (rates[scope],) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
        host.uninstall(scope)
    with capsys.disabled():
        sys.stdout.write(f"\nsystemd-analyze security: {rates}\n")

    assert float(rates["system"]) <= 2.0


@pytest.mark.parametrize("scope", SCOPES)
def test_second_install_changes_nothing(host: Host, scope: Scope) -> None:
    """The same again leaves the file and the running process alone; without options those of the unit are kept."""
    host.install(scope)
    text, pid = host.file(scope).read_text(), host.show(scope, "MainPID")

    for done in (host.call(*INSTALL[scope]), host.install(scope)):
        assert done.returncode == 0, done.stderr
        assert "unchanged" in done.stdout
    assert (host.file(scope).read_text(), host.show(scope, "MainPID")) == (text, pid)


@pytest.mark.parametrize("scope", SCOPES)
def test_upgrade_keeps_options_and_runs_the_new_version(host: Host, scope: Scope) -> None:
    """A unit of an older version is replaced; its options, drop-ins and memory stay, the process is new."""
    host.install(scope)
    _first, _, unit = host.file(scope).read_text().partition("\n")
    older = unit_file.stamped(unit.replace("WatchdogSec=60s", "WatchdogSec=90s"), "0.0.1", "advice")
    host.file(scope).write_text(older)
    dropin = UNIT_DIRS[scope] / f"{UNITS[scope]}.d/own.conf"
    host.machine.write(dropin, "[Service]\nNice=3\n", owner="hermes" if scope == "user" else "root")
    pid = host.show(scope, "MainPID")

    done = host.call(*INSTALL[scope])

    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{host.port}" in done.stderr
    assert host.file(scope).read_text().partition("\n")[2] == unit
    assert host.show(scope, "MainPID") != pid
    assert host.show(scope, "Nice") == "3"
    assert host.scrape().value("hermes_exporter_memory_durable") == 1


def test_options_that_go_are_told(host: Host) -> None:
    """Where options are given, those alone count; what the unit had besides is named, not lost in silence."""
    host.install("user", "--log.level=debug", f"--web.listen-address=127.0.0.1:{host.port}")

    done = host.install("user")

    assert "options of the unit that go: --log.level=debug\n" in done.stderr
    assert "--log.level" not in host.file("user").read_text()


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("whose", ["foreign", "edited", "masked"])
def test_unit_of_somebody_else_is_left_alone(
    host: Host, scope: Scope, whose: Literal["foreign", "edited", "masked"]
) -> None:
    """A unit that is not ours, or that its owner edited or masked, is named, and neither replaced nor removed."""
    host.install(scope)
    file = host.file(scope)
    if whose == "masked":
        file.unlink()
        file.symlink_to("/dev/null")
    else:
        ours = file.read_text()
        file.write_text(ours.partition("\n")[2] if whose == "foreign" else f"{ours}# mine\n")
    before = file.read_bytes() if whose != "masked" else file.readlink()
    words = INSTALL[scope]

    for done in (host.call(*words, f"--hermes.home={HOME}"), host.call(*words), host.uninstall(scope)):
        assert done.returncode == 2, done.stdout
        assert str(UNIT_DIRS[scope] / UNITS[scope]) in done.stderr
        assert {"foreign": "was not written", "edited": "was edited", "masked": "is a link"}[whose] in done.stderr
    assert (file.read_bytes() if whose != "masked" else file.readlink()) == before
    assert whose == "masked" or host.show(scope, "ActiveState") == "active"


@pytest.mark.parametrize("scope", SCOPES)
def test_uninstall_leaves_only_the_memory(host: Host, scope: Scope) -> None:
    """Unit, links and process are gone; the memory stays, and is named. Once more does nothing."""
    memory = {"user": USER_MEMORY, "system": "/var/lib/hermes-exporter/hermes/memory.db"}[scope]
    host.install(scope)
    host.scrape()

    done = host.uninstall(scope)

    assert done.returncode == 0, done.stderr
    assert f"what it remembers stays in {memory}" in done.stdout
    assert host.machine.path(memory).exists()
    directory = host.machine.path(UNIT_DIRS[scope])
    assert [path for path in directory.rglob("*hermes-exporter*") if not path.name.endswith(".wants")] == []
    assert host.show(scope, "LoadState") == "not-found"
    assert host.show(scope, "ActiveState") == "inactive"
    if scope == "user":
        assert "nothing to do" in host.uninstall(scope).stdout


@pytest.mark.parametrize("scope", SCOPES)
def test_odd_names_survive_systemd(host: Host, scope: Scope) -> None:
    """Blanks, quotes, % and $ in paths reach the exporter as they were given."""
    odd = Path('/home/hermes/My "Hermes" 100%h $HOME \\ ü')
    host.machine.exec("mkdir", "-p", f"{odd}/.hermes")
    host.machine.write(odd / "config file.yml", "profiles: {}\n")
    options = (
        f"--hermes.home={odd}/.hermes", f"--config.file={odd}/config file.yml",
        f"--web.listen-address=127.0.0.1:{host.port}", "--no-collector.storage", "--log.level=debug",
    )  # fmt: skip
    if scope == "user":
        options = (*options, f"--state.path={odd}/state/memory.db")

    host.install(scope, *options)

    pid = host.show(scope, "MainPID")
    started = host.machine.root("cat", f"/proc/{pid}/cmdline").stdout.split("\0")
    assert set(options) <= set(started)
    scrape = host.scrape()
    assert scrape.value("hermes_exporter_collector_success", collector="discovery") == 1
    assert scrape.value("hermes_exporter_collector_success", collector="storage") is None
    assert scrape.value("hermes_exporter_memory_durable") == 1
    host.machine.root("rm", "-rf", str(odd))


@pytest.mark.parametrize("scope", SCOPES)
def test_hung_exporter_is_restarted(host: Host, scope: Scope) -> None:
    """An exporter that stands still feeds the watchdog no more: systemd kills it, and starts another."""
    quick = "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n"
    dropin = UNIT_DIRS[scope] / f"{UNITS[scope]}.d/quick.conf"
    host.machine.write(dropin, quick, owner="hermes" if scope == "user" else "root")
    host.install(scope)
    pid = host.show(scope, "MainPID")
    fed = host.show(scope, "WatchdogTimestampMonotonic")
    until(lambda: host.show(scope, "WatchdogTimestampMonotonic") != fed, 10, "the watchdog is fed")

    host.machine.root("kill", "-STOP", pid)

    until(lambda: host.show(scope, "NRestarts") == "1", 30, "systemd restarted it", every=0.5)
    until(lambda: host.show(scope, "ActiveState") == "active", 30, "it is ready again", every=0.5)
    assert host.show(scope, "MainPID") != pid
    assert host.scrape().value("hermes_exporter_memory_durable") == 1


def test_print_writes_nothing(host: Host) -> None:
    """--print shows the very unit, and leaves no trace; it needs no systemd, and for the system's no root."""
    for scope, words in (("user", ()), ("system", ("--system",))):
        printed = host.call("hermes", "install", *words, "--print").stdout
        assert not host.file(scope).exists()
        host.install(scope, f"--hermes.home={HOME}")
        assert host.file(scope).read_text() == printed
        host.uninstall(scope)


def test_program_that_does_not_start_is_told(host: Host) -> None:
    """Where the exporter cannot start, install fails, and says it in the exporter's own words."""
    host.install("user")

    words = ("--hermes.home=/home/nosy/.hermes", f"--web.listen-address=127.0.0.1:{host.port}")
    host.machine.run("nosy", "mkdir", "-p", "/home/nosy/.hermes")
    done = host.call("root", "install", "--system", *words)

    assert done.returncode == 2
    assert "does not run" in done.stderr
    assert "Address already in use" in done.stderr


def test_clear_errors(host: Host) -> None:
    """Each reason why nothing can be installed is one message that says what to do, and nothing is written."""
    host.machine.run("nosy", "mkdir", "-p", "/home/nosy/.hermes")
    again = shlex.join(["sudo", str(host.program), "install", "--system", f"--hermes.home={HOME}"])
    wrong = {
        ("nosy", "install"): "no systemd user manager runs for nosy",
        ("nosy", "uninstall", "nosy"): "without --system it is your own unit",
        ("root", "install"): "/root/.hermes: No such file or directory; name the home with --hermes.home",
        ("root", "install", f"--hermes.home={HOME}"): "belongs to hermes: run this as hermes, or as root with",
        ("hermes", "install", "--hermes.home=/nowhere"): "/nowhere: No such file or directory",
        ("hermes", "install", "--system"): f"--system needs root: {again}",
        ("hermes", "install", "--web.listen-address=x"): "--web.listen-address: 'x' is not HOST:PORT",
        ("hermes", "install", f"--state.path={HOME}/x"): "lies in a Hermes home",
        ("root", "install", "--system", f"--hermes.home={HOME}", "--hermes.home=n=/home/nosy/.hermes"):
            "belong to different users",
        ("root", "install", "--system", f"--hermes.home={HOME}", "--state.path=/srv/x/m.db"):
            "/srv/x must be a directory that belongs to hermes",
        ("root", "uninstall", "--system"): "there is one for nobody",
    }  # fmt: skip
    for (user, *words), message in wrong.items():
        done = host.call(user, *words)
        assert done.returncode == 2, (words, done.stdout)
        assert message in done.stderr, words
    for scope in SCOPES:
        assert list(host.machine.path(UNIT_DIRS[scope]).rglob("*hermes-exporter*")) == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/home/hermes/.cache/uv/archive-v0/x", "which is cleaned"),
        ("/tmp/venv", "which is cleaned"),
        (f"{HOME}/hermes-agent/venv", "lies in a Hermes home"),
    ],
)
def test_program_that_will_not_last(host: Host, place: str, message: str) -> None:
    """A program in a cache, in /tmp, or in Hermes' own environment is not what a unit should start."""
    program = environment(host.machine, place)

    done = host.machine.exec(str(program), "install", check=False)

    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    host.machine.root("rm", "-rf", place)


def test_program_out_of_reach(host: Host) -> None:
    """A system unit cannot start for hermes what lies in a closed directory, and install knows before systemd."""
    program = environment(host.machine, "/srv/closed/venv", owner="root")
    host.machine.root("chmod", "0700", "/srv/closed")

    done = host.machine.root(str(program), "install", "--system", f"--hermes.home={HOME}", check=False)

    assert done.returncode == 2
    assert "/srv/closed is closed to it" in done.stderr
    host.machine.root("rm", "-rf", "/srv/closed")


def test_missing_linger_is_told(host: Host) -> None:
    """A user unit that will end with the session says so, and how to keep it."""
    lingering = host.machine.path("/var/lib/systemd/linger/hermes")

    lingering.unlink()
    said = host.install("user").stdout
    lingering.touch()

    assert "loginctl enable-linger hermes" in said
    assert "linger" not in host.install("user").stdout


def test_one_exporter_for_each_user(host: Host) -> None:
    """A user is not given two exporters: the unit of the other scope is named, and how to remove it."""
    host.install("user")
    done = host.call("root", "install", "--system", f"--hermes.home={HOME}")
    assert (done.returncode, "as hermes: hermes-exporter uninstall" in done.stderr) == (2, True)

    host.uninstall("user")
    host.install("system")
    done = host.call("hermes", "install")
    assert (done.returncode, "as root: hermes-exporter uninstall --system" in done.stderr) == (2, True)


def test_several_users(host: Host) -> None:
    """Each user's exporter sees its own home only, one in a user unit, one in a system unit."""
    host.machine.run("nosy", "mkdir", "-m", "0700", "-p", "/home/nosy/.hermes/profiles/private")
    second = free_port()
    host.install("user")
    nosy = ("--hermes.home=/home/nosy/.hermes", f"--web.listen-address=127.0.0.1:{second}")
    assert host.call("root", "install", "--system", *nosy).returncode == 0

    first, other = host.scrape(), host.scrape(second)

    assert {series["profile"] for series in first.series("hermes_profile_health")} == {"default"}
    assert {series["profile"] for series in other.series("hermes_profile_health")} == {"default", "private"}
    assert set(other.values("hermes_exporter_collector_success")) == {1.0}
    pid = host.machine.show("system", "hermes-exporter@nosy.service", "MainPID")
    assert f"Uid:\t{OWNERS['nosy']}" in host.machine.root("cat", f"/proc/{pid}/status").stdout
    done = host.call("root", "uninstall", "--system", "nosy")
    assert "removed /etc/systemd/system/hermes-exporter@nosy.service" in done.stdout
    assert host.show("user", "ActiveState") == "active"
