"""A made home whose logs are written record by record, as the processes of a profile do."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.odd_homes import AT, Gateway, home, running, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.homes import Home

SECRET = "CANARY-71c3d0"
"""Stands in every record, and must never leave it."""
CALL = "agent.conversation_loop: API call failed (attempt 1/3) error_type={} thread=t:1 provider={} "
CALL += f"base_url=http://{SECRET}/v1 model={SECRET} summary={{}} {SECRET}"
ADAPTER = "hermes_plugins.mattermost_platform.adapter"


def answered(provider: str = "nous") -> str:
    """A call that went well."""
    return f"INFO [{SECRET}] agent.conversation_loop: API call #1: model={SECRET} provider={provider} in=1 out=1"


def refused(provider: str = "nous") -> str:
    """A call with credentials that the provider turned down."""
    return "WARNING " + CALL.format("AuthenticationError", provider, "HTTP 401:")


def failed(summary: str, provider: str = "nous", error: str = "APIStatusError") -> str:
    """A call that failed otherwise."""
    return "WARNING " + CALL.format(error, provider, summary)


FALLBACK = f"INFO agent.chat_completion_helpers: Fallback activated: {SECRET} → {SECRET} (deepseek)"
BOT_REFUSED = f"ERROR {ADAPTER}: Mattermost WS auth failed (HTTP 401) — stopping reconnect"
BOT_LOST = f"WARNING {ADAPTER}: Mattermost WS error: 503, {SECRET} — reconnecting in 4s"
BOT_BACK = "INFO gateway.run: ✓ mattermost reconnected successfully"


class Logs:
    """The logs of one profile."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "logs"
        self._directory.mkdir(parents=True, exist_ok=True)

    def path(self, file: str) -> Path:
        """Where a log lies."""
        return self._directory / f"{file}.log"

    def write(self, ago: float, *lines: str, offset: float = 0.0) -> None:
        """Append records, stamped some seconds before AT by a clock ``offset`` seconds east of UTC.

        Each goes to agent.log and, from WARNING on, to errors.log as well.
        """
        for line in lines:
            moment = datetime.fromtimestamp(AT - ago, UTC) + timedelta(seconds=offset)
            record = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03} {line}\n"
            for file in ("agent",) if line.startswith("INFO") else ("agent", "errors"):
                with self.path(file).open("a") as log:
                    log.write(record)
                os.utime(self.path(file), (AT - ago, AT - ago))

    def rotate(self, file: str) -> None:
        """What a RotatingFileHandler does with its first backup."""
        self.path(file).replace(self.path(file).with_name(f"{file}.log.1"))


def made(directory: Path, *profiles: str) -> Home:
    """Live gateways, configured for nous, with mattermost connected; nothing was logged yet."""
    where = home(directory / ".hermes", directory)
    for number, name in enumerate(profiles or ("default",)):
        configured(running(where, name, 3001 + number))
    return where


def configured(gateway: Gateway) -> None:
    """Give a gateway its provider, one that stands in for it, and its messenger."""
    entry = {"state": "connected", "updated_at": stamp(AT - 3500)}
    gateway.write(platforms={"mattermost": entry})
    (gateway.path / "config.yaml").write_text(
        "timezone: UTC\nmodel:\n  provider: nous\n  base_url: http://x\n"
        "fallback_providers:\n- provider: deepseek\nplatforms:\n  mattermost:\n    enabled: true\n"
    )
