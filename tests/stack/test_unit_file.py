"""Units as text: what systemd would read, and whether they are still as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.stack import exporter_unit, files, unit_file

if TYPE_CHECKING:
    from hermes_exporter.stack.systemctl import Scope

PRINTABLE = st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1)
UNIT = "[Service]\nExecStart=/bin/true\n"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("--web.listen-address=127.0.0.1:19119", "--web.listen-address=127.0.0.1:19119"),
        ("/srv/100%", "/srv/100%%"),
        ("/srv/My Hermes", '"/srv/My Hermes"'),
        ('a "b" \\', '"a \\"b\\" \\\\"'),
        ("it's", '"it\'s"'),
        ("a;b", '"a;b"'),
        ("#1", '"#1"'),
        ("", '""'),
    ],
)
def test_word_is_quoted_as_systemd_reads_it(text: str, word: str) -> None:
    """Blanks and quotes are quoted, a specifier's % is doubled, and what needs nothing stays readable."""
    assert unit_file.word(text) == word


def test_dollar_is_escaped_in_arguments_only() -> None:
    """Variables are replaced in arguments; in the program's path a $ is a $."""
    assert unit_file.command("/opt/$x", ["--a=$HOME"]) == "/opt/$x --a=$$HOME"


@given(program=PRINTABLE, arguments=st.lists(PRINTABLE))
def test_words_are_what_was_quoted(program: str, arguments: list[str]) -> None:
    """Whatever is quoted is read back as it was: what an older unit was told is kept by the next."""
    assert unit_file.words(unit_file.command(program, arguments)) == [program, *arguments]


@pytest.mark.parametrize("text", ["a\nb", "a\x00", "a\tb", "\udcff"])
def test_word_that_no_unit_can_hold(text: str) -> None:
    """Control characters and bytes that are no text are refused, not written."""
    with pytest.raises(ValueError, match="cannot stand in a unit file"):
        unit_file.word(text)


def test_stamp_shows_edits() -> None:
    """A unit says which version wrote it, and whether it is as it was; another's says nothing."""
    text = unit_file.stamped(UNIT, "1.2.3", "advice")

    assert unit_file.stamp(text) == ("1.2.3", True)
    assert unit_file.stamp(text + "Nice=5\n") == ("1.2.3", False)
    assert unit_file.stamp(text.replace("true", "false")) == ("1.2.3", False)
    assert unit_file.stamp(UNIT) is None
    assert unit_file.stamp("") is None


def test_directive_is_replaced_where_it_stands() -> None:
    """One directive becomes the lines that are wanted; one that is missing is an error of ours."""
    assert unit_file.replaced(UNIT, "ExecStart", ["A=\\1", "B=2"]) == "[Service]\nA=\\1\nB=2\n"
    with pytest.raises(ValueError, match="not enough values"):
        unit_file.replaced(UNIT, "User", [])


def directives(name: str) -> list[str]:
    """The lines of a shipped service that set something."""
    service = files.text(f"deploy/systemd/{name}.service").partition("[Service]")[2].partition("[Install]")[0]
    return [line for line in service.splitlines() if line and not line.startswith("#")]


def test_every_shipped_service_is_hardened_alike() -> None:
    """What the user's service may not do, the system's and the one for node_exporter may not either."""
    limits = directives("hermes-exporter")[directives("hermes-exporter").index("UMask=0077") :]

    assert "NoNewPrivileges=yes" in limits
    assert set(limits) <= set(directives("hermes-exporter@"))
    assert set(limits) <= set(directives("hermes-exporter-textfile"))


@pytest.mark.parametrize("scope", exporter_unit.SHIPPED)
def test_shipped_unit_is_the_template(scope: Scope) -> None:
    """What install writes is the shipped unit, but for this host's paths and the comment above it."""
    shipped = files.text(exporter_unit.SHIPPED[scope])
    wish = exporter_unit.Wish(files.PACKAGE / "x", ("--a=b c",), (files.PACKAGE,))

    written = exporter_unit.text(scope, wish)

    changed = set(written.splitlines()) - set(shipped.splitlines())
    assert {line.partition("=")[0] for line in changed} <= {"ExecStart", "RequiresMountsFor", "ReadOnlyPaths"}
    assert exporter_unit.arguments(written) == ["--a=b c"]


def test_reachable_from_outside_only_where_asked() -> None:
    """A system unit is kept from the network, unless it is to listen there."""
    wish = exporter_unit.Wish(files.PACKAGE / "x", (), (files.PACKAGE,))

    assert "IPAddressDeny=any" in exporter_unit.text("system", wish)
    outside = exporter_unit.text("system", wish._replace(loopback=False))
    assert "IPAddress" not in outside
    assert "CapabilityBoundingSet=\n" in outside


def test_state_elsewhere_is_writable() -> None:
    """A system unit whose memory lies elsewhere may write there, and gets no directory that it does not need."""
    wish = exporter_unit.Wish(
        files.PACKAGE / "x", (), (files.PACKAGE,), (files.PACKAGE / "a b",), keeps_state=False
    )

    unit = exporter_unit.text("system", wish)

    assert f'\nReadWritePaths="{files.PACKAGE}/a b"\n' in unit
    assert "StateDirectory" not in unit
