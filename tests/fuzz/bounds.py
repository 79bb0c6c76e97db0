"""What reading foreign bytes may cost: steps and size of the outcome, both by the size of the input."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Set
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import astuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CALLS_AT_LEAST, CALLS_PER_BYTE = 20_000, 100
WEIGHT_AT_LEAST, WEIGHT_PER_BYTE = 20_000, 200


class TooManyStepsError(AssertionError):
    """The calls that were allowed are used up."""


@contextmanager
def steps(size: int, at_least: int = CALLS_AT_LEAST) -> Iterator[None]:
    """Raise TooManyStepsError at the call of a function that is one too many for an input of that size."""
    left = at_least + CALLS_PER_BYTE * size
    before = sys.getprofile()

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        if event == "call":
            left -= 1
            if left < 0:
                sys.setprofile(before)
                raise TooManyStepsError(f"too many calls for {size} bytes")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


def weight(outcome: object) -> int:
    """Return about how many bytes a record takes, what it shares counted each time that it is reached."""
    total, waiting = 0, [outcome]
    while waiting:
        each = waiting.pop()
        total += 16
        if isinstance(each, (str, bytes)):
            total += len(each)
        elif isinstance(each, Mapping):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, (list, tuple, Set)):
            waiting += each
        elif isinstance(each, Struct):
            waiting += astuple(each)
    return total


def check_weight(outcome: object, size: int) -> None:
    """Assert that a record is no larger than an input of that size allows."""
    assert weight(outcome) <= WEIGHT_AT_LEAST + WEIGHT_PER_BYTE * size
