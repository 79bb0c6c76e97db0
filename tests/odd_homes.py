"""Homes made by hand, for what no recorded run shows. Each function builds one below a directory."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.homes import Home, Procfs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT = 1795330000.0
BOOT = int(AT) - 3 * 86400
DAY = 86400.0


def stamp(seconds: float) -> str:
    """A time as Hermes writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def home(root: Path, directory: Path) -> Home:
    """An empty home with a /proc of its own."""
    root.mkdir(parents=True)
    return Home(root, Procfs(directory / "proc", BOOT), AT)


@dataclass
class Gateway:
    """A gateway of Hermes 0.19 in a profile's directory; ``started`` and ``beat`` are seconds before AT."""

    path: Path
    pid: int
    started: float = 3600.0
    beat: float = 12.0
    state: str = "running"

    @property
    def ticks(self) -> int:
        """Its start in clock ticks since boot."""
        return int((AT - self.started - BOOT) * 100)

    @property
    def record(self) -> dict[str, object]:
        """What it writes about itself into gateway.pid and gateway.lock."""
        argv = ["/home/user/.hermes/hermes-agent/venv/bin/hermes", "gateway", "run"]
        return {"pid": self.pid, "kind": "hermes-gateway", "argv": argv, "start_time": self.ticks}

    def write(self, **more: object) -> None:
        """Leave its files, ``more`` being keys of gateway_state.json."""
        for name in ("state", "logs", "cron"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        since = AT - self.started
        state = {**self.record, "gateway_state": self.state, "active_agents": 1, "platforms": {}}
        beat = {"pid": self.pid, "updated_at": stamp(AT - self.beat), "monotonic": 1000.5, "start_time": since}
        start = {"ts": stamp(since), "tag": "gateway.start", "pid": self.pid, "python": "3.11.7"}
        (self.path / "config.yaml").write_text("timezone: UTC\n")
        (self.path / "gateway_state.json").write_text(
            json.dumps({**state, "updated_at": stamp(since + 2), **more})
        )
        (self.path / "gateway.pid").write_text(json.dumps(self.record))
        (self.path / "gateway.lock").write_text(json.dumps(self.record))
        (self.path / "state/gateway.heartbeat").write_text(json.dumps(beat))
        (self.path / "gateway-starts.log").write_text(f"{since}\n")
        (self.path / "logs/gateway-exit-diag.log").write_text(json.dumps(start) + "\n")

    def live(self, procfs: Procfs, pid: int | None = None, state: str = "S", unit: str = "") -> None:
        """Let its process live, as ``pid`` on the host where that is another one, and hold its lock."""
        procfs.add(pid or self.pid, self.ticks, state, self.pid if pid else None, unit)
        if state != "Z":
            procfs.hold(pid or self.pid, (self.path / "gateway.lock").resolve())


def running(where: Home, name: str, pid: int) -> Gateway:
    """A healthy gateway in a profile."""
    gateway = Gateway(where.profile(name), pid)
    gateway.write()
    gateway.live(where.procfs)
    return gateway


def fresh(directory: Path) -> Home:
    """Installed, one more profile created, no gateway ever run."""
    made = home(directory / "home/.hermes", directory)
    for path in (made.root, made.profile("coder")):
        for name in ("cron", "logs", "memories", "sessions"):
            (path / name).mkdir(parents=True)
        (path / "SOUL.md").write_text("You are Hermes.\n")
        (path / "config.yaml").write_text("model:\n  default: stub-model-1\n")
    return made


def custom_root(directory: Path) -> Home:
    """A root that is not ~/.hermes, with a profile below it; one that has nothing in it is a profile too."""
    made = home(directory / "srv/hermes-team", directory)
    running(made, "default", 3001)
    running(made, "bob", 3002)
    made.profile("empty").mkdir()
    return made


def symlinks(directory: Path) -> Home:
    """A profile that is a link to another place; links to a profile and to the root, which are no profiles."""
    made = home(directory / "home/.hermes", directory)
    running(made, "default", 3001)
    running(made, "coder", 3002)
    (directory / "elsewhere").mkdir()
    made.profile("zed").symlink_to(directory / "elsewhere")
    running(made, "zed", 3003)
    made.profile("alias").symlink_to("coder")
    made.profile("again").symlink_to(made.root)
    made.profile("dangling").symlink_to(directory / "nowhere")
    made.profile("loop").symlink_to("loop")
    return made


BAD_NAMES = (
    *("Coder", ".hidden", "-dash", "_low", "a b", "ünder", "a" * 65, "a.b", "a\nb", 'a"b', "a\\b", "a{b}"),
    os.fsdecode(b"\xff\xfe"),
)


def bad_names(directory: Path) -> Home:
    """Directories whose names Hermes refuses, and a file, beside a profile with the longest name allowed."""
    made = home(directory / "home/.hermes", directory)
    running(made, "default", 3001)
    running(made, "a" * 64, 3002)
    for name in BAD_NAMES:
        Gateway(made.profile(name), 3002).write()
    (made.root / "profiles/notes").write_text("no directory\n")
    return made


def default_below(directory: Path) -> Home:
    """A directory called default under profiles/: never a profile, whatever lies in it."""
    made = home(directory / "home/.hermes", directory)
    (made.root / "config.yaml").write_text("{}\n")
    Gateway(made.root / "profiles/default", 3001).write()
    Gateway(made.root / "profiles/default", 3001).live(made.procfs)
    return made


def docker(directory: Path) -> Home:
    """A container's volume seen from the host: pids in the files are the container's, stamps of s6 are numbers."""
    made = home(directory / "opt/data", directory)
    root = Gateway(made.root, 17)
    root.write(desired_state="running", updated_at=int(AT) - 40)
    root.live(made.procfs, pid=51234)
    ops = Gateway(made.profile("ops"), 18, state="stopped", beat=900.0)
    ops.write(desired_state="stopped", updated_at=int(AT) - 880)
    (ops.path / "gateway.pid").unlink()
    return made


def sticky(directory: Path) -> Home:
    """A gateway started without --profile obeys active_profile; what the root's last one left is old."""
    made = home(directory / "home/.hermes", directory)
    (made.root / "active_profile").parent.mkdir(exist_ok=True)
    (made.root / "active_profile").write_text("coder\n")
    Gateway(made.root, 2001, started=60 * DAY, beat=59 * DAY).write()
    running(made, "coder", 3002)
    return made


def newer(directory: Path) -> Home:
    """The shapes of 0.20 and later, and a profile served by the root's gateway."""
    made = home(directory / "home/.hermes", directory)
    served = [{"profile_id": "default", "status": "up"}, {"profile_id": "coder", "status": "up"}]
    root = Gateway(made.root, 3001)
    writer = {"writer_pid": 3001, "writer_start_time": root.ticks}
    root.write(
        hermes_home=str(made.root),
        served_profiles=served,
        code_sha="0123abcd",
        code_version="0.22.1",
        active_work={"turns": 1},
        session_store={"status": "ok"},
        platforms={"telegram": {"state": "connected", "updated_at": stamp(AT - 3000), **writer}},
        updated_at=stamp(AT - 20),
    )
    root.live(made.procfs, unit="/user.slice/user-1000.slice/user@1000.service/app.slice/hermes-gateway.service")
    (made.root / "config.yaml").write_text("gateway:\n  multiplex_profiles: true\n")
    made.profile("coder").mkdir(parents=True)
    (made.profile("coder") / "config.yaml").write_text("{}\n")
    return made


def bare_pid(directory: Path) -> Home:
    """Bare numbers as old versions wrote into gateway.pid: one lives and holds its lock, one was given away."""
    made = home(directory / "home/.hermes", directory)
    running(made, "default", 3001)
    (made.root / "gateway.pid").write_text("3001\n")
    Gateway(made.profile("coder"), 3002).write()
    (made.profile("coder") / "gateway.pid").write_text("3002")
    made.procfs.add(3002, 9_000_000)
    return made


def clone(directory: Path) -> Home:
    """A cloned profile starts life with its source's heartbeat, starts and lock text; it never had a gateway."""
    made = home(directory / "home/.hermes", directory)
    running(made, "default", 3001)
    Gateway(made.profile("copy"), 3001).write()
    for name in ("gateway_state.json", "gateway.pid"):
        (made.profile("copy") / name).unlink()
    return made


def troubled(directory: Path) -> Home:
    """One profile for each thing that can be wrong with a gateway, and neighbours that are well."""
    made = home(directory / "home/.hermes", directory)
    running(made, "default", 3001)
    running(made, "dev2", 3002)
    Gateway(made.profile("dev"), 3003).write()

    running(made, "draining", 3004)
    marker = {"action": "drain", "requested_at": stamp(AT - 90), "principal": "user"}
    (made.profile("draining") / ".drain_request.json").write_text(json.dumps(marker))

    twice = running(made, "twice", 3005)
    (twice.path / "gateway.lock").rename(twice.path / "gateway.lock (deleted)")
    made.procfs.kill(3005)
    made.procfs.add(3005, twice.ticks)
    made.procfs.hold(3005, twice.path / "gateway.lock (deleted)")
    second = Gateway(made.profile("twice"), 3006, started=600.0)
    second.write()
    second.live(made.procfs)

    wedged = Gateway(made.profile("wedged"), 3007, beat=700.0)
    wedged.write()
    wedged.live(made.procfs)

    looping = running(made, "looping", 3008)
    ring = [AT - back for back in (4000.0, 800.0, 600.0, 400.0, 200.0, 30.0)]
    (looping.path / "gateway-starts.log").write_text("".join(f"{start}\n" for start in ring))

    for name, pid, state in (("zombie", 3009, "Z"), ("held", 3010, "T")):
        gateway = Gateway(made.profile(name), pid)
        gateway.write()
        gateway.live(made.procfs, state=state)

    Gateway(made.profile("reused"), 3011).write()
    made.procfs.add(3011, 20_000_000)

    unlocked = Gateway(made.profile("unlocked"), 3012)
    unlocked.write()
    made.procfs.add(3012, unlocked.ticks)
    return made


def entry(
    status: str | None = None, ago: float = 60.0, code: int | None = None, **more: object
) -> dict[str, object]:
    """An entry of a credential pool in auth.json, marked some seconds before AT."""
    marked = {"last_status": status, "last_status_at": AT - ago if status else None, "last_error_code": code}
    return {"id": "6b591d", "label": "user@example.org", "auth_type": "api_key", **marked, **more}


def auth(path: Path, pools: dict[str, list[dict[str, object]]], **logins: dict[str, object]) -> None:
    """Leave an auth.json; a name of a login has _ for -."""
    providers = {name.replace("_", "-"): state for name, state in logins.items()}
    store = {"version": 1, "providers": providers, "credential_pool": pools, "updated_at": stamp(AT - 60)}
    (path / "auth.json").write_text(json.dumps(store))


def credentials(directory: Path) -> Home:
    """Credentials in every state; coder has some of its own, and uses the root's for the rest."""
    made = home(directory / "home/.hermes", directory)
    running(made, "default", 3001)
    running(made, "coder", 3002)
    running(made, "bare", 3003)
    expiring = {"auth_type": "oauth", "access_token": "t", "expires_at_ms": (AT + DAY) * 1000}
    gone = {"code": "invalid_grant", "message": "log in", "relogin_required": True, "at": stamp(AT - 9000)}
    auth(
        made.root,
        {
            "deepseek": [entry("dead", code=401), entry()],
            "zai": [entry("exhausted", code=401), entry("exhausted", code=429, last_error_reset_at=AT + 900)],
            "openrouter": [entry("exhausted", ago=7300, code=402), entry("exhausted", code=402)],
            "anthropic": [entry(**expiring)],
            "sk-or-v1-abcdef": [entry()],
        },
        nous={"last_auth_error": gone},
        xai_oauth={"tokens": {"access_token": "t", "refresh_token": "r"}, "expires_at": stamp(AT - 600)},
        spotify={"access_token": "t"},
    )
    auth(made.profile("coder"), {"deepseek": [entry("dead", code=401)], "zai": []}, nous={"access_token": "t"})
    return made


ODD: dict[str, Callable[[Path], Home]] = {
    builder.__name__: builder
    for builder in (
        *(fresh, custom_root, symlinks, bad_names, default_below, docker, sticky),
        *(newer, bare_pid, clone, troubled, credentials),
    )
}
