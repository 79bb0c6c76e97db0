"""A headless Chromium of Debian's, as a phone and as a desk."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
PHONE, DESK = (360, 740), (1440, 900)
"""Width and height in CSS pixels."""
QUIET = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""It runs as root, and asks nobody on the network for anything."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the browser; raise AssertionError where it is not installed."""
    assert CHROMIUM.exists(), "these tests need a browser: apt-get install chromium fonts-dejavu-core"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()
