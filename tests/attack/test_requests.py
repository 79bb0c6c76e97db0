"""Requests that are not what they seem: each is refused or answered as one, and only our pages are there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from .attacked import HOST, Attacked, rest, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

SMUGGLED = b"GET /-/healthy HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
START = b"GET /-/ready HTTP/1.1\r\n" + HOST
CHUNKED = START + b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """An exporter for all of these requests; none of them may end in a trace."""
    with Attacked(tmp_path_factory.mktemp("attacked")) as running:
        yield running
        assert "Traceback" not in running.log()


@pytest.mark.parametrize(
    "head",
    [
        START + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding: identity\r\n\r\n",
        START + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        START + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        START + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
        START + b"Content-Length: 0, 5\r\n\r\n",
        START + b"Content-Length: +0\r\n\r\n",
        START + b"Content-Length: -1\r\n\r\n",
        START + b"Content-Length: 0x0\r\n\r\n",
        START + b"Content-Length: 0_0\r\n\r\n",
        START + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED),
        START + b"X: a\r\n Content-Length: 5\r\n\r\n",
        START + b"X: a\rContent-Length: 5\r\n\r\n",
        START + b"X: a\0b\r\n\r\n",
        START + b"nonsense\r\n\r\n",
        START + b": x\r\n\r\n",
        CHUNKED + b"\r\n0;x\r\n\r\n",
        CHUNKED + b"\r\n0x0\r\n\r\n",
        CHUNKED + b"\r\n+0\r\n\r\n",
        CHUNKED + b"\r\n-1\r\n\r\n",
        CHUNKED + b"\r\n0\r\nX: y\r\n\r\n",
        b"GET /-/ready HTTP/1.1\r\n\r\n",
        b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /-/ready HTTP/9.9\r\n" + HOST + b"\r\n",
        b"GET /-/ready\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_a_doubtful_request_is_refused_and_nothing_after_it_is_heard(exporter: Attacked, head: bytes) -> None:
    """Where two readers might disagree on its end, it ends the connection: what follows is no request."""
    assert statuses(exporter.told(head + SMUGGLED)) == [400]


@pytest.mark.parametrize(
    "head",
    [
        START + b"\r\n",
        START + b"Content-Length: 0\r\n\r\n",
        START + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
        CHUNKED + b"\r\n0\r\n\r\n",
        START + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        START + b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: evil.example\r\n\r\n",
        b"GET /-/ready HTTP/1.1\nHost: localhost\n\n",
        b"GET /-/ready HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ],
)
def test_a_request_without_a_body_is_one_request(exporter: Attacked, head: bytes) -> None:
    """However it is framed, it is answered once, and so is the next."""
    answer = exporter.told(head + SMUGGLED)

    assert statuses(answer) == [200, 200]
    assert answer.index(b"\nready\n") < answer.index(b"\nhealthy\n")


def test_http_1_0_ends_with_its_answer(exporter: Attacked) -> None:
    """Who does not ask to keep the connection gets one answer, without a Host as well."""
    assert statuses(exporter.told(b"GET /-/ready HTTP/1.0\r\n\r\n" + SMUGGLED)) == [200]


def test_a_pipeline_is_answered_in_order(exporter: Attacked) -> None:
    """A hundred requests at once are a hundred answers."""
    answer = exporter.told((START + b"\r\n") * 100 + SMUGGLED)

    assert statuses(answer) == [200] * 101
    assert answer.endswith(b"healthy\n")


@pytest.mark.parametrize(
    "target",
    [
        *(b"/metrics;x", b"//metrics", b"/./metrics", b"/metrics/../metrics", b"/metrics%00", b"/metrics#x"),
        *(b"/%2e%2e/metrics", b"/..%2f..%2f..%2fetc/passwd", b"/../../../etc/passwd", b"\\metrics", b"metrics"),
        *(b"/%ff", b"/\xff", b"*", b"?", b"/" + b"x" * 15_000, b"/{}", b"/%(x)s", b"/{{7*7}}", b"/page.html"),
        *(
            b"//evil.example/",
            b"/static/page.html",
            b"/favicon.ico",
            b"/.git/config",
            b"/debug/pprof/",
            b"/-/reload",
        ),
        *(b"http://evil.example/metrics", b"http://localhost/metrics", b"localhost:80"),
    ],
)
def test_no_other_target_leads_anywhere(exporter: Attacked, target: bytes) -> None:
    """What is not one of our pages, letter by letter, is not found, and the answer does not repeat it."""
    answer = exporter.told(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")

    assert statuses(answer) == [404]
    assert answer.endswith(b"\r\n\r\n404 Not Found\n")


@pytest.mark.parametrize(
    "query", [b"x", b"x=%ff", b"collect[]=cron", b"name=" + b"x" * 10_000, b"%00", b"a=1&" * 900]
)
def test_a_query_changes_nothing(exporter: Attacked, query: bytes) -> None:
    """Whatever is asked of it, /metrics is /metrics."""
    answer = exporter.told(b"GET /metrics?" + query + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")

    assert statuses(answer) == [200]
    assert b"\nhermes_gateway_up" in answer


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE", b"PROPFIND", b"get", b"GETS"])
def test_no_other_method_does_anything(exporter: Attacked, method: bytes) -> None:
    """It proxies nothing and repeats nothing."""
    answer = exporter.told(method + b" /metrics HTTP/1.1\r\n" + HOST + b"X: secret\r\nConnection: close\r\n\r\n")

    assert statuses(answer) == [405]
    assert b"secret" not in answer


@pytest.mark.parametrize(
    "request_line", [b"GET /metrics", b"GET http://127.0.0.1/metrics", b"GET http://localhost/metrics"]
)
@pytest.mark.parametrize(
    "host", [b"evil.example", b"localhost@evil.example", b"localhost.", b"evil.example:19119"]
)
def test_a_foreign_host_gets_nothing_however_it_asks(exporter: Attacked, request_line: bytes, host: bytes) -> None:
    """The Host header decides, whatever the target says; a dot at the end of a name of ours is no other name."""
    answer = exporter.told(request_line + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")

    ours = host == b"localhost." and request_line == b"GET /metrics"
    assert (b"hermes_" in answer) == ours
    assert statuses(answer) in ([200] if ours else [421], [400], [404])


def test_a_client_that_leaves_at_once_is_no_fault(exporter: Attacked) -> None:
    """One that ends its side with the request, or resets, costs neither an answer to others nor a trace."""
    for how in (socket.SHUT_WR, socket.SHUT_RDWR):
        for _ in range(50):
            with exporter.connect() as connection:
                connection.sendall(START + b"\r\n" + SMUGGLED)
                connection.shutdown(how)
                rest(connection)

    assert exporter.scrapes()
    assert "Traceback" not in exporter.log()
