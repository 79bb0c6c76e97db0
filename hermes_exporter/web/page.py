"""The status page: the document of the status as HTML, made on the server; nothing comes from elsewhere, nor runs.

Bounded whatever there is to watch: so many profiles in full, so many in a line each, so many jobs at a time.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tornado.template import Loader

from hermes_exporter.status.lead import found, lead, worst_first
from hermes_exporter.web import cards, links
from hermes_exporter.web.job_wording import LEGEND

if TYPE_CHECKING:
    from hermes_exporter.status.document import ProfileStatus, Status
    from hermes_exporter.web.links import Links

HERE = Path(__file__).parent
REFRESH_SECONDS = 30
FULL_PROFILES = 20
LISTED_PROFILES = 100
JOBS_AT_A_TIME = 25

_TEMPLATES = Loader(str(HERE), autoescape="xhtml_escape")
_STYLE = re.sub(r"\s+", " ", (HERE / "style.css").read_text()).strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: our one style, and nothing else whatever gets into the page."""


class Around(NamedTuple):
    """What every page says besides the status.

    Attributes:
        metrics_path: starts with a slash.
        version: our own.
        made_up: the home is one of a demonstration.
        paused: its reader does not want it to be refreshed.
    """

    metrics_path: str
    version: str
    made_up: bool
    paused: bool


def overview(status: Status, around: Around) -> bytes:
    """Return the page of all profiles, the worst first."""
    ways = links.of_overview(paused=around.paused)
    there, said = found(status), lead(status)
    kind, sign = cards.SIGNS[status.severity]
    profiles = worst_first(status) if there else []
    full, rest = profiles[:FULL_PROFILES], profiles[FULL_PROFILES:]
    return _page(
        "overview.html",
        around,
        ways,
        status.at,
        title=f"{sign} {said.verdict}",
        sign=sign,
        kind=kind,
        lead=said,
        found=there,
        profiles=[cards.full(each, status.at, ways.profile(each.label)) for each in full],
        others=[cards.line(each, ways.profile(each.label)) for each in rest[:LISTED_PROFILES]],
        left_out=len(rest[LISTED_PROFILES:]),
    )


def profile(status: ProfileStatus, at: float, around: Around, asked: dict[str, str]) -> bytes:
    """Return the page of one profile; ``asked`` may hold ``job``, the id of the one to open, and ``page``.

    Where no job is named, the first one that is overdue is open.
    """
    ways = links.of_profile(status.label, asked, paused=around.paused)
    jobs = cards.worst_jobs_first(status)
    chosen = asked.get("job", next((job.id for job in jobs if job.overdue), None))
    pages = range(1, -(-len(jobs) // JOBS_AT_A_TIME) + 1)
    page = next((number for number in pages if str(number) == asked.get("page")), 1)
    first = (page - 1) * JOBS_AT_A_TIME
    shown = []
    for number, job in enumerate(jobs[first : first + JOBS_AT_A_TIME], first + 1):
        opened, anchor = job.id == chosen, f"job-{number}"
        way = ways.here(**_numbered(page), job="" if opened else job.id)
        shown.append(cards.job(job, at, f"{way}#{anchor}", anchor, opened=opened))
    card = cards.full(status, at, "")
    return _page(
        "profile.html",
        around,
        ways,
        at,
        title=f"{card.line.sign} {status.label}: {card.line.headline}",
        profile=card,
        legend=LEGEND,
        jobs=shown,
        pages=[(number, ways.here(**_numbered(number)), number == page) for number in pages if len(pages) > 1],
    )


class Message(NamedTuple):
    """Why there is nothing to see, and what to run first; empty where nothing helps."""

    title: str
    text: str
    command: str = ""


def message(said: Message, at: float, around: Around, ways: Links) -> bytes:
    """Return a page that says why there is nothing to see."""
    return _page("message.html", around, ways, at, title=said.title, message=said)


def moment(seconds: float) -> str:
    """Return a moment (Unix seconds) as the clock of this host shows it."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S %Z, %-d %b %Y")


def _numbered(page: int) -> dict[str, str]:
    return {"page": str(page)} if page > 1 else {}


def _page(template: str, around: Around, ways: Links, at: float, **named: Any) -> bytes:
    return _TEMPLATES.load(template).generate(
        around=around,
        ways=ways,
        style=_STYLE,
        seconds=REFRESH_SECONDS,
        at=moment(at),
        **named,
    )
