"""Bytes to records: joined, within limits, never torn by where a reader happens to stop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.logs.records import (
    MAX_RECORD_BYTES,
    MAX_RECORD_LINES,
    Record,
    boundary,
    last_stamp,
    naive_seconds,
    records,
)

FIRST = b"2026-11-22 06:47:14,312 WARNING [cron_3a5a0fe81e34_20261122_064703] agent.conversation_loop: one\n"
SECOND = b"2026-11-22 06:47:15,000 ERROR cron.scheduler: two\n"
AT = 1795330034.312


def test_record_has_its_parts() -> None:
    """Stamp in naive seconds, level, tag, logger, message."""
    tag = "cron_3a5a0fe81e34_20261122_064703"
    assert list(records(FIRST)) == [Record(AT, "WARNING", tag, "agent.conversation_loop", "one")]
    assert list(records(SECOND)) == [Record(AT + 0.688, "ERROR", None, "cron.scheduler", "two")]


def test_bare_lines_belong_to_the_record_before() -> None:
    """A traceback is part of the record above it; bare lines without one are nobody's."""
    found = list(records(b"  File x\nRuntimeError\n" + FIRST + b"Traceback:\n  File y\n" + SECOND))
    assert [record.message for record in found] == ["one\nTraceback:\n  File y", "two"]


def test_limits_of_a_record() -> None:
    """Lines and bytes beyond the limits are not looked at, and the next record is whole."""
    (many, after) = records(FIRST + b"x\n" * 1000 + SECOND)
    assert many.message.count("\n") == MAX_RECORD_LINES - 1
    (wide, last) = records(FIRST + b"x" * (3 * MAX_RECORD_BYTES) + b"\n" + SECOND)
    assert len(wide.message) == MAX_RECORD_BYTES
    assert after.message == last.message == "two"


def test_odd_bytes() -> None:
    """NUL, invalid UTF-8 and CRLF neither raise nor hide the record that follows."""
    (first, second) = records(FIRST.replace(b"one\n", b"\0\xff\xfe one\r\n") + SECOND.replace(b"\n", b"\r\n"))
    assert first.message == "\0\ufffd\ufffd one"
    assert second.message == "two"


def test_a_day_that_does_not_exist() -> None:
    """A stamp of no real date makes no record and ends the one before."""
    impossible = FIRST.replace(b"11-22", b"02-30")
    assert naive_seconds(b"2026-02-30 06:47:14,312") is None
    assert [record.message for record in records(SECOND + impossible + b"bare\n" + SECOND)] == ["two", "two"]
    assert list(records(FIRST.replace(b"11-22", b"13-22"))) == []


def test_the_last_record_waits_for_the_next() -> None:
    """It may go on; a quiet file, or the prefix of another record, says that it does not."""
    assert boundary(FIRST + SECOND, quiet=False) == len(FIRST)
    assert boundary(FIRST + SECOND, quiet=True) == len(FIRST + SECOND)
    assert boundary(FIRST + b"Traceback:\n", quiet=False) == 0
    assert boundary(FIRST + SECOND[:46], quiet=False) == len(FIRST)
    assert boundary(b"bare\nlines\n", quiet=False) == len(b"bare\nlines\n")
    assert boundary(b"", quiet=True) == 0


def test_half_a_line_always_waits() -> None:
    """What has no newline yet is not taken, quiet or not."""
    assert boundary(FIRST + SECOND[:-1], quiet=True) == len(FIRST)
    assert boundary(FIRST[:-1], quiet=True) == 0
    assert boundary(FIRST + b"Trace", quiet=False) == 0


def test_nothing_waits_for_more_than_a_record_may_have() -> None:
    """A line of a hundred megabytes passes in pieces, and so does a record of as many lines."""
    piece = b"x" * (4 << 20)
    assert boundary(FIRST[:-1] + piece, quiet=False) == len(FIRST) - 1 + len(piece)
    assert boundary(piece, quiet=False) == len(piece)
    endless = FIRST + b"x\n" * MAX_RECORD_BYTES
    assert boundary(endless, quiet=False) == len(endless)
    assert list(records(piece)) == []


def test_newest_stamp() -> None:
    """That of the last record, whatever follows it."""
    assert last_stamp(SECOND + FIRST + b"bare\n2026-02-30 00:00:00,000 INFO a: b\n" + b"x\n" * 9) == AT
    assert last_stamp(FIRST + b"bare\n" * 1000) == AT
    assert last_stamp(SECOND + FIRST + b"2026-02-30 00:00:00,000 INFO a: b\n" + b"\n" * 1000) == AT
    assert last_stamp(b"bare\n" * 1000) is None
    assert last_stamp(b"bare\n") is None
    assert last_stamp(b"") is None


LINES = st.sampled_from([FIRST, SECOND, b"bare\n", b"\n", b"2026-11-22 06:47\n", b" 2026-11-22 06:47:14,312 x\n"])
PIECES = st.lists(st.integers(1, 200), min_size=1)


@given(st.lists(LINES, max_size=20).map(b"".join), PIECES)
def test_pieces_give_the_same_records(data: bytes, sizes: list[int]) -> None:
    """However a log is cut by the reads, its records are those of the whole; every byte is taken once."""
    taken, rest, position = b"", b"", 0
    found: list[Record] = []
    for number in range(len(data) + 1):
        size = sizes[number % len(sizes)]
        rest += data[position : position + size]
        position += size
        end = boundary(rest, quiet=position >= len(data))
        found += records(rest[:end])
        taken, rest = taken + rest[:end], rest[end:]
    assert found == list(records(data))
    assert taken == data


@given(st.binary(max_size=4000) | st.lists(LINES | st.binary(max_size=60), max_size=30).map(b"".join))
def test_anything_can_be_read(data: bytes) -> None:
    """No bytes raise; no boundary lies outside; no message is longer than it may be."""
    for quiet in (False, True):
        assert 0 <= boundary(data, quiet=quiet) <= len(data)
    for record in records(data):
        assert len(record.message.encode()) <= 3 * MAX_RECORD_BYTES
        assert record.message.count("\n") < MAX_RECORD_LINES
    last_stamp(data)
