"""The part ``tls_server_config`` of the web configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.access.tls import (
    CLIENT_AUTH,
    CURVES,
    SUITES,
    SUITES_OF_TLS_13,
    VERSIONS,
    Tls,
    TlsError,
    TlsSettings,
    context,
)
from hermes_exporter.checked_yaml import is_empty
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from hermes_exporter.checked_yaml import Node, NodeReader

NAME = "tls_server_config"
FILES = ("cert_file", "key_file", "client_ca_file")
INLINE = ("cert", "key", "client_ca")
KEYS = (
    *FILES,
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
)
OTHERS_MAY_READ = 0o004


class TlsSection(Value):
    """What the section says.

    Attributes:
        tls: None where there is none, or what is said of it cannot be used.
        files: all that it names, whether or not they can be used.
        warnings: what works, and should not stay as it is.
    """

    tls: Tls | None = None
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def read(reader: NodeReader, node: Node | None) -> TlsSection:
    """Return what the section says; problems are left with the reader."""
    values = {key: value for key, value in reader.pairs(node, NAME, (*KEYS, *INLINE)) if not is_empty(value)}
    if node is None or not values:
        return TlsSection()
    return _Section(reader, node, values).read()


class _Section:
    """The values of the section, by key; a problem is reported where its value stands."""

    def __init__(self, reader: NodeReader, node: Node, values: dict[str, Node]) -> None:
        self._reader, self._node, self._values = reader, node, values

    def read(self) -> TlsSection:
        before = self._reader.problems
        files = {key: path for key in FILES if (path := self._file(key)) is not None}
        settings = self._settings(files)
        if self._reader.problems > before:
            return TlsSection(files=tuple(files.values()))
        try:
            made = context(settings)
        except TlsError as error:
            self._problem(error.key, str(error))
            return TlsSection(files=tuple(files.values()))
        return TlsSection(Tls(settings, made), tuple(files.values()), tuple(_warnings(settings.key_file)))

    def _settings(self, files: dict[str, Path]) -> TlsSettings:
        asks = self._one("client_auth_type", CLIENT_AUTH, "NoClientCert")
        sans = self._list("client_allowed_sans")
        lowest, highest = self._one("min_version", VERSIONS, "TLS12"), self._one("max_version", VERSIONS, "TLS13")
        suites = self._list("cipher_suites", (*SUITES, *SUITES_OF_TLS_13))
        curves = self._list("curve_preferences", CURVES)
        prefer = self._values.get("prefer_server_cipher_suites")
        server_order = prefer is None or self._reader.boolean(prefer, f"{NAME}.prefer_server_cipher_suites")
        for key in INLINE:
            self._unless(key not in self._values, key, f"is not supported: name a file with {key}_file")
        for key in ("cert_file", "key_file"):
            self._unless(key in self._values, key, "is missing")
        if asks == "NoClientCert":
            self._unless("client_ca_file" not in self._values, "client_ca_file", "is of no use with NoClientCert")
        else:
            self._unless("client_ca_file" in self._values, "client_ca_file", f"is missing, and {asks} needs it")
        if "client_allowed_sans" in self._values:
            required = asks == "RequireAndVerifyClientCert"
            self._unless(required, "client_allowed_sans", "needs client_auth_type: RequireAndVerifyClientCert")
            self._unless(bool(sans), "client_allowed_sans", "names nobody")
        self._unless((lowest, highest) != ("TLS13", "TLS12"), "max_version", "is below min_version")
        self._unless(len(curves) <= 1, "curve_preferences", "Python's ssl takes one curve: name one, or none")
        if suites and lowest == "TLS12":
            of_tls_12 = any(name in SUITES for name in suites)
            self._unless(of_tls_12, "cipher_suites", "none is for TLS 1.2: add one, or say min_version: TLS13")
        return TlsSettings(
            cert_file=files.get("cert_file", self._reader.path),
            key_file=files.get("key_file", self._reader.path),
            client_ca_file=files.get("client_ca_file"),
            client_auth=CLIENT_AUTH[asks],
            allowed_sans=frozenset(sans),
            min_version=VERSIONS[lowest],
            max_version=VERSIONS[highest],
            suites=tuple(SUITES[name] for name in suites if name in SUITES),
            server_order=server_order,
            curve=CURVES[curves[0]] if curves else "",
        )

    def _file(self, key: str) -> Path | None:
        """Return the file that is named, from the directory of the configuration where it is relative."""
        named = self._reader.text(self._values.get(key), f"{NAME}.{key}", wanted="a file's path")
        return self._reader.path.parent / named if named else None

    def _one(self, key: str, choice: Collection[str], default: str) -> str:
        wanted = f"{' or '.join(choice)}; Python's ssl can do no other"
        return self._reader.text(self._values.get(key), f"{NAME}.{key}", choice.__contains__, wanted) or default

    def _list(self, key: str, choice: Collection[str] = ()) -> list[str]:
        if key not in self._values:
            return []
        items = self._reader.items(self._values[key], f"{NAME}.{key}: expected a list")
        accepts, wanted = (choice.__contains__, f"one of {', '.join(choice)}") if choice else (bool, "text")
        texts = [
            self._reader.text(item, f"{NAME}.{key}[{index}]", accepts, wanted) for index, item in enumerate(items)
        ]
        return [text for text in texts if text]

    def _unless(self, well: bool, key: str, what: str) -> None:
        if not well:
            self._problem(key, what)

    def _problem(self, key: str, what: str) -> None:
        self._reader.problem(self._values.get(key, self._node), f"{NAME}.{key}: {what}")


def _warnings(key_file: Path) -> list[str]:
    try:
        readable = key_file.stat().st_mode & OTHERS_MAY_READ
    except OSError:  # it was replaced since it was read, and is about to be read again
        return []
    return [f"{key_file}: the private key is readable by everybody: chmod 600 it"] if readable else []
