"""What the exporter asks of the kernel beside a Hermes at work: nothing that is not on a list."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.exporter import COMMAND, Exporter
from tests.lab.notifications import Watch
from tests.lab.traced import Allowed, calls, strace, traces
from tests.lab.user_systemd import REPO, VISIBLE
from tests.lab.waiting import until
from tests.real.test_readonly import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.hermes_home import HermesHome

ALLOWED = Path(__file__).with_name("allowed_calls.toml")
SCRAPES = 30
HOME = "/home/hermes/.hermes"
STATE = "/tmp/hermes-exporter-0"
PLACES = {
    "home": [HOME],
    "command": [str(COMMAND)],
    "repo": [str(REPO)],
    "python": [str(path) for path in VISIBLE[1:]],
    "above": {str(above) for path in (REPO, *VISIBLE, HOME) for above in Path(path).parents},
    "state": [STATE],
    "output": ["/dev/null"],
}
READ = ("cron/jobs.json", "cron/executions.db", "gateway_state.json", ".env", "logs/agent.log", "config.yaml")
"""Files of the home without which a trace would prove nothing."""
TRACES = "/tmp/traces"


@pytest.fixture
def busy(hermes: HermesHome, tmp_path: Path) -> Iterator[HermesHome]:
    """A home whose gateway is up and one of whose jobs always runs."""
    hermes.install("default")
    hermes.start("default")
    hermes.systemd.write(hermes.root / "scripts/long.sh", "#!/bin/sh\nsleep 20\necho done\n", mode=0o755)
    options = ("--script", "long.sh", "--no-agent", "--deliver", "local", "--name", "long")
    said = hermes.hermes("default", "cron", "create", "0 0 1 1 *", *options).stdout
    job = said.split("Created job: ")[1].split()[0]
    loop = hermes.systemd.spawn(
        "hermes", "sh", "-c", f"while :; do {hermes.venv}/bin/hermes cron run {job}; done",
        output=tmp_path / "loop.out",
    )  # fmt: skip
    ledger = hermes.systemd.path(hermes.root) / "cron/executions.db"
    until(ledger.exists, 30, "the job runs")
    yield hermes
    loop.signal(signal.SIGKILL)


def command(hermes: HermesHome, *argv: str) -> None:
    """Run one of our commands under strace."""
    surroundings = ("env", "-u", "HERMES_HOME", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={REPO}")
    state = f"HERMES_EXPORTER_STATE_PATH={STATE}/memory.db"
    where = f"{TRACES}/{argv[0]}"
    hermes.systemd.exec("mkdir", "-p", where)
    hermes.systemd.exec(*surroundings, state, *strace(where), str(COMMAND), *argv, check=False)


@pytest.mark.systemd
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_but_what_is_on_the_list(busy: HermesHome, tmp_path: Path) -> None:
    """Scrapes, `check` and `scrape` ask only what the list allows, and of the home only to look and to read."""
    systemd = busy.systemd
    systemd.exec("rm", "-rf", TRACES)
    systemd.exec("mkdir", "-p", f"{TRACES}/serve")

    exporter = Exporter(systemd, tmp_path / "exporter.log", under=strace(f"{TRACES}/serve"))
    exporter.wait(1, "hermes_cron_jobs_running", 60, profile="default")
    running = 0
    for _ in range(SCRAPES):
        running += exporter.scrape().value("hermes_cron_jobs_running", profile="default") == 1
    exporter.stop()
    command(busy, "check")
    command(busy, "scrape")

    assert running > SCRAPES / 2, exporter.process.output + (tmp_path / "loop.out").read_text()
    places = {"state": [STATE, f"/tmp/hermes-exporter-{exporter.port}"], "output": [str(tmp_path)]}
    allowed = Allowed.read(ALLOWED, {**PLACES, **places})
    for name in ("serve", "check", "scrape"):
        lines = traces(systemd.path(f"{TRACES}/{name}"))
        made = calls(lines)
        opened = {path for call in made if call.name == "openat" for path in call.paths}
        assert {f"{HOME}/{each}" for each in READ} <= opened, name
        refused = sorted({(call.name, call.paths, tuple(call.flags)) for call in made if allowed.refuses(call)})
        assert refused == [], "\n".join(map(str, (name, *refused)))


FORBIDDEN = (
    f'openat(AT_FDCWD</>, "{HOME}/auth.json", O_RDWR|O_CLOEXEC) = 3<{HOME}/auth.json>',
    f'openat(AT_FDCWD</>, "{HOME}/x", O_RDONLY|O_CREAT|O_CLOEXEC, 0666) = 3<{HOME}/x>',
    f'openat(AT_FDCWD<{HOME}>, "x", O_WRONLY) = 3<{HOME}/x>',
    f'openat(3<{HOME}/cron>, "jobs.json", O_RDONLY|O_TRUNC) = 4<{HOME}/cron/jobs.json>',
    f"flock(3<{HOME}/gateway.lock>, LOCK_SH|LOCK_NB) = 0",
    f"fcntl(3<{HOME}/cron/executions.db>, F_SETLK, {{l_type=F_RDLCK}}) = 0",
    f'unlink("{HOME}/cron/executions.db-wal") = 0',
    f'rename("/tmp/x", "{HOME}/cron/jobs.json") = 0',
    f'mkdir("{HOME}/logs", 0777) = -1 EEXIST (File exists)',
    f'fchmodat(AT_FDCWD</>, "{HOME}/.env", 0644) = 0',
    f'utimensat(AT_FDCWD</>, "{HOME}/.env", NULL, 0) = 0',
    f'write(3<{HOME}/.env>, "x", 1) = 1',
    f"ftruncate(3<{HOME}/.env>, 0) = 0",
    "ptrace(PTRACE_ATTACH, 1) = 0",
    'openat(AT_FDCWD</>, "/etc/shadow", O_RDWR) = 3',
)


@pytest.mark.parametrize("line", FORBIDDEN)
def test_what_is_refused(line: str) -> None:
    """The list lets nothing through that would change or lock something in a home, or elsewhere."""
    (call,) = calls([line])
    assert Allowed.read(ALLOWED, PLACES).refuses(call)


@pytest.mark.systemd
def test_nothing_is_told_but_reading(busy: HermesHome, tmp_path: Path) -> None:
    """While Hermes is held still in the middle of a run, the kernel tells of nothing but reading."""
    everything = f"^(sh -c while|{busy.venv}/bin/python)"
    busy.systemd.exec("pkill", "-STOP", "-f", everything)
    before = tree(busy.systemd, busy.root)
    assert {path for path in before if path.endswith("executions.db")}
    watch = Watch(busy.systemd.path(busy.root), skip="hermes-agent")

    exporter = Exporter(busy.systemd, tmp_path / "exporter.log")
    for _ in range(SCRAPES):
        exporter.scrape()
    exporter.stop()
    command(busy, "check")
    command(busy, "scrape")

    seen = watch.seen()
    assert seen == {"access", "open", "close_nowrite"}
    assert tree(busy.systemd, busy.root) == before
    busy.systemd.exec("pkill", "-CONT", "-f", everything)
