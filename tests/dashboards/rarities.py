"""What a simulated Hermes does not write and a real one may: rare files, in the shapes that their sources read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.odd_homes import stamp

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.simulator import Profile

DAY = 86400.0
DELIVERIES = """
CREATE TABLE deliveries (execution_id TEXT, job_json TEXT, content TEXT, for_failure INTEGER, status TEXT,
  owner_pid INTEGER, created_at REAL, finished_at REAL, error TEXT);
"""
INCIDENTS = "CREATE TABLE IF NOT EXISTS cron_incidents (id TEXT, job_id TEXT, state TEXT);"


def login_that_ends(profile: Profile, provider: str) -> None:
    """Let the profile have a login for a model provider that ends in three days and does not renew itself."""
    ends = {"auth_type": "oauth", "access_token": "t", "expires_at_ms": (profile.now + 3 * DAY) * 1000}
    entry = {"id": "6b591d", "label": "user@example.org", "last_status": None, **ends}
    _put(profile, "auth.json", {"version": 1, "providers": {}, "credential_pool": {provider: [entry]}})


def rare_files(profile: Profile) -> None:
    """Let the profile have one of everything that is rare, as of its present."""
    now = profile.now
    receipt = {
        "outcome": "partial",
        "finished_at": stamp(now - 3600),
        "gateway_restart": {"failed_units": ["hermes-gateway"]},
    }
    _put(profile, "logs/update_receipts/latest.json", receipt)
    _put(profile, ".gateway-planned-stop.json", {"written_at": stamp(now)})
    _put(profile, "gateway/restart_loop.json", {"boots": [now - 600]})
    _put(profile, "gateway/dead_targets.json", {"a": {"platform": "mattermost"}, "b": {"platform": "telegram"}})
    (profile.home / "cron/catch_up_occurrences").write_text("4\n")
    (profile.home / "state.db").write_bytes(b"")
    (profile.home / "state.db-wal").write_bytes(b"x" * 70_000)
    _store(profile.home / "cron/executions.db", INCIDENTS, "cron_incidents", {"id": "1", "state": "alerted"})
    queued = {"status": "pending", "created_at": now - 700}
    _store(profile.home / "cron/deliveries.db", DELIVERIES, "deliveries", queued)


def unreadable(profile: Profile) -> None:
    """Let the credentials be nothing that can be read."""
    (profile.home / "auth.json").unlink()
    (profile.home / "auth.json").mkdir()


def not_understood(profile: Profile) -> None:
    """Let the credentials be readable, and half written, and an announcement be made in the future."""
    (profile.home / "auth.json").rmdir()
    (profile.home / "auth.json").write_text('{"version": 1')
    _put(profile, ".gateway-takeover.json", {"written_at": stamp(profile.now + 7200)})


def drained(profile: Profile) -> None:
    """Let somebody have asked the gateway to let nothing begin."""
    _put(profile, ".drain_request.json", {"requested_at": stamp(profile.now)})


def _put(profile: Profile, name: str, content: object) -> None:
    path = profile.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _store(path: Path, script: str, table: str, row: dict[str, object]) -> None:
    with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
        connection.executescript(script)
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
