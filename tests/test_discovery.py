"""Which profiles a home has, and what becomes of one that goes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermes_exporter.discovery import FORGET_SECONDS, Discovery, Home, root_of
from hermes_exporter.sources.artefact import Reader
from tests.odd_homes import AT, ODD
from tests.scraping import unprivileged

if TYPE_CHECKING:
    from hermes_exporter.discovery import Found

STANDARD = Path("/home/user/.hermes")


@pytest.fixture
def root(open_directory: Path) -> Path:
    """The root of a home with the profiles default, coder and research, where every user may look."""
    for name in ("coder", "research"):
        (open_directory / "profiles" / name).mkdir(parents=True)
    return open_directory


class Finder:
    """A discovery with its reader."""

    def __init__(
        self, root: Path, alias: str = "", required: tuple[str, ...] = (), ignored: tuple[str, ...] = ()
    ) -> None:
        self._discovery = Discovery(Home(alias, root), frozenset(required), frozenset(ignored))
        self._reader = Reader()
        self.found: Found

    def find(self, now: float = AT) -> dict[str, bool]:
        """Labels of the profiles, and whether each is there."""
        self.found = self._discovery.find(self._reader, now)
        return {profile.label: profile.present for profile in self.found.profiles}

    def reasons(self) -> dict[str, str]:
        """What is wrong, by the profile or home it is filed under."""
        return {problem.profile: problem.reason for problem in self.found.problems}


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/home/user/.hermes", "/home/user/.hermes"),
        ("/home/user/.hermes/profiles/coder", "/home/user/.hermes"),
        ("/home/user/.hermes/foo", "/home/user/.hermes"),
        ("/opt/data", "/opt/data"),
        ("/opt/data/profiles/ops", "/opt/data"),
        ("/srv/profiles", "/srv/profiles"),
    ],
)
def test_root_of_a_hermes_home(path: str, root: str) -> None:
    """HERMES_HOME may name the root or a profile; the root is derived as Hermes derives it."""
    assert root_of(Path(path), STANDARD) == Path(root)


@pytest.mark.parametrize(
    ("case", "labels"),
    [
        ("fresh", {"default", "coder"}),
        ("custom_root", {"default", "bob", "empty"}),
        ("symlinks", {"default", "coder", "zed"}),
        ("bad_names", {"default", "a" * 64}),
        ("default_below", {"default"}),
        ("docker", {"default", "ops"}),
    ],
)
def test_profiles_of_a_home(tmp_path: Path, case: str, labels: set[str]) -> None:
    """Well-named directories are profiles, each directory once; files, bad names and a second default are none."""
    finder = Finder(ODD[case](tmp_path).root)

    assert finder.find() == dict.fromkeys(labels, True)
    assert finder.reasons() == {}


def test_profiles_of_a_named_home_carry_its_name(root: Path) -> None:
    """Labels of a home with an alias are ALIAS/NAME, so that two homes never share a series."""
    assert Finder(root, alias="team").find() == {"team/default": True, "team/coder": True, "team/research": True}


def test_new_profile_is_seen_by_the_next_look(root: Path) -> None:
    """A profile is there as soon as its directory is, even when it came within the same tick of the clock."""
    finder = Finder(root)
    for number in range(50):
        finder.find()
        (root / f"profiles/p{number}").mkdir()
        assert f"p{number}" in finder.find()


def test_profile_that_goes_is_missing_for_a_day(root: Path) -> None:
    """A profile that was there and is gone is returned as missing, with a problem, and forgotten after a day."""
    finder = Finder(root)
    finder.find()
    (root / "profiles/coder").rmdir()

    assert finder.find(AT + 61) == {"default": True, "research": True, "coder": False}
    assert finder.reasons() == {"coder": "is gone"}
    assert finder.find(AT + FORGET_SECONDS)["coder"] is False
    assert "coder" not in finder.find(AT + FORGET_SECONDS + 1)
    assert finder.reasons() == {}


def test_profile_that_comes_back_is_no_problem(root: Path) -> None:
    """A missing profile that comes back is simply there."""
    finder = Finder(root)
    finder.find()
    (root / "profiles/coder").rmdir()
    assert finder.find(AT + 61)["coder"] is False
    (root / "profiles/coder").mkdir()

    assert finder.find(AT + 122)["coder"] is True
    assert finder.reasons() == {}


def test_profile_replaced_by_a_file_is_gone(root: Path) -> None:
    """A file in the place of a profile's directory is no profile."""
    finder = Finder(root)
    finder.find()
    (root / "profiles/coder").rmdir()
    (root / "profiles/coder").write_text("")

    assert finder.find(AT + 61)["coder"] is False


def test_renamed_profile_is_a_new_one_and_a_missing_one(root: Path) -> None:
    """After a rename the old name is missing and the new one is there."""
    finder = Finder(root)
    finder.find()
    (root / "profiles/coder").rename(root / "profiles/author")

    assert finder.find(AT + 61) == {"default": True, "author": True, "research": True, "coder": False}


def test_name_that_leads_to_a_profile_is_not_missing(root: Path) -> None:
    """After a rename that left a link behind, the old name is another way to the profile, and no profile."""
    finder = Finder(root, required=("coder",))
    finder.find()
    (root / "profiles/coder").rename(root / "profiles/writer")
    (root / "profiles/coder").symlink_to("writer")

    assert finder.find(AT + 61) == {"default": True, "research": True, "writer": True}
    assert finder.reasons() == {}
    (root / "profiles/coder").unlink()
    assert finder.find(AT + 122)["coder"] is False


def test_ignored_profile_may_go(root: Path) -> None:
    """A profile that the configuration ignores is not missed."""
    finder = Finder(root, ignored=("coder",))
    finder.find()
    (root / "profiles/coder").rmdir()

    assert finder.find(AT + 61) == {"default": True, "research": True}
    assert finder.reasons() == {}


def test_required_profile_is_missed_from_the_start(root: Path) -> None:
    """A required profile is missing even when nobody ever saw it; what another home must have is not ours."""
    finder = Finder(root, required=("writer", "team/writer"))

    assert finder.find() == {"default": True, "coder": True, "research": True, "writer": False}
    assert set(finder.reasons()) == {"writer"}


def test_home_that_never_was(tmp_path: Path) -> None:
    """A home that does not exist has one missing profile, default, and a problem of its own."""
    finder = Finder(tmp_path / "nowhere")

    assert finder.find() == {"default": False}
    assert finder.reasons()["/"] == "is no directory, or does not exist"


def test_home_that_goes_takes_no_profile_along(root: Path, tmp_path: Path) -> None:
    """When the whole home goes, every profile that was there is missing."""
    home = tmp_path / "home"
    root.rename(home)
    finder = Finder(home)
    finder.find()
    home.rename(root)

    assert finder.find(AT + 61) == {"default": False, "coder": False, "research": False}


@pytest.mark.parametrize("kind", ["file", "fifo", "loop"])
def test_home_that_is_no_directory(tmp_path: Path, kind: str) -> None:
    """A home that is a file, a FIFO or a loop of links is refused, and its default profile is missing."""
    path = tmp_path / "home"
    if kind == "file":
        path.touch()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("home")
    finder = Finder(path)

    assert finder.find() == {"default": False}
    assert "/" in finder.reasons()


def test_profiles_that_may_not_be_listed_are_kept(root: Path) -> None:
    """Where the directory of the profiles is closed, those of the last look stay, and that is said."""
    finder = Finder(root)
    known = finder.find()
    (root / "profiles").chmod(0o000)
    with unprivileged():
        assert finder.find(AT + 61) == known
    (root / "profiles").chmod(0o755)

    assert finder.reasons() == {"/": "Permission denied"}


@pytest.mark.parametrize("closed", ["", "profiles"])
def test_home_that_may_not_be_looked_at_is_no_missing_one(root: Path, closed: str) -> None:
    """What was closed from the start is there, as far as anybody can tell: the root, and what must be there."""
    home = root / "home"
    (home / "profiles/coder").mkdir(parents=True)
    finder = Finder(home, required=("coder",))
    (home / closed).chmod(0o000)
    with unprivileged():
        assert finder.find() == {"default": True, "coder": True}
    (home / closed).chmod(0o755)

    assert finder.found.closed
    assert finder.reasons()["/"] == "Permission denied"
    assert finder.find(AT + 61) == {"default": True, "coder": True}
    assert not finder.found.closed


@pytest.mark.parametrize(
    ("content", "sticky"),
    [("coder\n", "coder"), ("default\n", None), ("", None), ("  \n", None), (None, None)],
)
def test_sticky_profile(root: Path, content: str | None, sticky: str | None) -> None:
    """active_profile names the profile that a gateway without --profile obeys; default and nothing are none."""
    if content is not None:
        (root / "active_profile").write_text(content)
    finder = Finder(root)
    finder.find()

    assert finder.found.sticky == sticky
    assert finder.reasons() == {}


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\n", b"../../etc\n", b"two words\n", b"coder\nresearch\n", b"x" * 70]
)
def test_sticky_profile_that_is_no_name(root: Path, content: bytes) -> None:
    """What is no name of a profile is nobody's: it never becomes a label."""
    (root / "active_profile").write_bytes(content)
    finder = Finder(root)
    finder.find()

    assert finder.found.sticky is None


def test_owner_is_that_of_the_root(root: Path) -> None:
    """The home's owner, whose units serve it, is who owns the root."""
    finder = Finder(root)
    finder.find()

    assert finder.found.owner == root.stat().st_uid
