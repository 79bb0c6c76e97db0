"""Every parser of foreign bytes, with bytes made of what it expects: dozens of times each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import SECRET, seeds
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = 30
PUMPED_BYTES = 16 << 10
ODD = (
    *(
        b"",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"\n",
        b"\r\n",
        b" ",
        b'"',
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\\",
    ),
    *(
        b"\\ud800",
        b"null",
        b"true",
        b"-1",
        b"1e999",
        b"NaN",
        b"9" * 400,
        b"2026-11-22T06:47:14+23:59",
        b"0001-01-01",
    ),
    *(
        b"*",
        b"&a ",
        b"*a",
        b"<<: ",
        b"- ",
        b"!!python/object:x ",
        b"=",
        b";",
        b"1-",
        b"/",
        b"#",
        b"l",
        SECRET.encode(),
    ),
)


@st.composite
def edited(draw: st.DrawFn, name: str) -> bytes:
    """A seed of the target with some places replaced, cut out, repeated or pumped up."""
    data = draw(st.sampled_from(seeds(name)))
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.sampled_from((0, 1, 2, 8, 64, 4096))))
        piece = data[begin:end]
        how = draw(st.sampled_from(("odd", "bytes", "twice", "pumped")))
        new = {
            "odd": lambda: draw(st.sampled_from(ODD)),
            "bytes": lambda: draw(st.binary(max_size=8)),
            "twice": lambda: piece * 2,  # noqa: B023  # called at once
            "pumped": lambda: (piece or b"a") * (PUMPED_BYTES // (len(piece) or 1)),  # noqa: B023
        }[how]()
        data = data[:begin] + new + data[end:]
    return data


def fed(target: Callable[[bytes], None], data: st.SearchStrategy[bytes], examples: int = EXAMPLES) -> None:
    """Run the target with so many inputs."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data)
    def feed(content: bytes) -> None:
        target(content)

    feed()


@pytest.mark.parametrize("name", TARGETS)
def test_what_it_begins_with(name: str) -> None:
    """What a real Hermes wrote, and forms that are made to break a parser, are read or refused as declared."""
    assert seeds(name)
    for data in seeds(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_edited(name: str) -> None:
    """So is what comes of them when bytes are lost, changed, repeated."""
    fed(TARGETS[name], edited(name))


@pytest.mark.parametrize("name", TARGETS)
def test_arbitrary(name: str) -> None:
    """So are bytes that are of no form at all, and the pieces that forms are made of, in any order."""
    fed(TARGETS[name], st.lists(st.sampled_from(ODD) | st.binary(max_size=4), max_size=40).map(b"".join), 20)
