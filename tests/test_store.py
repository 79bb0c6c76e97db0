"""What is remembered outlives the exporter: stored whole, by one writer, wherever that is possible."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_exporter import store
from hermes_exporter.cli import main
from hermes_exporter.discovery import Home as WatchedHome
from hermes_exporter.discovery import named
from hermes_exporter.logs.tally import OF_JOBS, Tally
from hermes_exporter.memory import Memory
from hermes_exporter.profile_memory import ProfileMemory
from hermes_exporter.store import Row
from hermes_exporter.store_file import APPLICATION_ID, MIGRATIONS, StoreBusyError, StoreError
from tests.lab.waiting import until
from tests.odd_homes import AT, home, running
from tests.scraping import Scraper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.homes import Home
    from tests.scraping import Series

STARTS = 'hermes_gateway_starts_total{{profile="{}"}}'
DURABLE = "hermes_exporter_memory_durable"
ODD_FACTS = st.dictionaries(
    st.sampled_from(["starts", "alive_at", "enabled", "diagnostics", "logs", "_restarts", "unheard_of"]),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.floats(allow_nan=False)
        | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=8,
    ),
)
UP = 'hermes_gateway_up{{profile="{}"}}'


@pytest.fixture
def made(tmp_path: Path) -> Home:
    """Two live gateways."""
    made = home(tmp_path / "home/.hermes", tmp_path)
    running(made, "default", 3001)
    running(made, "coder", 3002)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the memory is kept."""
    return tmp_path / "state/memory.db"


@contextlib.contextmanager
def exporter(made: Home, path: Path) -> Iterator[Scraper]:
    """One life of an exporter."""
    memory = Memory(store.open_to_write(path))
    scraper = Scraper(made, memory=memory)
    yield scraper
    scraper.gatherer.close()
    memory.close()


def scrape(made: Home, path: Path) -> Series:
    """One scrape by an exporter that lives no longer."""
    with exporter(made, path) as scraper:
        return scraper.scrape()


def start(directory: Path, before: float) -> None:
    """Note another start of a gateway, so many seconds before AT."""
    with (directory / "gateway-starts.log").open("a") as file:
        file.write(f"{AT - before}\n")


def test_counters_go_on_after_a_restart(made: Home, path: Path) -> None:
    """What happened while the exporter was down counts, once, and what it had counted stays."""
    assert scrape(made, path)[STARTS.format("coder")] == 0
    start(made.profile("coder"), 300)

    assert scrape(made, path)[STARTS.format("coder")] == 1

    series = scrape(made, path)
    assert (series[STARTS.format("coder")], series[STARTS.format("default")]) == (1, 0)
    assert series[DURABLE] == 1


def test_every_field_is_stored_as_it_is() -> None:
    """A memory that is stored and read again is the same, whatever is in it."""
    memory = ProfileMemory(starts=3, alive_at=AT, resting=True, enabled=True, deaths=2)
    memory.diagnostics.open[7] = AT - 5
    memory.count_starts([1.0, 2.0], AT)
    memory.count_death(7, dead=False)

    row = Row("/h", "x", 1, 2, AT, Memory.encoded(memory))

    assert Memory.decoded(row) == memory


def test_the_disk_is_left_alone_while_nothing_changes(made: Home, path: Path) -> None:
    """A scrape that learnt nothing writes nothing."""
    with exporter(made, path) as scraper:
        for _ in range(2):
            scraper.scrape()
        before = [file.stat().st_mtime_ns for file in sorted(path.parent.iterdir())]

        scraper.scrape()

        assert [file.stat().st_mtime_ns for file in sorted(path.parent.iterdir())] == before


def test_a_profile_that_vanished_meanwhile_is_missed(made: Home, path: Path) -> None:
    """It was there when the exporter ended and is gone when it starts: that is no silence."""
    scrape(made, path)
    made.procfs.kill(3002)
    (made.root / "profiles").rename(made.root / "elsewhere")

    series = scrape(made, path)

    assert series[UP.format("coder")] == 0
    assert series['hermes_exporter_collector_success{collector="discovery",profile="coder"}'] == 0


def test_what_is_known_of_a_missing_profile_is_kept(made: Home, path: Path) -> None:
    """Gone when the exporter starts, it is still waited for; its counters do not fall, and go on afterwards."""
    scrape(made, path)
    start(made.profile("coder"), 300)
    before = scrape(made, path)
    (made.root / "profiles").rename(made.root / "elsewhere")

    gone = scrape(made, path)

    expected = 'hermes_profile_gateway_expected{profile="coder"}'
    assert (before[expected], gone[expected]) == (1, 1)
    assert gone[STARTS.format("coder")] == 1
    (made.root / "elsewhere").rename(made.root / "profiles")
    assert scrape(made, path)[STARTS.format("coder")] == 1


def test_a_missing_profile_is_not_seen_there_by_being_missed(path: Path, made: Home) -> None:
    """When it was last there stays what it was, however often it is missed: after a day nobody misses it."""
    scrape(made, path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE profile SET stored_at = stored_at - 7200")
        connection.commit()
    (made.root / "profiles").rename(made.root / "elsewhere")

    scrape(made, path)

    with contextlib.closing(store.open_to_write(path)) as opened:
        assert {row.name: AT - row.stored_at for row in opened.rows()} == {"default": 0, "coder": 7200}


def test_a_label_that_stands_for_another_home_has_another_memory(tmp_path: Path, path: Path) -> None:
    """A configuration that is reread may give a name to another home: counters of the one are not the other's."""
    first, second = (home(tmp_path / name / ".hermes", tmp_path / name) for name in ("a", "b"))
    memory = Memory(store.open_to_write(path))
    for made in (first, second, first):
        running(made, "default", 3001) if not (made.root / "state").exists() else None
        scraper = Scraper(made, memory=memory)
        before = scraper.scrape()[STARTS.format("default")]
        start(made.root, 300 - 10 * before)
        after = scraper.scrape()[STARTS.format("default")]
        scraper.gatherer.close()
        assert after == before + 1
    assert after == 2
    assert {(row.home, Memory.decoded(row).starts) for row in store.open_to_read(path).rows()} == {  # type: ignore[union-attr]
        (str(first.root), 2),
        (str(second.root), 1),
    }
    memory.close()


def test_a_rename_is_stored_with_what_it_renames(made: Home, path: Path) -> None:
    """The old name is dropped only together with what is stored under the new one."""
    scrape(made, path)
    memory = Memory(store.open_to_write(path))
    made.profile("coder").rename(made.profile("writer"))
    writer = named(WatchedHome("", made.root), "writer")

    assert memory.meet(writer) == "coder"

    assert not memory.changes([], AT)
    assert memory.changes(["writer"], AT).gone == [(str(made.root), "coder")]
    memory.close()


@pytest.mark.parametrize("lives", [1, 2], ids=["at once", "after a restart"])
def test_a_renamed_profile_keeps_its_counters(made: Home, path: Path, lives: int) -> None:
    """Its directory is the same; nobody misses it under the old name, and a third profile has its own counters."""
    with exporter(made, path) as scraper:
        scraper.scrape()
        start(made.profile("coder"), 300)
        assert scraper.scrape()[STARTS.format("coder")] == 1
        if lives == 1:
            made.profile("coder").rename(made.profile("writer"))
            series = scraper.scrape()
    if lives == 2:
        made.profile("coder").rename(made.profile("writer"))
        series = scrape(made, path)

    assert series[STARTS.format("writer")] == 1
    assert STARTS.format("coder") not in series
    assert scrape(made, path)[STARTS.format("writer")] == 1


def test_a_new_profile_with_the_number_of_a_removed_one_is_new(made: Home, path: Path) -> None:
    """The inode of what was removed goes to what comes next: what was removed is missed all the same."""
    scrape(made, path)
    start(made.profile("coder"), 300)
    assert scrape(made, path)[STARTS.format("coder")] == 1
    made.profile("coder").rename(made.profile("writer"))
    diagnostics = made.profile("writer") / "logs/gateway-exit-diag.log"
    diagnostics.rename(diagnostics.with_name("kept"))
    diagnostics.write_text("")

    series = scrape(made, path)

    assert series[STARTS.format("writer")] == 0
    assert series['hermes_exporter_collector_success{collector="discovery",profile="coder"}'] == 0


def test_a_second_writer_is_refused_and_told_who_is_first(made: Home, path: Path) -> None:
    """Two of them would count what the other counts; the command line says it in one line."""
    with exporter(made, path):
        with pytest.raises(StoreBusyError, match=f"pid {os.getpid()}"):
            store.open_to_write(path)
        arguments = ["--hermes.home", str(made.root), "--state.path", str(path)]
        done = CliRunner().invoke(main, ["scrape", "--output", str(path.parent / "out.prom"), *arguments])
        assert done.exit_code == 2
        assert len(done.output.splitlines()) == 1
        assert f"pid {os.getpid()}" in done.output

    store.open_to_write(path).close()


def test_a_lock_that_is_taken_away_is_taken_again(made: Home, path: Path) -> None:
    """Without its file the lock would keep nobody out; who comes meanwhile is the writer, and is named."""
    lock = path.with_name("memory.db.lock")
    with exporter(made, path) as scraper:
        scraper.scrape()
        lock.unlink()
        start(made.profile("coder"), 300)
        assert [scraper.scrape()[DURABLE] for _ in range(2)] == [0, 1]
        with pytest.raises(StoreBusyError, match=f"pid {os.getpid()}"):
            store.open_to_write(path)

        lock.unlink()
        other = store.open_to_write(path)
        start(made.profile("coder"), 200)
        assert [scraper.scrape()[DURABLE] for _ in range(2)] == [0, 0]
        other.close()
        assert [scraper.scrape()[DURABLE] for _ in range(2)] == [0, 1]
    assert scrape(made, path)[STARTS.format("coder")] == 2


def test_a_writer_that_was_killed_lets_go(path: Path) -> None:
    """Its lock ends with it."""
    code = "import sys,time,pathlib; from hermes_exporter import store; "
    code += "s = store.open_to_write(pathlib.Path(sys.argv[1])); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreBusyError, match=f"pid {process.pid}"):
            store.open_to_write(path)
        process.send_signal(signal.SIGKILL)

    store.open_to_write(path).close()


def test_what_only_looks_does_not_advance_the_memory(made: Home, path: Path) -> None:
    """`scrape` to the standard output shows what the writer counted and what came since, and stores nothing."""
    scrape(made, path)
    start(made.profile("coder"), 300)
    memory = Memory(store.open_to_read(path), writes=False)
    scraper = Scraper(made, memory=memory)

    assert scraper.scrape()[STARTS.format("coder")] == 1

    scraper.gatherer.close()
    memory.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (facts,) = connection.execute("SELECT facts FROM profile WHERE name = 'coder'").fetchone()
    assert Memory.decoded(Row("", "", 0, 0, 0.0, facts)).starts == 0


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    """Where nobody wrote yet there is nothing to read."""
    assert store.open_to_read(tmp_path / "none/memory.db") is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_broken_file_is_put_aside(
    made: Home, path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of it is deleted; counting begins anew and is durable."""
    path.parent.mkdir()
    path.write_bytes(content)

    assert scrape(made, path)[DURABLE] == 1

    (aside,) = path.parent.glob("memory.db.broken-*")
    assert aside.read_bytes() == content
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    start(made.profile("coder"), 300)
    assert scrape(made, path)[STARTS.format("coder")] == 1


def test_a_page_that_went_bad_is_found(made: Home, path: Path) -> None:
    """A file whose header is whole is looked through when it is opened."""
    scrape(made, path)
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xa5" * 4096
    path.write_bytes(data)

    assert scrape(made, path)[DURABLE] == 1
    assert len(list(path.parent.glob("memory.db.broken-*"))) == 1


@pytest.mark.parametrize(
    ("version", "owner", "reason"),
    [(len(MIGRATIONS) + 1, APPLICATION_ID, "newer version"), (0, 77, "somebody else"), (1, 0, "somebody else")],
)
def test_a_file_of_somebody_else_is_left_alone(
    made: Home, path: Path, version: int, owner: int, reason: str
) -> None:
    """A newer exporter's file, or another program's, is neither used nor changed nor renamed."""
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.execute(f"PRAGMA application_id = {owner}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()

    with pytest.raises(StoreError, match=reason):
        store.open_to_write(path)
    done = CliRunner().invoke(main, ["scrape", "--hermes.home", str(made.root), "--state.path", str(path)])

    assert f"{DURABLE} 0.0" in done.output
    assert reason in done.output
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_place_that_cannot_be_written_is_said(made: Home, tmp_path: Path) -> None:
    """The exporter serves all the same."""
    (tmp_path / "file").touch()
    where = tmp_path / "file/memory.db"

    done = CliRunner().invoke(
        main,
        ["scrape", "--output", str(tmp_path / "out"), "--hermes.home", str(made.root), "--state.path", str(where)],
    )

    assert done.exit_code == 0
    assert "will not survive a restart" in done.output
    assert f"{DURABLE} 0.0" in (tmp_path / "out").read_text()


def test_a_store_that_fails_for_a_while_loses_nothing(
    made: Home, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While it cannot be written that is said once; afterwards everything counted meanwhile is stored."""
    with exporter(made, path) as scraper:
        scraper.scrape()
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for before in (300, 200):
                start(made.profile("coder"), before)
                assert scraper.scrape()[DURABLE] == 0
            other.execute("ROLLBACK")
        series = scraper.scrape()
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text for text in warnings if "will not survive" in text] == warnings[:1]

    assert (series[DURABLE], series[STARTS.format("coder")]) == (1, 2)
    assert scrape(made, path)[STARTS.format("coder")] == 2


def test_a_directory_in_the_place_of_the_file_is_said(made: Home, tmp_path: Path) -> None:
    """The directory was given instead of the file: one line, and the exporter goes on without."""
    for options in (["--output", str(tmp_path / "out")], []):
        arguments = ["--hermes.home", str(made.root), "--state.path", str(tmp_path)]
        done = CliRunner().invoke(main, ["scrape", *options, *arguments])
        assert done.exit_code == 0, done.output
        assert "will not survive a restart" in done.output


def test_a_place_that_comes_later(made: Home, path: Path) -> None:
    """What could not be opened at the start is opened when it can be, and takes what was counted until then."""
    path.parent.write_text("a file in the place of the directory")
    memory = Memory(store.waiting(path), failure="not a directory")
    scraper = Scraper(made, memory=memory)
    scraper.scrape()
    start(made.profile("coder"), 300)
    assert scraper.scrape()[DURABLE] == 0

    path.parent.unlink()
    assert [scraper.scrape()[DURABLE] for _ in range(2)] == [0, 1]
    scraper.gatherer.close()
    memory.close()

    assert scrape(made, path)[STARTS.format("coder")] == 1


def test_a_thread_that_is_late_with_the_news(made: Home, path: Path) -> None:
    """The file was made anew while nobody waited for that any more: all of it is stored all the same."""
    scrape(made, path)
    opened = store.open_to_write(path)
    memory = Memory(opened)
    scraper = Scraper(made, memory=memory)
    scraper.scrape()
    path.unlink()
    with pytest.raises(StoreError, match="removed or replaced"):
        opened.write([])

    start(made.profile("coder"), 300)
    assert scraper.scrape()[DURABLE] == 1
    scraper.gatherer.close()
    memory.close()

    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert {name for (name,) in connection.execute("SELECT name FROM profile")} == {"coder", "default"}


@pytest.mark.parametrize("put", ["nothing", "an old copy", "rubbish"])
def test_a_file_that_is_taken_away_is_made_anew(made: Home, path: Path, put: str) -> None:
    """Deleted, or replaced by a backup, under a running exporter: what it knows is stored again, all of it."""
    scrape(made, path)
    old = path.read_bytes()
    with exporter(made, path) as scraper:
        for name in ("coder", "default"):
            start(made.profile(name), 300)
        scraper.scrape()
        for file in path.parent.glob("memory.db*"):
            if file.suffix != ".lock":
                file.unlink()
        if put != "nothing":
            path.write_bytes(old if put == "an old copy" else b"x" * 5000)
        start(made.profile("coder"), 200)

        assert [scraper.scrape()[DURABLE] for _ in range(2)] == [0, 1]

    series = scrape(made, path)
    assert (series[STARTS.format("coder")], series[STARTS.format("default")]) == (2, 1)


def test_a_memory_in_a_hermes_home_is_refused(made: Home) -> None:
    """Nothing is written there, whatever the option says; nor through a link."""
    link = made.root.parent / "link"
    link.symlink_to(made.root)
    for where in (made.root / "memory.db", made.root / "profiles/x/memory.db", link / "memory.db"):
        done = CliRunner().invoke(main, ["scrape", "--hermes.home", str(made.root), "--state.path", str(where)])
        assert (done.exit_code, "nothing is ever written" in done.output) == (2, True)


def test_facts_that_cannot_be_understood_cost_one_profile(made: Home, path: Path) -> None:
    """The others keep what they had."""
    scrape(made, path)
    for name in ("coder", "default"):
        start(made.profile(name), 300)
    scrape(made, path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE profile SET facts = x'c1' WHERE name = 'coder'")
        connection.commit()

    series = scrape(made, path)

    assert (series[STARTS.format("coder")], series[STARTS.format("default")]) == (0, 1)


@pytest.mark.parametrize(
    ("change", "starts"),
    [
        *(("facts = 'text'", 0), ("facts = 12", 0), ("facts = 0.5", 0), ("stored_at = 'soon'", 1)),
        *(("stored_at = x'ff'", 1), ("device = 'x', inode = x'00'", 1), ("name = x'ff'", 0), ("home = 7.5", 0)),
    ],
)
def test_cells_of_another_type_cost_one_profile_at_most(
    made: Home, path: Path, change: str, starts: float
) -> None:
    """A file that somebody else changed and SQLite finds whole: the exporter goes on with what it understands."""
    scrape(made, path)
    for name in ("coder", "default"):
        start(made.profile(name), 300)
    scrape(made, path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE profile SET {change} WHERE name = 'coder'")
        connection.commit()

    series = scrape(made, path)

    assert (series[STARTS.format("coder")], series[STARTS.format("default")]) == (starts, 1)
    assert series[DURABLE] == 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.builds(msgspec.msgpack.encode, ODD_FACTS))
def test_whatever_is_stored_of_a_profile_is_survived(facts: bytes) -> None:
    """Facts of another version, or of nobody: what is known of them is taken, or all of them are new."""
    memory = Memory.decoded(Row("/h", "x", 1, 2, AT, facts))

    assert Memory.encoded(Memory.decoded(Row("/h", "x", 1, 2, AT, Memory.encoded(memory)))) == Memory.encoded(
        memory
    )


def test_facts_of_an_older_and_of_a_newer_version_are_understood() -> None:
    """A field that was not stored yet has its default, one that is not known is left out."""
    older = Memory.decoded(Row("/h", "x", 1, 2, AT, msgspec.msgpack.encode({"starts": 3})))
    newer = Memory.decoded(Row("/h", "x", 1, 2, AT, msgspec.msgpack.encode({"starts": 3, "unheard_of": [1]})))

    assert older == newer == ProfileMemory(starts=3)


def test_a_thousand_jobs_need_less_than_five_megabytes(path: Path) -> None:
    """What the logs told of each of them, in each way a report can end, on two platforms."""
    memory = ProfileMemory()
    job_facts = {
        (kind, f"{job:012x}", platform): AT for job in range(1000) for kind in OF_JOBS for platform in "ab"
    }
    memory.logs.times = (Tally() + Tally(times=job_facts)).times
    opened = store.open_to_write(path)

    opened.write([Row("/h", "x", 1, 2, time.time(), Memory.encoded(memory))])

    opened.close()
    assert 100_000 < path.stat().st_size < 5 << 20


def test_what_nobody_saw_for_a_season_is_dropped(path: Path) -> None:
    """A row that was stored 90 days before the newest one is gone when the file is opened."""
    opened = store.open_to_write(path)
    now = time.time()
    ages = {"fresh": 0.0, "old": 89.0, "ancient": 91.0}
    opened.write([Row("/h", name, 1, 1, now - days * 86400, b"") for name, days in ages.items()])
    opened.close()

    again = store.open_to_write(path)
    assert {row.name for row in again.rows()} == {"fresh", "old"}
    again.close()


def test_a_clock_that_is_years_ahead_drops_nothing(path: Path) -> None:
    """However late it seems to be, what was stored last is kept."""
    opened = store.open_to_write(path)
    opened.write([Row("/h", "x", 1, 1, time.time() - 3650 * 86400, b"")])
    opened.close()

    again = store.open_to_write(path)
    assert [row.name for row in again.rows()] == ["x"]
    again.close()


def test_the_file_is_its_owners_alone(made: Home, path: Path) -> None:
    """Nobody else may read what is remembered."""
    scrape(made, path)

    for file in (path.parent, *path.parent.iterdir()):
        assert file.stat().st_mode & 0o077 == 0


def test_a_served_exporter_stores_before_it_answers(made: Home, path: Path, tmp_path: Path) -> None:
    """Killed right after its answer, it has stored what that answer showed."""
    start(made.profile("coder"), 900)
    command = [sys.executable, "-m", "hermes_exporter", "--hermes.home", str(made.root), "--state.path", str(path)]
    socket = tmp_path / "s"
    listening = ["--web.listen-address", f"unix:{socket}", "--no-collector.units"]
    ask = ["curl", "-sf", "--unix-socket", str(socket), "http://localhost/metrics"]
    for shown in ("0.0", "1.0", "2.0"):
        with subprocess.Popen([*command, *listening]) as process:
            until(socket.exists, 10, "it listens")
            answer = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
            process.kill()
        socket.unlink()
        assert f"{STARTS.format('coder')} {shown}" in answer
        with (made.profile("coder") / "gateway-starts.log").open("a") as file:
            file.write(f"{time.time() - 5}\n")
