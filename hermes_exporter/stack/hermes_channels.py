"""What Hermes itself talks through: its Telegram bots, and the ports on which its gateways listen.

A token is never kept: only its digest, to hold another one against it.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from hermes_exporter.discovery import Discovery
from hermes_exporter.sources import env_file, hermes_config, safe_yaml
from hermes_exporter.sources.artefact import Reader, SourceError
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hermes_exporter.discovery import Home
    from hermes_exporter.sources.artefact import Notes

DEFAULT_PORTS = {"webhook": 8644, "api_server": 8642}
PORT_VARIABLES = ("WEBHOOK_PORT", "API_SERVER_PORT")
TOKEN_VARIABLE = "TELEGRAM_BOT_TOKEN"  # noqa: S105  # its name


class Channels(Value):
    """What the profiles of some homes use.

    Attributes:
        bots: labels of the profiles, by the digest of their bot's token.
        ports: on which a gateway of theirs may listen.
        unread: files that could not be read.
    """

    bots: dict[bytes, str] = field(default_factory=dict)
    ports: set[int] = field(default_factory=set)
    unread: list[Path] = field(default_factory=list)


def digest(token: str) -> bytes:
    """Return what two equal tokens have in common, and nothing that leads back to them."""
    return hashlib.sha256(token.strip().encode()).digest()


def read(homes: Iterable[Home]) -> Channels:
    """Return what the profiles there use; nothing where there is no home."""
    channels, reader = Channels(), Reader()
    for home in homes:
        for profile in Discovery(home, frozenset(), frozenset()).find(reader, time.time()).profiles:
            if not profile.present:
                continue
            channels.ports.update(DEFAULT_PORTS.values())
            for name, parse in ((env_file.FILENAME, _variables), (hermes_config.FILENAME, _settings)):
                path = profile.path / name
                try:
                    found = reader.read(str(path), parse, env_file.MAX_BYTES)
                except SourceError:
                    channels.unread.append(path)
                    continue
                tokens, ports = found.record if found else ((), ())
                channels.bots.update((each, profile.label) for each in tokens)
                channels.ports.update(ports)
    return channels


Used = tuple[tuple[bytes, ...], tuple[int, ...]]


def _variables(data: bytes, _notes: Notes) -> Used:
    """Return digests of tokens and ports out of an .env file."""
    values = dict(env_file.assignments(data))
    token = values.get(TOKEN_VARIABLE)
    return (digest(token),) if token else (), tuple(_ports(values.get(name) for name in PORT_VARIABLES))


def _settings(data: bytes, _notes: Notes) -> Used:
    """Return the same out of a config.yaml; nothing where that does not parse, for then Hermes ignores it."""
    try:
        settings = safe_yaml.load(data)
    except safe_yaml.YamlError:
        return (), ()
    token = _at(settings, "platforms", "telegram", "token")
    ports = _ports(_at(settings, "platforms", name, "extra", "port") for name in DEFAULT_PORTS)
    return (digest(token),) if isinstance(token, str) and token.strip() else (), tuple(ports)


def _ports(values: Iterable[object]) -> Iterator[int]:
    yield from (int(str(value)) for value in values if str(value).isdecimal())


def _at(settings: object, *keys: str) -> object:
    for key in keys:
        settings = settings.get(key) if isinstance(settings, dict) else None
    return settings
