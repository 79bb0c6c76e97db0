"""The text of a systemd unit: words as systemd reads them, directives exchanged, a stamp that shows edits."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STAMP = re.compile(r"# Written by hermes-exporter (?P<version>\S+) install, sha256 (?P<sha256>[0-9a-f]{64}): .*")
_WORD = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"\\]+)')
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./~$-]+")


class Stamp(NamedTuple):
    """What the first line of a unit says.

    Attributes:
        version: of the exporter that wrote it.
        intact: the text is as it was written.
    """

    version: str
    intact: bool


def word(text: str) -> str:
    """Return one word of a directive, quoted and escaped; raise ValueError for what no unit file can hold."""
    if not text.isprintable():
        raise ValueError(f"{text!r} cannot stand in a unit file")
    escaped = text.replace("%", "%%")
    if _PLAIN.fullmatch(escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command(program: str, arguments: Sequence[str]) -> str:
    """Return the value of an ExecStart=; raise ValueError. systemd replaces variables in arguments only."""
    return " ".join([word(program), *(word(argument.replace("$", "$$")) for argument in arguments)])


def words(value: str) -> list[str]:
    """Return the program and the arguments of a value that ``command`` made."""
    found: list[str] = []
    for match in _WORD.finditer(value):
        plain = match["plain"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
        plain = plain.replace("%%", "%")
        found.append(plain.replace("$$", "$") if found else plain)
    return found


def value(text: str, directive: str) -> str:
    """Return the value of a directive that stands there once."""
    (found,) = _of(directive).findall(text)
    return str(found)


def replaced(text: str, directive: str, lines: Iterable[str]) -> str:
    """Return the unit with other lines in the place of a directive that stands there once."""
    value(text, directive)
    return _of(directive).sub(lambda _match: "".join(f"{line}\n" for line in lines), text)


def stamped(text: str, version: str, advice: str) -> str:
    """Return the unit with a first line that says who wrote it, and what to do instead of editing it."""
    return f"# Written by hermes-exporter {version} install, sha256 {_digest(text)}: {advice}\n{text}"


def stamp(text: str) -> Stamp | None:
    """Return what the unit's first line says, None where it is none of ours."""
    first, _, rest = text.partition("\n")
    match = _STAMP.fullmatch(first)
    return Stamp(match["version"], match["sha256"] == _digest(rest)) if match else None


def _of(directive: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(directive)}=(.*)\n", re.MULTILINE)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
