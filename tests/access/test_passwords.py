"""Passwords: who is let in, at what price, and what a flood of wrong ones can do."""

from __future__ import annotations

import asyncio
import base64
import gc
from typing import TYPE_CHECKING

import bcrypt
import pytest

from hermes_exporter.access.passwords import MAX_WAITING, MAX_WAITING_OF_CLIENT, BusyError, Passwords

from .authority import hashed

if TYPE_CHECKING:
    from collections.abc import Coroutine

RIGHT = hashed("right").encode()
OTHER = hashed("other").encode()


def basic(user: str, password: str) -> str:
    """The header that names them."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Every check that bcrypt is asked for."""
    asked: list[tuple[bytes, bytes]] = []
    check = bcrypt.checkpw

    def noted(password: bytes, against: bytes) -> bool:
        asked.append((password, against))
        return check(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", noted)
    return asked


def knowing(**users: bytes) -> Passwords:
    """Passwords of these users."""
    known = Passwords()
    known.use({name.encode(): against for name, against in users.items()})
    return known


def proved(known: Passwords, *headers: str) -> list[bool]:
    """The verdicts on these headers, one after the other."""

    async def ask() -> list[bool]:
        return [await known.prove(header, "192.0.2.1") for header in headers]

    return asyncio.run(ask())


def test_the_right_password_and_no_other() -> None:
    """User and password must both be right, and belong together."""
    known = knowing(alice=RIGHT, bob=OTHER)

    pairs = [
        ("alice", "right"),
        ("alice", "other"),
        ("bob", "other"),
        ("bob", "right"),
        ("eve", "right"),
        ("", ""),
    ]

    assert proved(known, *(basic(*pair) for pair in pairs)) == [True, False, True, False, False, False]


@pytest.mark.parametrize(
    "header",
    [
        *("", "Basic", "Basic ", "Basic !!!!", "Bearer abc", "Basic YWxpY2U=", "Digest username=alice"),
        basic("alice", "right")[:-1],
        basic("alice", "right\0"),
        basic("alice", "right") + ", Basic x",
        "Basic \u00fc",
    ],
)
def test_a_header_that_names_nobody_is_refused_without_a_check(
    header: str, checked: list[tuple[bytes, bytes]]
) -> None:
    """What is no pair of user and password costs nothing and lets nobody in."""
    assert proved(knowing(alice=RIGHT), header) == [False]
    assert checked == []


def test_a_colon_belongs_to_the_password_and_the_scheme_has_no_case() -> None:
    """As RFC 7617 has it; letters beyond ASCII are UTF-8."""
    known = knowing(alice=hashed("a:b").encode(), jürgen=hashed("grün").encode())

    assert proved(known, basic("alice", "a:b").replace("Basic", "bAsIc")) == [True]
    assert proved(known, basic("jürgen", "grün")) == [True]


def test_only_the_first_request_costs_a_check(checked: list[tuple[bytes, bytes]]) -> None:
    """What proved right is remembered; what proved wrong is checked each time."""
    known = knowing(alice=RIGHT)

    assert proved(known, *[basic("alice", "right")] * 5) == [True] * 5
    assert len(checked) == 1
    assert proved(known, *[basic("alice", "wrong")] * 3) == [False] * 3
    assert len(checked) == 4


def test_bcrypt_s_72_bytes_are_all_that_counts() -> None:
    """A longer password is taken as every other program takes it, and no error."""
    long = "x" * 100
    known = knowing(alice=bcrypt.hashpw(long[:72].encode(), bcrypt.gensalt(4)))

    assert proved(known, basic("alice", long), basic("alice", "x" * 71)) == [True, False]


def test_an_unknown_user_costs_what_a_known_one_does(checked: list[tuple[bytes, bytes]]) -> None:
    """A name that nobody has is checked against somebody's hash, always the same, so time tells nothing."""
    known = knowing(alice=RIGHT, bob=OTHER)

    names = [f"name-{number}" for number in range(40)]
    assert not any(proved(known, *(basic(name, "guess") for name in names * 2)))

    against = [each for _password, each in checked]
    assert len(against) == 80
    assert against[:40] == against[40:]
    assert {*against} == {RIGHT, OTHER}


def test_the_right_password_of_the_stand_in_lets_no_stranger_in() -> None:
    """Whose hash stood in does not matter: the stranger is none of the users."""
    assert proved(knowing(alice=RIGHT), basic("eve", "right"), basic("eve", "right")) == [False, False]


def test_a_changed_password_counts_at_once_and_others_stay_proved(checked: list[tuple[bytes, bytes]]) -> None:
    """The old one is wrong from then on; who has not changed is not checked again."""
    known = knowing(alice=RIGHT, bob=OTHER)
    assert all(proved(known, basic("alice", "right"), basic("bob", "other")))

    known.use({b"alice": hashed("new").encode(), b"bob": OTHER})

    assert proved(known, basic("bob", "other")) == [True]
    assert len(checked) == 2
    assert proved(known, basic("alice", "right"), basic("alice", "new")) == [False, True]


def test_a_user_who_is_gone_is_out() -> None:
    """So is one whose proof was remembered."""
    known = knowing(alice=RIGHT, bob=OTHER)
    assert proved(known, basic("alice", "right")) == [True]

    known.use({b"bob": OTHER})

    assert proved(known, basic("alice", "right")) == [False]


def test_a_password_that_changes_while_it_is_checked_is_not_the_old_one() -> None:
    """What was right when the check began is not let in by a hash that no longer counts."""

    async def scenario() -> bool:
        known = knowing(alice=RIGHT)
        asking = asyncio.create_task(known.prove(basic("alice", "right"), "192.0.2.1"))
        await asyncio.sleep(0)
        known.use({b"alice": OTHER})
        return await asking

    assert asyncio.run(scenario()) is False


def run(known: Passwords, *requests: tuple[str, str]) -> list[bool | BaseException]:
    """The verdicts on (header, client) that come all at once."""

    async def ask() -> list[bool | BaseException]:
        asking: list[Coroutine[object, object, bool]] = [known.prove(*request) for request in requests]
        return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(ask())


def test_the_same_credentials_at_once_are_checked_once(checked: list[tuple[bytes, bytes]]) -> None:
    """Fifty scrapers that start together with one password cost one check, and all are let in."""
    answers = run(knowing(alice=RIGHT), *[(basic("alice", "right"), "192.0.2.1")] * 50)

    assert answers == [True] * 50
    assert len(checked) == 1


def test_a_client_s_flood_leaves_room_for_another(checked: list[tuple[bytes, bytes]]) -> None:
    """One client may have few guesses waiting; the first request of another is checked all the same."""
    guesses = [(basic("alice", f"guess-{number}"), "192.0.2.66") for number in range(1000)]

    answers = run(knowing(alice=RIGHT), *guesses, (basic("alice", "right"), "192.0.2.1"))

    assert answers[-1] is True
    assert sum(isinstance(answer, BusyError) for answer in answers) == 1000 - MAX_WAITING_OF_CLIENT
    assert len(checked) == MAX_WAITING_OF_CLIENT + 1


def test_a_flood_from_everywhere_is_bounded_and_does_not_touch_who_is_proved(
    checked: list[tuple[bytes, bytes]],
) -> None:
    """Whoever was let in before is let in without waiting; of guesses no more than a fixed number is checked."""
    known = knowing(alice=RIGHT)
    assert proved(known, basic("alice", "right")) == [True]
    guesses = [(basic("alice", f"guess-{number}"), f"192.0.2.{number % 250}") for number in range(1000)]

    answers = run(known, *guesses, (basic("alice", "right"), "192.0.2.1"))

    assert answers[-1] is True
    assert len(checked) == 1 + MAX_WAITING


def test_no_password_stays_in_memory() -> None:
    """What is remembered of a right password is neither it nor its bcrypt hash alone."""
    known = knowing(alice=hashed("correct horse battery staple").encode())
    assert proved(known, basic("alice", "correct horse battery staple")) == [True]
    gc.collect()

    held, seen, found = [known.__dict__], set(), []
    while held:
        thing = held.pop()
        if id(thing) not in seen and isinstance(thing, dict | list | tuple | set | bytes | str):
            seen.add(id(thing))
            found += [thing] if isinstance(thing, bytes | str) else []
            held += gc.get_referents(thing)
    assert found
    assert not any(b"battery" in (text.encode() if isinstance(text, str) else text) for text in found)
