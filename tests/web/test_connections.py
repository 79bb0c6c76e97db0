"""Who keeps a connection, and who goes, when there are more clients than places."""

from __future__ import annotations

from hermes_exporter.web.connections import Connections


def taken(connections: Connections, closed: list[str], *names: str) -> list[bool]:
    """Whether each of these clients, in this order, gets a place."""
    return [connections.take(name, lambda name=name: closed.append(name)) for name in names]


def test_the_longest_silent_goes_first() -> None:
    """Of clients that said nothing the first to come goes; one that was answered counts from its answer on."""
    connections, closed = Connections(3), list[str]()
    assert all(taken(connections, closed, "a", "b", "c"))
    connections.busy("a")
    connections.silent("a")

    assert all(taken(connections, closed, "d", "e", "f"))
    assert closed == ["b", "c", "a"]


def test_nobody_who_is_being_answered_goes() -> None:
    """Where all are, the newcomer has no place."""
    connections, closed = Connections(2), list[str]()
    assert all(taken(connections, closed, "a", "b"))
    connections.busy("a")
    assert taken(connections, closed, "c") == [True]
    connections.busy("c")

    assert taken(connections, closed, "d") == [False]
    assert closed == ["b"]


def test_who_leaves_gives_the_place_back() -> None:
    """Once or twice, closed by us or by the client; one that has left is not silent any more."""
    connections, closed = Connections(1), list[str]()
    for name in ("a", "b"):
        assert taken(connections, closed, name) == [True]
        connections.leave(name)
        connections.leave(name)
        connections.silent(name)

    assert taken(connections, closed, "c") == [True]
    assert closed == []
