"""A simulated host as Prometheus would have scraped it: every minute of its past."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hermes_exporter.assessor import Assessor
from hermes_exporter.cases import Gathered
from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.collectors.view import HostView
from hermes_exporter.discovery import Discovery, Home
from hermes_exporter.exposition import PLAIN
from hermes_exporter.home_reader import HomeReader
from hermes_exporter.judge.liveness import Clock
from hermes_exporter.memory import Memory
from hermes_exporter.problems import ProblemLog
from hermes_exporter.rendering import Renderer
from hermes_exporter.settings import Policy
from hermes_exporter.simulator import Process, Simulation, faults, owner
from hermes_exporter.sources.unit import Unit
from hermes_exporter.witness import Witness
from tests.dashboards.remote_write import STALE
from tests.homes import CLOCK_TICKS, Procfs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hermes_exporter.simulator import Profile
    from tests.dashboards.remote_write import Samples

SIGKILL = 9
SERIES_LIMIT = 50_000


@dataclass
class _Service:
    """What systemd would say of a profile's unit."""

    restarts: int = 0
    killed: bool = False
    changed_at: float = 0.0


@dataclass
class SimulatedHost:
    """A Hermes home with its processes, its units and its exporter; it began at ``start``, Unix seconds."""

    directory: Path
    start: float
    version: str = "0.19"
    _services: dict[str, _Service] = field(default_factory=dict)
    _starting: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        boot = self.start - 86400.0
        self.simulation = Simulation(
            self.directory / ".hermes",
            self.start,
            version=self.version,  # type: ignore[arg-type]
            boot_at=boot,
            keeps_output=False,
        )
        self._boot, self._pid = boot, 4000
        self._procfs = Procfs(self.directory / "proc", int(boot))
        rootfs = self.directory / "root"
        (rootfs / "etc").mkdir(parents=True)
        (rootfs / "etc/timezone").write_text("UTC\n")
        self._memory = Memory()
        home = Home("", self.simulation.root)
        collectors = frozenset(COLLECTORS)
        discovery = Discovery(home, frozenset(), frozenset(), self._memory.names(str(home.root), 0.0))
        self._reader = HomeReader(home, discovery, self._memory, collectors, rootfs)
        policy = Policy(collectors, {}, 500, job_names=True, host_zone="UTC", timezones={})
        witness = Witness(self._procfs.root, self._memory.seen_here)
        self._assessor = Assessor(witness, self._memory, ProblemLog(), policy)
        self._renderer = Renderer(SERIES_LIMIT)

    def start_gateway(self, profile: Profile) -> None:
        """Start a profile's gateway, by its unit; one that lives is stopped first."""
        self._end(profile, killed=False)
        self._pid += 1
        ticks = round((profile.now - self._boot) * CLOCK_TICKS)
        owner.start_gateway(profile, Process(self._pid, ticks))
        self._procfs.add(self._pid, ticks)
        self._starting[profile.name] = self._pid
        service = self._services.setdefault(profile.name, _Service())
        service.changed_at = profile.now

    def kill_gateway(self, profile: Profile) -> None:
        """Let a gateway be killed."""
        self._end(profile, killed=True)

    def restart_killed(self, profile: Profile) -> None:
        """Let a gateway be killed, and systemd start it again."""
        self._end(profile, killed=True)
        self.start_gateway(profile)
        self._services[profile.name].restarts += 1

    def scrapes(self, until: float, pace: float) -> Iterator[tuple[float, dict[str, float]]]:
        """Yield when the host was scraped and what it said, by series, from now on."""
        while self.simulation.now < until:
            self.simulation.advance(min(self.simulation.now + pace, until))
            yield self.simulation.now, self._scrape()

    def close(self) -> None:
        """Let go of what is open."""
        self.simulation.close()
        self._memory.close()

    def _end(self, profile: Profile, *, killed: bool) -> None:
        gateway = profile.gateway
        if gateway is None or not gateway.alive:
            return
        (faults.kill if killed else owner.stop_gateway)(profile)
        self._starting.pop(profile.name, None)
        self._procfs.kill(gateway.process.pid)
        service = self._services[profile.name]
        service.killed, service.changed_at = killed, profile.now

    def _scrape(self) -> dict[str, float]:
        self.simulation.materialise()
        for name, pid in list(self._starting.items()):
            lock = self.simulation.profiles[name].home / "gateway.lock"
            if lock.exists():
                self._procfs.hold(pid, lock)
                del self._starting[name]
        now = self.simulation.now
        look = self._reader.look(now)
        units = tuple(map(self._unit, self.simulation.profiles.values()))
        gathered = Gathered([look], units, units_failed=False, problems=())
        views = self._assessor.assess(gathered, Clock(now, now - self._boot)).views
        self._memory.changes((view.profile.label for view in views), now)
        host = HostView("0.0.0", "3.11", now, look.seconds, {}, {"default": look.space} if look.space else {},
                        {"hermes": True}, memory_durable=True)  # fmt: skip
        return _parsed(self._renderer.render(views, host).encode(PLAIN).decode())

    def _unit(self, profile: Profile) -> Unit:
        service, gateway = self._services.setdefault(profile.name, _Service()), profile.gateway
        alive = gateway is not None and gateway.alive
        name = "hermes-gateway" if profile.name == "default" else f"hermes-gateway-{profile.name}"
        dead = ("failed", "failed", "signal") if service.killed else ("inactive", "dead", "success")
        state, sub_state, result = ("active", "running", "success") if alive else dead
        return Unit(
            f"{name}.service", "user", "loaded", state, sub_state, result,
            exit_status=SIGKILL if service.killed else None, restarts=service.restarts,
            main_pid=gateway.process.pid if gateway is not None and alive else 0, file_state="enabled",
            needs_reload=False, state_changed_at=service.changed_at or None,
            active_since=service.changed_at or None,
            hermes_home=str(self.simulation.root), profile_flag=profile.name,
        )  # fmt: skip


def history(host: SimulatedHost, until: float, pace: float) -> dict[str, Samples]:
    """Return all samples up to a moment by series; one that went ends with a stale marker."""
    samples: dict[str, Samples] = {}
    before: dict[str, float] = {}
    for at, said in host.scrapes(until, pace):
        said["up"] = 1.0
        for name, value in said.items():
            samples.setdefault(name, []).append((at, value))
        for name in before.keys() - said.keys():
            samples[name].append((at, STALE))
        before = said
    return samples


def _parsed(text: str) -> dict[str, float]:
    series = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            series[name] = float(value)
    return series
