"""How much there is to watch."""

from __future__ import annotations

from typing import NamedTuple

import click


class Size(NamedTuple):
    """So many profiles with so many jobs each."""

    profiles: int
    jobs: int


def sizes(_context: click.Context, _option: click.Parameter, text: str) -> list[Size]:
    """Parse 5,20,100x50: profiles, and jobs of each where they are not 10."""
    try:
        pairs = [item.partition("x") for item in text.split(",")]
        return [Size(int(profiles), int(jobs or 10)) for profiles, _, jobs in pairs]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
