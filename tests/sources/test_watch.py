"""What was made of some files is kept exactly as long as none of them changes."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.sources.artefact import SETTLED_SECONDS
from hermes_exporter.sources.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on as if the last change were long ago."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + SETTLED_SECONDS + 1)


def made_of(directory: Path) -> Watch[str]:
    """A watch of one file that is there, one that is not, and one in a directory that is not there either."""
    (directory / "here").write_text("x")
    paths = [str(directory / name) for name in ("here", "absent", "nowhere/absent")]
    watch = Watch("")
    for _ in range(2):
        watch.keep("made", paths, watch.look())
    return watch


def changes_of(watch: Watch[str]) -> dict[str, int]:
    """When each of its paths that exists was last changed."""
    return {path: Path(path).stat().st_ctime_ns for path in watch.look() if Path(path).exists()}


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    new = path.with_name("new")
    new.write_text(path.read_text())
    new.rename(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _directory: None,
    "written": lambda directory: (directory / "here").write_text("y"),
    "replaced": lambda directory: (
        (directory / "new").write_text("x"),
        (directory / "new").rename(directory / "here"),
    ),
    "mode": lambda directory: (directory / "here").chmod(0o600),
    "removed": lambda directory: remove(directory / "here"),
    "came": lambda directory: (directory / "absent").write_text(""),
    "a link came": lambda directory: (directory / "absent").symlink_to("here"),
    "came in a directory that came": lambda directory: (
        (directory / "nowhere").mkdir(),
        (directory / "nowhere/absent").touch(),
    ),
    "a directory came": lambda directory: (directory / "nowhere").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Writing, replacing, a new mode, removing and appearing are changes; nothing is none."""
    settled(monkeypatch)
    watch = made_of(tmp_path)
    assert watch.same()

    CHANGES[change](tmp_path)

    assert watch.same() is (change == "nothing")


def test_a_file_that_came_where_its_directory_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made anew with the directory in place, a file that appears in it is seen too."""
    settled(monkeypatch)
    (tmp_path / "nowhere").mkdir()
    watch = made_of(tmp_path)

    (tmp_path / "nowhere/absent").touch()

    assert not watch.same()


@pytest.mark.parametrize("change", CHANGES)
def test_a_look_tells_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """What is known to be absent is not looked at again, and is told as soon as it came."""
    settled(monkeypatch)
    watch = made_of(tmp_path)

    CHANGES[change](tmp_path)

    there = {path for path, sign in watch.look().items() if len(sign) > 1}
    assert there == {path for path in watch.look() if os.path.lexists(path)}


@pytest.mark.parametrize("change", CHANGES)
def test_an_old_look_is_not_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """What was the same a while ago is looked at again, whoever asks, and what changed since is told."""
    settled(monkeypatch)
    watch = made_of(tmp_path)
    assert watch.same()

    CHANGES[change](tmp_path)

    before = watch.look()
    assert (watch.changed() == set()) is (change == "nothing")
    assert watch.look() == before


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_renewed_stands_like_what_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """After a change was taken over nothing has changed, and every further change is seen."""
    settled(monkeypatch)
    watch = made_of(tmp_path)
    CHANGES[change](tmp_path)

    watch.renew("anew", watch.look())

    assert (watch.made, watch.same()) == ("anew", True)
    for other in CHANGES.values():
        watch.renew("again", watch.look())
        before = changes_of(watch)
        with contextlib.suppress(OSError):
            other(tmp_path)
        assert watch.same() is (changes_of(watch) == before)


def test_what_a_link_to_nothing_points_to_is_seen_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It appears in a directory of its own, such as a disk that is mounted later."""
    settled(monkeypatch)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "absent").symlink_to("elsewhere/target")
    watch = made_of(tmp_path)
    assert watch.same()

    (tmp_path / "elsewhere/target").touch()

    assert not watch.same()


def test_what_changed_just_now_is_not_kept(tmp_path: Path) -> None:
    """Within one tick of the clock a file may change twice and look the same: it is read again."""
    assert not made_of(tmp_path).same()


def test_paths_that_are_not_the_same_are_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of other paths than those that were read keep nothing."""
    settled(monkeypatch)
    watch = made_of(tmp_path)

    watch.keep("more", [str(tmp_path / "here"), str(tmp_path / "other")], watch.look())

    assert not watch.same()
    assert os.fspath(tmp_path / "other") in watch.look()
