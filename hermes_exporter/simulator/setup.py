"""What lies in a profile before anything runs there: its configuration, made-up tokens, empty directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.simulator.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.simulator.profile import Settings

DIRECTORIES = ("cron", "cron/output", "logs", "state", "sessions", "scripts")
TOKENS = {
    "mattermost": "MATTERMOST_URL=http://127.0.0.1:18065\nMATTERMOST_TOKEN=made-up\n",
    "telegram": "TELEGRAM_BOT_TOKEN=7000000008:made-up\n",
}


def furnish(home: Path, settings: Settings, at: float) -> None:
    """Make a profile's directory and what its owner put there, as of a moment, Unix seconds."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in DIRECTORIES:
        (home / name).mkdir(mode=0o700, exist_ok=True)
    disk = Disk(home)
    disk.put("config.yaml", config(settings).encode(), at, 0o644)
    environment = "".join(
        f"{TOKENS[name]}{name.upper()}_HOME_CHANNEL=home{settings.name}channel\n" for name in settings.messengers
    )
    disk.put(".env", environment.encode(), at)
    for name in ("agent.log", "errors.log", "gateway.log"):
        disk.append(f"logs/{name}", b"", at)
    disk.flush()


def config(settings: Settings) -> str:
    """Return config.yaml."""
    zone = f"timezone: {settings.clock.zone.key}\n" if settings.clock.zone else ""
    model = settings.model
    return (
        f"{zone}model:\n  default: {model.name}\n  provider: {model.provider}\n  base_url: {model.base_url}\n"
        f"logging:\n  level: {settings.log_level}\n"
    )
