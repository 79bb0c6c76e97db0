"""Links between our pages, all of them relative: a proxy may serve us below any path."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlencode


class Links(NamedTuple):
    """Links from one page.

    Attributes:
        root: the way to the page of all profiles, empty on that page itself.
        paused: the reader does not want pages that refresh themselves, and follows links to such as do not.
        asked: the arguments of this page, ``refresh`` aside.
    """

    root: str
    paused: bool
    asked: dict[str, str]

    @property
    def home(self) -> str:
        """The page of all profiles."""
        return (self.root or "./") + _query({}, paused=self.paused)

    @property
    def paused_here(self) -> str:
        """This page, never refreshed."""
        return _query(self.asked, paused=True)

    @property
    def refreshed_here(self) -> str:
        """This page, refreshed."""
        return _query(self.asked, paused=False) or "?"

    def here(self, **asked: str) -> str:
        """This page with other arguments."""
        return _query(asked, paused=self.paused) or "?"

    def profile(self, label: str) -> str:
        """The page of a profile."""
        return f"{self.root}profiles/{quote(label)}" + _query({}, paused=self.paused)


def of_overview(*, paused: bool) -> Links:
    """Return the links of the page of all profiles."""
    return Links("", paused, {})


def of_profile(label: str, asked: dict[str, str], *, paused: bool) -> Links:
    """Return the links of the page of one profile; a label may have slashes."""
    return Links("../" * (label.count("/") + 1), paused, asked)


def _query(asked: dict[str, str], *, paused: bool) -> str:
    named = {**asked, "refresh": "off"} if paused else asked
    return f"?{urlencode(named)}" if named else ""
