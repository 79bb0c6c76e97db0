"""config.yaml: a profile's settings, of which only those that change a verdict are kept.

Hermes runs on with its defaults when the file does not parse, and says so only in its log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.sources import safe_yaml

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "config.yaml"
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class HermesConfig:
    """What config.yaml says.

    Attributes:
        valid: it parses to a mapping (or is empty); otherwise Hermes ignores all of it.
        multiplex: this profile's gateway is told to serve the other profiles too; None where it does not say.
    """

    valid: bool
    multiplex: bool | None


def parse(data: bytes, notes: Notes) -> HermesConfig:
    """Parse the file; one that does not parse is a finding, not an error."""
    try:
        settings = safe_yaml.load(data)
    except safe_yaml.YamlError as error:
        notes.fault("file", str(error))
        return HermesConfig(valid=False, multiplex=None)
    if settings is None:
        return HermesConfig(valid=True, multiplex=None)
    if not isinstance(settings, dict):
        notes.fault("file", "expected a mapping")
        return HermesConfig(valid=False, multiplex=None)
    return HermesConfig(valid=True, multiplex=_multiplex(settings))


def _multiplex(settings: dict[object, object]) -> bool | None:
    gateway = settings.get("gateway")
    for section in (gateway if isinstance(gateway, dict) else {}, settings):
        value = section.get("multiplex_profiles")
        if isinstance(value, bool):
            return value
    return None
