"""What the kernel testifies about each profile's gateway: who holds its lock, which recorded process lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hermes_exporter.sources import pid_record, proc_environ
from hermes_exporter.sources.flocks import Flocks, LockFile
from hermes_exporter.sources.procfs import Procfs
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from hermes_exporter.discovery import Profile
    from hermes_exporter.sources.proc_environ import ZoneVariables
    from hermes_exporter.sources.procfs import Figures, Process
    from hermes_exporter.sources.profile_files import ProfileFiles
    from hermes_exporter.sources.unit import Unit

MAX_ENVIRONMENTS = 1000
T = TypeVar("T")
Started = tuple[int, int]
"""Pid and start of a process, in clock ticks since boot."""


class Testimony(Value):
    """The processes that speak for one profile.

    Attributes:
        holders: live processes that hold its lock; empty too where /proc/locks cannot be read.
        recorded: the live process that recorded itself.
    """

    holders: tuple[Process, ...] = ()
    recorded: Process | None = None


class Witness:
    """Asks one /proc; ``seen_here`` are the profiles whose gateways were seen there before."""

    def __init__(self, root: Path, seen_here: set[str]) -> None:
        self._root = root
        self._procfs = Procfs(root)
        self._flocks = Flocks(root)
        self._seen: dict[int, Process | None] = {}
        self._seen_here = seen_here
        self._zones: dict[Started, ZoneVariables | None] = {}
        self._switches: dict[Started, bool | None] = {}

    def sees_every_process(self) -> bool:
        """Whether a process that is not seen does not exist."""
        return self._procfs.sees_every_process()

    def testify(
        self, profiles: Iterable[Profile], files: Mapping[str, ProfileFiles], units: Iterable[Unit]
    ) -> tuple[dict[str, Testimony], OSError | None]:
        """Return what is known of each profile that is present, by label, and why no lock could be looked at.

        It begins a new look: every process is looked at once until the next one.
        """
        self._seen.clear()
        present = [profile for profile in profiles if profile.present]
        locks = {profile.label: _lock_file(profile, files[profile.label]) for profile in present}
        held: Mapping[str, frozenset[int]] = dict.fromkeys(locks, frozenset())
        failure = None
        try:
            held = self._flocks.holders(locks, tuple(unit.main_pid for unit in units))
        except OSError as error:
            failure = error
        everybody = frozenset[int]().union(*held.values())
        testimonies = {}
        for profile in present:
            holders = tuple(filter(None, map(self.process, sorted(held[profile.label]))))
            recorded = None if holders else self._recorded(files[profile.label])
            lock = locks[profile.label]
            if recorded and (recorded.pid in everybody or self._flocks.keeps_another(recorded.pid, lock)):
                recorded = None  # a copied record: its process is the gateway of what it was copied from
            testimonies[profile.label] = Testimony(holders, recorded)
        return testimonies, failure

    def main_processes(self, units: Iterable[Unit]) -> tuple[Process, ...]:
        """Return the live main processes of the units."""
        return tuple(filter(None, (self.process(unit.main_pid) for unit in units)))

    def has_seen(self, label: str) -> None:
        """Take over that a profile's gateway was among the processes that can be seen."""
        self._seen_here.add(label)

    def would_see(self, label: str, units: Collection[Unit]) -> bool:
        """Whether a profile's gateway would be among the processes that can be seen, whatever else is hidden.

        It was once, or it has units, and every process that they name is there. Of one that just died, and never
        was seen, a unit may name the process until systemd says more: the next look knows.
        """
        if label in self._seen_here:
            return True
        return bool(units) and all(unit.main_pid == 0 or self.process(unit.main_pid) for unit in units)

    def process(self, pid: int) -> Process | None:
        """Return the live process of that pid."""
        if pid not in self._seen:
            self._seen[pid] = self._procfs.process(pid)
        return self._seen[pid]

    def recorded(self, pid: int, start_ticks: int) -> Process | None:
        """Return the live process that recorded itself so."""
        return self._procfs.recorded(pid, start_ticks)

    def figures(self, process: Process) -> Figures:
        """Return what a process uses."""
        return self._procfs.figures(process)

    def zone_variables(self, process: Process) -> ZoneVariables | None:
        """Return what a process' environment says of its zone, None where it may not be read; read once."""
        return self._of_environment(process, self._zones, proc_environ.zone_variables)

    def multiplexes(self, process: Process) -> bool | None:
        """Return whether a process' environment tells it to serve all profiles, None where nobody knows."""
        return self._of_environment(process, self._switches, proc_environ.multiplexes)

    def _of_environment(self, process: Process, kept: dict[Started, T], read: Callable[[str], T]) -> T:
        started = process.pid, process.start_ticks
        if started not in kept:
            if len(kept) >= MAX_ENVIRONMENTS:
                kept.clear()
            kept[started] = read(f"{self._root}/{process.pid}/environ")
        return kept[started]

    def _recorded(self, files: ProfileFiles) -> Process | None:
        for record in dict.fromkeys(files.pid_records):
            if record.start_ticks is not None:
                process = self._procfs.recorded(record.pid, record.start_ticks)
                if process:
                    return process
        return None


def _lock_file(profile: Profile, files: ProfileFiles) -> LockFile:
    return LockFile(f"{profile.real}/{pid_record.LOCK_FILENAME}", files.lock, files.lock_changed)
