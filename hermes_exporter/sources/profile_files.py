"""Everything a profile's directory says about its gateway, each artefact read at most once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hermes_exporter.problems import Kind, Problem
from hermes_exporter.sources import (
    drain_request,
    exit_diagnostics,
    gateway_state,
    heartbeat,
    hermes_config,
    pid_record,
    start_ring,
)
from hermes_exporter.sources.artefact import MAX_FAULTS, Notes, Reader, SourceError
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.discovery import Profile
    from hermes_exporter.sources.drain_request import DrainRequest
    from hermes_exporter.sources.exit_diagnostics import ExitDiagnostics
    from hermes_exporter.sources.flocks import FileId
    from hermes_exporter.sources.gateway_state import GatewayState
    from hermes_exporter.sources.heartbeat import Heartbeat
    from hermes_exporter.sources.hermes_config import HermesConfig
    from hermes_exporter.sources.pid_record import PidRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """The records of one profile; None where the artefact is absent or of no use.

    Attributes:
        pid_records: gateway.pid, gateway.lock and gateway_state.json may each name the gateway's process.
        lock: identity of gateway.lock.
        starts_known: False where the start records are there and cannot be used.
        lock_hidden: gateway.lock may not even be looked at: nobody can tell whether it is held.
    """

    state: GatewayState | None = None
    pid_records: tuple[PidRecord, ...] = ()
    lock: FileId | None = None
    lock_hidden: bool = False
    heartbeat: Heartbeat | None = None
    starts: tuple[float, ...] | None = None
    starts_known: bool = True
    drain: DrainRequest | None = None
    config: HermesConfig | None = None
    problems: tuple[Problem, ...] = ()


def read(profile: Profile, reader: Reader, diagnostics: ExitDiagnostics, now: float) -> ProfileFiles:
    """Read the artefacts of a profile that is present; never raises for what is wrong with one of them."""
    desk = _Desk(profile, reader, now)
    state = desk.take("gateway", gateway_state.FILENAME, gateway_state.parse, gateway_state.MAX_BYTES)
    records = [
        desk.take("gateway", name, pid_record.parse, pid_record.MAX_BYTES)
        for name in (pid_record.PID_FILENAME, pid_record.LOCK_FILENAME)
    ]
    if state and state.pid is not None:
        records.append(pid_record.PidRecord(state.pid, state.start_ticks))
    lock, hidden = _identity(profile)
    starts = desk.take("gateway", start_ring.FILENAME, start_ring.parse, start_ring.MAX_BYTES)
    desk.follow(diagnostics)
    return ProfileFiles(
        state=state,
        pid_records=tuple(record for record in records if record),
        lock=lock,
        lock_hidden=hidden,
        heartbeat=desk.take("gateway", heartbeat.FILENAME, heartbeat.parse, heartbeat.MAX_BYTES),
        starts=starts,
        starts_known=starts is not None or not desk.failed(start_ring.FILENAME),
        drain=desk.take("gateway", drain_request.FILENAME, drain_request.parse, drain_request.MAX_BYTES),
        config=desk.take("gateway", hermes_config.FILENAME, hermes_config.parse, hermes_config.MAX_BYTES),
        problems=tuple(desk.problems),
    )


class _Desk:
    """Takes artefacts in and keeps what was wrong with them."""

    def __init__(self, profile: Profile, reader: Reader, now: float) -> None:
        self._profile, self._reader, self._now = profile, reader, now
        self.problems: list[Problem] = []

    def take(self, collector: str, name: str, parse: Callable[[bytes, Notes], T], max_bytes: int) -> T | None:
        path = self._profile.path / name
        try:
            read = self._reader.read(path, parse, max_bytes)
        except SourceError as error:
            self._failed(collector, error)
            return None
        if read is None:
            return None
        for fault in read.faults:
            self.problems.append(Problem(self._profile.label, collector, str(path), fault, "value"))
        latest = self._now + FUTURE_TOLERANCE_SECONDS
        for place in [place for place, seconds in read.stamps if seconds > latest][:MAX_FAULTS]:
            reason = f"{place}: a time in the future"
            self.problems.append(Problem(self._profile.label, collector, str(path), reason, "future"))
        return read.record

    def follow(self, diagnostics: ExitDiagnostics) -> None:
        path = self._profile.path / exit_diagnostics.FILENAME
        try:
            bad = diagnostics.follow(path)
        except SourceError as error:
            self._failed("gateway", error)
            return
        if bad:
            reason = f"{bad} lines before byte {diagnostics.offset} are not understood"
            self.problems.append(Problem(self._profile.label, "gateway", str(path), reason, "value"))

    def failed(self, name: str) -> bool:
        return any(problem.fails and problem.place == str(self._profile.path / name) for problem in self.problems)

    def _failed(self, collector: str, error: SourceError) -> None:
        kind: Kind = "unreadable" if error.denied else "unusable"
        self.problems.append(Problem(self._profile.label, collector, str(error.path), error.reason, kind))


def _identity(profile: Profile) -> tuple[FileId | None, bool]:
    try:
        status = (profile.path / pid_record.LOCK_FILENAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None, False
    except OSError:
        return None, True
    return (status.st_dev, status.st_ino), False
