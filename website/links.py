"""A hook of MkDocs: links that lead out of docs/ lead to the forge, where the rest of the repository is."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

FORGE = "https://github.com/hermes-exporter/hermes_exporter/blob/main/"
LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """The page's Markdown, with each link out of docs/ as an address of the forge."""
    return to_forge(markdown, page.file.src_uri)


def to_forge(markdown: str, page: str) -> str:
    """The Markdown of the page that has this path within docs/, as on_page_markdown returns it."""

    def target(link: re.Match[str]) -> str:
        before, address, after = link.groups()
        if address.startswith(("http://", "https://", "#")):
            return link[0]
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), address))
        return link[0] if path.startswith("docs/") else f"{before}{FORGE}{path}{after}"

    return LINK.sub(target, markdown)
