""".env: which variables a profile sets. Values are secrets: only a zone and a switch are looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.sources.hermes_config import MULTIPLEX, multiplexes
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.sources.artefact import Notes

FILENAME = ".env"
MAX_BYTES = 1 << 20

PLATFORM_VARIABLES = {
    "TELEGRAM_BOT_TOKEN": "telegram",
    "DISCORD_BOT_TOKEN": "discord",
    "SLACK_BOT_TOKEN": "slack",
    "WHATSAPP_ENABLED": "whatsapp",
    "WHATSAPP_CLOUD_ACCESS_TOKEN": "whatsapp_cloud",
    "SIGNAL_HTTP_URL": "signal",
    "MATTERMOST_TOKEN": "mattermost",
    "MATRIX_HOMESERVER": "matrix",
    "HASS_TOKEN": "homeassistant",
    "EMAIL_ADDRESS": "email",
    "TWILIO_ACCOUNT_SID": "sms",
    "DINGTALK_CLIENT_ID": "dingtalk",
    "FEISHU_APP_ID": "feishu",
    "WECOM_BOT_ID": "wecom",
    "WECOM_CALLBACK_CORP_ID": "wecom_callback",
    "WEIXIN_ACCOUNT_ID": "weixin",
    "BLUEBUBBLES_SERVER_URL": "bluebubbles",
    "QQ_APP_ID": "qqbot",
    "YUANBAO_APP_ID": "yuanbao",
    "API_SERVER_KEY": "api_server",
    "IRC_SERVER": "irc",
    "LINE_CHANNEL_ACCESS_TOKEN": "line",
    "NTFY_TOPIC": "ntfy",
    "SIMPLEX_WS_URL": "simplex",
    "TEAMS_CLIENT_ID": "teams",
}
"""Variables that switch a messenger on by being there."""


class EnvFile(Value):
    """What the file sets.

    Attributes:
        platforms: messengers that one of its variables switches on.
        timezone: HERMES_TIMEZONE.
        multiplex: GATEWAY_MULTIPLEX_PROFILES, None where it is not set or says nothing.
    """

    platforms: frozenset[str]
    timezone: str | None
    multiplex: bool | None


def parse(data: bytes, _notes: Notes) -> EnvFile:
    """Parse the file; a line that is no assignment is skipped, as Hermes does."""
    platforms: set[str] = set()
    timezone, multiplex = None, None
    for name, value in assignments(data):
        if name in PLATFORM_VARIABLES:
            switched_off = name.endswith("_ENABLED") and value.lower() not in ("1", "true", "yes", "on")
            platforms |= set() if switched_off else {PLATFORM_VARIABLES[name]}
        elif name == "HERMES_TIMEZONE":
            timezone = value
        elif name == MULTIPLEX:
            multiplex = multiplexes(value)
    return EnvFile(frozenset(platforms), timezone, multiplex)


def assignments(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield each variable that is set to something with its value, a secret; skip what is no assignment.

    The values are those of python-dotenv, with which Hermes reads the file: the last assignment holds, behind it a
    comment may stand, and what is in quotes may go on for lines. References to other variables stay as they are.
    """
    values: dict[str, str] = {}
    for line in _LINE.finditer(data.decode("utf-8-sig", "replace")):
        name = line["quoted_name"] or line["name"]
        if name and line["end"] is not None:
            values[name] = _value(line)
    yield from ((name, value) for name, value in values.items() if value)


def _value(line: re.Match[str]) -> str:
    if line["single"] is not None:
        return _ESCAPED_IN_SINGLE.sub(r"\1", line["single"])
    if line["double"] is not None:
        return _ESCAPED_IN_DOUBLE.sub(lambda found: _MEANT.get(found[1], found[1]), line["double"])
    return _COMMENT.sub("", line["plain"] or "").rstrip()


_SPACE = r"[^\S\r\n]*+"
_LINE = re.compile(
    rf"""\s*+(?:export[^\S\r\n]++)?+
    (?:(?:'(?P<quoted_name>[^']++)'|(?P<name>(?!')[^=\#\s]++)){_SPACE}
        (?:={_SPACE}(?:
            '(?P<single>[^']*+(?:(?<=\\)'[^']*+)*)'
            |"(?P<double>[^"]*+(?:(?<=\\)"[^"]*+)*)"
            |(?!['"])(?P<plain>[^\r\n]*+)))?+)?+
    (?:(?P<end>{_SPACE}(?:\#[^\r\n]*+)?+(?:\r\n|\n|\r|\Z))|[^\r\n]*+)""",
    re.VERBOSE,
)
"""A line, or what a value in quotes makes one of several; without an ``end`` it is no assignment."""
_COMMENT = re.compile(r"(?<!\s)\s++\#.*")
_ESCAPED_IN_SINGLE = re.compile(r"\\([\\'])")
_ESCAPED_IN_DOUBLE = re.compile(r"\\([\\'\"abfnrtv])")
_MEANT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
