"""Stacks' directories, made as their owner makes them, and what each way to the phone must be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from hermes_exporter.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

HOOK = "https://hooks.example.org/services/T0/B0/aSecretOfTheHook"
SECRETS = {
    "telegram": {"telegram-token": "7000000001:AAalarmalarmalarmalarmalarm"},
    "ntfy": {"ntfy-topic": "hermes-nobodyguesses", "ntfy-token": "tk_aSecretOfNtfy"},
    "pushover": {
        "pushover-user": "uSecretuSecretuSecretuSecretuS",
        "pushover-token": "aSecretaSecretaSecretaSecretaS",
    },
    **{name: {f"{name}-url": HOOK} for name in ("mattermost", "discord", "slack", "webhook")},
    "email": {"email-password": "correct horse: battery 'staple'"},
}
TOLD = {
    "telegram": {"chat-id": "-100123"},
    "ntfy": {"server": "https://ntfy.example.org"},
    "email": {
        "to": "ann@example.org",
        "from": "box@example.org",
        "smarthost": "mail.example.org:465",
        "username": "box",
    },
}
WATCHDOG = "https://hc-ping.com/0b1c2d3e-secret-of-the-watchdog"


class Stack:
    """A directory that `stack init` makes."""

    def __init__(self, place: Path) -> None:
        """It is within that place, its Hermes home beside it."""
        self.place = place
        self.root = place / "stack"
        self.home = place / "hermes-home"

    def init(self, *options: str, root: Path | None = None) -> Result:
        """Run the command where nobody can be asked."""
        words = ["stack", "init", str(root or self.root), f"--hermes.home={self.home}", *options]
        return CliRunner().invoke(main, words)

    def ready(self, notify: str, *options: str, watchdog: str = "") -> str:
        """Give it all that way wants, expect it to work, and return what is said."""
        done = self.init(f"--notify={notify}", *self.answers(notify, watchdog), *options)
        assert done.exit_code == 0, done.output
        return done.output

    def answers(self, notify: str, watchdog: str = "") -> list[str]:
        """The options that tell it all, the secrets in files."""
        words = [f"--set={name}={value}" for name, value in TOLD.get(notify, {}).items()]
        secrets = SECRETS[notify] | ({"watchdog-url": watchdog} if watchdog else {})
        for name, secret in secrets.items():
            file = self.place / f"given-{name}"
            file.write_text(f"{secret}\n")
            words.append(f"--secret-file={name}={file}")
        return words

    def text(self, name: str) -> str:
        """One of its files."""
        return (self.root / name).read_text()

    def files(self) -> set[str]:
        """The names of all of them."""
        return {path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()}
