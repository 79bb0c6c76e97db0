"""What a collector is: families, a function from a view to samples of them, and what that function looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.metric import Family, Sample


class Collector(Value):
    """One table of the contract.

    Attributes:
        title: of the table.
        name: the collector label whose success it belongs to, and the switch that turns it off.
        inputs: everything of a view that ``collect`` looks at; equal inputs mean equal samples.
    """

    title: str
    name: str
    families: tuple[Family, ...]
    inputs: Callable[[ProfileView], object]
    collect: Callable[[ProfileView], Iterator[Sample]]
