"""YAML out of a file that anybody may have written: what would exhaust or crash a parser is refused beforehand.

The C parser recurses and dies of a hundred thousand brackets; mappings merged into one another make a small file a
large one. Both show in the stream of events, which costs neither depth nor copies.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 100
MAX_MERGED = 10_000
"""Nodes that merge keys copy, each as often as it would be copied."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STARTS = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
_FAILURES = (ValueError, KeyError, AttributeError, TypeError, IndexError, OverflowError, RecursionError)


class YamlError(Exception):
    """The text is no YAML that can be used; the message says where and never quotes it."""


def load(data: bytes) -> object:
    """Return the document, or raise YamlError."""
    try:
        check(data)
        return yaml.load(data, Loader=_LOADER)  # noqa: S506  # both are safe loaders
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlError(f"{place}not YAML") from None
    except (yaml.YAMLError, *_FAILURES) as error:
        raise YamlError(f"not YAML ({type(error).__name__})") from None


def check(data: bytes) -> None:
    """Raise YamlError for a document that is too deep, or merges too much, yaml.YAMLError for what is none."""
    nodes, merging = 0, False
    sizes: dict[str | None, int] = {}
    inside: list[tuple[str | None, int]] = []
    for event in yaml.parse(data, Loader=_LOADER):
        if isinstance(event, _STARTS):
            inside.append((event.anchor, nodes))
        elif isinstance(event, _ENDS):
            anchor, before = inside.pop()
            sizes[anchor] = nodes - before
        elif isinstance(event, yaml.AliasEvent):
            nodes += sizes.get(event.anchor, 0) if merging else 0
        if len(inside) > MAX_DEPTH:
            raise YamlError("nested too deeply")
        if nodes > MAX_MERGED:
            raise YamlError("merges too much")
        merging, nodes = _merging(event, merging=merging), nodes + merging


def _merging(event: yaml.Event, *, merging: bool) -> bool:
    """Return whether what comes next is merged: a merge key starts it, a list of aliases goes on with it."""
    if isinstance(event, yaml.ScalarEvent):
        return bool(event.value == "<<")
    return merging and isinstance(event, (yaml.SequenceStartEvent, yaml.AliasEvent))
