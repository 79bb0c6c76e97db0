"""Whether what is to tell of a dead gateway needs that gateway itself: its bot, or its port."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hermes_exporter.sources import safe_yaml
from hermes_exporter.sources.artefact import Reader, SourceError, UnusableError
from hermes_exporter.stack.hermes_channels import digest
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hermes_exporter.sources.artefact import Notes
    from hermes_exporter.stack.hermes_channels import Channels

USUAL_PLACES = (Path("/etc/prometheus/alertmanager.yml"), Path("/etc/alertmanager/alertmanager.yml"))
MASKED = "<secret>"
MAX_BYTES = 1 << 20
MAX_SECRET_BYTES = 1 << 16
ASK_FOR_FILE = "name Alertmanager's own with --alertmanager.config-file, as a user who may read it"


class Configuration(Value):
    """Alertmanager's configuration, and the directory that its file names are relative to."""

    content: Mapping[Any, Any]
    directory: Path


def load(path: Path) -> Configuration:
    """Read a configuration file; raise ValueError with the reason, which quotes nothing of it."""
    try:
        found = Reader().read(str(path), _parse, MAX_BYTES)
    except SourceError as error:
        raise ValueError(str(error)) from None
    if found is None:
        raise ValueError(f"{path}: does not exist")
    return Configuration(found.record, path.absolute().parent)


def usual(loaded: Mapping[Any, Any]) -> Configuration | None:
    """Return the configuration at one of the usual places, if it has the receivers of what is loaded."""
    for path in USUAL_PLACES:
        try:
            found = load(path)
        except ValueError:
            continue
        if _names(found.content) == _names(loaded):
            return found
    return None


def warnings(alarm: Configuration, channels: Channels) -> Iterator[str]:
    """Yield what is wrong with the way of the alarm, or cannot be told, a sentence each; no secret is in them."""
    if not channels.ports:
        return
    bots = list(_secrets(alarm, "telegram_configs", "bot_token"))
    for token in bots:
        profile = channels.bots.get(digest(token)) if token else None
        if profile:
            yield (
                f"the bot that rings is the one of Hermes' profile {profile}: what stops it stops the alarm. "
                "Make another one with @BotFather"
            )
    if None in bots:
        yield f"cannot tell whether the bot that rings is Hermes' own: {ASK_FOR_FILE}"
    elif bots:
        yield from (f"cannot tell whether the bot that rings is Hermes' own: {path} cannot be read"
                    for path in channels.unread)  # fmt: skip
    addresses = list(_secrets(alarm, "webhook_configs", "url"))
    for address in addresses:
        port = _own_port(address or "", channels.ports)
        if port:
            yield (
                f"the alarm goes to port {port} of this machine, where Hermes' gateway listens: "
                "a dead gateway cannot tell that it is dead"
            )
    if None in addresses:
        yield f"cannot tell whether a webhook leads to Hermes' own gateway: {ASK_FOR_FILE}"


def _secrets(alarm: Configuration, integration: str, key: str) -> Iterator[str | None]:
    """Yield each value of a key or of the file that stands for it, None for one that cannot be seen."""
    for receiver in alarm.content.get("receivers") or ():
        for entry in receiver.get(integration) or ():
            if entry.get(f"{key}_file"):
                yield _content(alarm.directory / str(entry[f"{key}_file"]))
            elif entry.get(key):
                yield None if MASKED in str(entry[key]) else str(entry[key])


def _content(path: Path) -> str | None:
    try:
        found = Reader().read(str(path), _text, MAX_SECRET_BYTES)
    except SourceError:
        return None
    return found.record if found else None


def _own_port(address: str, ports: Iterable[int]) -> int | None:
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return None
    return port if port in set(ports) and _here(parts.hostname or "") else None


def _here(host: str) -> bool:
    """Return whether that is this machine, by its name or a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in ("localhost", socket.gethostname().lower(), socket.getfqdn().lower())


def _names(content: Mapping[Any, Any]) -> set[str]:
    return {str(receiver.get("name")) for receiver in content.get("receivers") or ()}


def _parse(data: bytes, _notes: Notes) -> dict[object, Any]:
    try:
        content = safe_yaml.load(data)
    except safe_yaml.YamlError as error:
        raise UnusableError(str(error)) from None
    receivers = content.get("receivers") if isinstance(content, dict) else None
    if not isinstance(receivers, list) or not all(isinstance(receiver, dict) for receiver in receivers):
        raise UnusableError("no configuration of Alertmanager")
    return dict(content) if isinstance(content, dict) else {}


def _text(data: bytes, _notes: Notes) -> str:
    return data.decode("utf-8", "replace")
