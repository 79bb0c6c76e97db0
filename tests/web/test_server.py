"""The server as its clients meet it: a real process, real sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from hermes_exporter.web.page import POLICY

from .exporter_process import ExporterProcess, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """An exporter of a home with one profile that never had a gateway."""
    directory = tmp_path_factory.mktemp("server")
    home = directory / "home"
    home.mkdir()
    with ExporterProcess(["--hermes.home", str(home), "--no-collector.units"], directory / "log") as process:
        yield process


def port(exporter: ExporterProcess) -> int:
    return int(exporter.address.rpartition(":")[2])


def raw(exporter: ExporterProcess, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port(exporter)), timeout=15) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def test_plain_text_by_default(exporter: ExporterProcess) -> None:
    """Without an Accept header the answer is text 0.0.4 and parses."""
    response = exporter.get()

    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in parse_text(response.read().decode())}
    assert {"hermes_exporter_build_info", "hermes_gateway_up"} <= names


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3])
def test_openmetrics_for_prometheus(exporter: ExporterProcess, accept: str) -> None:
    """What Prometheus 2 and 3 ask for first is OpenMetrics 1.0, and ours parses."""
    response = exporter.get(Accept=accept)

    assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family.type for family in parse_openmetrics(response.read().decode())}
    assert families["hermes_gateway_starts"] == "counter"


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text;version=x.y", "text/plain;version=x.y", "*/*", "\xff", ";;;,,,"]
)
def test_an_odd_accept_header_gets_an_answer(exporter: ExporterProcess, accept: str) -> None:
    """A version that is none must not cost the scrape."""
    assert exporter.get(Accept=accept).status == 200


def test_gzip_on_request_only(exporter: ExporterProcess) -> None:
    """The body is compressed for those who accept it, and is the same."""
    response = exporter.get(Accept_Encoding="gzip")

    assert response.headers["Content-Encoding"] == "gzip"
    assert "hermes_gateway_up" in gzip.decompress(response.read()).decode()
    assert exporter.get().headers["Content-Encoding"] is None
    for accepted in ("gzip;q=0", "br, gzip; q=0.000", "x-gzipped", "identity"):
        assert exporter.get(Accept_Encoding=accepted).headers["Content-Encoding"] is None
    for accepted in ("gzip;q=0.5", "br, GZIP", "deflate;q=1, gzip; q=0.001"):
        assert exporter.get(Accept_Encoding=accepted).headers["Content-Encoding"] == "gzip"


def test_the_status_is_json_and_never_stored(exporter: ExporterProcess) -> None:
    """/api/v1/status is made anew for everybody who asks, and says what it is."""
    response = exporter.get("/api/v1/status")

    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    said = json.loads(response.read())
    assert said["schema_version"] == 1
    assert [profile["label"] for profile in said["profiles"]] == ["default"]


@pytest.mark.parametrize("path", ["/metrics", "/", "/profiles/default", "/api/v1/status"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "a:b:c"])
def test_a_foreign_host_is_refused(exporter: ExporterProcess, host: str, path: str) -> None:
    """A page elsewhere cannot read us through its visitor's browser by pointing a name at 127.0.0.1."""
    answer = raw(exporter, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    assert answer.split(b" ", 2)[1] in (b"421", b"400")
    assert b"default" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST:19119", "[::1]:80", "192.0.2.7", socket.gethostname()]
)
def test_our_own_hosts_are_served(exporter: ExporterProcess, host: str) -> None:
    """IP literals, localhost and the machine's name are ours."""
    answer = raw(exporter, f"GET /-/healthy HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    assert answer.split(b" ", 2)[1] == b"200"


@pytest.mark.parametrize(
    ("path", "status"), [("/nope", 404), ("/metrics/", 404), ("/../etc/passwd", 404), ("/-/quit", 404)]
)
def test_unknown_paths_are_not_found(exporter: ExporterProcess, path: str, status: int) -> None:
    """There is nothing but our own pages."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        exporter.get(path)

    assert caught.value.code == status
    assert "Traceback" not in caught.value.read().decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_only_get_and_head(exporter: ExporterProcess, method: str) -> None:
    """Nothing can be changed over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port(exporter), timeout=15)
    connection.request(method, "/metrics")

    assert connection.getresponse().status in (405, 501)


def test_head_has_no_body(exporter: ExporterProcess) -> None:
    """HEAD answers as GET does, without the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port(exporter), timeout=15)
    connection.request("HEAD", "/metrics")
    response = connection.getresponse()

    assert (response.status, response.read()) == (200, b"")
    assert int(response.headers["Content-Length"]) > 0


def test_bodies_and_huge_heads_are_refused(exporter: ExporterProcess) -> None:
    """A request has no business with a body, nor with a head beyond 16 KiB."""
    big_head = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"
    body = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nxxxx"

    for request in (big_head, body):
        assert b"hermes_" not in raw(exporter, request)


@pytest.mark.parametrize("path", ["/", "/profiles/default", "/profiles/default?job=%3Cb%3E&page=%00"])
def test_a_page_runs_nothing_and_is_never_kept(exporter: ExporterProcess, path: str) -> None:
    """The pages are plain HTML, refreshed by the browser; their policy allows one style; there is no cookie."""
    response = exporter.get(path)

    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert (response.headers["Cache-Control"], response.headers["Refresh"]) == ("no-store", "30")
    assert response.headers["Set-Cookie"] is None
    page = response.read().decode()
    assert "default" in page
    assert 'name="viewport"' in page
    assert "<script" not in page


def test_a_page_that_its_reader_stopped_is_not_refreshed(exporter: ExporterProcess) -> None:
    """Who needs longer than half a minute is given it."""
    assert exporter.get("/?refresh=off").headers["Refresh"] is None


@pytest.mark.parametrize("label", ["nobody", "default/", "..%2f..", "%3Cscript%3E", "%ff"])
def test_a_profile_that_is_not_there_is_not_found(exporter: ExporterProcess, label: str) -> None:
    """It is said on a page like the others, which repeats nothing of what was asked for."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        exporter.get(f"/profiles/{label}")

    assert caught.value.code in (404, 400)
    assert "script" not in caught.value.read().decode()


def test_the_answers_for_programs_allow_nothing(exporter: ExporterProcess) -> None:
    """A browser that shows them loads and runs nothing."""
    for path in ("/metrics", "/api/v1/status", "/-/healthy"):
        assert exporter.get(path).headers["Content-Security-Policy"].startswith("default-src 'none'; frame-")


def test_healthy_and_ready(exporter: ExporterProcess) -> None:
    """Both answer 200 while gathers succeed."""
    assert (exporter.get("/-/healthy").status, exporter.get("/-/ready").status) == (200, 200)


@pytest.mark.parametrize("timeout", ["10", "0.001", "nan", "inf", "-5", "soon", ""])
def test_any_timeout_of_the_scraper_is_survived(exporter: ExporterProcess, timeout: str) -> None:
    """A scraper's timeout is a wish; an odd one neither breaks nor hangs the scrape."""
    assert exporter.get(X_Prometheus_Scrape_Timeout_Seconds=timeout).status == 200


def test_many_scrapers_at_once_get_answers(exporter: ExporterProcess) -> None:
    """Scrapers that come together share a gather: all are answered, with far fewer moments than scrapes."""
    with ThreadPoolExecutor(32) as pool:
        bodies = list(pool.map(lambda _number: exporter.metrics(), range(96)))

    moments = {re.search(r"last_gather_timestamp_seconds (\S+)", body)[1] for body in bodies}  # type: ignore[index]
    assert len(moments) < len(bodies)


def test_silent_clients_do_not_stop_the_scrape(exporter: ExporterProcess) -> None:
    """Clients that connect and say nothing, or half a word, cost others nothing."""
    idle = [socket.create_connection(("127.0.0.1", port(exporter))) for _ in range(100)]
    for connection in idle[:50]:
        connection.sendall(b"GET /metr")

    assert "hermes_gateway_up" in exporter.metrics()
    for connection in idle:
        connection.close()


def test_of_too_many_clients_the_longest_silent_goes(exporter: ExporterProcess) -> None:
    """Beyond the number of connections a newcomer is served in the place of one that says nothing."""
    idle = [socket.create_connection(("127.0.0.1", port(exporter)), timeout=20) for _ in range(300)]

    assert "hermes_gateway_up" in exporter.metrics()
    assert idle[0].recv(1) == b""
    idle[-1].sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
    assert b" 200 OK" in idle[-1].recv(4096)
    for connection in idle:
        connection.close()


def test_clients_that_leave_their_answers_do_not_stop_the_scrape(exporter: ExporterProcess) -> None:
    """Nor do clients that ask and never read what they get."""
    lazy = [socket.create_connection(("127.0.0.1", port(exporter))) for _ in range(150)]
    for connection in lazy:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)

    assert "hermes_gateway_up" in exporter.metrics()
    for connection in lazy:
        connection.close()


def test_it_listens_on_a_unix_socket_and_several_addresses(tmp_path: Path) -> None:
    """unix:PATH serves like TCP, beside it, and is closed to strangers."""
    path = tmp_path / "exporter.sock"
    home = tmp_path / "home"
    home.mkdir()
    arguments = ["--hermes.home", str(home), "--web.listen-address", "127.0.0.1:0"]
    with ExporterProcess([*arguments, "--web.listen-address", f"unix:{path}"], tmp_path / "log") as exporter:
        until(path.exists, "the socket")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert b" 200 OK" in connection.recv(4096)
        assert path.stat().st_mode & 0o007 == 0
        assert exporter.get("/-/healthy").status == 200


def test_a_socket_at_which_somebody_listens_is_left_alone(tmp_path: Path) -> None:
    """A second exporter says that it is taken, and the first one goes on; one that nobody holds is replaced."""
    path, home = tmp_path / "exporter.sock", tmp_path / "home"
    home.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    arguments = ["--hermes.home", str(home), "--web.listen-address", f"unix:{path}"]
    another = [sys.executable, "-m", "hermes_exporter", "serve", f"--state.path={tmp_path}/another.db", *arguments]
    with ExporterProcess(arguments, tmp_path / "log"):
        done = subprocess.run(another, capture_output=True, text=True, timeout=20, check=False)

        assert done.returncode == 2
        assert "Address already in use" in done.stderr
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
            assert b" 200 OK" in connection.recv(4096)


def test_a_path_is_no_pattern(tmp_path: Path) -> None:
    """Whatever the metrics' path is made of, it is that path and no other."""
    (tmp_path / "home").mkdir()
    arguments = ["--hermes.home", str(tmp_path / "home"), "--web.telemetry-path", "/m.x"]
    with ExporterProcess(arguments, tmp_path / "log") as exporter:
        exporter.address = exporter.address.removesuffix("/m.x")
        assert exporter.get("/m.x").status == 200
        with pytest.raises(urllib.error.HTTPError, match="404"):
            exporter.get("/mzx")


def test_sigterm_ends_in_order_and_at_once(tmp_path: Path) -> None:
    """SIGTERM: status 0, within a second or two, although a client keeps its connection open."""
    (tmp_path / "home").mkdir()
    with ExporterProcess(["--hermes.home", str(tmp_path / "home")], tmp_path / "log") as exporter:
        with socket.create_connection(("127.0.0.1", port(exporter))):
            started = time.monotonic()
            assert exporter.terminate() == 0
            assert time.monotonic() - started < 5
        assert "Traceback" not in exporter.log()


def test_systemd_hears_ready_watchdog_and_stopping(tmp_path: Path) -> None:
    """READY once we listen, WATCHDOG at half its interval, STOPPING at the end."""
    (tmp_path / "home").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        environment["WATCHDOG_PID"] = ""
        del environment["WATCHDOG_PID"]
        arguments = ["--hermes.home", str(tmp_path / "home")]
        with ExporterProcess(arguments, tmp_path / "log", environment) as exporter:
            heard = [manager.recv(100) for _ in range(4)]
            exporter.terminate()
            while heard[-1] != b"STOPPING=1":
                heard.append(manager.recv(100))
    assert set(heard[:4]) == {b"READY=1", b"WATCHDOG=1"}
    assert heard.count(b"READY=1") == 1


def reread(exporter: ExporterProcess, file: Path, text: str) -> None:
    """Let it read another configuration."""
    file.write_text(text)
    exporter.process.send_signal(signal.SIGHUP)


def test_sighup_rereads_the_configuration(tmp_path: Path) -> None:
    """A good new configuration is taken over without a restart; a bad one is said and the old one kept."""
    (tmp_path / "home").mkdir()
    file = tmp_path / "config.yaml"
    file.write_text("{}")
    arguments = ["--hermes.home", str(tmp_path / "home"), "--config.file", str(file)]
    with ExporterProcess(arguments, tmp_path / "log") as exporter:
        assert 'hermes_profile_gateway_expected{profile="default"} 0.0' in exporter.metrics()
        reread(exporter, file, "profiles: {default: {gateway: required}}")
        until(lambda: 'hermes_profile_gateway_expected{profile="default"} 1.0' in exporter.metrics(), "reread")
        reread(exporter, file, "profiles: {default: {gateway: maybe}}")
        until(lambda: "not reread" in exporter.log(), "refusal")
        assert 'hermes_profile_gateway_expected{profile="default"} 1.0' in exporter.metrics()


def test_sighup_never_leads_into_a_home(tmp_path: Path) -> None:
    """A configuration by which our own files would lie in a Hermes home is refused at SIGHUP as at the start."""
    (tmp_path / "home").mkdir()
    (tmp_path / "other/state").mkdir(parents=True)
    file = tmp_path / "config.yaml"
    file.write_text(f"homes: [{{path: {tmp_path}/home}}]")
    arguments = ["--state.path", str(tmp_path / "other/state/m.db"), "--config.file", str(file)]
    with ExporterProcess(arguments, tmp_path / "log") as exporter:
        exporter.metrics()
        reread(exporter, file, f"homes: [{{path: {tmp_path}/home}}, {{path: {tmp_path}/other, name: two}}]")
        until(lambda: "lies in a Hermes home" in exporter.log(), "refusal")
        assert "two/default" not in exporter.metrics()


def test_sighup_survives_whatever_the_file_says(tmp_path: Path) -> None:
    """A path that no system can have is a mistake like any other, and the next good file is taken up."""
    (tmp_path / "home").mkdir()
    file = tmp_path / "config.yaml"
    file.write_text("{}")
    arguments = ["--hermes.home", str(tmp_path / "home"), "--config.file", str(file)]
    with ExporterProcess(arguments, tmp_path / "log") as exporter:
        exporter.metrics()
        reread(exporter, file, 'homes: [{path: "/a\\0b"}]')
        until(lambda: "without control characters" in exporter.log(), "refusal")
        reread(exporter, file, "profiles: {default: {gateway: required}}")
        until(lambda: 'hermes_profile_gateway_expected{profile="default"} 1.0' in exporter.metrics(), "reread")


def test_it_gathers_by_itself_at_the_start(tmp_path: Path) -> None:
    """What was found is said before anybody scrapes."""
    (tmp_path / "home/profiles/coder").mkdir(parents=True)
    with ExporterProcess(["--hermes.home", str(tmp_path / "home")], tmp_path / "log") as exporter:
        until(lambda: "msg=watching profile=coder" in exporter.log(), "watching")


def test_without_a_home_a_made_up_one_is_served_and_said(tmp_path: Path) -> None:
    """A machine without Hermes shows two healthy profiles, and the log says that none of it is real."""
    environment = {"HOME": str(tmp_path), "HERMES_HOME": ""}
    with ExporterProcess([], tmp_path / "log", environment) as exporter:
        assert exporter.metrics().count('hermes_gateway_up{profile="') == 2
        assert "made-up" in exporter.log()
        homes = re.findall(r"path=(\S+)", exporter.log())
        exporter.terminate()
    assert homes
    assert not any(Path(home).exists() for home in homes)


def test_environment_variables_are_options(tmp_path: Path) -> None:
    """Every option has its variable."""
    (tmp_path / "home").mkdir()
    environment = {"HERMES_EXPORTER_HERMES_HOME": str(tmp_path / "home"), "HERMES_EXPORTER_LOG_FORMAT": "logfmt"}
    environment["HERMES_EXPORTER_WEB_TELEMETRY_PATH"] = "/other"
    with ExporterProcess([], tmp_path / "log", {**environment, "HERMES_HOME": os.devnull}) as exporter:
        base = exporter.address.removesuffix("/other")
        exporter.address = base
        assert exporter.get("/other").status == 200
