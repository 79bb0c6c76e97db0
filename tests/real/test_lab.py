"""The lab itself: what the other tests stand on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.lab.alertmanager import faster, seconds
from tests.lab.user_systemd import REPO, UserSystemd
from tests.lab.waiting import until

if TYPE_CHECKING:
    from tests.lab.hermes_home import HermesHome
    from tests.lab.stubs import Messenger, Provider


@pytest.mark.parametrize(("text", "expected"), [("15s", 15), ("1h30m", 5400), ("500ms", 0.5), ("2d", 172800)])
def test_durations(text: str, expected: float) -> None:
    """A duration of Prometheus is read in all its units."""
    assert seconds(text) == expected


def leaves(document: Any, path: str = "") -> dict[str, str]:
    """Every scalar of a YAML document by its path."""
    if not isinstance(document, dict | list):
        return {path: str(document)}
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    return {name: leaf for key, value in pairs for name, leaf in leaves(value, f"{path}/{key}").items()}


def in_seconds(text: str) -> str:
    """The text with a duration that it is, or ranges that stand in it, in seconds."""
    return re.sub(r"(^|(?<=[\[:]))(\d+(ms|[smhd]))+($|(?=[:\]]))", lambda found: f"{seconds(found[0]):g}s", text)


@pytest.mark.parametrize("shipped", ["alerts/hermes.rules.yml", "deploy/alertmanager/ntfy.yml"])
def test_faster_changes_durations_only(shipped: str) -> None:
    """Dividing by one changes nothing but how durations and ranges are written: labels and texts stay."""
    original = yaml.safe_load((REPO / shipped).read_text())
    in_milliseconds = faster(original, 1)

    before, after = leaves(original), leaves(in_milliseconds)
    assert before.keys() == after.keys()
    changed = [(before[path], after[path]) for path in before if before[path] != after[path]]
    assert changed
    assert [(old, new) for old, new in changed if in_seconds(old) != in_seconds(new)] == []


@pytest.mark.systemd
def test_home_is_reached_below_closed_directories(tmp_path: Path) -> None:
    """What is shown inside can be read there by everybody, though on the host nobody but root gets that far."""
    hidden = tmp_path / "closed" / "checkout"
    hidden.mkdir(parents=True)
    secret = hidden / "file"
    secret.write_text("readable inside\n")
    secret.chmod(0o600)
    hidden.chmod(0o700)
    hidden.parent.chmod(0o700)
    machine = UserSystemd(tmp_path / "machine", life=60, shown=[hidden])
    machine.start()
    try:
        assert machine.exec("cat", str(secret)).stdout == "readable inside\n"
        machine.root("sh", "-c", f"echo changed > {secret}")
    finally:
        machine.stop()

    assert secret.read_text() == "readable inside\n"
    assert [path.stat().st_mode & 0o777 for path in (secret, hidden, hidden.parent)] == [0o600, 0o700, 0o700]


@pytest.mark.systemd
def test_machine_does_not_outlive_its_time(tmp_path: Path) -> None:
    """Whatever happens to the tests, the machine ends by itself and leaves no process."""
    machine = UserSystemd(tmp_path / "machine", life=3, shown=[])
    machine.start()
    init = machine.path("/").parent
    cgroup = Path((machine.directory / "init").read_text().split()[2])
    assert (cgroup / "cgroup.procs").exists()
    machine.spawn("hermes", "sleep", "1000", output=tmp_path / "sleep.log")

    until(lambda: not init.exists(), 20, "its first process is gone")
    machine.stop()

    assert not cgroup.exists()


@pytest.mark.systemd
def test_needs_root(tmp_path: Path) -> None:
    """Without root it is refused in one line."""
    script = REPO / "tests/lab/user-systemd.sh"
    refused = subprocess.run(
        ["setpriv", "--reuid=65534", "bash", "-s", "start"],
        stdin=script.open(), env={"PATH": "/usr/bin:/bin", "HUS_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (refused.returncode, refused.stderr) == (1, "user-systemd: needs root\n")


@pytest.mark.systemd
def test_hermes_answers(hermes: HermesHome, provider: Provider, messenger: Messenger) -> None:
    """A real gateway under its unit hears a message and answers with what the provider said."""
    hermes.install("coder")
    hermes.start("coder")
    until(lambda: messenger.listeners("coder") == 1, 20, "the gateway listens")
    said = len(messenger.posts)

    messenger.say("coder", "How is everything?")

    until(lambda: messenger.posts[said:], 30, "an answer")
    assert [(post.who, post.message) for post in messenger.posts[said:]] == [("coder", provider.answer)]
