"""What to begin with: what a real Hermes wrote, read from the recorded homes, and forms that are made to break."""

from __future__ import annotations

import base64
import json
import sqlite3
import tarfile
from contextlib import closing
from functools import cache

from tests.bad_lab import TABLES
from tests.fuzz.targets import COST_4, SECRET, TARGETS, USER
from tests.homes import CASES, FIXTURES

MAX_SEED_BYTES = 8 << 10
SEEDS_OF_EACH = 12
DEEP = 50_000

CRON = (
    *("0 9 * * *", "*/5 * * * 1-5", "0 22-2 1,15 * *", "0 0 29 2 *", "0 0 31 2 *", "30 2 * * 0#2", "0 0 l * *"),
    *(
        "* * * * * */10",
        "0 0 1 1 * 0 2099",
        "0 0 * * mon-fri",
        "@daily",
        "h h * * *",
        "0 0 30w * *",
        "1-9999999 * * * *",
    ),
    *(
        "*/0 * * * *",
        "0-59/0 * * * *",
        "-1 * * * *",
        ",".join(["0-59"] * 200) + " * * * *",
        "0 0 * * 0#9999999999",
    ),
    *("0 0 1-31/1 jan-dec sun-sat 0-59 1970-2099", "0 " * 600, "*/99999999999999999999 * * * *", "0 0 L,l,31 * *"),
)
AUTHORIZATIONS = (
    b"Basic " + base64.b64encode(USER + b":right"),
    b"Basic " + base64.b64encode(USER + b":wrong"),
    b"basic  " + base64.b64encode(b"nobody:" + b"x" * 100),
    b"Basic " + base64.b64encode(b"no colon"),
    b"Basic " + base64.b64encode(USER + b":\0right"),
    b"Basic ====",
    b"Bearer " + SECRET.encode(),
    b"",
)
ACCEPTS = (
    b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    b"application/openmetrics-text; version=1.0.0",
    b"text/plain;version=1.0.0;escaping=underscores",
    b"gzip, deflate, br;q=0",
    b";;;,,,===",
    b"application/openmetrics-text;version=",
    b"application/openmetrics-text;version=1.0.0.0.0.x;escaping=\xff",
)
WEB = (
    b"tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  min_version: TLS13\n",
    b"basic_auth_users:\n  lab: " + COST_4 + b"\n  other: " + SECRET.encode() + b"\n",
    (
        b"rate_limit: {interval: 1h2m3s, burst: 5}\n"
        b"http_server_config: {http2: false, headers: {X-Frame-Options: deny}}\n"
    ),
    b"rate_limit: &a [*a]\n",
    b"? [a]\n: 1\n",
)
YAML = (
    b"\n".join(
        [
            b"a0: &a0 {k: v}",
            *(b"a%d: &a%d {<<: [%s]}" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
        ]
    ),
    b"\n".join(
        [b"a0: &a0 [x]", *(b"a%d: &a%d [%s]" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9))]
    ),
    b"platforms: &p {telegram: {enabled: true}}\ngateway: {platforms: *p, multiplex_profiles: yes}\n",
    b"fallback_providers: &a [*a, {provider: *a}]\n",
    b"a: !!timestamp " + SECRET.encode(),
    b"? {a: b}\n: " + SECRET.encode(),
    b"a: " + b"[" * DEEP,
    b"%YAML 9.9\n---\n--- b\n...\n",
)
LOG = (
    b"2026-11-22 06:47:14,312 WARNING [cron_3a5a0fe81e34_20261122_064703] agent.conversation_loop: API call failed"
    b" (attempt 1/3) error_type=AuthenticationError thread=x:1 provider=nous base_url=u model=m summary=HTTP 401: "
    + SECRET.encode() + b"\nTraceback\n  File x\n"
    b"2026-11-22 06:47:15,312 INFO cron.scheduler: Job '0b38cce9f636': delivered to telegram:1 via live adapter\n",
    b"2026-11-22 06:47:14,312 INFO [" + b"a] [" * 1000 + b"\n",
    b"2026-11-22 06:47:14,312 ERROR cron.scheduler: Job 'x' failed: RuntimeError: HTTP 401: "
    + b"quota " * 1000 + b"\n",
    b"2026-11-22 06:47:14,312 ERROR " + b"a." * 2000 + b": x\n",
)  # fmt: skip
ENVIRONMENT = (
    b"PATH=/bin\0HERMES_TIMEZONE=Asia/Seoul\0TZ=:/etc/localtime\0TOKEN=" + SECRET.encode() + b"\0",
    b"=\0=\0",
)
CODE = (
    b"ref: refs/heads/main\n",
    b"0123abcd" * 5,
    b'__version__ = "0.19.0"\n',
    b'{"url": "file:///checkout", "dir_info": {"editable": true}}',
    b'{"url": "file:////../..", "dir_info": {"editable": true}}',
    b'{"commit": "0123abcd0123abcd"}',
)
DEEP_JSON = b'{"jobs": ' + b"[" * DEEP + b"]" * DEEP + b"}"


def database(state: str) -> bytes:
    """A database of everything that any version keeps in one, with a job noted as that text."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        run = (
            "e1",
            "j1",
            "builtin",
            41,
            1000,
            "completed",
            *["2026-11-22T06:47:14+00:00"] * 3,
            SECRET,
            None,
            None,
        )
        connection.execute(f"INSERT INTO executions VALUES ({', '.join('?' * len(run))})", run)
        connection.execute(
            "INSERT INTO deliveries VALUES ('e1', ?, 'pending', '2026-11-22T06:47:14+00:00')", (SECRET,)
        )
        connection.execute("INSERT INTO job_runtime VALUES ('j1', ?)", (state,))
        connection.commit()
        return connection.serialize()


def endless_database() -> bytes:
    """A database whose tables are views without an end."""
    columns = (
        "id, job_id, source, pid, process_started_at, status, claimed_at, started_at, finished_at, execution_id"
    )
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
    values = ", ".join(
        f"x AS {name.strip()}" for name in (*columns.split(","), "created_at", "state_json", "state")
    )
    with closing(sqlite3.connect(":memory:")) as connection:
        for name in ("executions", "deliveries", "job_runtime", "cron_incidents"):
            connection.execute(f"CREATE VIEW {name} AS {endless} {values} FROM n")
        connection.commit()
        return connection.serialize()


@cache
def recorded() -> dict[str, tuple[bytes, ...]]:
    """The contents that files had in the recorded homes, by name within a profile; each once, a few of each."""
    found: dict[str, dict[bytes, None]] = {}
    for case in CASES:
        with tarfile.open(FIXTURES / f"{case}.tar.xz") as tar:
            for member in tar:
                name = next((name for name in TARGETS if member.name.endswith(f"/{name}")), None)
                file = tar.extractfile(member) if name else None
                if name is None or file is None:
                    continue
                data = file.read()
                cut = data[-MAX_SEED_BYTES:] if name.startswith("logs/") else data
                found.setdefault(name, {})[cut] = None
    return {name: tuple(sorted(each, key=len)[:SEEDS_OF_EACH]) for name, each in found.items()}


@cache
def seeds(name: str) -> tuple[bytes, ...]:
    """What the fuzzer of that target begins with."""
    made = {
        "cron expression": tuple(text.encode() for text in CRON),
        "Authorization": AUTHORIZATIONS,
        "Accept": ACCEPTS,
        "web configuration": (*WEB, *YAML),
        "config.yaml": YAML,
        "environ": ENVIRONMENT,
        "installed code": (*CODE, DEEP_JSON),
        "logs/agent.log": LOG,
        "logs/errors.log": LOG,
        ".env": (b"TELEGRAM_BOT_TOKEN=" + SECRET.encode() + b"\nexport HERMES_TIMEZONE='Asia/Seoul'\n= =\n",),
        "active_profile": (b"coder\n", SECRET.encode()),
        "gateway-starts.log": (b"1795330000.5\nnan\n1e999\n" + SECRET.encode() + b"\n",),
        "logs/gateway-exit-diag.log": (json.dumps({"ts": 1, "tag": SECRET, "pid": 1}).encode(),),
    }
    if name.endswith(".db"):
        deep = "[" * DEEP + "]" * DEEP
        made[name] = (database(json.dumps({"state": "scheduled"})), database(deep), endless_database())
    if name.endswith(".json") or name in ("gateway.pid", "state/gateway.heartbeat"):
        values = dict.fromkeys(_keys(name), SECRET)
        made[name] = (
            json.dumps(values).encode(),
            b"\xef\xbb\xbf{}",
            DEEP_JSON,
            b"9" * 5000,
            b'{"a": 1' + b"0" * 5000 + b"}",
        )
    return (*recorded().get(name, ()), *made.get(name, (b"1795330000.123456\n",)))


def _keys(name: str) -> set[str]:
    """The keys of the recorded files of that name, and those of the stores."""
    keys = {"jobs", "credential_pool", "providers", "boots", "written_at", "platform", "outcome", "finished_at"}
    for data in recorded().get(name, ()):
        document = json.loads(data)
        keys |= document.keys() if isinstance(document, dict) else set()
    return keys
