"""config.yaml: a profile's settings, of which only those that change a verdict are kept.

Hermes runs on with its defaults when the file does not parse, and says so only in its log. /etc/hermes/config.yaml
lies over it, leaf by leaf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.sources import safe_yaml
from hermes_exporter.sources.gateway_state import PLATFORM

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "config.yaml"
MAX_BYTES = 1 << 20
MULTIPLEX_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True, slots=True)
class HermesConfig:
    """What config.yaml says; None where it does not say.

    Attributes:
        valid: it parses to a mapping (or is empty); otherwise Hermes ignores all of it.
        multiplex: this profile's gateway is told to serve the other profiles too.
        timezone: name of the zone of the cron.
        cron_provider: who fires the jobs; builtin where it is Hermes' own ticker.
        log_level: least level that Hermes logs.
        platforms: whether each messenger is switched on, by name.
    """

    valid: bool
    multiplex: bool | None = None
    timezone: str | None = None
    cron_provider: str | None = None
    log_level: str | None = None
    platforms: tuple[tuple[str, bool], ...] = ()

    def under(self, overlay: HermesConfig | None) -> HermesConfig:
        """Return these settings with those of the overlay, which win, laid over them."""
        if overlay is None or not overlay.valid:
            return self
        return HermesConfig(
            valid=self.valid,
            multiplex=self.multiplex if overlay.multiplex is None else overlay.multiplex,
            timezone=overlay.timezone or self.timezone,
            cron_provider=overlay.cron_provider or self.cron_provider,
            log_level=overlay.log_level or self.log_level,
            platforms=tuple({**dict(self.platforms), **dict(overlay.platforms)}.items()),
        )


def parse(data: bytes, notes: Notes) -> HermesConfig:
    """Parse the file; one that does not parse is a finding, not an error."""
    try:
        settings = safe_yaml.load(data)
    except safe_yaml.YamlError as error:
        notes.fault("file", str(error))
        return HermesConfig(valid=False)
    if settings is None:
        return HermesConfig(valid=True)
    if not isinstance(settings, dict):
        notes.fault("file", "expected a mapping")
        return HermesConfig(valid=False)
    gateway, cron, logging = (_section(settings, name) for name in ("gateway", "cron", "logging"))
    return HermesConfig(
        valid=True,
        multiplex=_switch((gateway, settings), "multiplex_profiles"),
        timezone=_word(settings, "timezone"),
        cron_provider=_word(cron, "provider"),
        log_level=_word(logging, "level"),
        platforms=_platforms(_section(gateway, "platforms")) + _platforms(_section(settings, "platforms")),
    )


def _section(settings: dict[object, object], name: str) -> dict[object, object]:
    section = settings.get(name)
    return section if isinstance(section, dict) else {}


def _switch(sections: tuple[dict[object, object], ...], name: str) -> bool | None:
    return next((value for section in sections if isinstance(value := section.get(name), bool)), None)


def _word(section: dict[object, object], name: str) -> str | None:
    value = section.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _platforms(section: dict[object, object]) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (name, settings["enabled"])
        for name, settings in section.items()
        if isinstance(name, str)
        and PLATFORM.fullmatch(name)
        and isinstance(settings, dict)
        and isinstance(settings.get("enabled"), bool)
    )
