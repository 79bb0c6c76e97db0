"""A verdict that was not made again is the one that would have been made."""

from __future__ import annotations

import dataclasses
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hermes_exporter import standing
from hermes_exporter.sources.artefact import SETTLED_SECONDS
from tests.homes import CASES, Home, restore
from tests.odd_homes import ODD
from tests.scraping import Scraper, Series, changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOMES: dict[str, Callable[[Path], Home]] = {**{case: partial(restore, case) for case in CASES}, **ODD}
STEPS = (
    0,
    1,
    5,
    28,
    31,
    59,
    61,
    89,
    91,
    119,
    121,
    199,
    201,
    299,
    301,
    601,
    899,
    901,
    3601,
    7199,
    7201,
    86_401,
    93_599,
    93_601,
    94_000,
    2_700_000,
)
"""Seconds after the first look, around every moment at which some judge changes its mind."""


def at(scraper: Scraper, moment: float) -> Series:
    scraper.gatherer.settings = dataclasses.replace(scraper.settings, at=moment)
    return scraper.scrape()


@pytest.mark.parametrize("case", HOMES)
def test_what_stands_is_what_would_be_said(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the clock goes on, an exporter that keeps its verdicts says what one that makes them anew says."""
    home = HOMES[case](tmp_path)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)
    keeping = Scraper(home)
    anew = Scraper(home)
    anew.gatherer._assessor._standing = Never()

    for step in STEPS:
        for _ in range(2):
            kept, made = at(keeping, home.at + step), at(anew, home.at + step)
            assert changed(kept, made) == set(), f"{step} s later"


class Never(standing.Standing):
    """Keeps nothing."""

    def keep(self, *_arguments: object) -> None:
        """Forget it."""


def test_something_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above is no empty one: of a healthy home the verdicts are kept."""
    home = restore("healthy", tmp_path)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)
    scraper = Scraper(home)
    for step in range(4):
        at(scraper, home.at + step)

    stood = scraper.gatherer._assessor._standing._stood
    assert len(stood) == 3
    assert all(home.at < each.until < home.at + 300 for each in stood.values())
