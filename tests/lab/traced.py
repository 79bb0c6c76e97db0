"""What a program asks of the kernel, by strace, and whether a list in the repository allows it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

LINE = re.compile(
    r"(?P<name>[a-z_0-9]+)\((?P<arguments>.*?)(?:\)\s+= .*| <unfinished \.\.\.>|\)? <detached \.\.\.>)?$"
)
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
OPENED = re.compile(r"(?<![\w\"])(?:AT_FDCWD|\d+)<([^>]*)>")
FLAG = re.compile(r"\bO_[A-Z]+\b")
OPENING = ("open", "openat", "openat2", "creat")
OF_ONE_PATH = (
    "access", "chdir", "chmod", "chown", "creat", "execve", "faccessat", "faccessat2", "fchmodat", "fchownat",
    "futimesat", "getxattr", "lchown", "lgetxattr", "listxattr", "lstat", "mkdir", "mkdirat", "mknod", "mknodat",
    "open", "openat", "openat2", "newfstatat", "readlink", "readlinkat", "removexattr", "rmdir", "setxattr",
    "stat", "statfs", "statx", "truncate", "unlink", "unlinkat", "utime", "utimensat", "utimes",
)  # fmt: skip
OF_TWO_PATHS = ("link", "linkat", "rename", "renameat", "renameat2", "symlink", "symlinkat")
"""What other calls quote is data, an address or an answer."""


def strace(directory: str | Path) -> tuple[str, ...]:
    """The command that runs another one and leaves a trace of each of its threads in the directory."""
    return ("strace", "-D", "-ff", "-y", "-qq", "-e", "signal=none", "-s", "512", "-o", f"{directory}/trace")


@dataclass(frozen=True)
class Call:
    """One call: its name, the paths that it is about, the flags of an opening, and the line as strace wrote it."""

    name: str
    paths: tuple[str, ...]
    flags: frozenset[str]
    line: str = field(compare=False)


def calls(lines: Iterable[str]) -> list[Call]:
    """Every call in a trace; the lines of signals and ends are none."""
    found = (LINE.match(line) for line in lines)
    return [_call(each) for each in found if each]


def _call(found: re.Match[str]) -> Call:
    name, arguments = found["name"], found["arguments"] or ""
    wanted = 1 if name in OF_ONE_PATH else 2 if name in OF_TWO_PATHS else 0
    quoted = QUOTED.findall(arguments)[:wanted]
    held = [text for text in OPENED.findall(QUOTED.sub("", arguments)) if text.startswith("/")]
    directory = held[0] if held else ""
    paths = [text if text.startswith("/") else f"{directory}/{text}".rstrip("/") for text in quoted]
    flags = frozenset(FLAG.findall(QUOTED.sub("", arguments))) if name in OPENING else frozenset()
    return Call(name, tuple(filter(None, paths or held)), flags, found[0])


@dataclass(frozen=True)
class Allowed:
    """The list: names of calls that are about no path, and by patterns of paths those that are.

    Attributes:
        paths: patterns, calls and flags of each group.
    """

    anywhere: frozenset[str]
    paths: tuple[tuple[re.Pattern[str], frozenset[str], frozenset[str]], ...]

    @classmethod
    def read(cls, file: Path, places: Mapping[str, Collection[str]]) -> Allowed:
        """Read the file; in its patterns a name in braces stands for any of these places."""
        document = tomllib.loads(file.read_text())
        assert all(group["why"] for group in (*document["paths"], *document["anywhere"]))
        names = frozenset(call for group in document["anywhere"] for call in group["calls"])
        return cls(
            names,
            tuple(
                (_pattern(text, places, below), frozenset(group["calls"]), frozenset(group.get("flags", ())))
                for group in document["paths"]
                for key, below in (("at", ""), ("under", "(/.*)?"))
                for text in group.get(key, ())
            ),
        )

    def refuses(self, call: Call) -> bool:
        """Whether a call is not on the list; the first group that has a path decides on it."""
        if not call.paths:
            return call.name not in self.anywhere
        return any(not self._allows(call, path) for path in call.paths)

    def _allows(self, call: Call, path: str) -> bool:
        for pattern, names, flags in self.paths:
            if pattern.fullmatch(path):
                return call.name in names and call.flags <= flags
        return False


def _pattern(text: str, places: Mapping[str, Collection[str]], below: str) -> re.Pattern[str]:
    expression = re.escape(text).replace(r"\*", "[^/]*")
    for name, paths in places.items():
        either = "|".join(map(re.escape, paths))
        expression = expression.replace(re.escape(f"{{{name}}}"), f"(?:{either})")
    return re.compile(expression + below)


def traces(directory: Path) -> list[str]:
    """The lines of every trace in a directory."""
    found = sorted(directory.glob("trace.*"))
    return [line for path in found for line in path.read_text(errors="replace").splitlines()]
