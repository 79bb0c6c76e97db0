"""A made-up certificate authority, and the certificates that it signs."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)
COST = 4
"""The least there is: tests need not wait."""


class Pair(NamedTuple):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; ``ca_file`` is its own."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory, self._name = directory, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _subject(name)
        self.ca_file = directory / f"{name}.crt"
        made = self._build(self._subject, self._key.public_key(), datetime.now(UTC) + DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        made = made.add_extension(_usage(signs=True), critical=True)
        self.ca_file.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def issue(
        self, name: str = "server", *, expired: bool = False, sans: tuple[x509.GeneralName, ...] = ()
    ) -> Pair:
        """Write a new key and a certificate for it, under this name, at once and whole; replaces the last ones."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = datetime.now(UTC) + (-DAY if expired else DAY)
        names = sans or (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = self._build(_subject(name), key.public_key(), until)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        pair = Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        _replace(pair.key, _key_pem(key), 0o600)
        _replace(pair.certificate, _pem(made.sign(self._key, hashes.SHA256())), 0o644)
        return pair

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime
    ) -> x509.CertificateBuilder:
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(self._subject).public_key(key)
        built = built.serial_number(x509.random_serial_number())
        built = built.not_valid_before(until - 3 * DAY).not_valid_after(until)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return built.add_extension(identifier, critical=False).add_extension(issuer, critical=False)


def encrypted_key(path: Path) -> None:
    """Write a private key that needs a passphrase."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(_key_pem(key, serialization.BestAvailableEncryption(b"a passphrase")))


def hashed(password: str, cost: int = COST) -> str:
    """The bcrypt hash of a password."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(
    key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption | None = None
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )


def _replace(path: Path, data: bytes, mode: int) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.chmod(mode)
    new.replace(path)
