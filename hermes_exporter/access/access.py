"""Who may ask as the web configuration says now: it is read again as soon as it, or a file it names, has changed.

A change that cannot be used leaves the old state as it is, and is said once. Neither can one that takes protection
away: half a file, read while it is written, may well be a whole file that asks nobody for a password.
"""

from __future__ import annotations

import logging
import math
import ssl
import time
from typing import TYPE_CHECKING

from hermes_exporter.access.passwords import Passwords
from hermes_exporter.access.rate_limit import Bucket
from hermes_exporter.access.web_config import WebConfig, load
from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.sources.artefact import SETTLED_SECONDS, settled, signature

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.sources.artefact import Signature

log = logging.getLogger(__name__)


class Access:
    """The web configuration in use; without a file everybody may ask, in plain HTTP."""

    def __init__(self, path: Path | None) -> None:
        """Read the file; raise ConfigError for one that cannot be used."""
        self._path = path
        self._passwords = Passwords()
        self._bucket: Bucket | None = None
        self._signatures: dict[Path, Signature | None] = {}
        self._read_again_at = math.inf
        self._said = ""
        self._config = WebConfig()
        if path is not None:
            self._take(load(path))
            self._remember(path, *self._config.files)

    def current(self) -> WebConfig:
        """Return what the file says now; what cannot be used is logged, and the last that could is returned."""
        if self._path is not None:
            changed = any(_signature(path) != known for path, known in self._signatures.items())
            if changed or time.monotonic() >= self._read_again_at:
                self._reread(self._path, announced=changed)
        return self._config

    def within_rate(self) -> bool:
        """Whether one more request is within the limit, if there is one; counts it."""
        return self._bucket is None or self._bucket.take(time.monotonic())

    async def admits(self, authorization: str, client: str) -> bool:
        """Whether a request with this Authorization header is answered; raises BusyError."""
        return not self._config.users or await self._passwords.prove(authorization, client)

    def close(self) -> None:
        """Let go of the passwords that wait to be checked, so that the process can end."""
        self._passwords.close()

    def _reread(self, path: Path, *, announced: bool) -> None:
        try:
            fresh = _load_after(self._config, path)
        except Exception as error:
            if not isinstance(error, ConfigError):
                log.exception("reading the web configuration failed")
            self._remember(path, *getattr(error, "files", ()), *self._config.files)
            if str(error) != self._said:
                self._said = str(error)
                log.error("web configuration not reread: %s", error)  # noqa: TRY400  # the message says it all
            return
        self._said = ""
        self._take(fresh)
        self._remember(path, *fresh.files)
        if announced:
            log.info("web configuration reread")

    def _remember(self, *paths: Path) -> None:
        """Take the signatures of what was just read; a change within one tick of it is found by reading again."""
        self._signatures = {path: _signature(path) for path in paths}
        stands = settled(*self._signatures.values())
        self._read_again_at = math.inf if stands else time.monotonic() + SETTLED_SECONDS

    def _take(self, fresh: WebConfig) -> None:
        if fresh.rate != self._config.rate:
            self._bucket = Bucket(fresh.rate) if fresh.rate else None
        for warning in {*fresh.warnings} - {*self._config.warnings}:
            log.warning(warning)
        self._passwords.use(fresh.users)
        self._config = fresh


def _signature(path: Path) -> Signature | None:
    try:
        return signature(path.stat())
    except OSError:  # reading it will say why
        return None


def _load_after(old: WebConfig, path: Path) -> WebConfig:
    """Read the file, or raise ConfigError, as for one that takes protection away."""
    fresh = load(path)
    if weaker := _weaker(old, fresh):
        raise ConfigError(f"{path}: {weaker} while it runs: restart it for that", fresh.files)
    return fresh


def _weaker(old: WebConfig, new: WebConfig) -> str:
    """Return what a new configuration may not change, empty where it may be taken."""
    if (old.tls is None) != (new.tls is None):
        return f"TLS cannot be switched {'off' if new.tls is None else 'on'}"
    if old.users and not new.users:
        return "passwords cannot be switched off"
    if old.tls is not None and new.tls is not None:
        before, after = old.tls.settings, new.tls.settings
        if before.client_auth == ssl.CERT_REQUIRED and after.client_auth != ssl.CERT_REQUIRED:
            return "clients' certificates cannot be made optional"
        if before.allowed_sans and not after.allowed_sans:
            return "client_allowed_sans cannot be dropped"
    return ""
