"""A made-up Hermes home, to see what the exporter shows before there is a real one.

It lies in a temporary directory. Its two gateways are played by this process, which holds their locks.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILES = ("default", "coder")


@contextmanager
def made_up_home() -> Iterator[Path]:
    """Yield the root of a made-up home with two healthy profiles; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hermes-demo-") as directory:
        root = Path(directory)
        locks = [_profile(root if name == "default" else root / "profiles" / name) for name in PROFILES]
        try:
            yield root
        finally:
            for lock in locks:
                os.close(lock)


def _profile(home: Path) -> int:
    for name in ("cron", "logs", "state"):
        (home / name).mkdir(parents=True)
    now = time.time()
    stamp = datetime.fromtimestamp(now, UTC).isoformat()
    process = {"pid": os.getpid(), "kind": "hermes-gateway", "start_time": _start_ticks()}
    state = {**process, "gateway_state": "running", "active_agents": 0, "platforms": {}, "updated_at": stamp}
    (home / "gateway_state.json").write_text(json.dumps(state))
    (home / "gateway.pid").write_text(json.dumps(process))
    (home / "gateway-starts.log").write_text(f"{now}\n")
    (home / "config.yaml").write_text("timezone: UTC\n")
    lock = os.open(home / "gateway.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    os.write(lock, json.dumps(process).encode())
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def _start_ticks() -> int:
    stat = Path("/proc/self/stat").read_text()
    return int(stat[stat.rindex(")") + 2 :].split()[19])
