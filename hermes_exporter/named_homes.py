"""Which homes are watched, and what each is called."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hermes_exporter import config
from hermes_exporter.discovery import FIRST_HOME, Home, root_of
from hermes_exporter.tilde import expanded


def named_homes(given: tuple[str, ...], file: config.Config) -> tuple[Home, ...]:
    """Return the homes that are ``given`` as [NAME=]PATH, else those of the file, else the standard one.

    Raise click.UsageError where they cannot be told apart.
    """
    entries = [_entry(text) for text in given] or list(file.homes) or [config.HomeEntry(standard_home())]
    option = "--hermes.home" if given else "homes"
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise click.UsageError(f"{option}: two homes {f'are called {name}' if name else 'have no name'}")
    if FIRST_HOME in names and "" in names:
        raise click.UsageError(f"{option}: {FIRST_HOME} is what the home without a name is called")
    standard = expanded("~/.hermes")
    homes = tuple(Home(entry.name, root_of(Path.cwd() / entry.path, standard)) for entry in entries)
    by_place: dict[str, Home] = {}
    for home in homes:
        first = by_place.setdefault(os.path.realpath(home.root), home)
        if first is not home:
            raise click.UsageError(
                f"{option}: {first.alias or FIRST_HOME} and {home.alias or FIRST_HOME} are one home, {first.root}"
            )
    return homes


def _entry(text: str) -> config.HomeEntry:
    name, separator, path = text.partition("=")
    if not separator or "/" in name:
        name, path = "", text
    elif not config.ALIAS.fullmatch(name):
        raise click.UsageError(f"--hermes.home: {name!r} is no name: letters, digits, - and _")
    if not path:
        raise click.UsageError("--hermes.home: the path is missing")
    return config.HomeEntry(expanded(path), name)


def standard_home() -> Path:
    """Return the home of the user the exporter runs as."""
    return expanded(os.environ.get("HERMES_HOME", "").strip() or "~/.hermes")
