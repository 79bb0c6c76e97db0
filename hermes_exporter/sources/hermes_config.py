"""config.yaml: a profile's settings, of which only those that change a verdict are kept.

Hermes runs on with its defaults when the file does not parse, and says so only in its log. /etc/hermes/config.yaml
lies over it, leaf by leaf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources import provider_id, safe_yaml
from hermes_exporter.sources.gateway_state import PLATFORM
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.sources.artefact import Notes

FILENAME = "config.yaml"
MAX_BYTES = 1 << 20
LEVELS_ABOVE_INFO = frozenset({"WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"})
AUTO = "auto"
"""Named so, Hermes takes the first provider that it finds credentials for."""
MAX_PROVIDERS = 64
MULTIPLEX = "GATEWAY_MULTIPLEX_PROFILES"
"""The variable by which an environment says the same as the configuration."""
_MULTIPLEX_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class HermesConfig(Value):
    """What config.yaml says; None where it does not say.

    Attributes:
        valid: it parses to a mapping (or is empty); otherwise Hermes ignores all of it.
        multiplex: this profile's gateway is told to serve the other profiles too.
        timezone: name of the zone of the cron.
        cron_provider: who fires the jobs; builtin where it is Hermes' own ticker.
        log_level: least level that Hermes logs.
        platforms: whether each messenger is switched on, by name.
        provider: the model provider, as it may be shown.
        fallbacks: providers that take over from it, in their order.
        custom: providers that the owner set up.
    """

    valid: bool
    multiplex: bool | None = None
    timezone: str | None = None
    cron_provider: str | None = None
    log_level: str | None = None
    platforms: tuple[tuple[str, bool], ...] = ()
    provider: str | None = None
    fallbacks: tuple[str, ...] = ()
    custom: tuple[str, ...] = ()

    @property
    def hides_info(self) -> bool:
        """Whether Hermes does not log what went well; a level that is none is INFO to it."""
        return (self.log_level or "").upper() in LEVELS_ABOVE_INFO

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
            provider=overlay.provider or self.provider,
            fallbacks=overlay.fallbacks or self.fallbacks,
            custom=tuple(dict.fromkeys((*self.custom, *overlay.custom))),
        )


def multiplexes(value: str | None) -> bool | None:
    """Return what the variable MULTIPLEX says, None where it is not set or says nothing."""
    return _MULTIPLEX_WORDS.get((value or "").lower())


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
    own = list(_section(settings, "providers"))
    gateway, cron, logging, model = (_section(settings, name) for name in ("gateway", "cron", "logging", "model"))
    return HermesConfig(
        valid=True,
        multiplex=_switch((gateway, settings), "multiplex_profiles"),
        timezone=_word(settings, "timezone"),
        cron_provider=_word(cron, "provider"),
        log_level=_word(logging, "level"),
        platforms=_platforms(_section(gateway, "platforms")) + _platforms(_section(settings, "platforms")),
        provider=_provider(model.get("provider")),
        fallbacks=_providers(settings.get("fallback_providers"), settings.get("fallback_model"), key="provider"),
        custom=tuple(
            provider_id.label(f"custom:{name}")
            for name in _providers(settings.get("custom_providers"), own, key="name", named=_slug)
        ),
    )


def _section(settings: dict[object, object], name: str) -> dict[object, object]:
    section = settings.get(name)
    return section if isinstance(section, dict) else {}


def _switch(sections: tuple[dict[object, object], ...], name: str) -> bool | None:
    return next((value for section in sections if isinstance(value := section.get(name), bool)), None)


def _word(section: dict[object, object], name: str) -> str | None:
    value = section.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _providers(*entries: object, key: str, named: Callable[[object], str | None] | None = None) -> tuple[str, ...]:
    """Return what a list, or a single entry, names: words, or mappings that have it under a key."""
    listed = [each for entry in entries for each in (entry if isinstance(entry, list) else [entry])]
    names = [(named or _provider)(each.get(key) if isinstance(each, dict) else each) for each in listed]
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_PROVIDERS]


def _provider(name: object) -> str | None:
    word = name.strip().lower() if isinstance(name, str) else ""
    return provider_id.of_owner(word) if word not in ("", AUTO) else None


def _slug(name: object) -> str | None:
    return name.strip().lower().replace(" ", "-") or None if isinstance(name, str) else None


def _platforms(section: dict[object, object]) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (name, settings["enabled"])
        for name, settings in section.items()
        if isinstance(name, str)
        and PLATFORM.fullmatch(name)
        and isinstance(settings, dict)
        and isinstance(settings.get("enabled"), bool)
    )
