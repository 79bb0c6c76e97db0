"""The prose: one word for one thing, spelt right, in short lines, and nothing of anybody's machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/**/*.md")])
SPELT = (
    "alerts",
    "dashboards/src",
    "deploy",
    "docs",
    "hermes_exporter",
    "website",
    *(str(page) for page in PAGES),
)
LONGEST = 140
INSTEAD = {
    r"cron ?jobs?": "job",
    r"schedule (slot|time)s?|occurrences?": "slot",
    r"agent process|bot process|daemons?": "gateway",
    r"briefings?|newsletters?": "report",
    r"LLM providers?|model vendors?|model backends?": "provider",
    r"workspaces?|accounts? profile": "profile",
    r"behavior|artifact|color": "behaviour, artefact, colour",
    r"e\.g\.|i\.e\.|etc\.": "for instance, that is, and so on",
    r"simply|obviously|of course|please note|in order to|utili[sz]e|leverage|robust": "nothing",
}
"""What is not said, and what is said instead. Names in code are as they are."""
SAMPLE_USERS = {"ann", "bob", "hermes"}


def prose(page: Path) -> list[tuple[int, str]]:
    """The numbered lines of a page that are neither code nor a table, without code and addresses within them."""
    lines = []
    fenced = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and not line.startswith(("|", "```", "    ", "<", "!", ">")):
            lines.append((number, line))
    return lines


def said(line: str) -> str:
    """The line's words: without code, quotations and addresses."""
    return re.sub(r"`[^`]*`|\"[^\"]*\"|\]\([^)]*\)|https?://\S+", "", line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_one_word_for_one_thing(page: Path) -> None:
    """What has a word here is not called by another."""
    wrong = [
        f"{number}: {found[0]}: say {better}"
        for number, line in prose(page)
        for pattern, better in INSTEAD.items()
        if (found := re.search(rf"(?<![\w-])({pattern})(?![\w-])", said(line), re.IGNORECASE))
    ]

    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_lines_are_short_enough(page: Path) -> None:
    """Prose is broken where a review can show it; only what cannot be broken is longer."""
    assert [number for number, line in prose(page) if len(line) > LONGEST] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_of_the_machine_it_was_written_on(page: Path) -> None:
    """No path of a checkout or a root's home, and of users only the made-up ones."""
    text = page.read_text()

    assert re.findall(r"(?<![\w.~-])/(?:work|root|Users)/\S*", text) == []
    assert set(re.findall(r"/home/(\w+)", text)) <= SAMPLE_USERS


def test_spelling() -> None:
    """No common misspelling in pages, rules, messages or docstrings."""
    command = [Path(sys.executable).with_name("codespell"), "--skip", "*.json,*.png,alerts/tests", *SPELT]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)

    assert done.stdout == ""
    assert done.returncode == 0, done.stderr
