"""Families are data: a collector yields samples of them, and only exposition.py knows prometheus_client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_LABEL = 200
"""Characters of a label value; the rest is cut off."""

Kind = Literal["gauge", "counter"]


class Sample(NamedTuple):
    """One value of a family; ``labels`` are the values of ``family.labels``, in that order."""

    family: Family
    value: float
    labels: tuple[str, ...]


class Family(Value, eq=False):
    """A metric family of the contract.

    Attributes:
        name: full name as scraped; counters end in ``_total``.
        kind: ``gauge`` or ``counter``.
        help: what it is, its unit, its source, and what absence means.
        labels: label names besides ``profile``.
        host: True where the series speak of the host and carry no ``profile``.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    host: bool = False

    def __call__(self, value: float, **labels: str) -> Sample:
        """Make a sample; raise TypeError unless exactly the declared labels are given, in their order."""
        if tuple(labels) != self.labels:
            raise TypeError(f"{self.name} takes labels {self.labels}, got {tuple(labels)}")
        return Sample(self, float(value), tuple(map(clean, labels.values())))

    def each(self, label: str, values: Iterable[str], current: str, **labels: str) -> Iterator[Sample]:
        """Yield one 0/1 series per value of a closed vocabulary; an unknown ``current`` counts as ``other``."""
        vocabulary = tuple(values)
        if current not in vocabulary and "other" in vocabulary:
            current = "other"
        for value in vocabulary:
            yield self(value == current, **labels, **{label: value})


def clean(text: str) -> str:
    """Return ``text`` cut to a bearable length, without lone surrogates, which no encoder can write."""
    text = text[:MAX_LABEL]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
