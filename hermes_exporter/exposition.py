"""Samples to bytes, in the format that the scraper asked for. The only module that knows prometheus_client."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric

    from hermes_exporter.metric import Family, Sample

GZIP_LEVEL = 1
"""Level 9 takes twenty times as long to save half as much again."""


class Exposition:
    """The answer to a scrape, encoded when first asked for in a format, and kept for the next scraper.

    ``host`` are samples without a profile, ``profiles`` samples by the profile that they are labelled with.
    """

    def __init__(
        self, families: Iterable[Family], host: Iterable[Sample], profiles: Iterable[tuple[str, Iterable[Sample]]]
    ) -> None:
        by_family: dict[Family, list[tuple[tuple[str, ...], float]]] = {family: [] for family in families}
        for sample in host:
            by_family[sample.family].append((sample.labels, sample.value))
        for profile, samples in profiles:
            for sample in samples:
                by_family[sample.family].append(((profile, *sample.labels), sample.value))
        self._families = by_family
        self._encoded: dict[tuple[str, bool], bytes] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield prometheus_client's metrics: what its encoders ask of a registry."""
        for family, samples in self._families.items():
            if not samples:
                continue
            labels = family.labels if family.host else ("profile", *family.labels)
            make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = make(family.name, family.help, labels=labels)
            for values, value in samples:
                metric.add_metric(values, value)
            yield metric

    def encode(self, accept: str, *, compressed: bool) -> tuple[bytes, str]:
        """Return body and content type for an Accept header; one that cannot be understood gets plain text."""
        try:
            encoder, content_type = choose_encoder(accept)
        except (TypeError, ValueError):
            encoder, content_type = choose_encoder("")
        key = (content_type, compressed)
        if key not in self._encoded:
            body = encoder(self)
            self._encoded[key] = gzip.compress(body, GZIP_LEVEL, mtime=0) if compressed else body
        return self._encoded[key], content_type

    def text(self) -> bytes:
        """Return the text format, 0.0.4."""
        return generate_latest(self)
