"""The documentation as a web site: built strictly and without a network, its pages ask nobody for anything."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.browser import DESK, chromium
from website import links, otlp

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = Path(__file__).parent.parent
SOURCES = sorted(page.relative_to(REPO / "docs") for page in REPO.glob("docs/**/*.md"))
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Elements that fetch what they name; of links only those of LOADED do."""
LOADED = {"stylesheet", "icon", "preconnect", "preload", "prefetch", "dns-prefetch", "modulepreload"}


class Page(HTMLParser):
    """What a page fetches, and the texts of its paragraphs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.paragraphs: list[str] = []
        self._in_paragraph = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what the element fetches."""
        given = dict(attrs)
        wanted = tag != "link" or bool(LOADED & set((given.get("rel") or "").split()))
        if tag in LOADING and wanted and given.get(LOADING[tag]):
            self.fetched.append(given[LOADING[tag]] or "")
        if tag == "p":
            self._in_paragraph = True
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        """See where a paragraph ends."""
        self._in_paragraph &= tag != "p"

    def handle_data(self, data: str) -> None:
        """Keep a paragraph's text."""
        if self._in_paragraph:
            self.paragraphs[-1] += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built where there is no network, not even a loopback that is up."""
    directory = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", sys.executable, "-m", "mkdocs", "build", "--strict",
         "--site-dir", str(directory)],
        cwd=REPO, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return directory


def html(site: Path, source: Path) -> Path:
    """Where a page of docs/ is in the site."""
    return site / source.with_name("index.html" if source.name == "README.md" else f"{source.stem}.html")


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_page_is_whole(site: Path, source: Path) -> None:
    """Each page is there, fetches nothing from elsewhere, and no list or table of it became a paragraph."""
    page = Page(html(site, source).read_text())

    assert [address for address in page.fetched if re.match(r"(https?:)?//", address)] == []
    assert [text for text in page.paragraphs if re.search(r"^\s*(- |\* |\d+\. |\|)|```", text, re.MULTILINE)] == []


def test_every_page_is_found() -> None:
    """The first page leads to every other, and that of the alerts to every runbook."""
    first, alerts = ((REPO / page).read_text() for page in ("docs/README.md", "docs/runbooks/README.md"))

    runbooks = {source for source in SOURCES if source.match("runbooks/Hermes*.md")}
    lost = [source for source in set(SOURCES) - runbooks if f"]({source})" not in first]

    assert lost == [Path("README.md")]
    assert [source for source in runbooks if f"]({source.name})" not in alerts] == []


def test_styles_fetch_nothing(site: Path) -> None:
    """No style sheet names a font, a picture or a sheet of another server."""
    sheets = list(site.rglob("*.css"))

    assert sheets
    assert [sheet.name for sheet in sheets if re.search(r"url\(\s*[\"']?(https?:)?//", sheet.read_text())] == []


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The site, served on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_reader_and_a_search_stay_here(address: str) -> None:
    """A reader who opens pages and searches causes requests to the site alone, and finds something."""
    asked: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]})
        page.on("request", lambda request: asked.append(request.url))
        for path in ("/index.html", "/quick-start.html", "/runbooks/HermesGatewayDead.html"):
            page.goto(address + path, wait_until="networkidle")
        page.locator(".md-search__input").click()
        page.keyboard.type("linger")
        page.locator(".md-search-result__item").first.wait_for()

    assert asked
    assert [url for url in asked if not url.startswith((f"{address}/", "data:", "blob:"))] == []


def test_a_link_out_of_the_docs_leads_to_the_forge() -> None:
    """Only links that leave docs/ are changed, whatever page they stand on."""
    text = "[a](../alerts/x.yml) [b](tls.md#x) [c](https://x.org) [d](#x) [e](../../README.md) [f](../tls.md)"

    changed = links.to_forge(text, "runbooks/X.md")

    assert changed == (
        f"[a](../alerts/x.yml) [b](tls.md#x) [c](https://x.org) [d](#x) [e]({links.FORGE}README.md) [f](../tls.md)"
    )
    assert links.to_forge("[a](../alerts/x.yml)", "alerts.md") == f"[a]({links.FORGE}alerts/x.yml)"


def test_the_page_on_upstreams_names_is_generated() -> None:
    """docs/otlp.md is what `make docs` writes, and every family that it names exists."""
    assert (REPO / "docs/otlp.md").read_text() == otlp.page()
