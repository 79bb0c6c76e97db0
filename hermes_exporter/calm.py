"""What the records alone decide of a profile, whatever the time: made anew only when they change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import platforms, zone
from hermes_exporter.judge.zone import Zone
from hermes_exporter.sources.proc_environ import ZoneVariables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hermes_exporter.cases import Case
    from hermes_exporter.judge.platforms import Platform
    from hermes_exporter.profile_memory import ProfileMemory
    from hermes_exporter.sources.procfs import Process


_PLAIN = re.compile(r"[\w:+/.-]{0,64}")
"""A name of a zone; nothing else is remembered."""


class Calm(NamedTuple):
    """Its messengers, and the zone that its schedules are read in.

    Attributes:
        timezone: an IANA name, or an offset such as ``UTC+05:30``.
        timezone_mismatch: Hermes writes in another zone than it is told to use; None where that cannot be told.
    """

    platforms: tuple[Platform, ...]
    timezone: str
    timezone_mismatch: bool | None


class CalmFacts:
    """Keeps the calm facts of every profile.

    ``host_zone`` is the host's time zone, ``timezones`` those that the owner named, by label of the profile;
    ``variables`` returns what a process' environment says of its zone.
    """

    def __init__(
        self,
        host_zone: str,
        timezones: Mapping[str, str],
        variables: Callable[[Process], ZoneVariables | None],
        *,
        with_platforms: bool,
    ) -> None:
        self._host_zone, self._timezones, self._variables = host_zone, timezones, variables
        self._with_platforms = with_platforms
        self._kept: dict[str, tuple[object, Calm]] = {}

    def of(self, case: Case, memory: ProfileMemory) -> Calm:
        """Return the facts of a profile; what a gateway's environment said stands after its death."""
        speaker = case.host or case
        read = (case.files.settings, case.files.env, case.env, case.files.cron.jobs, speaker.files.state)
        key = (*read, speaker.liveness.process, case.serving_units, case.host is None)
        kept = self._kept.get(case.profile.label)
        if kept is None or kept[0] != key:
            messengers = _platforms(case) if self._with_platforms else ()
            here = self._zone(case, memory)
            kept = (key, Calm(messengers, here.name, here.mismatch))
            self._kept[case.profile.label] = kept
        return kept[1]

    def _zone(self, case: Case, memory: ProfileMemory) -> Zone:
        if owner := self._timezones.get(case.profile.label):
            return Zone(owner, None)
        files, process = case.files, (case.host or case).liveness.process
        variables = self._variables(process) if process else memory.zone
        if process and variables and all(_PLAIN.fullmatch(value or "") for value in variables):
            memory.zone = variables
        if variables is None:
            units = case.serving_units
            variables = ZoneVariables(_first(unit.timezone for unit in units), _first(unit.tz for unit in units))
        told = (
            case.env.timezone if case.env else None,
            files.env.timezone if files.env else None,
            variables.timezone,
            files.settings.timezone if files.settings else None,
        )
        name = zone.resolve(told, (variables.tz, self._host_zone))
        return zone.checked(name, files.cron.jobs.written if files.cron.jobs else ())


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _platforms(case: Case) -> tuple[Platform, ...]:
    speaker = case.host or case
    state = speaker.files.state
    mine = (case.profile.name,) if case.host else ("", case.profile.name)
    entries = [entry for entry in state.platforms if entry.profile in mine] if state else []
    return platforms.platforms(entries, speaker.liveness.process, case.files.settings, case.files.env)
