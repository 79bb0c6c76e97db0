"""TLS as clients meet it: a real process, curl, OpenSSL's own client, and sockets that do not behave."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.access.authority import Authority

from .exporter_process import until
from .secured import CLIENTS, TLS, Secured, curl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_TRUSTED = 60
"""curl's word for a certificate that it does not trust."""
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""The first bytes of one."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who has signed the server's certificate, in the test's directory."""
    authority = Authority(tmp_path)
    authority.issue()
    return authority


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """An exporter with TLS and nothing else."""
    directory = tmp_path_factory.mktemp("tls")
    Authority(directory).issue()
    Authority(directory, "stranger")
    with Secured(directory, TLS) as running:
        yield running


def s_client(exporter: Secured, *arguments: str) -> str:
    """What OpenSSL's client says of a handshake."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{exporter.port}", *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout + done.stderr


def answers(exporter: Secured) -> bool:
    """Whether it answers a scrape by somebody who trusts its authority."""
    answer = exporter.ask()
    return answer.status == 200 and "hermes_gateway_up" in answer.body


def test_a_scrape_over_tls(exporter: Secured) -> None:
    """Who trusts the authority gets the metrics; the log names the address as https."""
    assert answers(exporter)
    assert f"address=https://127.0.0.1:{exporter.port}/metrics" in exporter.log()


def test_another_authority_is_not_ours(exporter: Secured) -> None:
    """The certificate is the one that was named: a client who trusts another authority refuses it."""
    answer = curl("--cacert", exporter.directory / "stranger.crt", exporter.address + "/metrics")

    assert (answer.code, answer.status) == (NOT_TRUSTED, 0)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_versions_that_are_spoken(exporter: Secured, version: str) -> None:
    """TLS 1.2 and 1.3."""
    assert exporter.ask(f"--tlsv{version}", "--tls-max", version).status == 200


@pytest.mark.parametrize("version", ["tls1", "tls1_1"])
def test_the_versions_that_are_not(exporter: Secured, version: str) -> None:
    """Nothing older, although the client would accept anything."""
    said = s_client(exporter, f"-{version}", "-cipher", "ALL:@SECLEVEL=0")

    assert "alert protocol version" in said


def test_a_downgrade_is_refused(exporter: Secured) -> None:
    """A client that was made to fall back to TLS 1.2, and says so, is warned."""
    assert "inappropriate fallback" in s_client(exporter, "-tls1_2", "-fallback_scsv")


def test_renegotiation_is_refused(exporter: Secured) -> None:
    """A client cannot have the server repeat the handshake, which costs it more than the client."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{exporter.port}", "-tls1_2"]
    done = subprocess.run(command, input="R\n", capture_output=True, text=True, check=False, timeout=30)

    assert "no renegotiation" in done.stderr


def test_http_2_is_not_offered(exporter: Secured) -> None:
    """A client that would rather speak HTTP/2 speaks HTTP/1.1."""
    said = s_client(exporter, "-alpn", "h2,http/1.1")

    assert "ALPN protocol: http/1.1" in said


def test_plain_http_is_told_so(exporter: Secured) -> None:
    """Who forgets the s reads what is wrong."""
    answer = curl(exporter.address.replace("https", "http") + "/metrics")

    assert answer.status == 400
    assert "HTTPS" in answer.body


@pytest.mark.parametrize(
    "sent",
    [b"", b"\0" * 100, b"\x80\x2e\x01\x03\x01", b"\x16" * 500, b"SSH-2.0-x\r\n"],
    ids=["nothing", "zeros", "SSL 2", "a broken hello", "SSH"],
)
def test_what_is_neither_is_closed(exporter: Secured, sent: bytes) -> None:
    """Whoever speaks anything else, or leaves, is let go, and others are served."""
    with socket.create_connection(("127.0.0.1", exporter.port), timeout=20) as connection:
        connection.sendall(sent)
        if not sent:
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(4096):
                continue

    assert answers(exporter)
    assert "Traceback" not in exporter.log()


@pytest.mark.parametrize("sent", [b"", CLIENT_HELLO], ids=["silent", "half a hello"])
def test_open_handshakes_stop_nobody(exporter: Secured, sent: bytes) -> None:
    """A hundred clients that never end their handshake cost others nothing."""
    idle = [socket.create_connection(("127.0.0.1", exporter.port)) for _ in range(100)]
    for connection in idle:
        connection.sendall(sent)
    assert answers(exporter)
    for connection in idle:
        connection.close()


def test_more_open_handshakes_than_places_stop_nobody(exporter: Secured) -> None:
    """Beyond the number of connections it is the longest silent that must go, not the one who asks."""
    idle = [socket.create_connection(("127.0.0.1", exporter.port), timeout=20) for _ in range(300)]
    for connection in idle[::2]:
        connection.sendall(CLIENT_HELLO)

    assert answers(exporter)
    assert idle[1].recv(1) == b""
    for connection in idle:
        connection.close()
    assert answers(exporter)
    assert "Traceback" not in exporter.log()


def test_only_the_named_suites_and_curve(authority: Authority, tmp_path: Path) -> None:
    """What cipher_suites and curve_preferences leave out is not spoken."""
    suites = "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
    with Secured(tmp_path, f"{TLS}{suites}  curve_preferences: [CurveP384]\n") as exporter:
        assert "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384" in s_client(exporter, "-groups", "P-256:P-384")
        assert "secp384r1" in s_client(exporter)
        assert "handshake failure" in s_client(exporter, "-groups", "P-256")
        assert "handshake failure" in s_client(exporter, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        assert "alert protocol version" in s_client(exporter, "-tls1_3")


def test_tls_1_3_alone(authority: Authority, tmp_path: Path) -> None:
    """min_version is the least that is spoken."""
    with Secured(tmp_path, f"{TLS}  min_version: TLS13\n") as exporter:
        assert answers(exporter)
        assert "alert protocol version" in s_client(exporter, "-tls1_2")


def test_clients_must_show_a_certificate(authority: Authority, tmp_path: Path) -> None:
    """With RequireAndVerifyClientCert nobody is served without one that the clients' authority signed."""
    ours, theirs = Authority(tmp_path, "clients").issue("prometheus"), Authority(tmp_path, "others").issue("eve")
    with Secured(tmp_path, CLIENTS) as exporter:
        for version in ("1.2", "1.3"):
            limit = ("--tls-max", version)
            assert exporter.ask(*limit, "--cert", ours.certificate, "--key", ours.key).status == 200
            assert exporter.ask(*limit, "--cert", theirs.certificate, "--key", theirs.key).status == 0
            assert exporter.ask(*limit).status == 0
        expired = Authority(tmp_path, "clients").issue("late", expired=True)
        assert exporter.ask("--cert", expired.certificate, "--key", expired.key).status == 0


def test_clients_may_show_a_certificate(authority: Authority, tmp_path: Path) -> None:
    """With VerifyClientCertIfGiven who shows none is served, and who shows a wrong one is not."""
    theirs = Authority(tmp_path, "others").issue("eve")
    Authority(tmp_path, "clients")
    text = CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    with Secured(tmp_path, text) as exporter:
        assert answers(exporter)
        assert exporter.ask("--cert", theirs.certificate, "--key", theirs.key).status == 0


def test_clients_must_have_a_name_that_is_allowed(authority: Authority, tmp_path: Path) -> None:
    """client_allowed_sans lets in one of the authority's clients and not the other; the log says why."""
    clients = Authority(tmp_path, "clients")
    known, other = (clients.issue(name, sans=(x509.DNSName(name),)) for name in ("prometheus", "grafana"))
    with Secured(tmp_path, f"{CLIENTS}  client_allowed_sans: [prometheus]\n") as exporter:
        assert exporter.ask("--cert", known.certificate, "--key", known.key).status == 200
        assert exporter.ask("--cert", other.certificate, "--key", other.key).status == 0
        assert "none of client_allowed_sans" in exporter.log()


def test_an_expired_certificate_is_replaced_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    """The next connection gets the new one, while an open one goes on."""
    with Secured(tmp_path, TLS) as exporter:
        kept = http.client.HTTPSConnection(
            "127.0.0.1", exporter.port, context=ssl.create_default_context(cafile=tmp_path / "authority.crt")
        )
        kept.request("GET", "/-/healthy")
        assert kept.getresponse().read() == b"healthy\n"
        authority.issue(expired=True)
        refused = exporter.ask()
        assert (refused.code, "expired" in refused.error) == (NOT_TRUSTED, True)
        authority.issue()
        assert answers(exporter)
        kept.request("GET", "/-/healthy")
        assert kept.getresponse().read() == b"healthy\n"
        assert exporter.log().count('msg="web configuration reread"') >= 2


def test_a_broken_change_leaves_the_old_certificate_and_is_said_once(authority: Authority, tmp_path: Path) -> None:
    """Half a renewal, or nonsense, is no reason to stop serving; the log is not flooded; the cure is taken up."""
    with Secured(tmp_path, TLS) as exporter:
        key = (tmp_path / "server.key").read_bytes()
        (tmp_path / "server.key").write_bytes(b"nonsense")
        for _ in range(5):
            assert answers(exporter)
        assert exporter.log().count("not reread") == 1
        assert f"{tmp_path}/web.yml:3:13: tls_server_config.key_file" in exporter.log()
        (tmp_path / "server.key").unlink()
        assert answers(exporter)
        assert exporter.log().count("not reread") == 2
        (tmp_path / "server.key").write_bytes(key)
        assert answers(exporter)
        assert 'msg="web configuration reread"' in exporter.log()


def test_a_certificate_that_comes_later_than_the_file_that_names_it(authority: Authority, tmp_path: Path) -> None:
    """A configuration that names files which are not there yet is taken up as soon as they are."""
    with Secured(tmp_path, TLS) as exporter:
        exporter.write(TLS.replace("server.", "new."))
        assert answers(exporter)
        assert "not reread" in exporter.log()
        Authority(tmp_path, "another").issue("new")
        assert exporter.ask().code == NOT_TRUSTED


@pytest.mark.parametrize("text", ["", "http_server_config: {}\n"])
def test_tls_is_never_switched_off_while_it_runs(authority: Authority, tmp_path: Path, text: str) -> None:
    """An empty file, as one is while it is rewritten, does not make the port a plain one."""
    with Secured(tmp_path, TLS) as exporter:
        exporter.write(text)

        assert answers(exporter)
        assert "TLS cannot be switched off while it runs" in exporter.log()


def test_clients_certificates_are_never_dropped_while_it_runs(authority: Authority, tmp_path: Path) -> None:
    """Nor does a file that is cut off there let everybody in."""
    ours = Authority(tmp_path, "clients").issue("prometheus")
    with Secured(tmp_path, CLIENTS) as exporter:
        exporter.write(TLS)

        assert exporter.ask().status == 0
        assert exporter.ask("--cert", ours.certificate, "--key", ours.key).status == 200
        assert "cannot be made optional" in exporter.log()


def test_a_unix_socket_speaks_plain_http_beside(authority: Authority, tmp_path: Path) -> None:
    """What the file system guards needs no TLS."""
    listening = ("--web.listen-address", "127.0.0.1:0", "--web.listen-address", f"unix:{tmp_path}/socket")
    with Secured(tmp_path, TLS, *listening) as exporter:
        assert answers(exporter)
        answer = curl("--unix-socket", tmp_path / "socket", "http://localhost/metrics")
        assert answer.status == 200


def test_a_key_that_everybody_reads_is_warned_of(authority: Authority, tmp_path: Path) -> None:
    """The log says what to do; it is served all the same."""
    (tmp_path / "server.key").chmod(0o644)
    with Secured(tmp_path, TLS) as exporter:
        assert answers(exporter)
        assert exporter.log().count("chmod 600") == 1


def test_it_ends_in_order_with_handshakes_open(authority: Authority, tmp_path: Path) -> None:
    """SIGTERM: status 0 and no trace, although clients are in the midst of their handshakes."""
    with Secured(tmp_path, TLS) as exporter:
        idle = [socket.create_connection(("127.0.0.1", exporter.port)) for _ in range(10)]
        idle[0].sendall(CLIENT_HELLO)
        until(lambda: answers(exporter), "served")
        assert exporter.terminate() == 0
        assert "Traceback" not in exporter.log()
        for connection in idle:
            connection.close()
