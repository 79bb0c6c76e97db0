"""Passwords as clients meet them: everything is behind them, and a flood of wrong ones stops nobody."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.access.authority import hashed

from .exporter_process import until
from .secured import Secured, curl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATHS = ("/", "/metrics", "/api/v1/status", "/-/healthy", "/-/ready")
RIGHT = ("-u", "alice:right")
WRONG = ("-u", "alice:wrong")


def users(password: str = "right", cost: int = 4, user: str = "alice") -> str:
    """A web configuration with a user."""
    return f"basic_auth_users:\n  {user}: {hashed(password, cost)}\n"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """An exporter that alice may ask."""
    with Secured(tmp_path_factory.mktemp("passwords"), users()) as running:
        yield running


@pytest.mark.parametrize("path", [*PATHS, "/nope", "/metrics/", "//metrics", "/%6detrics", "/./metrics"])
@pytest.mark.parametrize("given", [(), WRONG, ("-u", "eve:right"), ("-H", "Authorization: Bearer right")])
def test_everything_is_behind_the_password(exporter: Secured, path: str, given: tuple[str, ...]) -> None:
    """No page, not even the one that is missing, says anything but that a password is wanted."""
    answer = curl("--path-as-is", "-i", *given, exporter.address + path)

    assert answer.status == 401
    assert 'Www-Authenticate: Basic realm="hermes-exporter"' in answer.body
    assert answer.body.endswith("\n\n401 Unauthorized\n")


@pytest.mark.parametrize("path", PATHS)
def test_everything_is_open_to_who_knows_it(exporter: Secured, path: str) -> None:
    """As without passwords."""
    assert curl(*RIGHT, exporter.address + path).status == 200
    assert curl(*RIGHT, "--head", exporter.address + path).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_tell_nothing_either(exporter: Secured, method: str) -> None:
    """They are refused as they are without passwords."""
    answer = curl("-X", method, exporter.address + "/metrics")

    assert (answer.status, answer.body) == (405, "405 Method Not Allowed\n")


def test_a_foreign_host_is_refused_before_a_password(exporter: Secured) -> None:
    """A page that points its name at 127.0.0.1 cannot even guess."""
    assert curl(*RIGHT, "-H", "Host: evil.example", exporter.address + "/metrics").status == 421


def test_no_password_is_logged(tmp_path: Path) -> None:
    """Nor a user's name, which may be a password in the wrong place."""
    with Secured(tmp_path, users(), "--log.level", "debug") as exporter:
        for pair in ("alice:right", "alice:hunter2", "hunter2:x"):
            curl("-u", pair, exporter.address + "/metrics")
        assert exporter.terminate() == 0
        assert not any(word in exporter.log() for word in ("hunter2", "right", "alice", "$2b$"))


def test_a_password_changes_without_a_restart(tmp_path: Path) -> None:
    """The old one is refused and the new one taken from the next request on, on an open connection too."""
    with Secured(tmp_path, users()) as exporter:
        kept = http.client.HTTPConnection("127.0.0.1", exporter.port)

        def status(password: str) -> int:
            header = "Basic " + b64encode(f"alice:{password}".encode()).decode()
            kept.request("GET", "/-/healthy", headers={"Authorization": header})
            answer = kept.getresponse()
            answer.read()
            return answer.status

        assert (status("right"), status("new")) == (200, 401)
        exporter.write(users("new"))
        assert (status("right"), status("new")) == (401, 200)


def test_passwords_can_be_asked_for_while_it_runs(tmp_path: Path) -> None:
    """A file that had none may get some: they are asked for from the next request on."""
    with Secured(tmp_path, "") as exporter:
        assert curl(exporter.address + "/metrics").status == 200
        exporter.write(users())
        assert curl(exporter.address + "/metrics").status == 401
        assert curl(*RIGHT, exporter.address + "/metrics").status == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "passwords cannot be switched off while it runs"),
        ("basic_auth_users:\n", "passwords cannot be switched off while it runs"),
        (
            "basic_auth_users:\n  alice: $2b$04$abc\n",
            "web.yml:2:10: basic_auth_users.alice: expected a bcrypt hash",
        ),
        ("basic_auth_users: [", "not YAML"),
        ("basic_auth_user: {}\n", "web.yml:1:1: the file: unknown key basic_auth_user"),
    ],
    ids=["empty", "no users", "half a hash", "half a list", "a wrong word"],
)
def test_a_broken_change_opens_nothing_and_is_said_once(tmp_path: Path, text: str, said: str) -> None:
    """The passwords that were go on to be asked for, and the log says why the change is not taken."""
    with Secured(tmp_path, users()) as exporter:
        exporter.write(text)

        for _ in range(3):
            assert curl(exporter.address + "/metrics").status == 401
            assert curl(*RIGHT, exporter.address + "/metrics").status == 200
        assert exporter.log().count(said) == 1
        exporter.web_file.unlink()
        assert curl(*RIGHT, exporter.address + "/metrics").status == 200
        exporter.write(users("new"))
        assert curl("-u", "alice:new", exporter.address + "/metrics").status == 200


def test_a_flood_of_wrong_passwords_does_not_stop_the_right_one(tmp_path: Path) -> None:
    """While others guess as fast as they can, every scrape with the password that proved right is answered."""
    with Secured(tmp_path, users(cost=10)) as exporter:
        assert curl(*RIGHT, exporter.address + "/metrics").status == 200
        over = threading.Event()
        got: set[int] = set()
        guessers = [threading.Thread(target=guess, args=(exporter, number, over, got)) for number in range(20)]
        for guesser in guessers:
            guesser.start()
        scrapes = [curl(*RIGHT, exporter.address + "/metrics").status for _ in range(30)]
        over.set()
        for guesser in guessers:
            guesser.join()

        assert scrapes == [200] * 30
        assert got == {401, 503}
        assert curl("-u", "alice:guess", exporter.address + "/metrics").status == 401


def test_it_ends_in_order_while_passwords_wait(tmp_path: Path) -> None:
    """SIGTERM: the checks that wait are dropped, status 0, no trace."""
    with Secured(tmp_path, users(cost=10)) as exporter:
        over = threading.Event()
        got: set[int] = set()
        guesser = threading.Thread(target=guess, args=(exporter, 0, over, got))
        guesser.start()
        until(lambda: got, "a guess was answered")
        over.set()
        guesser.join()
        waiting = [socket.create_connection(("127.0.0.1", exporter.port)) for _ in range(4)]
        for number, connection in enumerate(waiting):
            pair = b64encode(f"alice:last-{number}".encode())
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " + pair + b"\r\n\r\n")
        assert exporter.terminate() == 0
        assert "Traceback" not in exporter.log()
        for connection in waiting:
            connection.close()


def guess(exporter: Secured, number: int, over: threading.Event, got: set[int]) -> None:
    """Try one password after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=30)
    for attempt in range(1_000_000):
        pair = f"{'alice' if attempt % 2 else 'eve'}:{number}-{attempt}"
        header = "Basic " + b64encode(pair.encode()).decode()
        connection.request("GET", "/metrics", headers={"Authorization": header})
        answer = connection.getresponse()
        answer.read()
        got.add(answer.status)
        if over.is_set():
            break
    connection.close()


def test_more_requests_than_the_limit_are_refused(tmp_path: Path) -> None:
    """rate_limit counts all requests; who is over it is told to come later."""
    with Secured(tmp_path, "rate_limit:\n  interval: 1h\n  burst: 3\n") as exporter:
        statuses = [curl(exporter.address + "/-/healthy").status for _ in range(5)]

        assert statuses == [200, 200, 200, 429, 429]
        exporter.write("rate_limit:\n  interval: 0\n  burst: 3\n")
        assert curl(exporter.address + "/-/healthy").status == 200


def test_headers_are_set_on_every_answer(tmp_path: Path) -> None:
    """Those of the file, in the place of ours where they have the same name, refusals included."""
    headers = {
        "Strict-Transport-Security": "max-age=60",
        "X-Frame-Options": "deny",
        "Content-Security-Policy": "default-src 'none'",
    }
    with Secured(tmp_path, f"http_server_config:\n  headers: {json.dumps(headers)}\n") as exporter:
        for path in ("/metrics", "/", "/nope"):
            answer = curl("-i", exporter.address + path)
            for name, value in {**headers, "X-Content-Type-Options": "nosniff"}.items():
                assert answer.body.lower().count(f"\n{name}: {value}\n".lower()) == 1


def test_a_unix_socket_asks_for_the_password_too(tmp_path: Path) -> None:
    """Passwords stand before every listener."""
    with Secured(tmp_path, users(), "--web.listen-address", f"unix:{tmp_path}/socket"):
        ask = ("--unix-socket", tmp_path / "socket", "http://localhost/metrics")
        assert curl(*ask).status == 401
        assert curl(*RIGHT, *ask).status == 200
