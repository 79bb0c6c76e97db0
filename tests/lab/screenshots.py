"""Take the pictures of the status page in docs/images anew: of the made-up home, with one report missing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.lab.browser import DESK, PHONE, chromium
from tests.web.scenes import scene

IMAGES = Path(__file__).parents[2] / "docs/images"


class Picture(NamedTuple):
    """One picture; ``height`` in CSS pixels."""

    name: str
    path: str
    width: int
    height: int
    scheme: str


PICTURES = (
    Picture("status-page-360", "/", PHONE[0], 640, "light"),
    Picture("status-page-1440", "/", DESK[0], 560, "dark"),
    Picture("status-page-profile-360", "/profiles/default#jobs", PHONE[0], 800, "dark"),
)


def take(directory: Path) -> None:
    """Write every picture into the directory."""
    with tempfile.TemporaryDirectory() as place, scene("report missing", Path(place)) as exporter:
        for picture in PICTURES:
            with chromium() as browser:
                size = {"width": picture.width, "height": picture.height}
                page = browser.new_page(viewport=size, color_scheme=picture.scheme)
                page.goto(exporter.address + picture.path)
                page.screenshot(path=directory / f"{picture.name}.png")


if __name__ == "__main__":
    take(IMAGES)
