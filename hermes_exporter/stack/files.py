"""The files that are shipped: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """Return the checkout that this code runs from, None where it is installed."""
    return PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else None


def text(name: str) -> str:
    """Return a shipped file by its name in the repository, such as ``deploy/prometheus/prometheus.yml``."""
    return ((checkout() or PACKAGE / "share") / name).read_text("utf-8")
