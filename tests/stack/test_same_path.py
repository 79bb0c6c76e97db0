"""An alarm that needs the very gateway it is to tell of is noticed, and no secret is told."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.discovery import Home
from hermes_exporter.stack import hermes_channels, same_path

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "7000000001:AAhermesOwnhermesOwnhermesOwnhermes"
OTHER = "7000000002:AAalarmalarmalarmalarmalarmalarmal"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the profiles default and coder, each with a .env."""
    root = tmp_path / ".hermes"
    (root / "profiles/coder").mkdir(parents=True)
    (root / ".env").write_text("OPENAI_API_KEY=x\n")
    (root / "profiles/coder/.env").write_text(f'export TELEGRAM_BOT_TOKEN="{TOKEN}"\nWEBHOOK_PORT=9644\n')
    return root


def told(home: Path, directory: Path, **integrations: object) -> list[str]:
    """What is said of a receiver with these integrations."""
    content = {"receivers": [{"name": "phone", **integrations}]}
    channels = hermes_channels.read([Home("", home)])
    warnings = list(same_path.warnings(same_path.Configuration(content, directory), channels))
    assert not any(TOKEN in warning or OTHER in warning for warning in warnings)
    return warnings


def test_own_bot_is_noticed(home: Path, tmp_path: Path) -> None:
    """The same token in a file, or in the configuration itself."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    for bot in ({"bot_token_file": str(tmp_path / "token")}, {"bot_token_file": "token"}, {"bot_token": TOKEN}):
        (warning,) = told(home, tmp_path, telegram_configs=[{"chat_id": 1, **bot}])
        assert "Hermes' profile coder" in warning


def test_token_in_the_settings_counts_too(home: Path, tmp_path: Path) -> None:
    """Hermes takes a bot's token from config.yaml as well."""
    (home / "config.yaml").write_text(f"platforms: {{telegram: {{token: '{OTHER}'}}}}\n")

    (warning,) = told(home, tmp_path, telegram_configs=[{"bot_token": OTHER}])

    assert "Hermes' profile default" in warning


def test_another_bot_is_right(home: Path, tmp_path: Path) -> None:
    """Nothing is said of a bot of its own."""
    assert told(home, tmp_path, telegram_configs=[{"bot_token": OTHER}]) == []


def test_unknown_bot_is_said_to_be_unknown(home: Path, tmp_path: Path) -> None:
    """A token that is masked or in a file that cannot be read is no proof of anything."""
    for bot in ({"bot_token": "<secret>"}, {"bot_token_file": str(tmp_path / "missing")}):
        (warning,) = told(home, tmp_path, telegram_configs=[bot])
        assert warning.startswith("cannot tell")


def test_unreadable_home_is_said_to_be_unknown(home: Path, tmp_path: Path) -> None:
    """Where Hermes' own token cannot be read, nothing can be compared."""
    (home / "profiles/coder/.env").unlink()
    (home / "profiles/coder/.env").mkdir()

    (warning,) = told(home, tmp_path, telegram_configs=[{"bot_token": OTHER}])

    assert warning.startswith("cannot tell")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8644/webhooks/x", "http://localhost:8642/", "http://[::1]:9644/x",
     f"http://{socket.gethostname()}:8644/x"],
)  # fmt: skip
def test_own_port_is_noticed(home: Path, tmp_path: Path, address: str) -> None:
    """A webhook to a port on which a gateway of this machine listens, as Hermes' defaults or a profile say."""
    (tmp_path / "url").write_text(f"{address}\n")

    for webhook in ({"url": address}, {"url_file": str(tmp_path / "url")}):
        (warning,) = told(home, tmp_path, webhook_configs=[webhook])
        assert "a dead gateway cannot tell" in warning


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080/x", "http://example.org:8644/x", "https://ntfy.sh/x", "http://h:x/"]
)
def test_other_addresses_are_right(home: Path, tmp_path: Path, address: str) -> None:
    """Another port, another machine, or no address at all."""
    assert told(home, tmp_path, webhook_configs=[{"url": address}]) == []


def test_without_a_home_nothing_is_said(tmp_path: Path) -> None:
    """Alertmanager may run where there is no Hermes."""
    assert told(tmp_path / "none", tmp_path, telegram_configs=[{"bot_token": "<secret>"}]) == []


@pytest.mark.parametrize("content", [None, "- a list\n", "a: [\n"])
def test_unusable_configuration_is_one_clear_line(tmp_path: Path, content: str | None) -> None:
    """A file that is missing, or no configuration, is named with the reason."""
    path = tmp_path / "alertmanager.yml"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ValueError, match=r"alertmanager\.yml"):
        same_path.load(path)
