"""The ways to a phone: what each must know of its owner, and where in the shipped route that goes. Data only."""

from __future__ import annotations

import re
from typing import NamedTuple

_WEB = r"https?://[A-Za-z0-9.:\[\]-]+"
_ADDRESS = _WEB + r"(?:/[A-Za-z0-9._~/?&=%@:+!-]*)?"
"""One that can stand in a YAML file as it is."""
_WORD = r"[A-Za-z0-9_-]+"
_MAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+"


class Question(NamedTuple):
    """Something that only the owner knows.

    Attributes:
        name: of the answer; a secret one is a file of that name beside alertmanager.yml.
        ask: it in words.
        shape: a regular expression that the whole answer fits.
        looks: an example of that shape.
        secret: it is never shown, nor given as an argument.
        default: what an empty answer means; None where there must be one.
    """

    name: str
    ask: str
    shape: str
    looks: str
    secret: bool = True
    default: str | None = None

    def fits(self, answer: str) -> bool:
        """Return whether that can be the answer."""
        return (answer == "" and self.default == "") or re.fullmatch(self.shape, answer) is not None


class Channel(NamedTuple):
    """A way to a phone.

    Attributes:
        alertmanager: the oldest version that knows it.
        questions: what it must know.
        fills: which answer goes in the place of which text of the shipped route.
    """

    alertmanager: str
    questions: tuple[Question, ...]
    fills: tuple[tuple[str, str], ...] = ()


def _hook(name: str, whose: str, example: str) -> tuple[Question, ...]:
    return (Question(name, f"Address of the webhook of {whose}", r"https?://\S+", example),)


CHANNELS = {
    "telegram": Channel(
        "0.26",
        (
            Question(
                "telegram-token", "Token of a Telegram bot made for this", r"\d+:[\w-]{20,}", "1234567:AAbbcc…"
            ),
            Question(
                "chat-id", "Your numeric Telegram id (@userinfobot)", r"-?[1-9]\d*", "123456789", secret=False
            ),
        ),
        (("chat_id: 1  # CHANGE-ME: ", "chat_id: {chat-id}  # "),),
    ),
    "ntfy": Channel(
        "0.25",
        (
            Question("server", "ntfy server", _WEB, "https://ntfy.sh", secret=False, default="https://ntfy.sh"),
            Question("ntfy-topic", "Topic that nobody guesses", _WORD, "hermes-1f2e3d4c"),
            Question("ntfy-token", "Access token of ntfy, empty without one", r"tk_\w+", "tk_…", default=""),
        ),
        (("https://ntfy.sh/CHANGE-ME", "{server}/{ntfy-topic}"),),
    ),
    "pushover": Channel(
        "0.26",
        (
            Question("pushover-user", "Your Pushover user key", r"\w{20,40}", "30 letters and digits"),
            Question("pushover-token", "Token of a Pushover application", r"\w{20,40}", "30 letters and digits"),
        ),
    ),
    "mattermost": Channel("0.25", _hook("mattermost-url", "a Mattermost channel", "https://…/hooks/…")),
    "discord": Channel("0.28", _hook("discord-url", "a Discord channel", "https://discord.com/api/webhooks/…")),
    "slack": Channel("0.25", _hook("slack-url", "a Slack channel", "https://hooks.slack.com/services/…")),
    "email": Channel(
        "0.25",
        (
            Question("to", "Mail to", _MAIL, "you@example.org", secret=False),
            Question("from", "Mail from", _MAIL, "alerts@example.org", secret=False),
            Question("smarthost", "Mail server", r"[A-Za-z0-9.-]+:\d+", "smtp.example.org:587", secret=False),
            Question("username", "User name there", r"[A-Za-z0-9._%+@-]+", "alerts@example.org", secret=False),
            Question("email-password", "Password there", r".+", "one line"),
        ),
        (
            ("you@example.org  # CHANGE-ME", "{to}"),
            ("from: alerts@example.org  # CHANGE-ME", "from: {from}"),
            ("smtp.example.org:587  # CHANGE-ME; ", "{smarthost}  # "),
            ("auth_username: alerts@example.org  # CHANGE-ME", "auth_username: {username}"),
        ),
    ),
    "webhook": Channel("0.26", _hook("webhook-url", "your program", "http://127.0.0.1:8000/alerts")),
}

GENERATED = "ntfy-topic"
"""The secret that is made up where nobody gives it."""

WATCHDOG = Question(
    "watchdog-url",
    "Address of a check that calls you when this machine is off (healthchecks.io), empty for later",
    _ADDRESS,
    "https://hc-ping.com/…",
    default="",
)


def questions(notify: str) -> tuple[Question, ...]:
    """Return what that way must know, and the dead man's switch."""
    return (*CHANNELS[notify].questions, WATCHDOG)
