"""TLS as the web configuration names its parts, on what Python's ssl offers of OpenSSL."""

from __future__ import annotations

import ipaddress
import ssl
from typing import TYPE_CHECKING, Any

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
SUITES = {
    f"TLS_ECDHE_{key}_WITH_{go}": f"ECDHE-{key}-{openssl}"
    for key in ("ECDSA", "RSA")
    for go, openssl in (
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
        ("AES_128_CBC_SHA", "AES128-SHA"),
        ("AES_256_CBC_SHA", "AES256-SHA"),
    )
}
"""The suites of TLS 1.2 that Go thinks secure, and what OpenSSL calls them."""
SUITES_OF_TLS_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Always offered with TLS 1.3, whatever is listed: neither Go nor Python lets anybody choose among them."""
MAX_BYTES = 1 << 20
SANS = ("DNS", "IP Address", "email", "URI")


class TlsError(Exception):
    """What the settings say cannot be used; ``key`` is the setting to blame."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


class TlsSettings(Value):
    """What ``tls_server_config`` says.

    Attributes:
        suites: of TLS 1.2, as OpenSSL calls them, best first; empty for OpenSSL's own choice.
        curve: the only one to be used, as OpenSSL calls it; empty for OpenSSL's own choice.
        allowed_sans: a client's certificate must have one of them; empty allows any.
    """

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    allowed_sans: frozenset[str] = frozenset()
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    suites: tuple[str, ...] = ()
    server_order: bool = True
    curve: str = ""

    def allows(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether a verified client's certificate, as ``getpeercert`` gives it, has a name that is allowed."""
        if not self.allowed_sans:
            return True
        names = (certificate or {}).get("subjectAltName", ())
        return any(kind in SANS and _canonical(kind, name) in self.allowed_sans for kind, name in names)


class Tls(Value):
    """Settings, and the context made of them that new connections are wrapped with."""

    settings: TlsSettings
    context: ssl.SSLContext


def context(settings: TlsSettings) -> ssl.SSLContext:
    """Return what new connections are wrapped with, or raise TlsError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = settings.min_version, settings.max_version
    made.options |= ssl.OP_NO_RENEGOTIATION
    if not settings.server_order:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    made.set_alpn_protocols(["http/1.1"])
    _choose(made, settings)
    _identify(made, settings)
    if settings.client_ca_file is not None:
        _require(settings.client_ca_file, "client_ca_file", b"CERTIFICATE-----", "a PEM certificate")
        try:
            made.load_verify_locations(settings.client_ca_file)
        except (ssl.SSLError, OSError) as error:
            raise TlsError("client_ca_file", _reason(error)) from error
    made.verify_mode = settings.client_auth
    return made


def _choose(made: ssl.SSLContext, settings: TlsSettings) -> None:
    """Set cipher suites and curve."""
    if settings.suites:
        try:
            made.set_ciphers(":".join(settings.suites))
        except ssl.SSLError as error:
            raise TlsError("cipher_suites", "this machine's OpenSSL has none of them") from error
        missing = {*settings.suites} - {suite["name"] for suite in made.get_ciphers()}
        if missing:
            raise TlsError("cipher_suites", f"this machine's OpenSSL has no {' nor '.join(sorted(missing))}")
    if settings.curve:
        try:
            made.set_ecdh_curve(settings.curve)
        except (ssl.SSLError, ValueError) as error:
            raise TlsError("curve_preferences", f"this Python's ssl has no {settings.curve}") from error


def _identify(made: ssl.SSLContext, settings: TlsSettings) -> None:
    """Load the server's certificate chain and its key."""
    _require(settings.cert_file, "cert_file", b"CERTIFICATE-----", "a PEM certificate")
    _require(settings.key_file, "key_file", b"PRIVATE KEY-----", "a PEM private key")
    try:
        made.load_cert_chain(settings.cert_file, settings.key_file, password=_no_passphrase)
    except _EncryptedError as error:
        raise TlsError("key_file", "the key is encrypted: store it without a passphrase") from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError("key_file", "is not the key of the certificate in cert_file") from error
        raise TlsError("cert_file", f"cannot be used with its key: {_reason(error)}") from error
    except OSError as error:
        raise TlsError("cert_file", _reason(error)) from error


def _require(path: Path, key: str, mark: bytes, what: str) -> None:
    """Raise TlsError unless the file can be read and holds ``mark``: OpenSSL's own words name neither."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES)
    except OSError as error:
        raise TlsError(key, f"{path}: {error.strerror}") from error
    if mark not in data:
        raise TlsError(key, f"{path}: expected {what}")


class _EncryptedError(Exception):
    """OpenSSL asked for a passphrase."""


def _no_passphrase() -> str:
    raise _EncryptedError


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or type(error).__name__


def _canonical(kind: str, name: str) -> str:
    return str(ipaddress.ip_address(name.strip())) if kind == "IP Address" else name
