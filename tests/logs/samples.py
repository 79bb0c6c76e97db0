"""Records as Hermes writes them: one or more for each row of the catalogue, and some that only look like one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

STAMP = "2026-11-22 06:47:14,312"


class Sample(NamedTuple):
    """One record: its class, what it counts under (empty: nothing), and itself without the stamp."""

    kind: str
    error: str
    record: str


def data(*contents: str) -> bytes:
    """Records with stamps, as a log holds them."""
    return "".join(f"{STAMP} {content}\n" for content in contents).encode()


def _lines(name: str) -> list[str]:
    text = Path(__file__).with_name(name).read_text()
    return [line.replace("⏎", "\n") for line in text.splitlines() if not line.startswith("#")]


def _sample(line: str) -> Sample:
    head, _, record = line.partition(" ⇒ ")
    kind, error = head.split(" ")
    return Sample(kind, error.replace("-", ""), record)


SAMPLES = [_sample(line) for line in _lines("samples.txt")]
NEAR_MISSES = _lines("near_misses.txt")
