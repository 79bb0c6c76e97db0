"""Nothing under a Hermes home is created, changed or locked by the exporter."""

from __future__ import annotations

import fnmatch
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.exporter import Exporter
    from tests.lab.hermes_home import HermesHome
    from tests.lab.user_systemd import UserSystemd
    from tests.real.conftest import StartExporter

pytestmark = pytest.mark.systemd

SCRAPES = 50
# what a gateway that has nothing to do writes by itself within a minute
WRITTEN_BY_HERMES = (
    "*/state", "*/state/*", "*/cron", "*/cron/*", "*/logs", "*/logs/*", "*/state.db*", "*/gateway_state.json*",
    "*/channel_directory.json*", "*/kanban*", "*/.*_cache*", "/home/hermes/.hermes", "*/profiles/coder",
)  # fmt: skip


def tree(machine: UserSystemd, root: Path) -> dict[str, str]:
    """Every path below the root with inode, type, owner, group, mode, size, mtime and ctime."""
    form = r"%p\t%i %y %U %G %m %s %T@ %C@\n"
    listing = machine.root("find", str(root), "-not", "-path", "*/hermes-agent/*", "-printf", form).stdout
    return dict(line.split("\t") for line in listing.splitlines())


def locks_of(machine: UserSystemd, pids: set[str], while_running: threading.Thread) -> tuple[int, list[str]]:
    """How often /proc/locks was read while the thread ran, and every line in it that names one of the pids."""
    reads, found = 0, []
    locks = machine.path("/proc/locks")
    while while_running.is_alive():
        reads += 1
        found += [line for line in locks.read_text().splitlines() if holder(line) in pids]
    return reads, found


def holder(line: str) -> str:
    """The pid in a line of /proc/locks."""
    return line.split()[-4]


def scrape_many(exporters: list[Exporter]) -> threading.Thread:
    """Scrape each of them many times, in the background."""

    def work() -> None:
        for _ in range(SCRAPES):
            for exporter in exporters:
                exporter.get("/metrics")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def start_both(hermes: HermesHome, start_exporter: StartExporter, *options: str) -> list[Exporter]:
    """One exporter as the owner, one as root; both see both gateways, so both did read the home."""
    exporters = [
        start_exporter("--hermes.home", str(hermes.root), *options),
        start_exporter("--hermes.home", str(hermes.root), *options, user="root"),
    ]
    for exporter in exporters:
        scrape = exporter.scrape()
        for profile in ("default", "coder"):
            assert scrape.one("hermes_gateway_proof", "proof", profile=profile) == "lock"
    return exporters


def test_idle_home_is_untouched(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """While Hermes is held still, scrapes as its owner and as root leave every entry exactly as it was."""
    pids = []
    for profile in ("default", "coder"):
        hermes.install(profile)
        pids.append(hermes.start(profile))
    for pid in pids:
        hermes.kill(pid, "STOP")
    before = tree(hermes.systemd, hermes.root)
    assert len(before) > 50

    exporters = start_both(hermes, start_exporter)
    scrape_many(exporters).join()

    assert tree(hermes.systemd, hermes.root) == before


def test_working_home_is_only_written_by_hermes(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """While gateways work, what changes is what they write themselves, and all of it stays theirs."""
    for profile in ("default", "coder"):
        hermes.install(profile)
        hermes.start(profile)
    before = tree(hermes.systemd, hermes.root)

    exporters = start_both(hermes, start_exporter)
    scrape_many(exporters).join()

    after = tree(hermes.systemd, hermes.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    strange = {path for path in changed if not any(fnmatch.fnmatch(path, known) for known in WRITTEN_BY_HERMES)}
    assert strange == set()
    assert {path for path, entry in after.items() if entry.split()[2:4] != ["6061", "6061"]} == set()


def test_no_lock_is_taken(hermes: HermesHome, start_exporter: StartExporter) -> None:
    """While it scrapes it is never in /proc/locks, though one lock is free; a live gateway is.

    It has no memory here, which it would lock.
    """
    for profile in ("default", "coder"):
        hermes.install(profile)
        hermes.start(profile)
    gateway = str(hermes.state("default")["pid"])
    exporters = start_both(hermes, start_exporter, "--state.path", "/dev/null/memory.db")
    ours = {str(exporter.process.pid) for exporter in exporters}
    assert len(ours) == 2
    hermes.systemd.systemctl("user", "stop", hermes.unit("coder"))
    assert hermes.systemd.path(hermes.home("coder") / "gateway.lock").exists()

    reads, found = locks_of(hermes.systemd, {*ours, gateway}, scrape_many(exporters))

    assert {holder(line) for line in found} == {gateway}
    assert reads > SCRAPES
