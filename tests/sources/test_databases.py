"""Hermes' SQLite files: read from a copy, whatever state they are in."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources import deliveries, executions, runtime_store
from hermes_exporter.sources.artefact import SourceError
from hermes_exporter.sources.sqlite_copy import MAX_BYTES, DatabaseReader
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = """CREATE TABLE executions (id TEXT PRIMARY KEY, job_id TEXT NOT NULL, source TEXT NOT NULL,
 process_id TEXT NOT NULL, pid INTEGER NOT NULL, process_started_at INTEGER, status TEXT NOT NULL,
 claimed_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, error TEXT)"""
ROW = "INSERT INTO executions VALUES (?, ?, 'builtin', 'p', 41, 900, ?, ?, ?, ?, 'SECRET')"
STAMP = "2026-11-22T06:44:{:02d}.5+00:00"


def write(path: Path, *runs: tuple[str, str, str, str | None]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(SCHEMA)
    for number, (job, status, started, finished) in enumerate(runs):
        connection.execute(ROW, (f"x{number}", job, status, started, started, finished))
    return connection


def read(path: Path) -> executions.Executions | None:
    return DatabaseReader().read(path, executions.query)


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_rows_that_are_only_in_the_log_are_read(tmp_path: Path) -> None:
    """With a writer at work the rows may all be in -wal; they are read, and nothing is left behind."""
    path = tmp_path / "executions.db"
    with contextlib.closing(write(path, ("a", "completed", STAMP.format(1), STAMP.format(4)))):
        before = {name: (tmp_path / name).stat().st_mtime_ns for name in names(path)}

        ledger = read(path)

        assert ledger is not None
        assert [row.status for row in ledger.rows["a"]] == ["completed"]
        assert {name: (tmp_path / name).stat().st_mtime_ns for name in names(path)} == before


def test_a_database_at_rest_gets_no_sidecars(tmp_path: Path) -> None:
    """Without -wal and -shm there are none afterwards either."""
    path = tmp_path / "executions.db"
    write(path, ("a", "failed", STAMP.format(1), STAMP.format(2))).close()
    assert names(path) == ["executions.db"]

    assert read(path) is not None
    assert names(path) == ["executions.db"]


def test_runs_in_flight_are_told_apart(tmp_path: Path) -> None:
    """Rows come oldest first; those without an end are listed with their owner; error texts are not read."""
    path = tmp_path / "executions.db"
    rows = (
        ("a", "completed", STAMP.format(1), STAMP.format(4)),
        ("a", "running", STAMP.format(9), None),
        ("b", "claimed", STAMP.format(5), None),
    )
    write(path, *rows).close()

    ledger = read(path)

    assert ledger is not None
    assert [row.ended for row in ledger.rows["a"]] == [True, False]
    assert {(row.job_id, row.pid, row.start_ticks) for row in ledger.in_flight} == {("a", 41, 900), ("b", 41, 900)}
    assert "SECRET" not in repr(ledger)
    assert ledger.incidents is None


def test_a_locked_database_is_read(tmp_path: Path) -> None:
    """A writer that holds its lock for a minute holds up nobody."""
    path = tmp_path / "executions.db"
    with contextlib.closing(write(path, ("a", "completed", STAMP.format(1), STAMP.format(4)))) as writer:
        writer.execute("BEGIN EXCLUSIVE")

        assert read(path) is not None


@pytest.mark.parametrize(
    "content", [b"", b"not a database, not at all, really", b"SQLite format 3\x00" + b"\xff" * 900]
)
def test_a_corrupt_database_is_said(tmp_path: Path, content: bytes) -> None:
    """Garbage is an error that names the file; an empty file is a database without tables."""
    path = tmp_path / "executions.db"
    path.write_bytes(content)

    if not content:
        assert read(path) == executions.Executions({}, (), None)
        return
    with pytest.raises(SourceError, match=r"executions\.db: is not a usable database"):
        read(path)


def test_absent_lone_log_and_too_large(tmp_path: Path) -> None:
    """No database is no failure, even if its log was left; one beyond the cap is refused unread."""
    path = tmp_path / "executions.db"
    assert read(path) is None
    (tmp_path / "executions.db-wal").write_bytes(b"left over")
    assert read(path) is None
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SourceError, match="more than"):
        read(path)


def test_an_unchanged_database_is_asked_once(tmp_path: Path) -> None:
    """The copy is taken again only when the database or its log changed, or may have changed since unseen."""
    path = tmp_path / "executions.db"
    writer = write(path)
    asked = []
    reader = DatabaseReader()

    def count(connection: sqlite3.Connection) -> int:
        asked.append(1)
        return int(connection.execute("SELECT count(*) FROM executions").fetchone()[0])

    def copies(rows: int) -> int:
        before = len(asked)
        assert reader.read(path, count) == rows
        return len(asked) - before

    assert [copies(0), copies(0)] == [1, 1]
    until(lambda: copies(0) == 0, 10, "the database is left alone")
    assert copies(0) == 0
    writer.execute(ROW, ("x", "a", "completed", STAMP.format(1), None, None))
    assert [copies(1), copies(1)] == [1, 1]
    until(lambda: copies(1) == 0, 10, "the database is left alone again")
    writer.close()
    path.unlink()
    assert reader.read(path, count) is None


def test_a_busy_writer_never_breaks_a_reading(tmp_path: Path) -> None:
    """Against a writer at full speed each reading sees a whole ledger that only grows, or says it could not."""
    path = tmp_path / "executions.db"
    writer = write(path)
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            writer.execute(ROW, (f"w{number}", "a", "completed", STAMP.format(1), None, None))
            number += 1

    thread = threading.Thread(target=work)
    thread.start()
    counts = []
    try:
        for _ in range(40):
            with contextlib.suppress(SourceError):
                ledger = read(path)
                counts.append(len(ledger.rows.get("a", ())) if ledger else 0)
    finally:
        stop.set()
        thread.join()
        writer.close()
    assert counts == sorted(counts)
    assert read(path) is not None


def test_a_directory_in_its_place_is_said(tmp_path: Path) -> None:
    """What is no file is never opened."""
    (tmp_path / "executions.db").mkdir()

    with pytest.raises(SourceError, match="is a directory"):
        read(tmp_path / "executions.db")


def test_newer_columns_and_incidents(tmp_path: Path) -> None:
    """Columns that were added later change nothing; incidents are counted where Hermes keeps them."""
    path = tmp_path / "executions.db"
    with contextlib.closing(write(path, ("a", "completed", STAMP.format(1), STAMP.format(4)))) as writer:
        writer.execute("ALTER TABLE executions ADD COLUMN delivery_outcome TEXT")
        writer.execute("CREATE TABLE cron_incidents (id TEXT, job_id TEXT, state TEXT, error TEXT)")
        writer.executemany(
            "INSERT INTO cron_incidents VALUES (?, 'a', ?, 'x')",
            [("1", "detected"), ("2", "detected"), ("3", "odd")],
        )

        ledger = read(path)

    assert ledger is not None
    assert ledger.incidents == {"detected": 2, "alerted": 0, "resolved": 0, "closed": 0}


def test_what_tells_one_run_from_another(tmp_path: Path) -> None:
    """Each row has a number and an id, says who asked for the run, and what became of the report where it does."""
    path = tmp_path / "executions.db"
    with contextlib.closing(write(path)) as writer:
        for column in ("delivery_outcome", "scheduled_instant"):
            writer.execute(f"ALTER TABLE executions ADD COLUMN {column} TEXT")
        insert = "INSERT INTO executions VALUES (?, 'a', ?, 'p', 41, 900, 'completed', ?, NULL, NULL, NULL, ?, ?)"
        runs = (
            ("0af3", "builtin", STAMP.format(1), "delivered", STAMP.format(0)),
            ("a run of 'somebody'", "direct", "no time", b"failed", "soon"),
            ("a" * 65, "chronos", STAMP.format(3), None, None),
        )
        writer.executemany(insert, runs)
        ledger = read(path)

    assert ledger is not None
    rows = ledger.rows["a"]
    at = 1795329841.5
    assert [(row.number, row.id, row.by_hand) for row in rows] == [
        (1, "0af3", False),
        (2, "row 2", True),
        (3, "row 3", False),
    ]
    assert [row.claimed_at for row in rows] == [at, None, at + 2]
    assert [row.delivery_outcome for row in rows] == ["delivered", None, None]
    assert [row.scheduled_at for row in rows] == [at - 1, None, None]


@pytest.mark.parametrize(("ended", "since"), [(0, 0.0), (999, 0.0), (1000, 1000.0), (1200, 1000.0)])
def test_since_when_the_ledger_is_complete(tmp_path: Path, ended: int, since: float) -> None:
    """Hermes drops nothing before it has a thousand ended rows; then it knows all since the oldest of them."""
    path = tmp_path / "executions.db"
    with contextlib.closing(write(path)) as writer:
        insert = "INSERT INTO executions VALUES (?, ?, 'builtin', 'p', 41, 900, ?, ?, NULL, NULL, NULL)"
        runs = [
            (f"{number:x}", f"j{number % 7}", "failed", datetime.fromtimestamp(1000 + number, UTC).isoformat())
            for number in range(ended)
        ]
        writer.executemany(insert, [*runs, ("fffff", "j1", "running", STAMP.format(1))])
        ledger = read(path)

    assert ledger is not None
    assert ledger.complete_since == since


def test_deliveries_count_what_is_under_way(tmp_path: Path) -> None:
    """Pending and delivering rows count, the oldest names its time; content is never selected.

    What became of each report is told by the run that made it, by its newest row.
    """
    path = tmp_path / "deliveries.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("CREATE TABLE deliveries (execution_id TEXT, content TEXT, status TEXT, created_at REAL)")
        writer.executemany(
            "INSERT INTO deliveries VALUES (?, 'SECRET', ?, ?)",
            [
                ("a", "pending", 1795329862.5),
                ("b", "delivering", 1795329800.0),
                ("c", "failed", 2.0),
                ("c", "delivered", 1.0),
                (None, "failed", 3.0),
                ("d", b"failed", 4.0),
            ],
        )
        writer.commit()

    queue = DatabaseReader().read(path, deliveries.query)

    states = {"a": "pending", "b": "delivering", "c": "delivered"}
    assert queue == deliveries.Deliveries(2, 1795329800.0, states)


def test_the_states_of_a_long_queue_are_those_of_its_newest_reports(tmp_path: Path) -> None:
    """However many reports were ever queued, so many are known by their runs; all that wait are counted."""
    path = tmp_path / "deliveries.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("CREATE TABLE deliveries (execution_id TEXT, status TEXT, created_at REAL)")
        rows = [(f"e{number}", "pending", float(number)) for number in range(deliveries.MAX_ROWS + 5)]
        writer.executemany("INSERT INTO deliveries VALUES (?, ?, ?)", rows)
        writer.commit()

    queue = DatabaseReader().read(path, deliveries.query)

    assert queue is not None
    assert (queue.pending, queue.oldest) == (deliveries.MAX_ROWS + 5, 0.0)
    assert queue.states == {run: "pending" for run, _state, _at in rows[5:]}


def test_a_foreign_shape_is_nothing(tmp_path: Path) -> None:
    """Tables of another shape are left alone."""
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        for table in ("executions", "deliveries", "job_runtime"):
            writer.execute(f"CREATE TABLE {table} (other TEXT)")

    assert DatabaseReader().read(path, executions.query) == executions.Executions({}, (), None)
    assert DatabaseReader().read(path, deliveries.query) is None
    assert DatabaseReader().read(path, runtime_store.query) == {}


def test_runtime_notes_that_are_not_understood_cost_their_job(tmp_path: Path) -> None:
    """A note that is no object leaves its job without notes and the others alone."""
    path = tmp_path / "runtime.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("CREATE TABLE job_runtime (job_id TEXT, state_json TEXT)")
        writer.executemany(
            "INSERT INTO job_runtime VALUES (?, ?)",
            [("a", '{"last_status": "ok"}'), ("b", "{"), ("c", "[]"), ("d", None)],
        )
        writer.commit()

    assert DatabaseReader().read(path, runtime_store.query) == {"a": {"last_status": "ok"}}


def test_only_the_owner_of_the_copy_could_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy lies in a private directory and is gone afterwards."""
    path = tmp_path / "executions.db"
    write(path).close()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    modes = []

    def look(connection: sqlite3.Connection) -> None:
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        modes.append(Path(file).parent.stat().st_mode & 0o777)

    DatabaseReader().read(path, look)

    assert modes == [0o700]
    assert list(scratch.iterdir()) == []


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
RUN_COLUMNS = ", ".join(f"x AS {name}" for name in executions.NEEDED)


@pytest.mark.parametrize(
    ("name", "columns", "query"),
    [
        ("executions", RUN_COLUMNS, executions.query),
        ("deliveries", "'pending' AS status, x AS created_at", deliveries.query),
        (
            "job_runtime",
            "x AS job_id, 'x' AS state_json FROM n WHERE x < 0 UNION SELECT 1, ''",
            runtime_store.query,
        ),
    ],
)
def test_a_table_without_an_end_is_said(
    tmp_path: Path, name: str, columns: str, query: Callable[[sqlite3.Connection], object]
) -> None:
    """A table that is a view without an end is given up, and nothing waits for it."""
    path = tmp_path / "endless.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tail = columns if "FROM" in columns else f"{columns} FROM n"
        connection.execute(f"CREATE VIEW {name} AS {ENDLESS} SELECT {tail}")

    with pytest.raises(SourceError, match=r"is not a usable database \(OperationalError\)"):
        DatabaseReader().read(str(path), query)


def test_a_note_that_is_nested_too_deeply_costs_its_job(tmp_path: Path) -> None:
    """The notes of the other jobs stand beside one that no parser can follow."""
    path = tmp_path / "runtime.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE job_runtime (job_id TEXT, state_json TEXT)")
        connection.execute("INSERT INTO job_runtime VALUES ('a', ?)", ("[" * 100_000,))
        connection.execute("""INSERT INTO job_runtime VALUES ('b', '{"state": "paused"}')""")

    assert DatabaseReader().read(str(path), runtime_store.query) == {"b": {"state": "paused"}}
