"""Everything a profile's directory says, each artefact read at most once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermes_exporter.sources import (
    auth_store,
    cron_files,
    dead_targets,
    deliveries,
    drain_request,
    env_file,
    gateway_state,
    heartbeat,
    hermes_config,
    lifecycle,
    pid_record,
    restart_guard,
    start_ring,
    stop_markers,
    storage,
    ticker,
    update_receipt,
)
from hermes_exporter.sources.artefact import SourceError
from hermes_exporter.sources.auth_store import AuthStore
from hermes_exporter.sources.cron_files import CronFiles
from hermes_exporter.sources.installed_code import UNKNOWN
from hermes_exporter.values import Value, replace

if TYPE_CHECKING:
    from hermes_exporter.problems import Problem
    from hermes_exporter.sources.deliveries import Deliveries
    from hermes_exporter.sources.desk import Desk
    from hermes_exporter.sources.drain_request import DrainRequest
    from hermes_exporter.sources.env_file import EnvFile
    from hermes_exporter.sources.exit_diagnostics import ExitDiagnostics
    from hermes_exporter.sources.flocks import FileId
    from hermes_exporter.sources.gateway_state import GatewayState
    from hermes_exporter.sources.heartbeat import Heartbeat
    from hermes_exporter.sources.hermes_config import HermesConfig
    from hermes_exporter.sources.installed_code import InstalledCode, Installs
    from hermes_exporter.sources.lifecycle import Lifecycle
    from hermes_exporter.sources.pid_record import PidRecord
    from hermes_exporter.sources.storage import DatabaseTraces, StateDatabase
    from hermes_exporter.sources.update_receipt import UpdateReceipt


NO_CRON = CronFiles()
NO_AUTH = AuthStore()


class ProfileFiles(Value):
    """The records of one profile; None where the artefact is absent or of no use.

    Attributes:
        pid_records: gateway.pid, gateway.lock and gateway_state.json may each name the gateway's process.
        state_known: False where the gateway's state file is there and of no use.
        lock: identity of gateway.lock; ``lock_changed`` its mtime and ctime in nanoseconds.
        starts_known: False where the start records are there and cannot be used.
        queue_known: False where the queue of reports is there and of no use.
        interrupted_start: newest start of the gateway that found interrupted work, Unix seconds.
        stops: by kind, when an announced stop was announced, Unix seconds.
        lock_hidden: gateway.lock may not even be looked at: nobody can tell whether it is held.
        auth: its credentials, none where it has no auth.json; None where they are not known. ``root_auth`` are
            those of the home's root, for a profile that is not the root.
        config: config.yaml alone; ``settings`` is what holds, the host's overlay included.
    """

    state: GatewayState | None = None
    state_known: bool = True
    pid_records: tuple[PidRecord, ...] = ()
    lock: FileId | None = None
    lock_changed: tuple[int, int] = (0, 0)
    lock_hidden: bool = False
    heartbeat: Heartbeat | None = None
    starts: tuple[float, ...] | None = None
    starts_known: bool = True
    interrupted_start: float | None = None
    drain: DrainRequest | None = None
    stops: tuple[tuple[str, float], ...] = ()
    update: UpdateReceipt | None = None
    installed: InstalledCode = UNKNOWN
    lifecycle: Lifecycle | None = None
    config: HermesConfig | None = None
    settings: HermesConfig | None = None
    env: EnvFile | None = None
    cron: CronFiles = NO_CRON
    deliveries: Deliveries | None = None
    queue_known: bool = True
    dead_targets: dict[str, int] | None = None
    auth: AuthStore | None = None
    root_auth: AuthStore | None = None
    database: StateDatabase | None = None
    problems: tuple[Problem, ...] = ()


class Above(Value):
    """What holds for a profile and lies elsewhere: the host's configuration, the credentials of the root.

    ``gone_jobs`` are ids of those that the store has no more, as they are remembered.
    """

    overlay: HermesConfig | None = None
    auth: AuthStore | None = None
    gone_jobs: tuple[str, ...] = ()


class Followed(Value):
    """What is followed in one profile from one reading to the next, and the installations that its home knows."""

    diagnostics: ExitDiagnostics
    database: DatabaseTraces
    installs: Installs


def read(desk: Desk, followed: Followed, collectors: frozenset[str], above: Above) -> ProfileFiles:
    """Read the artefacts of a profile that is present; never raises for what is wrong with one of them.

    What only a collector that is switched off would ask for is not read.
    """
    cron = cron_files.read(desk, above.gone_jobs) if "cron" in collectors else NO_CRON
    desk.spent("cron")
    dead, queue = _delivery(desk, collectors)
    desk.spent("delivery")
    auth = _auth(desk) if "credentials" in collectors else None
    desk.spent("credentials")
    database = _database(desk, followed) if "storage" in collectors else None
    desk.spent("storage")
    env = desk.take("platforms", env_file.FILENAME, env_file.parse, env_file.MAX_BYTES)
    desk.spent("platforms")
    state = desk.take("gateway", gateway_state.FILENAME, gateway_state.parse, gateway_state.MAX_BYTES)
    config = desk.take("gateway", hermes_config.FILENAME, hermes_config.parse, hermes_config.MAX_BYTES)
    lock, lock_changed, hidden = _identity(desk)
    desk.follow("gateway", followed.diagnostics)
    files = ProfileFiles(
        state=state,
        state_known=desk.known(gateway_state.FILENAME),
        pid_records=_pid_records(desk, state),
        lock=lock,
        lock_changed=lock_changed,
        lock_hidden=hidden,
        heartbeat=desk.take("gateway", heartbeat.FILENAME, heartbeat.parse, heartbeat.MAX_BYTES),
        starts=desk.take("gateway", start_ring.FILENAME, start_ring.parse, start_ring.MAX_BYTES),
        starts_known=desk.known(start_ring.FILENAME),
        interrupted_start=desk.take(
            "gateway", restart_guard.FILENAME, restart_guard.parse, restart_guard.MAX_BYTES
        ),
        drain=desk.take("gateway", drain_request.FILENAME, drain_request.parse, drain_request.MAX_BYTES),
        stops=_stops(desk),
        update=desk.take("gateway", update_receipt.FILENAME, update_receipt.parse, update_receipt.MAX_BYTES),
        installed=followed.installs.of(state.program if state else None),
        lifecycle=desk.take("gateway", lifecycle.FILENAME, lifecycle.parse, lifecycle.MAX_BYTES),
        config=config,
        settings=config.under(above.overlay) if config else above.overlay,
        env=env,
        cron=cron,
        deliveries=queue,
        queue_known=desk.known(deliveries.FILENAME),
        dead_targets=dead,
        auth=auth,
        root_auth=above.auth,
        database=database,
        problems=tuple(desk.problems),
    )
    desk.spent("gateway")
    return files


def pulses(directory: str) -> frozenset[str]:
    """Return the paths that an idle gateway writes again and again, and the directories that it does so in."""
    names = (heartbeat.FILENAME, ticker.HEARTBEAT, ticker.SUCCESS)
    paths = [f"{directory}/{name}" for name in names]
    return frozenset((*paths, *map(os.path.dirname, paths)))


def renewed(files: ProfileFiles, desk: Desk, collectors: frozenset[str]) -> ProfileFiles | None:
    """Return the records of a profile of which only pulses changed; None where all has to be read after all."""
    cron = cron_files.renewed(files.cron, desk) if "cron" in collectors else files.cron
    desk.spent("cron")
    beat = desk.take("gateway", heartbeat.FILENAME, heartbeat.parse, heartbeat.MAX_BYTES)
    desk.spent("gateway")
    if desk.problems or files.problems:
        return None
    return replace(files, heartbeat=beat, cron=cron)


def _pid_records(desk: Desk, state: GatewayState | None) -> tuple[PidRecord, ...]:
    records = [
        desk.take("gateway", name, pid_record.parse, pid_record.MAX_BYTES)
        for name in (pid_record.PID_FILENAME, pid_record.LOCK_FILENAME)
    ]
    if state and state.pid is not None:
        records.append(pid_record.PidRecord(state.pid, state.start_ticks))
    return tuple(record for record in records if record)


def _stops(desk: Desk) -> tuple[tuple[str, float], ...]:
    written = {
        kind: desk.take("gateway", name, stop_markers.parse, stop_markers.MAX_BYTES)
        for kind, name in stop_markers.FILENAMES.items()
    }
    return tuple((kind, at) for kind, at in written.items() if at is not None)


def _delivery(desk: Desk, collectors: frozenset[str]) -> tuple[dict[str, int] | None, Deliveries | None]:
    """Return the dead targets, and the queue, which verdicts on the reports of jobs stand on too."""
    dead, queue = None, None
    if "delivery" in collectors:
        dead = desk.take("delivery", dead_targets.FILENAME, dead_targets.parse, dead_targets.MAX_BYTES)
    if collectors & {"delivery", "cron"}:
        queue = desk.query("delivery", deliveries.FILENAME, deliveries.query)
    return dead, queue


def _auth(desk: Desk) -> AuthStore | None:
    found = desk.take("credentials", auth_store.FILENAME, auth_store.parse, auth_store.MAX_BYTES)
    return NO_AUTH if found is None and desk.known(auth_store.FILENAME) else found


def _database(desk: Desk, followed: Followed) -> StateDatabase | None:
    for name in (storage.DATABASE, f"{storage.DATABASE}-wal"):
        desk.path(name)
    try:
        return followed.database.look(desk.directory)
    except SourceError as error:
        desk.failed("storage", error)
        return None


def _identity(desk: Desk) -> tuple[FileId | None, tuple[int, int], bool]:
    try:
        status = os.stat(desk.path(pid_record.LOCK_FILENAME))  # noqa: PTH116  # the path is text
    except (FileNotFoundError, NotADirectoryError):
        return None, (0, 0), False
    except OSError:
        return None, (0, 0), True
    return (status.st_dev, status.st_ino), (status.st_mtime_ns, status.st_ctime_ns), False
