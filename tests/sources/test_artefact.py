"""Reading one file: bounded, and again only when it changed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.artefact import SETTLED_SECONDS, Notes, Reader, SourceError, UnusableError

if TYPE_CHECKING:
    from pathlib import Path

CAP = 1000


class Parser:
    """A parser that returns the content and keeps count of what it was given."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def __call__(self, data: bytes, _notes: Notes) -> bytes:
        self.seen.append(data)
        if data == b"bad":
            raise UnusableError("of no use")
        return data


def test_a_refusal_that_stands_does_not_grow(tmp_path: Path) -> None:
    """However often a file is still of no use, the error that is kept for it holds the last call only."""
    path = tmp_path / "file"
    path.write_bytes(b"bad")
    os.utime(path, (time.time() - 60, time.time() - 60))
    reader = Reader()

    depths = set()
    for _ in range(5):
        with pytest.raises(SourceError) as raised:
            reader.read(str(path), Parser(), CAP)
        depths.add(len(raised.traceback))

    assert len(depths) == 1


def test_absent_is_none(tmp_path: Path) -> None:
    """A file that does not exist, or whose directory does not, is no error."""
    (tmp_path / "file").write_text("")

    assert Reader().read(tmp_path / "nothing", Parser(), CAP) is None
    assert Reader().read(tmp_path / "no/such", Parser(), CAP) is None
    assert Reader().read(tmp_path / "file/below", Parser(), CAP) is None


def test_rewritten_within_one_tick_is_seen(tmp_path: Path) -> None:
    """Content of the same length, written in the same tick of the clock, is never taken for the old one."""
    path, reader, parser = tmp_path / "file", Reader(), Parser()
    for number in range(300):
        path.write_bytes(b"%06d" % number)
        read = reader.read(path, parser, CAP)
        assert read is not None
        assert read.record == b"%06d" % number


def test_mtime_set_back_is_seen(tmp_path: Path) -> None:
    """A file whose mtime was set back to what it was, as rsync and editors do, is read again."""
    path, reader, parser = tmp_path / "file", Reader(), Parser()
    path.write_bytes(b"old")
    before = path.stat()
    _settle(path, reader, parser)
    path.write_bytes(b"new")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    read = reader.read(path, parser, CAP)

    assert read is not None
    assert read.record == b"new"


def _settle(path: Path, reader: Reader, parser: Parser) -> None:
    deadline = time.monotonic() + SETTLED_SECONDS + 5
    while True:
        count = len(parser.seen)
        reader.read(path, parser, CAP)
        if len(parser.seen) == count:
            return
        assert time.monotonic() < deadline, "an unchanged file is parsed again and again"
        time.sleep(0.05)


def test_unchanged_is_parsed_once(tmp_path: Path) -> None:
    """A file that has not changed for a while is not read again, be it good, bad or refused."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(b"good")
    bad.write_bytes(b"bad")
    reader, parser = Reader(), Parser()
    _settle(good, reader, parser)
    with pytest.raises(SourceError):
        reader.read(bad, parser, CAP)
    count = len(parser.seen)

    for _ in range(5):
        with pytest.raises(SourceError, match="of no use"):
            reader.read(bad, parser, CAP)
        assert reader.read(good, parser, CAP) is not None

    assert len(parser.seen) == count


@pytest.mark.parametrize(("size", "refused"), [(CAP, False), (CAP + 1, True)])
def test_cap(tmp_path: Path, size: int, *, refused: bool) -> None:
    """A file larger than its cap is refused before it is read, and the reason names both sizes."""
    path, parser = tmp_path / "file", Parser()
    path.write_bytes(b"x" * size)

    if refused:
        with pytest.raises(SourceError, match=f"{size}.*{CAP}") as caught:
            Reader().read(path, parser, CAP)
        assert caught.value.denied
        assert parser.seen == []
    else:
        assert Reader().read(path, parser, CAP) is not None


def test_error_names_the_file_and_not_its_content(tmp_path: Path) -> None:
    """An error says which file and what is wrong."""
    path = tmp_path / "file"
    path.write_bytes(b"bad")

    with pytest.raises(SourceError) as caught:
        Reader().read(path, Parser(), CAP)

    assert str(caught.value) == f"{path}: of no use"
    assert not caught.value.denied


def test_forgotten_with_the_file(tmp_path: Path) -> None:
    """A file that went and came back is a new one, whatever its stat says."""
    path, reader, parser = tmp_path / "file", Reader(), Parser()
    path.write_bytes(b"one")
    reader.read(path, parser, CAP)
    path.unlink()

    assert reader.read(path, parser, CAP) is None
