"""Samples to bytes, in the format that the scraper asked for. The only module that knows prometheus_client.

What a collector says of a profile is encoded once and kept until it says something else; so is what is joined and
compressed of it. The answer is made of sections, one per collector; gzip members may stand one after the other.
prometheus_client is loaded when something is encoded: who only asks how the profiles are does not wait for it.
"""

from __future__ import annotations

import zlib
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.metric import clean
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client import Metric

    from hermes_exporter.metric import Family, Sample

GZIP_LEVEL = 1
"""Level 9 takes twenty times as long to save half as much again."""
SHORT_BYTES = 16 << 10
"""Setting up zlib's usual window takes longer than compressing so much."""
SERIES_KEPT = 1024
"""Names kept with their labels: of the series that have a new value at every scrape."""
SCRAPERS_KEPT = 16
"""Answers kept to what scrapers accept; each sends the same headers every time."""
_END = b"# EOF\n"


def _compressed(data: bytes) -> bytes:
    """Return a gzip member."""
    window_bits, memory_level = (13, 5) if len(data) <= SHORT_BYTES else (15, 8)
    member = zlib.compressobj(GZIP_LEVEL, wbits=16 + window_bits, memLevel=memory_level)
    return member.compress(data) + member.flush()


_COMPRESSED_END = _compressed(_END)


class Format(NamedTuple):
    """How a scraper wants its answer."""

    openmetrics: bool
    compressed: bool


PLAIN = Format(openmetrics=False, compressed=False)


@lru_cache(maxsize=SCRAPERS_KEPT)
def negotiate(accept: str, accept_encoding: str) -> tuple[Format, str]:
    """Return format and content type for a request's headers; what cannot be understood gets plain text."""
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415

    try:
        content_type = choose_encoder(accept)[1]
    except (TypeError, ValueError):
        content_type = choose_encoder("")[1]
    return Format("openmetrics" in content_type, _takes_gzip(accept_encoding)), content_type


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.strip().lower().removeprefix("q=").strip("0.") != "" or not weight
    return False


class Chunk:
    """What one collector says of one profile (None: of the host), encoded when first asked for.

    Attributes:
        series: how many samples these are.
    """

    def __init__(self, profile: str | None, samples: Iterable[Sample]) -> None:
        self.series = 0
        self._profile = profile
        self._samples: dict[Family, list[Sample]] = {}
        for sample in samples:
            self._samples.setdefault(sample.family, []).append(sample)
            self.series += 1
        self._lines: dict[Family, bytes] | None = None

    def lines(self) -> dict[Family, bytes]:
        """Return the sample lines by family; they are the same in both formats."""
        if self._lines is None:
            from prometheus_client.utils import floatToGoString  # noqa: PLC0415

            named = () if self._profile is None else (("profile", clean(self._profile)),)
            self._lines = {
                family: "".join(_line(sample, named, floatToGoString) for sample in samples).encode()
                for family, samples in self._samples.items()
            }
            self._samples = {}
        return self._lines


class Section(Value, eq=False):
    """What one collector says of every profile; ``chunks`` in the order of the profiles."""

    families: tuple[Family, ...]
    chunks: tuple[Chunk, ...]
    _bodies: dict[Format, bytes] = field(default_factory=dict)

    def body(self, wanted: Format) -> bytes:
        """Return the section as it is sent."""
        body = self._bodies.get(wanted)
        if body is None:
            body = b"".join(self._parts(openmetrics=wanted.openmetrics))
            if wanted.compressed:
                body = _compressed(body)
            self._bodies[wanted] = body
        return body

    def _parts(self, *, openmetrics: bool) -> Iterator[bytes]:
        spoken = [chunk.lines() for chunk in self.chunks]
        for family in self.families:
            lines = [lines[family] for lines in spoken if family in lines]
            if lines:
                yield _head(family, openmetrics=openmetrics)
                yield from lines


class Exposition:
    """The answer to a scrape."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = tuple(sections)

    def encode(self, wanted: Format) -> bytes:
        """Return the whole body."""
        end = b"" if not wanted.openmetrics else _COMPRESSED_END if wanted.compressed else _END
        return b"".join([*(section.body(wanted) for section in self._sections), end])


def _line(sample: Sample, named: tuple[tuple[str, str], ...], as_text: Callable[[float], str]) -> str:
    return f"{_series(sample.family, sample.labels, named)} {as_text(sample.value)}\n"


@lru_cache(maxsize=SERIES_KEPT)
def _series(family: Family, labels: tuple[str, ...], named: tuple[tuple[str, str], ...]) -> str:
    pairs = sorted((*named, *zip(family.labels, labels, strict=True)))
    text = ",".join([f'{name}="{_escaped(value)}"' for name, value in pairs])
    return f"{family.name}{{{text}}}" if text else family.name


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@cache
def _head(family: Family, *, openmetrics: bool) -> bytes:
    """Return the family's HELP and TYPE lines, as prometheus_client writes them."""
    from prometheus_client import generate_latest  # noqa: PLC0415
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415
    from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_of  # noqa: PLC0415

    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = make(family.name, family.help)
    if not openmetrics:
        return generate_latest(_One(metric))
    text: bytes = openmetrics_of(_One(metric))  # type: ignore[no-untyped-call]
    return text.removesuffix(_END)


class _One:
    """All that prometheus_client's encoders ask of a registry."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterator[Metric]:
        yield self._metric
