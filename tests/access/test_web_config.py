"""The web configuration file: what it means, and that each mistake in it is told with its place."""

from __future__ import annotations

import ipaddress
import ssl
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from cryptography import x509

from hermes_exporter.access.rate_limit import Bucket, Rate
from hermes_exporter.access.tls import SUITES, TlsSettings
from hermes_exporter.access.web_config import WebConfig, load
from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.cli import main

from .authority import Authority, encrypted_key

if TYPE_CHECKING:
    from pathlib import Path

HASH = "$2b$04$xWa3tV4eExDJeNvb0jYpre5K6wMWvYS04TNW3w6SUu.SqN71vk1UO"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
CLIENTS = f"{TLS}  client_ca_file: authority.crt\n  client_auth_type: RequireAndVerifyClientCert\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with certificates, relative to which the file's paths are."""
    Authority(tmp_path).issue()
    encrypted_key(tmp_path / "encrypted.key")
    Authority(tmp_path, "other").issue("stranger")
    (tmp_path / "empty").touch()
    return tmp_path


def loaded(directory: Path, text: str) -> WebConfig:
    """What the text says as a file in that directory."""
    file = directory / "web.yml"
    file.write_text(text)
    return load(file)


def problems(directory: Path, text: str) -> list[str]:
    """What is wrong with it, without the file's path."""
    with pytest.raises(ConfigError) as refused:
        loaded(directory, text)
    return [line.removeprefix(f"{directory}/web.yml:") for line in str(refused.value).splitlines()]


def settings(directory: Path, text: str) -> TlsSettings:
    """What it says of TLS."""
    tls = loaded(directory, text).tls
    assert tls is not None
    return tls.settings


def test_an_empty_file_protects_nothing(directory: Path) -> None:
    """Every section is optional."""
    assert loaded(directory, "") == WebConfig()
    assert loaded(directory, "tls_server_config:\nbasic_auth_users:\nrate_limit: {}\n") == WebConfig()


def test_the_toolkit_s_own_example_is_taken(directory: Path) -> None:
    """A file that serves other exporters serves here: TLS, users, a limit."""
    limit = 'rate_limit:\n  interval: "1s"\n  burst: 20\n'
    config = loaded(directory, f"{TLS}basic_auth_users:\n  alice: {HASH}\n  bob: {HASH}\n{limit}")

    assert config.users == {b"alice": HASH.encode(), b"bob": HASH.encode()}
    assert config.rate == Rate(1.0, 20)
    assert config.tls is not None
    assert config.tls.settings == TlsSettings(directory / "server.crt", directory / "server.key")
    assert config.files == (directory / "server.crt", directory / "server.key")


def test_nothing_older_than_tls_1_2_is_offered(directory: Path) -> None:
    """Without a word about versions it is TLS 1.2 and 1.3, without compression and renegotiation."""
    tls = loaded(directory, TLS).tls

    assert tls is not None
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.context.maximum_version == ssl.TLSVersion.TLSv1_3
    assert tls.context.options & ssl.OP_NO_RENEGOTIATION
    assert tls.context.options & ssl.OP_NO_COMPRESSION
    assert tls.context.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_all_there_is_to_tls_is_honoured(directory: Path) -> None:
    """Versions, suites, order, curve and the clients' names come to the context as they are written."""
    said = settings(
        directory,
        f"{CLIENTS}  client_allowed_sans: [prometheus, 192.0.2.7]\n  min_version: TLS12\n  max_version: TLS12\n"
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]\n"
        "  prefer_server_cipher_suites: false\n  curve_preferences: [CurveP384]\n",
    )

    assert said.client_auth == ssl.CERT_REQUIRED
    assert said.client_ca_file == directory / "authority.crt"
    assert said.allowed_sans == {"prometheus", "192.0.2.7"}
    assert (said.min_version, said.max_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    assert said.suites == ("ECDHE-ECDSA-AES256-GCM-SHA384",)
    assert said.curve == "secp384r1"
    assert not said.server_order


@pytest.mark.parametrize("suite", SUITES)
def test_this_openssl_has_each_suite(directory: Path, suite: str) -> None:
    """Every name that Go has for a suite of TLS 1.2 leads to that suite, and to no other."""
    tls = loaded(directory, f"{TLS}  max_version: TLS12\n  cipher_suites: [{suite}]\n").tls

    assert tls is not None
    offered = {found["name"] for found in tls.context.get_ciphers() if found["protocol"] != "TLSv1.3"}
    assert offered == {SUITES[suite]}


@pytest.mark.parametrize("curve", ["CurveP256", "CurveP384", "CurveP521"])
def test_this_openssl_has_each_curve(directory: Path, curve: str) -> None:
    """Every NIST curve of the toolkit can be named."""
    assert settings(directory, f"{TLS}  curve_preferences: [{curve}]\n").curve


def test_a_curve_that_only_some_pythons_have(directory: Path) -> None:
    """X25519 is taken where this Python's ssl can use it (Debian 12's own cannot), else refused with its name."""
    able = True
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ecdh_curve("X25519")
    except ssl.SSLError:
        able = False
    try:
        assert settings(directory, f"{TLS}  curve_preferences: [X25519]\n").curve == "X25519"
        taken = True
    except ConfigError as error:
        assert "4:22: tls_server_config.curve_preferences: this Python's ssl has no X25519" in str(error)
        taken = False
    assert taken == able


@pytest.mark.parametrize(
    ("text", "place", "wanted"),
    [
        ("tls_config: {}", "1:1", "unknown key tls_config"),
        (f"{TLS}  min_versoin: TLS13", "4:3", "unknown key min_versoin"),
        (f"{TLS}  key_file: server.key", "4:3", "key_file stands twice"),
        ("tls_server_config: {cert_file: server.crt}", "1:20", "key_file: is missing"),
        ("tls_server_config: {key_file: server.key}", "1:20", "cert_file: is missing"),
        (f"{TLS}  cert: x", "4:9", "cert: is not supported: name a file with cert_file"),
        (f"{TLS}  key: x", "4:8", "key: is not supported"),
        (f"{TLS}  client_ca: x", "4:14", "client_ca: is not supported"),
        (TLS.replace("server.crt", "nowhere.crt"), "2:14", "No such file or directory"),
        (TLS.replace("server.crt", "empty"), "2:14", "expected a PEM certificate"),
        (TLS.replace("server.crt", "''"), "2:3", "cert_file: is missing"),
        (TLS.replace("server.crt", '"a\\0b"'), "2:14", "expected a file's path without control characters"),
        (TLS.replace("server.crt", "server.key"), "2:14", "expected a PEM certificate"),
        (TLS.replace("server.key", "nowhere.key"), "3:13", "No such file or directory"),
        (TLS.replace("server.key", "server.crt"), "3:13", "expected a PEM private key"),
        (TLS.replace("server.key", "stranger.key"), "3:13", "is not the key of the certificate in cert_file"),
        (TLS.replace("server.key", "encrypted.key"), "3:13", "without a passphrase"),
        (f"{TLS}  min_version: TLS10", "4:16", "expected TLS12 or TLS13"),
        (f"{TLS}  max_version: TLS11", "4:16", "expected TLS12 or TLS13"),
        (f"{TLS}  min_version: TLS13\n  max_version: TLS12", "5:16", "is below min_version"),
        (f"{TLS}  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]", "4:19", "expected one of TLS_ECDHE"),
        (f"{TLS}  cipher_suites: TLS_AES_128_GCM_SHA256", "4:18", "expected a list"),
        (f"{TLS}  cipher_suites: [TLS_AES_128_GCM_SHA256]", "4:18", "none is for TLS 1.2"),
        (f"{TLS}  curve_preferences: [CurveP256, X25519]", "4:22", "takes one curve"),
        (f"{TLS}  curve_preferences: [CurveP224]", "4:23", "expected one of CurveP256"),
        (f"{TLS}  prefer_server_cipher_suites: maybe", "4:32", "expected true or false"),
        (f"{TLS}  client_auth_type: RequireAnyClientCert", "4:21", "Python's ssl can do no other"),
        (f"{TLS}  client_auth_type: RequestClientCert", "4:21", "expected NoClientCert or"),
        (f"{TLS}  client_auth_type: RequireAndVerifyClientCert", "2:3", "client_ca_file: is missing"),
        (f"{TLS}  client_auth_type: VerifyClientCertIfGiven", "2:3", "client_ca_file: is missing"),
        (f"{TLS}  client_ca_file: authority.crt", "4:19", "is of no use with NoClientCert"),
        (CLIENTS.replace("authority.crt", "empty"), "4:19", "expected a PEM certificate"),
        (f"{TLS}  client_allowed_sans: [a]", "4:24", "needs client_auth_type: RequireAndVerifyClientCert"),
        (f"{CLIENTS}  client_allowed_sans: []", "6:24", "names nobody"),
        ("http_server_config: {http2: true}", "1:29", "only HTTP/1.1 is spoken"),
        ("http_server_config: {http2: sometimes}", "1:29", "expected true or false"),
        ("http_server_config: {headers: {Server: x}}", "1:32", "unknown key Server"),
        ("http_server_config: {headers: {X-Frame-Options: allow}}", "1:49", "expected deny or sameorigin"),
        ('http_server_config: {headers: {Content-Security-Policy: "a\\r\\nb"}}', "1:57", "printable ASCII"),
        ("basic_auth_users: {alice: secret}", "1:27", "expected a bcrypt hash"),
        (f"basic_auth_users: {{alice: {HASH[:-1]}}}", "1:27", "expected a bcrypt hash"),
        (f"basic_auth_users: {{alice: {HASH.replace('$04$', '$31$')}}}", "1:27", "a cost from 4 to 16"),
        (f"basic_auth_users: {{alice: $2b$04${'z' * 53}}}", "1:27", "expected a bcrypt hash"),
        (f"basic_auth_users: {{'a:b': {HASH}}}", "1:27", "cannot have a colon"),
        ("basic_auth_users: [alice]", "1:19", "expected a mapping"),
        ("rate_limit: {interval: 1s}", "1:13", "needs both interval and burst"),
        ("rate_limit: {burst: 1}", "1:13", "needs both interval and burst"),
        ("rate_limit: {interval: 1 s, burst: 1}", "1:24", "expected a duration"),
        ("rate_limit: {interval: 1s, burst: 0}", "1:35", "expected a whole number"),
    ],
)
def test_a_mistake_is_told_with_its_place(directory: Path, text: str, place: str, wanted: str) -> None:
    """Whatever cannot be honoured is a problem, named where it stands, and the only one."""
    (problem,) = problems(directory, text)

    assert problem.startswith(f"{place}: ")
    assert wanted in problem


def test_all_mistakes_are_told_at_once_and_no_secret(directory: Path) -> None:
    """One look at the file is enough to mend it, and what it says of passwords stays in it."""
    told = problems(
        directory,
        "tls_server_config: {cert_file: server.crt, min_version: TLS10}\nbasic_auth_users: {a: hunter2}\n"
        "rate_limit: {interval: soon, burst: many}\nextra: 1\n",
    )

    assert [problem.partition(":")[0] for problem in told] == ["1", "1", "2", "3", "3", "4"]
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(
    ("interval", "seconds"), [("500ms", 0.5), ("1m30s", 90.0), ("1.5h", 5400.0), ("250us", 0.00025)]
)
def test_durations_are_those_of_go(directory: Path, interval: str, seconds: float) -> None:
    """Units are added up."""
    assert loaded(directory, f"rate_limit: {{interval: {interval}, burst: 3}}").rate == Rate(
        pytest.approx(seconds), 3
    )


def test_an_interval_of_nothing_is_no_limit(directory: Path) -> None:
    """0 switches the limit off."""
    assert loaded(directory, "rate_limit: {interval: 0, burst: 3}").rate is None


def test_a_bucket_gives_a_burst_and_then_one_each_interval() -> None:
    """What was not used is kept, but no more than the burst."""
    bucket = Bucket(Rate(10.0, 2))

    taken = [bucket.take(at) for at in (1000, 1000, 1000, 1009, 1010, 1010, 2000, 2000, 2000)]

    assert taken == [True, True, False, False, True, False, True, True, False]


def test_a_blank_header_is_left_alone(directory: Path) -> None:
    """Blank means not set by the file, as in the toolkit."""
    text = "http_server_config: {headers: {X-XSS-Protection: '', X-Frame-Options: deny}}"

    assert loaded(directory, text).headers == {"X-Frame-Options": "deny"}


def test_a_key_that_everybody_reads_is_a_warning(directory: Path) -> None:
    """It works, and check-config says what to do about it."""
    (directory / "server.key").chmod(0o644)
    (warning,) = loaded(directory, TLS).warnings

    assert warning == f"{directory}/server.key: the private key is readable by everybody: chmod 600 it"
    result = CliRunner().invoke(main, ["check-config", "--web.config.file", str(directory / "web.yml")])
    assert (result.exit_code, result.stdout) == (0, f"{directory}/web.yml: no problems found\n")
    assert warning in result.stderr


def test_check_config_takes_both_files(directory: Path) -> None:
    """What is wrong with either is told at once; to name none is a mistake too."""
    ours, web = directory / "hermes-exporter.yml", directory / "web.yml"
    ours.write_text("nonsense: 1\n")
    web.write_text("rate_limit: 1\n")

    both = CliRunner().invoke(main, ["check-config", str(ours), "--web.config.file", str(web)])

    assert both.exit_code == 2
    assert f"{ours}:1:1: " in both.stderr
    assert f"{web}:1:13: " in both.stderr
    assert CliRunner().invoke(main, ["check-config"]).exit_code == 2


def test_serve_refuses_a_file_that_cannot_be_used(directory: Path) -> None:
    """It does not start rather than serve without what the file asks for."""
    (directory / "web.yml").write_text("basic_auth_users: {alice: secret}")

    result = CliRunner().invoke(main, ["serve", "--web.config.file", str(directory / "web.yml")])

    assert result.exit_code == 2
    assert "expected a bcrypt hash" in result.stderr


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ("prometheus.example", x509.DNSName("prometheus.example")),
        ("2001:db8::7", x509.IPAddress(ipaddress.ip_address("2001:db8::7"))),
        ("192.0.2.7", x509.IPAddress(ipaddress.ip_address("192.0.2.7"))),
        ("ops@example.org", x509.RFC822Name("ops@example.org")),
        ("spiffe://x/prometheus", x509.UniformResourceIdentifier("spiffe://x/prometheus")),
    ],
)
def test_a_client_is_known_by_any_of_its_names(directory: Path, allowed: str, name: x509.GeneralName) -> None:
    """DNS names, addresses, e-mail addresses and URIs count, as they are commonly written, and only whole."""
    known = settings(directory, f'{CLIENTS}  client_allowed_sans: ["{allowed}"]\n')
    certificate = shown(Authority(directory, "clients"), name)

    assert known.allows(certificate)
    assert not settings(directory, f'{CLIENTS}  client_allowed_sans: ["{allowed}x"]\n').allows(certificate)
    assert not known.allows(None)


def shown(authority: Authority, name: x509.GeneralName) -> dict[str, object] | None:
    """What a server sees of a client's certificate with that name, after a handshake in memory."""
    pair = authority.issue("client", sans=(name,))
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ours.load_cert_chain(pair.certificate, pair.key)
    ours.load_verify_locations(authority.ca_file)
    ours.verify_mode = ssl.CERT_REQUIRED
    theirs.load_cert_chain(pair.certificate, pair.key)
    theirs.check_hostname, theirs.verify_mode = False, ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server, client = ours.wrap_bio(up, down, server_side=True), theirs.wrap_bio(down, up)
    waiting = [client, server]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    return server.getpeercert()


def test_a_file_that_is_nested_too_deeply(tmp_path: Path) -> None:
    """Brackets without an end are refused before the slow parser sees them."""
    path = tmp_path / "web.yml"
    path.write_text("a: " + "[" * 50_000)

    with pytest.raises(ConfigError, match="nested too deeply"):
        load(path)


@pytest.mark.parametrize("empty", ["''", "null", "~", ""])
def test_what_is_empty_is_not_there(directory: Path, empty: str) -> None:
    """A key without a value says nothing, as to exporter-toolkit, in whose files they stand."""
    keys = ("client_ca_file", "client_auth_type", "min_version", "cipher_suites", "curve_preferences")
    text = TLS + "".join(f"  {key}: {empty}\n" for key in keys)

    assert loaded(directory, text).tls is not None
    assert loaded(directory, f"tls_server_config:\n  cert_file: {empty}\n  key_file: {empty}\n").tls is None
