"""The routes for people: the page of all profiles, and one of each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hermes_exporter import __version__
from hermes_exporter.gather import GatherError
from hermes_exporter.status import advice
from hermes_exporter.status.host import profile, status
from hermes_exporter.web import links, page
from hermes_exporter.web.handlers import DEFAULT_TIMEOUT_SECONDS, Handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.gather import Answer, Gatherer
    from hermes_exporter.web.links import Links

MAX_ASKED = 200
"""Characters of an argument; no id that is shown is longer."""


class PageHandler(Handler):
    """What the pages share: they are refreshed unless the reader does not want it, and say why they are empty."""

    policy = page.POLICY

    def initialize(self, gatherer: Callable[[], Gatherer], metrics_path: str, *, made_up: bool = False) -> None:
        """Take what the application hands to every page."""
        super().initialize(gatherer, metrics_path)
        self.made_up = made_up

    def set_default_headers(self) -> None:
        """Tell no other site where its visitor came from; what the web configuration says wins."""
        self.set_header("Referrer-Policy", "no-referrer")
        super().set_default_headers()

    @property
    def around(self) -> page.Around:
        """What the page says besides the status."""
        paused = self.get_query_argument("refresh", "") == "off"
        return page.Around(self.metrics_path, __version__, self.made_up, paused)

    def say(self, html: bytes) -> None:
        """Answer with a page that the browser asks for again, unless its reader has stopped that.

        A header says so: who cannot read as fast must find a page without it, and a meta element that is there
        on one page and not on the other is an error to checkers of accessibility all the same.
        """
        self.set_header("Content-Type", "text/html; charset=utf-8")
        if not self.around.paused:
            self.set_header("Refresh", str(page.REFRESH_SECONDS))
        self.finish(html)

    async def look(self, ways: Links) -> Answer | None:
        """Return a fresh answer, None where the page said that there is none."""
        try:
            return await self.gatherer().gather(DEFAULT_TIMEOUT_SECONDS)
        except GatherError:
            last = self.gatherer().last
        self.set_status(503)
        self.set_header("Retry-After", "5")
        text = f"Looking at Hermes takes longer than {DEFAULT_TIMEOUT_SECONDS:.0f} s: a disk may not answer. "
        text += f"The last look was at {page.moment(last.at)}." if last else "No look has come to its end yet."
        said = page.Message("Nothing can be told right now.", text, advice.OURSELVES)
        self.say(page.message(said, time.time(), self.around, ways))
        return None


class Overview(PageHandler):
    """GET /: the state of every profile, for a person."""

    async def get(self) -> None:
        """Answer with the page of all profiles."""
        answer = await self.look(links.of_overview(paused=self.around.paused))
        if answer is not None:
            self.say(page.overview(status(answer.views, answer.at, __version__), self.around))


class ProfilePage(PageHandler):
    """GET /profiles/NAME: one profile with its jobs."""

    async def get(self, label: str) -> None:
        """Answer with the page of a profile, 404 where there is none of that name."""
        asked = {name: self.get_query_argument(name)[:MAX_ASKED] for name in ("page", "job") if self._has(name)}
        ways = links.of_profile(label, asked, paused=self.around.paused)
        answer = await self.look(ways)
        if answer is None:
            return
        view = next((view for view in answer.views if view.profile.label == label), None)
        if view is not None:
            self.say(page.profile(profile(view), answer.at, self.around, asked))
            return
        self.set_status(404)
        said = page.Message("There is no such profile.", "It may have been removed, or renamed.")
        self.say(page.message(said, answer.at, self.around, ways))

    def _has(self, name: str) -> bool:
        return bool(self.get_query_arguments(name))
