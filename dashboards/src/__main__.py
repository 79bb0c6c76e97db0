"""Write the dashboards' JSON beside this directory; ``documents`` is what would be written."""

from __future__ import annotations

from pathlib import Path

from dashboards.src import frame, overview, profile, reports

HERE = Path(__file__).parent.parent


def documents() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {f"{board.UID}.json": frame.as_json(board.build()) for board in (overview, profile, reports)}


if __name__ == "__main__":
    for name, text in documents().items():
        (HERE / name).write_text(text)
