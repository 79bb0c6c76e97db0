"""What the records alone decide of a profile, whatever the time: made anew only when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge import platforms, zone

if TYPE_CHECKING:
    from hermes_exporter.cases import Case
    from hermes_exporter.judge.platforms import Platform


class Calm(NamedTuple):
    """Its messengers, and the zone that its schedules are read in."""

    platforms: tuple[Platform, ...]
    timezone: str


class CalmFacts:
    """Keeps the calm facts of every profile. ``host_zone`` is the host's time zone."""

    def __init__(self, host_zone: str, *, with_platforms: bool) -> None:
        self._host_zone, self._with_platforms = host_zone, with_platforms
        self._kept: dict[str, tuple[object, Calm]] = {}

    def of(self, case: Case) -> Calm:
        """Return the facts of a profile."""
        speaker = case.host or case
        read = (case.files.settings, case.files.env, case.env, speaker.files.state)
        key = (*read, speaker.liveness.process, case.units, case.host is None)
        kept = self._kept.get(case.profile.label)
        if kept is None or kept[0] != key:
            messengers = _platforms(case) if self._with_platforms else ()
            kept = (key, Calm(messengers, self._timezone(case)))
            self._kept[case.profile.label] = kept
        return kept[1]

    def _timezone(self, case: Case) -> str:
        files = case.files
        named = (
            case.env.timezone if case.env else None,
            files.env.timezone if files.env else None,
            next((unit.timezone for unit in case.units if unit.timezone), None),
            files.settings.timezone if files.settings else None,
        )
        return zone.resolve(named, self._host_zone)


def _platforms(case: Case) -> tuple[Platform, ...]:
    speaker = case.host or case
    state = speaker.files.state
    mine = (case.profile.name,) if case.host else ("", case.profile.name)
    entries = [entry for entry in state.platforms if entry.profile in mine] if state else []
    return platforms.platforms(entries, speaker.liveness.process, case.files.settings, case.files.env)
