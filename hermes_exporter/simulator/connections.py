"""A gateway's connections to its messengers: how they begin, what is logged while they fail, and what is noted.

The notes are those of gateway_state.json, which calls a messenger connected once it has connected and then for as
long as its adapter does not give up: Mattermost's never does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hermes_exporter.simulator.clock import utc
from hermes_exporter.simulator.messengers import ADAPTERS, BUSY, EXPIRED, NO_CONNECTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.simulator.gateway import Gateway
    from hermes_exporter.simulator.messengers import State

GATEWAY = "gateway.run"
BROKEN = ("refusing", "auth", "unreachable")
NOT_REACHED = "httpx.ConnectError: All connection attempts failed"
REJECTED = "The token `7000000008:***` was rejected by the server."
SOCKET = "ws://127.0.0.1:18065/api/v4/websocket"
RETRY_SECONDS = (30, 60, 120, 240, 300)
SOCKET_SECONDS = (4, 8, 16, 32, 60)
POLL_SECONDS = (5, 10, 20, 40, 60)
POLL_RETRIES = 10
CONFLICT_SECONDS = (20, 30, 40, 50, 60)


@dataclass
class Messenger:
    """A messenger that a profile is configured for.

    Attributes:
        home: the chat that it calls home.
        state: how it is, whatever Hermes knows of that.
    """

    name: str
    home: str
    state: State = "ok"


@dataclass
class Connection:
    """What a gateway has to do with one messenger.

    Attributes:
        live: its adapter is there and may be sent through.
        note: what gateway_state.json says.
        failing: its trouble is being logged.
    """

    messenger: Messenger
    live: bool = False
    note: dict[str, Any] | None = None
    failing: bool = False


def connect(gateway: Gateway, connection: Connection) -> bool:
    """Connect for the first time; a connection that fails is tried again and again. Returns whether it stands."""
    name, state = connection.messenger.name, connection.messenger.state
    gateway.log(GATEWAY, f"Connecting to {name}...")
    if state in BROKEN:
        _say_why_not(gateway, connection)
        gateway.log(GATEWAY, f"✗ {name} failed to connect", "WARNING")
        _note(gateway, connection, "retrying", *_reason(connection, "failed to connect"))
        gateway.spawn(_reconnect(gateway, connection))
        return False
    if name == "mattermost":
        who = (
            f"Mattermost: authenticated as @hermes (4e1b839fc7848fc461c936f8f3) on {SOCKET.removeprefix('ws://')}"
        )
        gateway.log(ADAPTERS[name], who)
        gateway.log(ADAPTERS[name], f"Mattermost: connecting to {SOCKET}")
    else:
        gateway.log(ADAPTERS[name], "[Telegram] Connecting to Telegram (attempt 1/8)…", "WARNING")
        gateway.log(ADAPTERS[name], "[Telegram] Connected to Telegram (polling mode)")
    _stands(gateway, connection, "connected")
    changed(gateway, connection)
    return True


def changed(gateway: Gateway, connection: Connection) -> None:
    """The messenger is in another state now; a connection that suffers from it begins to say so."""
    state = connection.messenger.state
    if not connection.live or connection.failing or state not in (*BROKEN, "conflict"):
        return
    if state == "conflict":
        gateway.spawn(_polling_conflicts(gateway, connection))
    elif connection.messenger.name == "mattermost":
        gateway.spawn(_socket_fails(gateway, connection))
    elif state != "auth":
        gateway.spawn(_polling_fails(gateway, connection))


def _stands(gateway: Gateway, connection: Connection, how: str) -> None:
    connection.live, connection.failing = True, False
    _note(gateway, connection, "connected")
    gateway.log(GATEWAY, f"✓ {connection.messenger.name} {how}")


def _note(
    gateway: Gateway, connection: Connection, state: str, code: str | None = None, message: str | None = None
) -> None:
    connection.note = {
        "state": state,
        "error_code": code,
        "error_message": message,
        "updated_at": utc(gateway.now),
        **gateway.signature(),
    }
    gateway.save_state()


def _say_why_not(gateway: Gateway, connection: Connection) -> None:
    name, state = connection.messenger.name, connection.messenger.state
    if name == "telegram":
        why = REJECTED if state == "auth" else NOT_REACHED
        gateway.log(ADAPTERS[name], f"[Telegram] Failed to connect to Telegram: {why}", "ERROR")
        return
    answers = {"auth": f"→ 401: {EXPIRED}", "refusing": f"→ 503: {BUSY}"}
    what = answers.get(state, f"network error: {NO_CONNECTION}")
    gateway.log(ADAPTERS[name], f"MM API GET users/me {what}", "ERROR")
    blame = "Mattermost: failed to authenticate — check MATTERMOST_TOKEN and MATTERMOST_URL"
    gateway.log(ADAPTERS[name], blame, "ERROR")


def _reason(connection: Connection, otherwise: str) -> tuple[str | None, str]:
    if connection.messenger.name == "telegram":
        why = REJECTED if connection.messenger.state == "auth" else NOT_REACHED
        return "telegram_connect_error", f"Telegram startup failed: {why}"
    return None, otherwise


def _reconnect(gateway: Gateway, connection: Connection) -> Iterator[float]:
    name, attempt = connection.messenger.name, 0
    while True:
        yield RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
        attempt += 1
        gateway.log(GATEWAY, f"Reconnecting {name} (attempt {attempt + 1})...")
        if connection.messenger.state not in BROKEN:
            _stands(gateway, connection, "reconnected successfully")
            return
        _say_why_not(gateway, connection)
        _note(gateway, connection, "retrying", *_reason(connection, "failed to reconnect"))
        again = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
        gateway.log(GATEWAY, f"Reconnect {name} failed, next retry in {again}s")


def _socket_fails(gateway: Gateway, connection: Connection) -> Iterator[float]:
    """Mattermost's socket: refused, it never tries again; otherwise it does, and its adapter notes nothing."""
    connection.failing = True
    logger = ADAPTERS["mattermost"]
    attempt = 0
    while True:
        yield 0.5
        gateway.log(logger, f"Mattermost: connecting to {SOCKET}")
        if connection.messenger.state == "auth":
            gateway.log(logger, "Mattermost WS auth failed (HTTP 401) — stopping reconnect", "ERROR")
            return
        if connection.messenger.state not in BROKEN:
            gateway.log(logger, "Mattermost: WebSocket connected and authenticated")
            connection.failing = False
            return
        why = f"503, message='Invalid response status', url='{SOCKET}'"
        if connection.messenger.state == "unreachable":
            why = NO_CONNECTION
        wait = SOCKET_SECONDS[min(attempt, len(SOCKET_SECONDS) - 1)]
        attempt += 1
        warning = f"Mattermost WS error: {why} — reconnecting in {wait}s"
        gateway.log(logger, warning, "WARNING")
        yield wait


def _polling_fails(gateway: Gateway, connection: Connection) -> Iterator[float]:
    """Telegram's polling: after ten attempts its adapter gives up for good, and nobody tries again."""
    connection.failing = True
    logger = ADAPTERS["telegram"]
    for attempt in range(POLL_RETRIES):
        wait = POLL_SECONDS[min(attempt, len(POLL_SECONDS) - 1)]
        error = (
            f"[Telegram] Telegram network error (attempt {attempt + 1}/{POLL_RETRIES}), "
            f"reconnecting in {wait}s. Error: {NOT_REACHED}"
        )
        gateway.log(logger, error, "WARNING")
        yield wait
        if connection.messenger.state not in BROKEN:
            connection.failing = False
            return
        gateway.log(logger, f"[Telegram] Telegram polling reconnect failed: {NOT_REACHED}", "WARNING")
    given_up = "Telegram polling could not reconnect after 10 network error retries. Restarting gateway."
    gateway.log(logger, f"[Telegram] {given_up} Last error: {NOT_REACHED}", "ERROR")
    gateway.log(GATEWAY, f"Fatal telegram adapter error (telegram_network_error): {given_up}", "ERROR")
    connection.live = False
    _note(gateway, connection, "retrying", "telegram_network_error", given_up)
    gateway.log(GATEWAY, "telegram queued for background reconnection")


def _polling_conflicts(gateway: Gateway, connection: Connection) -> Iterator[float]:
    """Telegram's polling beside another poller of its bot: after five attempts its adapter gives up for good."""
    connection.failing = True
    logger, count = ADAPTERS["telegram"], len(CONFLICT_SECONDS)
    for number, wait in enumerate(CONFLICT_SECONDS, 1):
        text = (
            f"[Telegram] Telegram polling conflict ({number}/{count}) — previous session still held open on "
            f"Telegram's servers. Waiting {wait}s for it to expire."
        )
        gateway.log(logger, text, "WARNING")
        yield wait
        if connection.messenger.state != "conflict":
            connection.failing = False
            return
    given_up = "Another process is already polling this bot token."
    gateway.log(GATEWAY, f"Fatal telegram adapter error (telegram_polling_conflict): {given_up}", "ERROR")
    connection.live = False
    _note(gateway, connection, "fatal", "telegram_polling_conflict", given_up)


def note(
    gateway: Gateway, messenger: str, state: str, code: str | None = None, *, needs_attention: bool | None = None
) -> None:
    """Note what the adapter of any messenger has come to; None of ``needs_attention`` is not noted."""
    connection = gateway.connections.setdefault(messenger, Connection(Messenger(messenger, "")))
    _note(gateway, connection, state, code, code and f"{messenger}: {code}")
    if needs_attention is not None and connection.note is not None:
        connection.note["needs_attention"] = needs_attention
        gateway.save_state()
