"""JSON objects with values of any shape: each value is asked for by type, and a wrong one costs only itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hermes_exporter.sources import lenient_json
from hermes_exporter.sources.artefact import UnusableError
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.sources.artefact import Notes


T = TypeVar("T")

MAX_WHOLE = 1 << 53
"""Beyond it a float, and so a sample, no longer tells whole numbers apart."""


class JsonObject:
    """A decoded JSON object; absent and null values are None, values of another type are None and noted."""

    def __init__(self, values: dict[str, object], notes: Notes, place: str = "") -> None:
        self._values, self._notes, self._place = values, notes, place

    @classmethod
    def decode(cls, data: bytes, notes: Notes) -> JsonObject:
        """Decode an object, or raise UnusableError."""
        values = lenient_json.decode(data)
        if not isinstance(values, dict):
            raise UnusableError(f"expected a JSON object, got {_name(values)}")
        return cls(values, notes)

    def text(self, key: str) -> str | None:
        """Return a string."""
        value = self._typed(key, str, "text")
        return None if value is None else whole_text(value)

    def integer(self, key: str) -> int | None:
        """Return a whole number of at most 53 bits; a whole float such as 3.0 counts."""
        value = self._values.get(key)
        if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_WHOLE:
            return int(value)
        whole = self._typed(key, int, "a whole number")
        if whole is not None and abs(whole) > MAX_WHOLE:
            self._notes.fault(self._at(key), "a number out of range")
            return None
        return whole

    def number(self, key: str) -> float | None:
        """Return a number."""
        value = self._values.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_WHOLE:
            return float(value)
        return self._typed(key, float, "a number")

    def flag(self, key: str) -> bool | None:
        """Return true or false."""
        return self._typed(key, bool, "true or false")

    def stamp(self, key: str) -> float | None:
        """Return the time of something that happened, in Unix seconds."""
        seconds = self.plan(key)
        if seconds is not None:
            self._notes.stamp(self._at(key), seconds)
        return seconds

    def plan(self, key: str) -> float | None:
        """Return a time that may well lie ahead, in Unix seconds."""
        value = self._values.get(key)
        if value is None:
            return None
        try:
            return unix_seconds(value)
        except ValueError as error:
            self._notes.fault(self._at(key), str(error))
            return None

    def child(self, key: str) -> JsonObject | None:
        """Return an object, whose values are asked for in the same way."""
        value = self._typed(key, dict, "an object")
        return None if value is None else JsonObject(value, self._notes, f"{self._at(key)}.")

    def children(self) -> Iterator[tuple[str, JsonObject]]:
        """Yield the objects whose keys are foreign text; errors tell the position of one instead of its key."""
        table = self._place.removesuffix(".")
        for index, (key, value) in enumerate(self._values.items()):
            place = f"{table}[{index}]"
            if isinstance(value, dict):
                yield key, JsonObject(value, self._notes, f"{place}.")
            else:
                self._notes.fault(place, f"expected an object, got {_name(value)}")

    def value(self, key: str) -> object:
        """Return a value of whatever type."""
        return self._values.get(key)

    def raw_text(self, key: str) -> str:
        """Return a string, or an empty one in the place of anything else; nothing is noted."""
        value = self._values.get(key)
        return whole_text(value) if isinstance(value, str) else ""

    def names(self) -> list[str]:
        """Return the keys, in the order of the file."""
        return list(self._values)

    def array(self, key: str) -> list[object] | None:
        """Return a list."""
        return self._typed(key, list, "a list")

    def _typed(self, key: str, kind: type[T], wanted: str) -> T | None:
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self._notes.fault(self._at(key), f"expected {wanted}, got {_name(value)}")
        return None

    def _at(self, key: str) -> str:
        return f"{self._place}{key}"


def whole_text(text: str) -> str:
    """Return the text with halves of characters replaced, which JSON allows and nothing can encode."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _name(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
