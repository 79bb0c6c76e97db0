"""Prometheus' remote-write protocol, as little of it as it takes to give a Prometheus a past.

Unlike a file of samples it carries stale markers: a series that went is gone at once, as after a real scrape.
Protocol buffers and snappy (as literals, nothing is compressed) are written by hand: two messages need no library.
"""

from __future__ import annotations

import math
import re
import struct
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The one NaN that says that a series has ended."""
LITERAL_BYTES = 1 << 16
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Samples = list[tuple[float, float]]
"""Of one series: Unix seconds and value, in order."""


def push(url: str, series: Mapping[str, Samples], target: Mapping[str, str]) -> None:
    """Send samples of series as an exposition names them, with the labels of a target; raise OSError."""
    body = b"".join(_field(1, _time_series(name, samples, target)) for name, samples in series.items())
    headers = {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    request = urllib.request.Request(url, data=b"".join(_snappy(body)), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        raise OSError(error.read().decode()) from error


def labels_of(name: str) -> dict[str, str]:
    """The labels of a series as an exposition names it, the metric's name among them."""
    metric, _, rest = name.partition("{")
    found = {key: value.encode().decode("unicode_escape").encode("latin-1").decode() if "\\" in value else value
             for key, value in LABEL.findall(rest)}  # fmt: skip
    return {"__name__": metric, **found}


def _time_series(name: str, samples: Samples, target: Mapping[str, str]) -> bytes:
    labels = sorted({**labels_of(name), **target}.items())
    texts = (_field(1, _field(1, key.encode()) + _field(2, value.encode())) for key, value in labels)
    values = (_field(2, b"\x09" + _double(value) + b"\x10" + _varint(round(at * 1000))) for at, value in samples)
    return b"".join((*texts, *values))


def _double(value: float) -> bytes:
    if math.isnan(value):  # a conversion through float may quiet the marker
        return struct.pack("<Q", 0x7FF0000000000002)
    return struct.pack("<d", value)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _snappy(body: bytes) -> Iterable[bytes]:
    yield _varint(len(body))
    for start in range(0, len(body), LITERAL_BYTES):
        literal = body[start : start + LITERAL_BYTES]
        yield b"\xf4" + struct.pack("<H", len(literal) - 1)
        yield literal
