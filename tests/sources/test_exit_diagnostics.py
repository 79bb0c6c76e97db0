"""gateway-exit-diag.log: followed, never counted twice, and history is not counted at all."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.artefact import SourceError
from hermes_exporter.sources.exit_diagnostics import ENDS, HISTORY_BYTES, STEP_BYTES, ExitDiagnostics
from tests.odd_homes import AT, stamp
from tests.scraping import unprivileged

if TYPE_CHECKING:
    from pathlib import Path


def line(tag: str, pid: int, at: float) -> bytes:
    """A record as a gateway writes it."""
    return json.dumps({"ts": stamp(at), "tag": tag, "pid": pid, "python": "3.11.7"}).encode() + b"\n"


def start(pid: int, at: float = AT) -> bytes:
    """The record of a start."""
    return line("gateway.start", pid, at)


def append(path: Path, *lines: bytes) -> None:
    """Write on."""
    with path.open("ab") as file:
        file.write(b"".join(lines))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with one gateway that runs."""
    path = tmp_path / "gateway-exit-diag.log"
    append(path, start(1))
    return path


def test_first_history_is_not_counted(log: Path) -> None:
    """What died before we looked is history; the newest start without an end is the one that runs."""
    append(log, start(2, AT + 1), start(3, AT + 2), line("gateway.exit_clean", 3, AT + 3), start(4, AT + 4))
    diagnostics = ExitDiagnostics()

    assert diagnostics.follow(log) == 0
    diagnostics.died(4)

    assert diagnostics.unclean == 0


def test_death_without_a_word_is_counted(log: Path) -> None:
    """A start whose process is gone without an end counts once, when it is found."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    append(log, start(2, AT + 60))
    diagnostics.follow(log)

    diagnostics.died(1)
    diagnostics.died(1)

    assert diagnostics.unclean == 1
    assert set(diagnostics.open) == {2}


@pytest.mark.parametrize("tag", sorted(ENDS))
def test_orderly_end_is_no_death(log: Path, tag: str) -> None:
    """Any of the tags that a process leaves on its way out makes its end a clean one."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    append(log, line(tag, 1, AT + 5))
    diagnostics.follow(log)
    diagnostics.died(1)

    assert diagnostics.unclean == 0
    assert diagnostics.open == {}


def test_pid_that_starts_again_died_before(log: Path) -> None:
    """A second start of the same pid proves that the first one is gone."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    append(log, start(1, AT + 3600))
    diagnostics.follow(log)

    assert diagnostics.unclean == 1


def test_partial_last_line_waits(log: Path) -> None:
    """A record that is half written is taken when its rest is there, and not before."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    record = start(2, AT + 60)
    append(log, record[:20])
    assert diagnostics.follow(log) == 0
    assert set(diagnostics.open) == {1}

    append(log, record[20:])
    assert diagnostics.follow(log) == 0
    assert set(diagnostics.open) == {1, 2}


def test_nothing_new_is_nothing_read(log: Path) -> None:
    """Without growth the file is not even opened: it may be closed to us by then."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    offset = diagnostics.offset

    assert diagnostics.follow(log) == 0
    assert diagnostics.offset == offset == log.stat().st_size


def test_rotated_file_is_read_from_its_start(log: Path) -> None:
    """After a rename and a new file, what the new one says is counted."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    log.rename(log.with_suffix(".1"))
    append(log, line("gateway.exit_clean", 1, AT + 5), start(2, AT + 60))
    diagnostics.follow(log)

    assert set(diagnostics.open) == {2}
    assert diagnostics.unclean == 0


def test_truncated_file_is_read_from_its_start(log: Path) -> None:
    """After a truncation in place, what is written then is counted."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    os.truncate(log, 0)
    diagnostics.follow(log)
    append(log, line("atexit.hook", 1, AT + 5), start(2, AT + 60))
    diagnostics.follow(log)

    assert set(diagnostics.open) == {2}
    assert diagnostics.unclean == 0


@pytest.mark.parametrize("how", ["replaced", "rewritten"])
def test_what_was_read_is_not_counted_again(log: Path, how: str) -> None:
    """A file that is restored or trimmed, with records in it that were read before, counts none of them again."""
    append(log, start(2, AT + 1), start(3, AT + 2))
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    diagnostics.died(3)
    diagnostics.follow(log)
    append(log, start(4, AT + 100))
    diagnostics.follow(log)
    assert set(diagnostics.open) == {4}
    data = log.read_bytes()
    if how == "replaced":
        log.with_suffix(".new").write_bytes(data)
        log.with_suffix(".new").replace(log)
    else:
        log.write_bytes(data[len(start(1)) :])

    diagnostics.follow(log)
    for pid in (1, 2, 3):
        diagnostics.died(pid)

    assert diagnostics.unclean == 0
    assert 4 in diagnostics.open


def test_log_that_could_not_be_had_at_first_has_history_too(log: Path) -> None:
    """What stands in a log that was something else at the first look is history when it can be read."""
    append(log, start(2, AT + 1))
    kept = log.with_suffix(".kept")
    log.rename(kept)
    log.mkdir()
    diagnostics = ExitDiagnostics()
    with pytest.raises(SourceError):
        diagnostics.follow(log)
    log.rmdir()
    kept.rename(log)

    diagnostics.follow(log)
    for pid in (1, 2):
        diagnostics.died(pid)

    assert diagnostics.unclean == 0


def test_log_that_was_closed_at_first_has_history_too(open_directory: Path) -> None:
    """What stands in a log that could not be opened at the first look is history when it can be."""
    log = open_directory / "log"
    append(log, start(1), start(2, AT + 1))
    log.chmod(0o000)
    diagnostics = ExitDiagnostics()
    with unprivileged(), pytest.raises(SourceError):
        diagnostics.follow(log)
    log.chmod(0o600)

    diagnostics.follow(log)
    for pid in (1, 2):
        diagnostics.died(pid)

    assert diagnostics.unclean == 0


def test_log_that_comes_later_is_news(tmp_path: Path) -> None:
    """A log that did not exist at the first look has no history: everything in it is new."""
    log = tmp_path / "log"
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    append(log, start(1))
    diagnostics.follow(log)
    diagnostics.died(1)

    assert diagnostics.unclean == 1


def test_long_history_is_read_from_near_its_end(tmp_path: Path) -> None:
    """Of an old log of many megabytes only the end is read, and a line cut in two is no error."""
    log = tmp_path / "log"
    append(log, *(start(number, AT - 1e6 + number) for number in range(20_000)), start(77_777, AT))
    assert log.stat().st_size > 10 * HISTORY_BYTES
    diagnostics = ExitDiagnostics()

    assert diagnostics.follow(log) == 0
    assert diagnostics.open == {77_777: AT}


def test_much_at_once_is_read_in_steps(log: Path) -> None:
    """A flood is taken in bounded steps, and all of it is counted in the end."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    pairs = STEP_BYTES // len(start(2) + line("gateway.exit_clean", 2, AT)) + 1000
    append(
        log, *(start(2, AT + n) + line("gateway.exit_clean", 2, AT + n) for n in range(pairs)), start(3, AT + 1e6)
    )

    diagnostics.follow(log)
    assert diagnostics.offset < log.stat().st_size
    diagnostics.follow(log)

    assert diagnostics.offset == log.stat().st_size
    assert diagnostics.unclean == 0
    assert set(diagnostics.open) == {1, 3}


def test_line_without_an_end_takes_no_memory(log: Path) -> None:
    """A line that never ends is given up, and the next one is read."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    append(log, b"x" * (2 * STEP_BYTES), b"\n", start(2, AT + 60))
    for _ in range(4):
        diagnostics.follow(log)

    assert set(diagnostics.open) == {1, 2}


def test_lines_that_are_no_records_are_counted(log: Path) -> None:
    """Unreadable lines are counted and skipped; blank ones are nothing."""
    diagnostics = ExitDiagnostics()
    diagnostics.follow(log)
    append(log, b"{\n", b"\n", b"[]\n", b"\xff\n", b'{"ts": "no time", "tag": "gateway.start", "pid": 9}\n')

    assert diagnostics.follow(log) == 4
    assert set(diagnostics.open) == {1}
