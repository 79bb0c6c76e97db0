"""Nothing of a home is created, changed or touched by looking at it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.homes import restore
from tests.odd_homes import ODD
from tests.scraping import Scraper, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

SCRAPES = 30


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Every entry below the root with all that could change about it."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (root, *sorted(root.rglob("*"))):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else None
        owner = (status.st_uid, status.st_gid)
        times = (status.st_mtime_ns, status.st_ctime_ns)
        found[str(path)] = (status.st_mode, owner, status.st_ino, status.st_nlink, status.st_size, times, content)
    return found


@pytest.mark.parametrize("who", ["as we are", "as the owner", "as a stranger"])
@pytest.mark.parametrize("case", ["healthy", "sigkill", "bad_config"])
def test_home_is_the_same_after_many_scrapes(open_directory: Path, case: str, who: str) -> None:
    """Tree, content, owners, modes, mtimes and ctimes are what they were, whoever scraped, however often."""
    home = restore(case, open_directory)
    before = tree(home.root.parent)
    assert len(before) > 60
    owner = home.root.stat().st_uid if os.geteuid() == 0 else os.geteuid()
    scraper = Scraper(home)

    with unprivileged({"as we are": os.geteuid(), "as the owner": owner}.get(who)):
        answers = [scraper.scrape() for _ in range(SCRAPES)]
    scraper.gatherer.close()

    assert tree(home.root.parent) == before
    seen = {name for name in answers[-1] if name.startswith("hermes_gateway_heartbeat_timestamp_seconds")}
    assert bool(seen) == (who != "as a stranger" or os.geteuid() != 0)


@pytest.mark.parametrize("case", ["fresh", "troubled", "symlinks"])
def test_odd_home_is_the_same_after_many_scrapes(tmp_path: Path, case: str) -> None:
    """Nor is anything made where something is missing."""
    home = ODD[case](tmp_path)
    before = tree(tmp_path)
    scraper = Scraper(home)

    for _ in range(SCRAPES):
        scraper.scrape()
    scraper.gatherer.close()

    assert tree(tmp_path) == before
