"""Nothing secret or private comes out of a running exporter, by any door, whatever shape it lies in.

Marked strings stand wherever Hermes keeps what is nobody's business. A new artefact goes into
``DOCUMENTS`` or ``TEXTS``, a new page or file of ours into ``doors``.
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
import subprocess
import sys
import time
import urllib.error
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.bad_lab import database
from tests.web.exporter_process import ExporterProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARK = "zq7xq"
"""In every planted string, and in no path, name or page."""
SHOWN = ("id", "name", "prompt", "expr")
"""Of a job these are shown, and the prompt decides whether the name is: they keep what they have."""


class Mint:
    """Makes marked strings, and knows what must not be seen of those that are encoded."""

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self._made = 0

    def __call__(self, form: str = "{}") -> str:
        """A string that stands nowhere else."""
        self._made += 1
        return form.format(f"{MARK}{self._made:04d}")

    def jwt(self, **claims: object) -> str:
        """A token whose claims are marked as well."""
        parts = [{"alg": self()}, {"sub": self(), "email": self("{}@example.org"), **claims}]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        self.encoded += encoded
        return ".".join((*encoded, self()))


def stamp(ago: float = 0.0) -> str:
    """A moment before now, as Hermes writes it."""
    return datetime.fromtimestamp(time.time() - ago, UTC).isoformat()


def credentials(mint: Mint) -> dict[str, Any]:
    """auth.json, with something marked in each of its fields that may hold any text."""

    def entry(status: str, **more: object) -> dict[str, Any]:
        private = (
            "id",
            "label",
            "source",
            "base_url",
            "secret_fingerprint",
            "last_error_reason",
            "last_error_message",
        )
        tokens = {"access_token": mint.jwt(exp=2e9), "refresh_token": mint(), "agent_key": mint()}
        marked = {"last_status": status, "last_status_at": time.time() - 5, "last_error_code": 401, **more}
        return {"auth_type": "oauth", **{key: mint() for key in private}, **tokens, **marked, mint(): mint()}

    failure = {"code": mint(), "message": mint(), "reason": mint(), "relogin_required": True, "at": stamp(9)}
    names = ("sk-or-v1-{}", "{}@example.org", "{} my provider", "custom:sk-{}", "{}0123456789abcdef", "Custom-{}")
    return {
        "version": 1,
        "updated_at": stamp(),
        "active_provider": mint(),
        "suppressed_sources": {mint(): [mint()]},
        mint(): mint(),
        "providers": {
            "nous": {"access_token": mint.jwt(exp=2e9), "refresh_token": mint(), "label": mint(), mint(): mint()},
            "xai-oauth": {"tokens": {"access_token": "", mint(): mint()}, "last_auth_error": failure},
            **{mint(name): {"access_token": mint(), "tokens": mint()} for name in names},
        },
        "credential_pool": {
            "zai": [entry("dead"), entry(mint()), entry("exhausted", last_error_reset_at=mint()), mint()],
            **{mint(name): [entry("ok")] for name in names},
        },
    }


def jobs(mint: Mint) -> dict[str, Any]:
    """jobs.json of a user who gave no names: Hermes takes them from the prompts."""
    private = ("last_error", "last_delivery_error", "base_url", "model", "workdir", "script", "skill")

    def job(job_id: str, schedule: dict[str, Any], **noted: Any) -> dict[str, Any]:
        prompt = mint("write to {} every morning")
        return {
            "id": job_id,
            "name": prompt[:50],
            "prompt": prompt,
            "deliver": mint("telegram:{}"),
            "schedule": {**schedule, "display": mint()},
            "enabled": True,
            "created_at": stamp(9000),
            **{key: mint() for key in private},
            "provider": mint("sk-or-v1-{}"),
            "origin": {"chat_id": mint(), "chat_name": mint()},
            "run_claim": {"at": stamp(30), "by": mint()},
            "last_delivery_unverified": [mint(), {mint(): mint()}],
            mint(): mint(),
            **noted,
        }

    daily = {"kind": "cron", "expr": "0 9 * * *"}
    ran = {"state": "scheduled", "last_status": "ok", "last_run_at": stamp(50), "next_run_at": stamp(-9000)}
    return {
        "jobs": [
            job("j1", daily, state=mint(), last_status=mint()),
            job("j2", daily, **ran),
            job("j3", {"kind": "once", "run_at": stamp(60)}, **ran),
        ],
        "updated_at": stamp(),
    }


def state(mint: Mint) -> dict[str, Any]:
    """gateway_state.json with all that a messenger may have said."""
    platform = {"state": mint(), "error_message": mint(), "updated_at": stamp(), mint(): mint()}
    return {
        "gateway_state": mint(),
        "updated_at": stamp(),
        "exit_reason": mint(),
        "argv": [mint()],
        "platforms": {"telegram": platform, mint("{}:{{}}"): platform},
        mint(): mint(),
    }


def config(mint: Mint) -> dict[str, Any]:
    """config.yaml."""
    return {
        "model": {
            "provider": mint("custom:sk-{}"),
            "default": mint(),
            "api_key": mint(),
            "base_url": mint("https://{}.example.org"),
        },
        "fallback_providers": [{"provider": mint("sk-{}"), "model": mint()}, mint("sk-{}")],
        "custom_providers": [{"name": mint("sk-{}"), "api_key": mint()}],
        "timezone": mint("Europe/{}"),
        "cron": {"provider": mint()},
        "logging": {"level": mint()},
        "platforms": {"telegram": {"enabled": True, "token": mint()}, mint("{}@x"): {"enabled": True}},
        mint(): mint(),
    }


def environment(mint: Mint) -> str:
    """.env."""
    names = ("TELEGRAM_BOT_TOKEN", "OPENROUTER_API_KEY", "HERMES_TIMEZONE", "GATEWAY_MULTIPLEX_PROFILES", mint())
    return "".join(f"{name}={mint()}\n" for name in names) + f"{mint()}\n"


def log(mint: Mint) -> str:
    """A log that quotes all sorts of people and things."""
    head = time.strftime("%Y-%m-%d %H:%M:%S,123")
    call = "agent.conversation_loop: API call"
    refused = (
        f"{call} failed (attempt 1/3) error_type=AuthenticationError thread={mint()} provider={mint()} "
        f"base_url={mint()} model={mint()} summary=HTTP 401: {mint()}"
    )
    lines = (
        f"INFO agent.credential_pool: credential pool: marking {mint()} exhausted (status=401), rotating",
        f"WARNING [cron_{mint()}_20261122_064705] {refused}",
        f"INFO [{mint()}] {call} #1: model={mint()} provider={mint()} in=1 out=1 total=2 latency=0.4s",
        f"INFO cron.scheduler: Job 'j1': delivered to mattermost:{mint()} via live adapter",
        f"INFO gateway.run: ✓ {mint()} connected",
        f"ERROR hermes_plugins.{mint()}_platform.adapter: [{mint()}] Failed to connect: {mint()}",
        f"ERROR gateway.run: Fatal {mint()} adapter error ({mint()}): {mint()}",
        f"ERROR cron.scheduler: Job '{mint()}' failed: RuntimeError: HTTP 401: {mint()}\nTraceback {mint()}",
        f"WARNING {mint()}: {mint()}",
        mint(),
    )
    return "".join(f"{head} {line}\n" for line in lines)


DOCUMENTS: dict[str, Callable[[Mint], Any]] = {
    "auth.json": credentials,
    "cron/jobs.json": jobs,
    "gateway_state.json": state,
    "gateway.pid": lambda mint: {"pid": 1, "argv": [mint()], "kind": mint()},
    "state/gateway.heartbeat": lambda mint: {"pid": 1, "updated_at": stamp(), mint(): mint()},
    ".drain_request.json": lambda mint: {"requested_at": stamp(), "principal": mint(), "action": mint()},
    "state/gateway.lifecycle.json": lambda mint: {"phase": mint(), "exit_reason": mint()},
    "gateway/dead_targets.json": lambda mint: {mint("telegram:{}"): {"platform": "telegram", "reason": mint()}},
    "config.yaml": config,
}
"""Artefacts that are one JSON or YAML document."""
TEXTS: dict[str, Callable[[Mint], str]] = {
    ".env": environment,
    "logs/agent.log": log,
    "logs/errors.log": log,
    "logs/gateway.log": log,
    "logs/gateway-exit-diag.log": lambda mint: f"{mint()}\n" + json.dumps({"ts": mint(), "tag": mint()}) + "\n",
    "gateway-starts.log": lambda mint: f"{mint()}\n",
    "cron/ticker_last_error": lambda mint: f"{time.time()}\nRuntimeError: {mint()}\n",
    "cron/ticker_heartbeat": Mint.__call__,
    "cron/output/j1/report.md": lambda mint: mint(),
    "state.db": lambda mint: mint(),
    "auth.json.corrupt": lambda mint: mint(),
}
"""Artefacts of any other form."""


def databases(home: Path, mint: Mint) -> None:
    """The SQLite databases of the cron: runs of an odd state, in flight, ended, and with a queued report."""
    insert = "INSERT INTO executions VALUES (?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?)"
    queued = mint()
    runs = [
        (mint(), "j1", mint(), mint(), *(stamp(ago) for ago in (90, 90, 50)), mint(), mint(), mint()),
        (mint(), "j1", mint(), "running", stamp(90), stamp(90), None, mint(), None, mint()),
        *(
            (name, job, mint(), status, *(stamp(ago) for ago in (90, 90, 50)), mint(), outcome, mint())
            for name, job, status, outcome in (
                (mint(), "j2", "completed", mint()),
                (queued, "j2", "completed", "queued"),
                (mint(), "j3", "failed", None),
            )
        ),
    ]
    database(
        home / "cron/executions.db",
        *((insert, run) for run in runs),
        ("INSERT INTO cron_incidents VALUES ('i1', ?, ?)", (mint(), mint())),
    )
    delivery = "INSERT INTO deliveries VALUES (?, ?, ?, ?)"
    database(
        home / "cron/deliveries.db",
        (delivery, (queued, mint(), "pending", stamp(70))),
        (delivery, (mint(), mint(), mint(), stamp(70))),
    )
    database(
        home / "cron/runtime.db", ("INSERT INTO job_runtime VALUES (?, ?)", ("j1", json.dumps({mint(): mint()})))
    )


def as_text(document: object) -> str:
    """A value in the place of any leaf."""
    return f"{MARK} {document!r}"


def distorted(document: Any, leaf: Callable[[Any], Any]) -> Any:
    """The document with every leaf replaced."""
    if isinstance(document, dict):
        return {key: value if key in SHOWN else distorted(value, leaf) for key, value in document.items()}
    if isinstance(document, list):
        return [distorted(value, leaf) for value in document]
    return leaf(copy.copy(document))


def encode(name: str, document: Any) -> bytes:
    """The document as its file has it."""
    return (yaml.safe_dump(document) if name.endswith(".yaml") else json.dumps(document)).encode()


DISTORTIONS: dict[str, Callable[[str, Any], bytes]] = {
    "as it should be": encode,
    "all text": lambda name, document: encode(name, distorted(document, as_text)),
    "all lists": lambda name, document: encode(name, distorted(document, lambda leaf: [as_text(leaf)])),
    "all objects": lambda name, document: encode(name, distorted(document, lambda leaf: {as_text(leaf): leaf})),
    "a list": lambda name, document: encode(name, [document]),
    "truncated": lambda name, document: encode(name, document)[:-9],
    "no UTF-8": lambda name, document: encode(name, document).replace(b":", b"\xff:", 1),
    "a tag": lambda _name, _document: f"!!python/object:{MARK} [{{{MARK}".encode(),
    "one long word": lambda _name, _document: (MARK * 1000).encode(),
}
"""Shapes in which the documents lie there, one after the other."""


def plant(home: Path, mint: Mint, form: str) -> None:
    """Leave every artefact in a home, the documents among them distorted."""
    for name, text in TEXTS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text(mint))
    for name, make in DOCUMENTS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(DISTORTIONS[form](name, make(mint)))


def doors(exporter: ExporterProcess) -> Iterator[tuple[str, str]]:
    """Everything that comes out of a running exporter, by where it came out."""
    pages = ("/", "/profiles/default", "/profiles/coder", "/profiles/coder?job=j1", "/profiles/nowhere")
    for path in ("/metrics", *pages, "/api/v1/status", "/-/ready", "/-/healthy", "/nowhere"):
        try:
            with exporter.get(path) as answer:
                yield path, f"{answer.headers}{answer.read().decode()}"
        except urllib.error.HTTPError as error:
            yield path, f"{error.headers}{error.read().decode()}"
    accept = "application/openmetrics-text;version=1.0.0"
    with exporter.get("/metrics", Accept=accept, Accept_Encoding="gzip") as answer:
        yield "/metrics as OpenMetrics", gzip.decompress(answer.read()).decode()
    yield "log", exporter.log()


def test_nothing_private_comes_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No planted string, nor what it is encoded as, is in a page, a metric, the log, the memory or an error."""
    directory = tmp_path_factory.mktemp("home")
    root, mint = directory / ".hermes", Mint()
    homes = (root, root / "profiles/coder")
    for home in homes:
        plant(home, mint, "as it should be")
        databases(home, mint)
    memory = directory / "state/memory.db"
    options = ["--hermes.home", str(root), "--no-collector.units", "--log.level", "debug"]
    options += ["--state.path", str(memory)]

    with ExporterProcess(options, directory / "log") as exporter:
        for form in DISTORTIONS:
            for home in homes:
                plant(home, mint, form)
            for door, said in doors(exporter):
                check(mint, f"{door}, the documents being {form}", said)
            for kept in memory.parent.glob("memory.db*"):
                check(mint, kept.name, f"what is kept: {kept.read_bytes().decode('latin-1')}")
            if form == "as it should be":
                text = exporter.metrics()
                assert 'hermes_credentials{profile="coder",provider="zai",status="dead"} 1.0' in text
                assert 'hermes_credentials{profile="coder",provider="other",status="ok"} 6.0' in text
                assert 'hermes_credential_refreshable{profile="coder",provider="nous"} 1.0' in text
                for job in ("j1", "j2", "j3"):
                    assert f'hermes_cron_job_judged{{job_id="{job}",job_name="{job}",profile="coder"}}' in text
                assert 'hermes_auth_last_error_timestamp_seconds{name="other",plane="provider"' in text
                assert 'hermes_provider_last_success_timestamp_seconds{profile="coder",provider="other"}' in text
            else:
                assert str(root / "auth.json") in exporter.log()
        exporter.terminate()
        check(mint, "log", exporter.log())
        assert "Traceback" not in exporter.log()
    for kept in (b"cron_delivered", b"settlings", b"row 2", b"row 4"):
        assert kept in memory.read_bytes()

    for command in (("scrape",), ("check",), ("check", "--json")):
        arguments = [sys.executable, "-m", "hermes_exporter", *command, *options, "--log.format", "json"]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
        check(mint, " ".join(command), done.stdout + done.stderr)


def check(mint: Mint, where: str, said: str) -> None:
    """Fail if a marked string, or the encoded part of a token, was said."""
    assert len(said) > 10, where
    place = said.lower().find(MARK)
    assert place < 0, f"{where}: {said[max(0, place - 200) : place + 100]}"
    assert [part for part in mint.encoded if part in said] == [], where


def test_the_check_sees_what_is_said() -> None:
    """The test above is no empty one: a mark, in capitals too, and a part of a token are found."""
    mint = Mint()
    token = mint.jwt(exp=1)
    for said in (
        f"a long text with {mint()}",
        f"a long text with {mint().upper()}",
        f"text {token.split('.')[1]}",
    ):
        with pytest.raises(AssertionError):
            check(mint, "here", said)
