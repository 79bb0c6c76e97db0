"""``stack init`` once more: edits are kept, the rest is renewed; and what it refuses to begin with."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
import yaml

from hermes_exporter.stack import layout
from tests.stack.stacks import SECRETS, WATCHDOG, Stack

if TYPE_CHECKING:
    from pathlib import Path

PROMETHEUS = "prometheus/prometheus.yml"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """An empty place, and an ordinary user, whoever runs the tests."""
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    return Stack(tmp_path)


def of_files(said: str) -> list[str]:
    """The lines about files."""
    return [line for line in said.splitlines() if line.split(" ")[0] in {"wrote", "renewed", "kept", "removed"}]


def edit(stack: Stack, name: str, addition: str = "# mine\n") -> str:
    """Change a file as its owner does; return what it holds then."""
    text = stack.text(name) + addition
    (stack.root / name).write_text(text)
    return text


def snapshot(stack: Stack) -> dict[str, str]:
    """Every file's text."""
    return {name: stack.text(name) for name in stack.files()}


def test_same_again_changes_nothing(stack: Stack) -> None:
    """Without an option it is as it was, secrets included, and no file is spoken of."""
    stack.ready("email", "--native", "--prometheus.port=19190", watchdog=WATCHDOG)
    before = snapshot(stack)

    done = stack.init()

    assert done.exit_code == 0, done.output
    assert of_files(done.output) == []
    assert snapshot(stack) == before


def test_edit_is_kept(stack: Stack) -> None:
    """What its owner edited stays, the new version beside it, a line each; what nobody edited is renewed."""
    stack.ready("ntfy")
    prometheus, rules = edit(stack, PROMETHEUS), edit(stack, "prometheus/hermes.rules.yml")

    done = stack.init("--alertmanager.port=19193")

    assert of_files(done.output) == [
        f"kept     {PROMETHEUS}, which you edited; the new version is {PROMETHEUS}.new beside it",
        "kept     prometheus/hermes.rules.yml, which you edited; there is nothing new",
        "renewed  compose.yaml",
    ]
    assert stack.text(PROMETHEUS) == prometheus
    assert stack.text("prometheus/hermes.rules.yml") == rules
    assert "127.0.0.1:19193" in stack.text(f"{PROMETHEUS}.new")
    assert (stack.root / f"{PROMETHEUS}.new").stat().st_mode & 0o777 == 0o600


def test_new_version_is_offered_once(stack: Stack) -> None:
    """Thrown away, it does not come back; taken over, the file counts as unedited again."""
    stack.ready("ntfy")
    edit(stack, PROMETHEUS)
    stack.init("--alertmanager.port=19193")
    offered = (stack.root / f"{PROMETHEUS}.new").rename(stack.root / PROMETHEUS.replace("yml", "aside"))

    again = stack.init()
    assert of_files(again.output) == [f"kept     {PROMETHEUS}, which you edited; there is nothing new"]
    assert not (stack.root / f"{PROMETHEUS}.new").exists()

    offered.rename(stack.root / PROMETHEUS)
    assert of_files(stack.init().output) == []
    assert of_files(stack.init("--alertmanager.port=19194").output) == [
        f"renewed  {PROMETHEUS}",
        "renewed  compose.yaml",
    ]


def test_link_and_deletion_are_the_owners(stack: Stack) -> None:
    """A link in the place of a file is an edit; a file that is gone is written again."""
    stack.ready("ntfy")
    mine = stack.root / "mine.tmpl"
    (stack.root / "alertmanager/hermes.tmpl").rename(mine)
    (stack.root / "alertmanager/hermes.tmpl").symlink_to(mine)
    (stack.root / "compose.yaml").unlink()

    assert of_files(stack.init().output) == [
        "kept     alertmanager/hermes.tmpl, which you edited; there is nothing new",
        "wrote    compose.yaml",
    ]
    assert (stack.root / "alertmanager/hermes.tmpl").is_symlink()


def test_another_way_to_the_phone(stack: Stack) -> None:
    """The route is exchanged, and back again without a question: the secrets of the other way stay."""
    stack.ready("telegram", watchdog=WATCHDOG)
    before = snapshot(stack)

    said = stack.ready("pushover")
    assert of_files(said) == [f"renewed  {layout.ROUTE}"]
    assert "pushover_configs" in stack.text(layout.ROUTE)
    assert WATCHDOG in stack.text(layout.ROUTE)

    back = stack.init("--notify=telegram")
    assert back.exit_code == 0, back.output
    assert {name: stack.text(name) for name in before if name != ".hermes-stack.json"} == {
        name: text for name, text in before.items() if name != ".hermes-stack.json"
    }


def test_edited_route_rings_as_before(stack: Stack) -> None:
    """Changing the way does not pass over an edit, and says that nothing has changed yet."""
    stack.ready("slack")
    route = edit(stack, layout.ROUTE)

    said = stack.ready("ntfy")

    assert stack.text(layout.ROUTE) == route
    assert "ntfy.example.org" in stack.text(f"{layout.ROUTE}.new")
    assert f"warning: it rings as before until you take over {layout.ROUTE}.new\n" in said


def test_from_containers_to_units(stack: Stack) -> None:
    """What belongs to it no more is removed, unless edited; what still runs is named with how to stop it."""
    stack.ready("slack")
    compose = edit(stack, "compose.yaml")

    done = stack.init("--native", "--without-grafana")

    assert stack.text("compose.yaml") == compose
    assert "kept     compose.yaml, which you edited; it belongs to the stack no more" in done.output
    assert "removed  grafana/grafana.ini, which belongs to it no more" in done.output
    assert "stop what ran until now: docker compose --project-name hermes-stack down" in done.output
    assert {name for name in stack.files() if "grafana" in name} == {layout.GRAFANA_PASSWORD}
    back = stack.init("--compose")
    assert "disable --now hermes-prometheus.service hermes-alertmanager.service\n" in back.output


def test_secret_can_be_exchanged(stack: Stack) -> None:
    """A file gives a new one, an empty file takes away what may be missing."""
    stack.ready("ntfy", watchdog=WATCHDOG)
    (stack.place / "new").write_text("tk_another\n")
    (stack.place / "none").write_text("")

    done = stack.init(
        f"--secret-file=ntfy-token={stack.place}/new", f"--secret-file=watchdog-url={stack.place}/none"
    )

    assert done.exit_code == 0, done.output
    assert stack.text("alertmanager/ntfy-token") == "tk_another"
    assert not (stack.root / "alertmanager/watchdog-url").exists()
    switch = yaml.safe_load(stack.text(layout.ROUTE))["receivers"][-1]
    assert switch == {"name": "dead-mans-switch"}
    assert f"stack init {stack.root} --ask watchdog-url" in done.output


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "--notify is missing"),
        (("--notify=telegram",), "telegram-token is missing: --secret-file telegram-token=PATH"),
        (("--notify=telegram", "--set=telegram-token=x"), "telegram-token is a secret, and no argument: "),
        (("--notify=telegram", "--set=chat=5"), "telegram has no chat, only telegram-token, chat-id, watch"),
        (("--notify=telegram", "--set=chat-id"), "--set wants NAME=VALUE"),
        (("--notify=telegram", "--secret-file=chat-id=/dev/null"), "chat-id is no secret: --set chat-id=VALUE"),
        (("--notify=telegram", "--secret-file=/nowhere"), "--secret-file: /nowhere: No such file"),
        (("--notify=pushover", "--secret-file=/dev/null"), "say which: pushover-user=PATH or pushover-token=PATH"),
        (("--notify=ntfy", "--set=server=ntfy.sh"), "server: that does not look like https://ntfy.sh"),
        (("--notify=ntfy", "--grafana.port=9090"), "each needs a port of its own"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(stack: Stack, options: tuple[str, ...], why: str) -> None:
    """Nothing is written, and the line says what to do."""
    done = stack.init(*options)

    assert done.exit_code == 2, done.output
    assert why in done.output
    assert not stack.root.exists()


def test_wrong_secret_is_not_repeated(stack: Stack) -> None:
    """What does not look like a token may still be somebody's secret."""
    (stack.place / "file").write_text("hunter2-is-my-secret")

    done = stack.init("--notify=telegram", "--set=chat-id=1", f"--secret-file={stack.place}/file")

    assert done.exit_code == 2
    assert "hunter2" not in done.output


def test_hermes_home_is_no_place(stack: Stack) -> None:
    """Neither the home that is named, nor any .hermes, nor through a link."""
    (stack.place / "link").symlink_to(stack.home)
    for place in (stack.home / "stack", stack.place / ".hermes/stack", stack.place / "link/stack"):
        done = stack.init("--notify=ntfy", root=place)
        assert done.exit_code == 2, done.output
        assert "lies in a Hermes home, where nothing is ever written" in done.output
        assert not place.exists()


def test_somebody_elses_directory_is_left_alone(stack: Stack) -> None:
    """One that is not empty, and that we did not make; an empty one will do."""
    stack.root.mkdir()
    (stack.root / "thesis.tex").touch()

    done = stack.init("--notify=ntfy")
    assert done.exit_code == 2
    assert "is not empty, and no stack of hermes-exporter: choose another directory" in done.output
    assert stack.files() == {"thesis.tex"}

    (stack.root / "thesis.tex").unlink()
    assert stack.init("--notify=ntfy").exit_code == 0


def test_odd_path_and_root_are_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What units, compose and YAML would each read in another way; and who must not run it all."""
    odd = stack.init("--notify=ntfy", root=stack.place / "my $tack")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    as_root = stack.init("--notify=ntfy")

    assert (odd.exit_code, as_root.exit_code) == (2, 2)
    assert "choose a path of letters, digits and" in odd.output
    assert "you are root, and what it starts runs as you: do it as another user" in as_root.output


def test_taken_port_is_warned_of(stack: Stack) -> None:
    """Debian's own Prometheus, or Cockpit: said at first, for later on it is ours that listens."""
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        port = neighbour.getsockname()[1]
        said = stack.ready("slack", f"--prometheus.port={port}")
        again = stack.init()

    warning = (
        f"warning: something listens on port {port} already; stop it, or choose another one with --prometheus.port"
    )
    assert warning in said
    assert "warning" not in again.output


def test_file_is_no_directory(stack: Stack) -> None:
    """A file of that name, and a directory in which nothing can be made, are one line."""
    stack.root.touch()
    done = stack.init("--notify=slack", *stack.answers("slack"))

    assert done.exit_code == 2
    assert "Not a directory" in done.output


def test_broken_record_is_named(stack: Stack) -> None:
    """Rather than taken for an empty directory, and everything written over."""
    stack.ready("slack")
    edit(stack, ".hermes-stack.json", "}")

    done = stack.init()

    assert done.exit_code == 2
    assert ".hermes-stack.json is not as it was written" in done.output


def test_alarm_through_hermes_own_bot_is_warned_of(stack: Stack) -> None:
    """At once, before anybody relies on it."""
    stack.home.mkdir()
    (stack.home / ".env").write_text(f"TELEGRAM_BOT_TOKEN={SECRETS['telegram']['telegram-token']}\n")

    assert "warning: the bot that rings is the one of Hermes' profile default" in stack.ready("telegram")
