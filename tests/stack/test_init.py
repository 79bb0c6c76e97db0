"""``stack init``: what it makes is what Prometheus, Alertmanager and compose accept, and its owner's alone."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from hermes_exporter.stack import layout
from hermes_exporter.stack.channels import CHANNELS
from hermes_exporter.stack.channels import WATCHDOG as WATCHDOG_QUESTION
from tests.lab.unpacked import BIN
from tests.lab.user_systemd import REPO
from tests.stack.stacks import SECRETS, TOLD, WATCHDOG, Stack

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE = REPO / ".cache/compose/x/usr/libexec/docker/cli-plugins/docker-compose"
OWNER = 1234


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """An empty place, and an ordinary user, whoever runs the tests."""
    monkeypatch.setattr(os, "getuid", lambda: OWNER)
    monkeypatch.setattr(os, "getgid", lambda: OWNER)
    return Stack(tmp_path)


def accepted(*words: str | Path) -> str:
    """What a program prints; fail with what it says."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("notify", CHANNELS)
def test_every_way_is_accepted(stack: Stack, notify: str) -> None:
    """Alertmanager takes the route, Prometheus the rest; nothing of the shipped examples is left in either."""
    stack.ready(notify, watchdog=WATCHDOG)

    assert "SUCCESS" in accepted(BIN / "amtool", "check-config", stack.root / layout.ROUTE)
    assert "SUCCESS" in accepted(BIN / "promtool", "check", "config", stack.root / "prometheus/prometheus.yml")
    route, prometheus = stack.text(layout.ROUTE), stack.text("prometheus/prometheus.yml")
    assert not re.findall(r"CHANGE-ME|YOUR-UUID|/etc/prometheus|example\.org(?!:465)", _without(route, notify))
    assert "hermes-host" not in prometheus
    (switch,) = [each for each in yaml.safe_load(route)["receivers"] if each["name"] == "dead-mans-switch"]
    assert switch["webhook_configs"] == [{"url": WATCHDOG, "send_resolved": False}]


def _without(route: str, notify: str) -> str:
    """The route without comments and what its owner answered."""
    kept = re.sub(r"#.*", "", route)
    for answer in (*SECRETS[notify].values(), *TOLD.get(notify, {}).values()):
        kept = kept.replace(answer, "")
    return kept


@pytest.mark.parametrize("notify", CHANNELS)
def test_answers_reach_the_route(stack: Stack, notify: str) -> None:
    """What is no secret stands in it; a secret stands in the file that it names, or in it where it must."""
    stack.ready(notify)

    route = stack.text(layout.ROUTE)
    for value in TOLD.get(notify, {}).values():
        assert value in route
    for name, secret in SECRETS[notify].items():
        assert stack.text(f"alertmanager/{name}") == secret
        assert (secret in route) == (name == "ntfy-topic")
    (receiver, *_others) = yaml.safe_load(route)["receivers"]
    named = re.findall(r"_file': '([^']+)'", str(receiver))
    assert {(stack.root / "alertmanager" / file).read_text() for file in named} == {
        secret for name, secret in SECRETS[notify].items() if name != "ntfy-topic"
    }


@pytest.mark.parametrize("notify", CHANNELS)
@pytest.mark.parametrize("variant", ["--native", "--compose"])
def test_everything_belongs_to_its_owner_alone(stack: Stack, notify: str, variant: str) -> None:
    """Files 0600, directories 0700; and nothing secret is said, but the topic that is to be subscribed to."""
    said = stack.ready(notify, variant, "--with-grafana", watchdog=WATCHDOG)

    modes = {path.relative_to(stack.root): path.stat().st_mode & 0o777 for path in stack.root.rglob("*")}
    assert {
        name for name, mode in modes.items() if mode != (0o700 if (stack.root / name).is_dir() else 0o600)
    } == set()
    assert stack.root.stat().st_mode & 0o777 == 0o700
    hidden = {**SECRETS[notify], "watchdog": WATCHDOG, "grafana": stack.text(layout.GRAFANA_PASSWORD)}
    assert {name for name, secret in hidden.items() if secret in said} == {"ntfy-topic"} & hidden.keys()


def test_generated_secrets_differ(stack: Stack, tmp_path: Path) -> None:
    """Nobody's Grafana has the password of another, nor is a topic guessed."""
    other = Stack(tmp_path / "other")
    for each in (stack, other):
        done = each.init("--notify=ntfy")
        assert done.exit_code == 0, done.output

    for name in (layout.GRAFANA_PASSWORD, "alertmanager/ntfy-topic"):
        first, second = stack.text(name), other.text(name)
        assert first != second
        assert len(first) >= 20
    assert "ntfy-token" not in re.sub(r"#.*", "", stack.text(layout.ROUTE))


def compose(stack: Stack) -> dict[str, Any]:
    """What docker compose makes of the file."""
    file = stack.root / "compose.yaml"
    document: dict[str, Any] = yaml.safe_load(accepted(COMPOSE, "--file", file, "config"))
    return document


@pytest.mark.parametrize("notify", CHANNELS)
def test_containers(stack: Stack, notify: str) -> None:
    """Docker compose accepts them: versions pinned, as their owner, read-only, no capabilities, loopback only."""
    stack.ready(notify, "--prometheus.port=19190", "--alertmanager.port=19193", "--grafana.port=13000")

    services = compose(stack)["services"]
    assert services.keys() == {"prometheus", "alertmanager", "grafana"}
    for name, service in services.items():
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])
        assert service["user"] == f"{OWNER}:{OWNER}"
        assert service["network_mode"] == "host"
        assert "ports" not in service
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        binds = {bind["target"]: bind.get("read_only", False) for bind in service["volumes"]}
        assert binds == {f"{stack.root}/{name}": True, f"{stack.root}/data/{name}": False}
        assert all(bind["source"] == bind["target"] for bind in service["volumes"])
        assert all((stack.root / "data" / name).is_dir() for name in services)
    listeners = {name: [word for word in service.get("command") or () if "listen" in word]
                 for name, service in services.items()}  # fmt: skip
    assert listeners == {
        "prometheus": ["--web.listen-address=127.0.0.1:19190"],
        "alertmanager": ["--web.listen-address=127.0.0.1:19193", "--cluster.listen-address="],
        "grafana": [],
    }
    assert "\nhttp_addr = 127.0.0.1\nhttp_port = 13000\n" in stack.text("grafana/grafana.ini")
    assert "127.0.0.1:19193" in stack.text("prometheus/prometheus.yml")
    assert "http://127.0.0.1:19190" in stack.text("grafana/provisioning/datasources/hermes.yml")
    text = "".join(stack.text(name) for name in stack.files() if not name.endswith(".json"))
    assert not re.findall(r"0\.0\.0\.0|\[::\]|localhost", text)
    assert not re.findall(r"127\.0\.0\.1:(?:9090|9093|3000)\b", text)


def test_units(stack: Stack) -> None:
    """They start Debian's programs on the same files, and listen on loopback only; there is no compose file."""
    stack.ready("ntfy", "--native", "--with-grafana", "--prometheus.port=9093", "--alertmanager.port=9090")

    units = {path.name: path.read_text() for path in (stack.root / "systemd").iterdir()}
    assert units.keys() == {"hermes-prometheus.service", "hermes-alertmanager.service", "hermes-grafana.service"}
    assert "compose.yaml" not in stack.files()
    starts = {name: re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)[0].split() for name, unit in units.items()}
    assert {start[0] for start in starts.values()} == {
        "/usr/bin/prometheus", "/usr/bin/prometheus-alertmanager", "/usr/share/grafana/bin/grafana"
    }  # fmt: skip
    assert "--web.listen-address=127.0.0.1:9093" in starts["hermes-prometheus.service"]
    assert "--web.listen-address=127.0.0.1:9090" in starts["hermes-alertmanager.service"]
    assert layout.ROOT not in "".join(units.values())


def test_without_grafana(stack: Stack) -> None:
    """Nothing of it is there, nor said; a unit of it is made only on request, for Debian has no Grafana."""
    said = stack.ready("slack", "--without-grafana")
    assert compose(stack)["services"].keys() == {"prometheus", "alertmanager"}
    native = Stack(stack.place / "native")
    native.place.mkdir()
    native.ready("slack", "--native")

    for each in (stack, native):
        assert {name for name in each.files() if "grafana" in name} == set()
    assert "512 MB" not in said


def test_guide_says_what_is_said(stack: Stack) -> None:
    """docs/stack.md has every name that can be answered, and the lines that are printed on every machine."""
    said = stack.ready("ntfy", "--native").splitlines()
    guide = (REPO / "docs/stack.md").read_text()

    (example,) = re.findall(r"^```\n(memory: .*?)^```$", guide, re.MULTILINE | re.DOTALL)
    printed = example.partition("subscribe")[0].splitlines()
    lingering = "       loginctl enable-linger  # or all of it ends when you log out"
    assert printed == [line for line in said[said.index("") + 1 :] if line != lingering][: len(printed)]
    names = {question.name for channel in CHANNELS.values() for question in channel.questions}
    hooks = {"mattermost-url", "discord-url", "webhook-url"}
    assert {name for name in names | {WATCHDOG_QUESTION.name} if f"`{name}`" not in guide} == hooks


def test_whole_dashboards_are_there(stack: Stack) -> None:
    """Those that are shipped, unchanged, where Grafana looks for them."""
    stack.ready("ntfy")

    shipped = {path.name: path.read_text() for path in (REPO / "dashboards").glob("*.json")}
    assert {path.name: path.read_text() for path in (stack.root / "grafana/dashboards").iterdir()} == shipped
    (provider,) = yaml.safe_load(stack.text("grafana/provisioning/dashboards/hermes.yml"))["providers"]
    assert provider["options"]["path"] == f"{stack.root}/grafana/dashboards"


def test_extra_warnings_are_a_link_away(stack: Stack) -> None:
    """They are off; a link to them switches them on, and stays theirs when they are renewed."""
    stack.ready("ntfy")
    config = stack.root / "prometheus/prometheus.yml"
    before = accepted(BIN / "promtool", "check", "config", config)

    (stack.root / "prometheus/hermes-extra.rules.yml").symlink_to("off/hermes-extra.rules.yml")

    assert before.count("rules found") == 1
    assert accepted(BIN / "promtool", "check", "config", config).count("rules found") == 2


def test_secret_is_typed_unseen(tmp_path: Path) -> None:
    """A terminal is asked for what is missing; a secret is not echoed, a wrong answer is asked for again."""
    program = (
        "import os; os.getuid = os.getgid = lambda: 1234\n"
        "from hermes_exporter.cli import main\n"
        f"main(['stack', 'init', '{tmp_path}/stack', '--notify=telegram', '--hermes.home={tmp_path}/home'])"
    )
    token = SECRETS["telegram"]["telegram-token"]
    keys = {
        b"made for this:": [b"nonsense", token.encode()],
        b"@userinfobot):": [b"-100123"],
        b"for later:": [b""],
    }
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    seen, answered = b"", 0
    while chunk := _read(terminal):
        seen += chunk
        for prompt, answers in keys.items():
            if answers and seen[answered:].rstrip().endswith(prompt):
                os.write(terminal, answers.pop(0) + b"\n")
                answered = len(seen)
    _pid, status = os.waitpid(pid, 0)

    assert status == 0, seen.decode()
    assert b"that does not look like" in seen
    assert b"nonsense" not in seen
    assert token.encode() not in seen
    assert (tmp_path / "stack/alertmanager/telegram-token").read_text() == token
    assert "chat_id: -100123" in (tmp_path / "stack" / layout.ROUTE).read_text()


def _read(terminal: int) -> bytes:
    """What the terminal shows next, nothing at its end."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other side is closed
        return b""
