"""The host's time zone by name, which Hermes falls back to where a profile names none."""

from __future__ import annotations

import os
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

UNKNOWN = "UTC"


def clock(rootfs: Path) -> tzinfo:
    """Return the host's zone itself, UTC where its name is none."""
    try:
        return ZoneInfo(name(rootfs))
    except (OSError, ValueError, KeyError):
        return UTC


def name(rootfs: Path) -> str:
    """Return the IANA name of the host's zone, UTC where it is not told."""
    if told := os.environ.get("TZ", "").lstrip(":"):
        return told
    try:
        link = os.readlink(rootfs / "etc/localtime")  # noqa: PTH115  # relative links stay as they are
    except OSError:
        link = ""
    if "zoneinfo/" in link:
        return link.partition("zoneinfo/")[2]
    try:
        return (rootfs / "etc/timezone").read_text("ascii", "replace").strip() or UNKNOWN
    except OSError:
        return UNKNOWN
