"""YAML files that people write, read node by node: every problem is reported at once, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from hermes_exporter.sources import safe_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Node = yaml.Node
MAX_BYTES = 1 << 20
TRUE = ("true", "yes", "on")


class ConfigError(Exception):
    """The file cannot be used; the message lists every problem, a line each, as FILE:LINE:COLUMN: what.

    Attributes:
        files: other files that the file names, as far as it could be read.
    """

    def __init__(self, message: str, files: Iterable[Path] = ()) -> None:
        super().__init__(message)
        self.files = tuple(files)


def compose(path: Path) -> Node | None:
    """Return the root of the file, None of an empty one, or raise ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        safe_yaml.check(data)  # the parser that knows places takes seconds for deep ones
        return yaml.compose(data, Loader=yaml.SafeLoader)
    except safe_yaml.YamlError as error:
        raise ConfigError(f"{path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigError(f"{path}{place}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not YAML: {type(error).__name__}") from error


def is_null(node: Node | None) -> bool:
    """Whether nothing is said there."""
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"))


def is_empty(node: Node) -> bool:
    """Whether it is null, or a text of no character: to exporter-toolkit that is as good as not there."""
    return is_null(node) or (isinstance(node, yaml.ScalarNode) and not node.value)


def is_mapping(node: Node) -> bool:
    """Whether it has keys."""
    return isinstance(node, yaml.MappingNode)


class NodeReader:
    """Takes nodes for what they should be, and collects what is wrong with them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._problems: list[tuple[tuple[int, int], str]] = []

    @property
    def problems(self) -> int:
        """How many there are so far."""
        return len(self._problems)

    def finish(self, files: Iterable[Path] = ()) -> None:
        """Raise ConfigError if there was a problem; ``files`` are those that the file names."""
        if self._problems:
            raise ConfigError("\n".join(text for _place, text in sorted(self._problems)), files)

    def problem(self, node: Node, what: str) -> None:
        """Note a problem; ``what`` never quotes a value, which may be a secret."""
        mark = node.start_mark
        place = (mark.line + 1, mark.column + 1)
        self._problems.append((place, f"{self.path}:{place[0]}:{place[1]}: {what}"))

    def pairs(self, node: Node | None, place: str, known: tuple[str, ...] | None) -> list[tuple[str, Node]]:
        """Return the keys of a mapping with their values; ``known`` None takes any key."""
        if node is None or is_null(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, f"{place}: expected a mapping")
            return []
        pairs: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if known is not None and name not in known:
                self.problem(key, f"{place}: unknown key {name}, expected {' or '.join(known)}")
            elif name in pairs:
                self.problem(key, f"{place}: {name} stands twice")
            else:
                pairs[name] = value
        return list(pairs.items())

    def items(self, node: Node, what: str) -> list[Node]:
        """Return the items of a list; ``what`` says which list of what it should be."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.problem(node, what)
        return []

    def text(
        self, node: Node | None, place: str, accepts: Callable[[str], object] = bool, wanted: str = "text"
    ) -> str | None:
        """Return what a scalar says, None where it is absent or not accepted."""
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode) and not is_null(node) and accepts(node.value):
            if node.value.isprintable():
                return str(node.value)
            wanted += " without control characters"
        self.problem(node, f"{place}: expected {wanted}")
        return None

    def boolean(self, node: Node, place: str) -> bool:
        """Return true or false; False where it is neither."""
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":bool"):
            return node.value.lower() in TRUE
        self.problem(node, f"{place}: expected true or false")
        return False
