"""What a .env sets, as Hermes' own reader of it has it."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from hermes_exporter.sources import env_file
from hermes_exporter.sources.artefact import Notes

PIECES = [
    *("A", "B", "HERMES_TIMEZONE", "export", "Asia/Seoul", "é", "0"),
    *("=", "#", "'", '"', "\\", "\\n", "\\'", '\\"', " ", "  ", "\t", "\x0b", "\n", "\r\n", "\r"),
]


def of_hermes(text: str) -> dict[str, str]:
    """What python-dotenv reads; what is set to nothing says nothing."""
    read = dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False)
    return {name: value for name, value in read.items() if value}


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("HERMES_TIMEZONE=Asia/Seoul  # home", "Asia/Seoul"),
        ("HERMES_TIMEZONE=Asia/Seoul#home", "Asia/Seoul#home"),
        ('HERMES_TIMEZONE="Asia/Seoul" # home', "Asia/Seoul"),
        ("HERMES_TIMEZONE='Asia/Seoul'# home", "Asia/Seoul"),
        ("export   HERMES_TIMEZONE = Asia/Seoul\t# home", "Asia/Seoul"),
        ("HERMES_TIMEZONE=Etc/UTC\nHERMES_TIMEZONE=Asia/Seoul", "Asia/Seoul"),
        ("HERMES_TIMEZONE=Asia/Seoul\nHERMES_TIMEZONE=", None),
        ("#HERMES_TIMEZONE=Asia/Seoul", None),
        ('HERMES_TIMEZONE="Asia/Seoul', None),
        ('HERMES_TIMEZONE="Asia/Seoul" home', None),
        ('A="\nHERMES_TIMEZONE=Asia/Seoul\n"', None),
        ("\ufeffHERMES_TIMEZONE=Asia/Seoul", "Asia/Seoul"),
    ],
)
def test_a_comment_is_no_part_of_a_value(line: str, zone: str | None) -> None:
    """Nor are quotes; what is in them is, whatever it looks like; the last assignment holds."""
    assert env_file.parse(f"{line}\n".encode(), Notes()).timezone == zone


def test_a_switch_may_have_a_comment() -> None:
    """A messenger is switched on, and profiles are served together, whatever is noted behind the word."""
    env = env_file.parse(b"WHATSAPP_ENABLED=true   # yes\nGATEWAY_MULTIPLEX_PROFILES=1 # all\n", Notes())

    assert env == env_file.EnvFile(frozenset({"whatsapp"}), None, multiplex=True)


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
@example("A=1\nA\n")
@example("A='it\\'s' # said\nB=\"a\\tb\\\\\"\n")
@example("A='1\n2' 3\nB=4 # 5\n#6\n=7\nB")
def test_every_file_is_read_as_hermes_reads_it(text: str) -> None:
    """Whatever stands in it, every variable has the value that Hermes gives it."""
    assert dict(env_file.assignments(text.encode())) == of_hermes(text)


@pytest.mark.parametrize("piece", ["'", '"', "A='", 'A="\\"', " ", "A= ", "\\'", "A=' \\'", "#", "A", "="])
def test_no_file_is_expensive(piece: str) -> None:
    """The largest file that is read, of anything again and again, is read in a moment."""
    data = (f"A={piece * 2}" + piece * (env_file.MAX_BYTES // len(piece)))[: env_file.MAX_BYTES].encode()

    assert len(dict(env_file.assignments(data))) <= 1
