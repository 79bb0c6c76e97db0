"""What a failure from the field comes to: one row of docs/field-failures.md."""

from __future__ import annotations

from typing import NamedTuple

import pytest

ISSUES = "https://github.com/NousResearch/hermes-agent/issues/"


class Row(NamedTuple):
    """A failure that users reported.

    Attributes:
        issues: numbers of Hermes' issue tracker; none where it is known from elsewhere.
        symptom: what its user saw, in a few words.
        series: families that show it, the telling one first; none for a blind spot.
        alert: that fires; empty where it only shows, and for what looks like a failure and is none.
        why: of a blind spot: why nothing outside Hermes can see it.
    """

    issues: tuple[int, ...]
    symptom: str
    series: tuple[str, ...] = ()
    alert: str = ""
    why: str = ""


shows = pytest.mark.shows
"""Marks the test that shows a row, by its key: ``@shows("ticker dead")``."""
