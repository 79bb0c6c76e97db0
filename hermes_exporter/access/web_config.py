"""The web configuration file: the exporter-toolkit's format, so that one file does for all exporters of a machine.

What Python cannot honour is a problem to be told, as is every unknown key: nothing is passed over in silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.access import tls_section
from hermes_exporter.access.passwords import MAX_COST, is_hash
from hermes_exporter.access.rate_limit import Rate
from hermes_exporter.checked_yaml import NodeReader, compose
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hermes_exporter.access.tls import Tls
    from hermes_exporter.checked_yaml import Node

SECTIONS = (tls_section.NAME, "http_server_config", "basic_auth_users", "rate_limit")
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""The headers that may be set, and to what; nothing stands for any text, the empty one leaves the header alone."""
PRINTABLE = re.compile(r"[ -~]*")
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)")
DURATION = re.compile(rf"0|(?:{PART.pattern})+")
BURST = re.compile(r"[1-9]\d{0,8}")


class WebConfig(Value):
    """What the file says.

    Attributes:
        tls: None where plain HTTP is spoken.
        headers: to be set in every answer.
        users: the bcrypt hash of each user's password; none where nobody is asked for one.
        rate: None where there is no limit.
        files: what else was read.
        warnings: what works, and should not stay as it is.
    """

    tls: Tls | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[bytes, bytes] = field(default_factory=dict)
    rate: Rate | None = None
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def load(path: Path) -> WebConfig:
    """Read the file and those it names, or raise ConfigError."""
    root = compose(path)
    reader = _Reader(path)
    config = reader.config(root)
    reader.finish(config.files)
    return config


class _Reader(NodeReader):
    """Turns a tree of YAML nodes into a WebConfig."""

    def config(self, root: Node | None) -> WebConfig:
        sections = dict(self.pairs(root, "the file", SECTIONS))
        tls = tls_section.read(self, sections.get(tls_section.NAME))
        return WebConfig(
            tls=tls.tls,
            headers=self._headers(sections.get("http_server_config")),
            users=self._users(sections.get("basic_auth_users")),
            rate=self._rate(sections.get("rate_limit")),
            files=tls.files,
            warnings=tls.warnings,
        )

    def _headers(self, node: Node | None) -> dict[str, str]:
        place = "http_server_config"
        values = dict(self.pairs(node, place, ("http2", "headers")))
        if "http2" in values and self.boolean(values["http2"], f"{place}.http2"):
            self.problem(
                values["http2"], f"{place}.http2: only HTTP/1.1 is spoken here: say false, or leave it out"
            )
        headers = {}
        for name, value in self.pairs(values.get("headers"), f"{place}.headers", tuple(HEADERS)):
            accepts, wanted = PRINTABLE.fullmatch, "printable ASCII"
            if allowed := HEADERS[name]:
                accepts, wanted = re.compile("|".join(allowed)).fullmatch, " or ".join(allowed)
            if text := self.text(value, f"{place}.headers.{name}", accepts, wanted):
                headers[name] = text
        return headers

    def _users(self, node: Node | None) -> dict[bytes, bytes]:
        users = {}
        wanted = f"a bcrypt hash, of a cost from 4 to {MAX_COST}, as of htpasswd -nBC 10"
        for name, value in self.pairs(node, "basic_auth_users", None):
            hashed = self.text(value, f"basic_auth_users.{name}", is_hash, wanted)
            if ":" in name:
                self.problem(value, "basic_auth_users: a user's name cannot have a colon")
            elif hashed:
                users[name.encode()] = hashed.encode()
        return users

    def _rate(self, node: Node | None) -> Rate | None:
        values = dict(self.pairs(node, "rate_limit", ("interval", "burst")))
        duration = "a duration such as 1s, 500ms, or 0"
        interval = self.text(values.get("interval"), "rate_limit.interval", DURATION.fullmatch, duration)
        burst = self.text(values.get("burst"), "rate_limit.burst", BURST.fullmatch, "a whole number from 1 on")
        if node is not None and len(values) == 1:
            self.problem(node, "rate_limit: needs both interval and burst")
        seconds = sum(float(number) * UNITS[unit] for number, unit in PART.findall(interval or ""))
        return Rate(seconds, int(burst)) if burst and seconds > 0 else None
