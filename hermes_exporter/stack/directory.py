"""A stack's directory on disk: written, renewed, and never over an edit of its owner.

What was written last is remembered by its hash, so three versions meet: that one, the owner's, and the new one.
All of it belongs to its owner alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from hermes_exporter import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

RECORD = ".hermes-stack.json"
PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
KEPT = "kept     {0}, which you edited; {1}"


class DirectoryError(Exception):
    """It cannot be a stack's directory; the message says why."""


class Record(msgspec.Struct, kw_only=True):
    """What is remembered of a directory.

    Attributes:
        notify: the way to the phone.
        native: systemd units instead of containers.
        grafana: Grafana belongs to it.
        ports: of each program.
        answers: that are no secrets, by name.
        files: SHA-256 of what was last written, or offered beside an edited one, by name.
    """

    notify: str
    native: bool
    grafana: bool
    ports: dict[str, int]
    answers: dict[str, str]
    files: dict[str, str]


class Directory:
    """A stack's directory. Every method may raise DirectoryError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def record(self) -> Record | None:
        """Return what is remembered of it, None where it is new: empty or not there."""
        try:
            return msgspec.json.decode((self.root / RECORD).read_bytes(), type=Record)
        except FileNotFoundError:
            pass
        except msgspec.DecodeError as error:
            raise DirectoryError(f"{self.root / RECORD} is not as it was written: {error}") from None
        except OSError as error:
            raise _unfit(error, self.root) from error
        try:
            if any(self.root.iterdir()):
                raise DirectoryError(
                    f"{self.root} is not empty, and no stack of hermes-exporter: choose another directory"
                )
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _unfit(error, self.root) from error
        return None

    def remember(self, record: Record) -> None:
        """Keep that record."""
        self._write(RECORD, msgspec.json.format(msgspec.json.encode(record), indent=2))

    def secret(self, name: str) -> str:
        """Return a secret, empty where there is none."""
        try:
            return (self.root / name).read_text("utf-8").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise DirectoryError(f"{self.root / name} cannot be read") from error

    def keep_secret(self, name: str, secret: str) -> None:
        """Write a secret that is another one than that which is there, or take it away where it is empty."""
        if not secret:
            self._remove(name)
        elif secret != self.secret(name):
            self._write(name, secret.encode())

    def make(self, names: Iterable[str]) -> None:
        """Make directories, for their owner alone, that are not there yet."""
        for name in names:
            self._make(self.root / name)

    def renew(self, wanted: Mapping[str, str], known: dict[str, str]) -> Iterator[str]:
        """Write the files; yield a line for each of note, and put the hash of what is written into ``known``."""
        for name, text in wanted.items():
            new = text.encode()
            old, now = known.get(name), self._digest(name)
            known[name] = _digest(new)
            if now == known[name]:
                continue
            if now is None:
                self._write(name, new)
                yield f"wrote    {name}"
            elif now == old:
                self._write(name, new)
                yield f"renewed  {name}"
            elif known[name] == old:
                yield KEPT.format(name, "there is nothing new")
            else:
                self._write(f"{name}.new", new)
                yield KEPT.format(name, f"the new version is {name}.new beside it")
        for name in [name for name in known if name not in wanted]:
            if (now := self._digest(name)) == known.pop(name):
                self._remove(name)
                yield f"removed  {name}, which belongs to it no more"
            elif now is not None:
                yield KEPT.format(name, "it belongs to the stack no more")

    def _digest(self, name: str) -> str | None:
        """Return the hash of a file, empty for what its owner put there instead, None where nothing is."""
        path = self.root / name
        try:
            return "" if path.is_symlink() else _digest(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unfit(error, path) from error

    def _write(self, name: str, data: bytes) -> None:
        path = self.root / name
        self._make(path.parent)
        try:
            atomic_file.write(path, data, PRIVATE_FILE)
        except OSError as error:
            raise _unfit(error, path) from error

    def _make(self, path: Path) -> None:
        if path.is_dir():
            return
        self._make(path.parent)
        try:
            path.mkdir(PRIVATE_DIRECTORY)
        except OSError as error:
            raise _unfit(error, path) from error

    def _remove(self, name: str) -> None:
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise _unfit(error, self.root / name) from error


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _unfit(error: OSError, path: Path) -> DirectoryError:
    return DirectoryError(f"{error.filename or path}: {error.strerror}")
