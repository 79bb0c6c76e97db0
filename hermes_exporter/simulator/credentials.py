"""auth.json: the made-up credentials of a profile's provider, one key unless it is told otherwise.

Of an endpoint without a name Hermes notes nothing. A key that is refused is exhausted for a time; the note stays
until the key is chosen again after that. Only the first of several is ever asked with.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hermes_exporter.simulator.clock import utc
from hermes_exporter.simulator.logs import Line

if TYPE_CHECKING:
    from hermes_exporter.simulator.disk import Disk
    from hermes_exporter.simulator.provider import Model, Refusal

LOGGER = "agent.credential_pool"
LABEL = "DEMO_API_KEY"
COOL_DOWN_SECONDS = {401: 300.0}
LONG_COOL_DOWN_SECONDS = 3600.0
NOTHING_NOTED: dict[str, Any] = {
    "last_status": None,
    "last_status_at": None,
    "last_error_code": None,
    "last_error_reason": None,
    "last_error_message": None,
    "last_error_reset_at": None,
}


class Credentials:
    """The credentials of one profile, as of a moment, Unix seconds."""

    def __init__(self, disk: Disk, model: Model, now: float) -> None:
        self._disk, self._model = disk, model
        self._noted = dict(NOTHING_NOTED)
        self._others: list[dict[str, Any]] = []
        self._login: dict[str, Any] = {}
        self._save(now)

    def add(self, now: float) -> None:
        """The owner adds another key to the pool."""
        self._others.append(dict(NOTHING_NOTED))
        self._save(now)

    def log_in(self, now: float, *, until: float, refreshable: bool) -> None:
        """The owner logs in: the first credential is a token that ends then, with a refresh token or without."""
        self._login = {
            "auth_type": "oauth",
            "source": "device_code",
            "access_token": "made-up",
            "expires_at": until,
        }
        if refreshable:
            self._login["refresh_token"] = "made-up"  # noqa: S105  # nothing secret
        self._noted = dict(NOTHING_NOTED)
        self._save(now)

    def note(self, now: float, number: int = 0, **noted: Any) -> None:
        """Note something of one credential, by its number in the pool: keys of NOTHING_NOTED."""
        entry = self._others[number - 1] if number else self._noted
        entry.update(noted, last_status_at=now)
        self._save(now)

    def refused(self, refusal: Refusal, now: float) -> list[Line]:
        """Note that the provider refuses the key now, and return what is logged of that."""
        if self._model.provider == "custom" or not refusal.status:
            return []
        self._noted.update(
            last_status="exhausted",
            last_status_at=now,
            last_error_code=refusal.status,
            last_error_reason=refusal.code or None,
            last_error_message=refusal.summary,
        )
        self._save(now)
        exhausted = f"credential pool: marking {LABEL} exhausted (status={refusal.status}), rotating"
        empty = "credential pool: no available entries (all exhausted or empty)"
        return [Line("INFO", LOGGER, exhausted), Line("INFO", LOGGER, empty)]

    def chosen(self, now: float) -> None:
        """The key is about to be used; what was noted of it goes if its time is over."""
        since, code = self._noted["last_status_at"], self._noted["last_error_code"]
        if since is not None and now > since + COOL_DOWN_SECONDS.get(code, LONG_COOL_DOWN_SECONDS):
            self._noted = {**NOTHING_NOTED, "last_status": "ok"}
            self._save(now)

    def _save(self, now: float) -> None:
        entries = [
            {
                "id": f"0a1b2{number + 12:x}",
                "label": LABEL,
                "auth_type": "api_key",
                "priority": number,
                "source": f"env:{LABEL}",
                **noted,
                "base_url": self._model.base_url,
                "request_count": 0,
                "secret_fingerprint": "sha256:0000000000000000",
                **({} if number else self._login),
            }
            for number, noted in enumerate((self._noted, *self._others))
        ]
        name = self._model.provider
        pool = {f"{name}:demo" if name == "custom" else name: entries}
        content = {"version": 1, "providers": {}, "credential_pool": pool, "updated_at": utc(now)}
        self._disk.put("auth.json", json.dumps(content, indent=2).encode() + b"\n", now)
