"""The two outside parties a gateway talks to, on loopback: a model provider and a messenger."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

MODEL = "stub-model-1"
WEBSOCKET_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE, PING, PONG, TEXT = 0x8, 0x9, 0xA, 0x1


class Stub:
    """An HTTP server on a free loopback port."""

    def __init__(self) -> None:
        """Bind it; `start` serves."""
        stub = self

        class Handler(Request):
            owner = stub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve until `stop`."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: Request) -> None:
        """Answer one request."""
        raise NotImplementedError


class Request(BaseHTTPRequestHandler):
    """One request to a stub."""

    protocol_version = "HTTP/1.1"
    owner: Stub
    body = b""

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.owner.handle(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = _serve  # noqa: N815  # the names that BaseHTTPRequestHandler looks for

    def log_message(self, *args: object) -> None:
        """Say nothing: pytest's output belongs to the tests."""

    def reply(self, status: int, payload: object, kind: str = "application/json") -> None:
        """Answer with a JSON body, or with text that is one already."""
        data = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Fault(NamedTuple):
    """What a provider that refuses or fails answers; without a status it answers nothing."""

    status: int | None
    body: object = None
    kind: str = "application/json"


def said(status: int, message: str, code: str | None = None) -> Fault:
    """An error in the words and the shape of OpenAI's API."""
    return Fault(status, {"error": {"message": message, "type": "lab", "param": None, "code": code}})


PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body><h1>Checking your browser</h1><p>Ray ID: 0000000000000000</p></body></html>"
)
FAULTS = {
    "401": said(401, "Incorrect API key provided: sk-fake-****0000.", "invalid_api_key"),
    "402": said(402, "Insufficient credits. Add more to continue."),
    "403": said(403, "Your account is not active.", "account_deactivated"),
    "403 page": Fault(403, PAGE, "text/html; charset=UTF-8"),
    "404": said(404, f"The model `{MODEL}` does not exist or you do not have access to it.", "model_not_found"),
    "429": said(429, "Rate limit reached for requests per min (RPM): Limit 3, Used 3.", "rate_limit_exceeded"),
    "500": said(500, "The server had an error while processing your request."),
    "silence": Fault(None),
    "garbage": Fault(200, "<html>upstream proxy</html>", "text/html"),
}


class Call(NamedTuple):
    """One request to complete a chat.

    Attributes:
        at: when it came, Unix seconds.
        key: the credential it came with.
        fault: of FAULTS, empty where the chat was completed.
    """

    at: float
    key: str
    fault: str


class Provider(Stub):
    """An OpenAI-compatible provider under /v1, with one answer to everything but for what stands in two tables.

    `faults` are by credential, or by a word of the question; `answers` by a word of the question. What stands in
    `calls` was asked, in that order.
    """

    answer = "All systems nominal."

    def __init__(self) -> None:
        """Start with every key accepted."""
        super().__init__()
        self.calls: list[Call] = []
        self.faults: dict[str, str] = {}
        self.answers: dict[str, str] = {}

    def handle(self, request: Request) -> None:
        """List the one model, or complete a chat."""
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        fault = self.faults.get(key, "")
        if request.command == "GET":
            if fault in {"401", "403"}:
                return self._fail(request, FAULTS[fault])
            model = {"id": MODEL, "object": "model", "owned_by": "lab", "context_length": 128000}
            return request.reply(200, {"object": "list", "data": [model]})
        if not request.path.endswith("/chat/completions"):
            return request.reply(404, {"error": {"message": "not found"}})
        asked = json.loads(request.body)
        question = json.dumps(asked["messages"])
        fault = fault or by_word(self.faults, question, "")
        answer = by_word(self.answers, question, self.answer)
        self.calls.append(Call(time.time(), key, fault))
        if fault:
            return self._fail(request, FAULTS[fault])
        usage = {"prompt_tokens": 1000, "completion_tokens": 5, "total_tokens": 1005}
        common = {"id": "chatcmpl-lab", "created": int(time.time()), "model": MODEL}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": answer}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            return request.reply(200, {**common, "object": "chat.completion", "choices": [choice], "usage": usage})
        deltas: list[tuple[dict[str, str], str | None]] = [
            ({"role": "assistant", "content": ""}, None),
            ({"content": answer}, None),
            ({}, "stop"),
        ]
        lines = [
            {
                **common,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": d, "finish_reason": f}],
            }
            for d, f in deltas
        ]
        stream = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        return request.reply(200, stream, "text/event-stream")

    @staticmethod
    def _fail(request: Request, fault: Fault) -> None:
        if fault.status is None:
            request.connection.recv(1)  # until the other side gives up
            request.close_connection = True
        else:
            request.reply(fault.status, fault.body, fault.kind)


def by_word(table: dict[str, str], question: str, otherwise: str) -> str:
    """What the table has for a word of the question."""
    return next((found for word, found in table.items() if word in question), otherwise)


class Post(NamedTuple):
    """A message that was received.

    Attributes:
        at: when it came, Unix seconds.
    """

    who: str
    message: str
    channel: str
    at: float


class Messenger(Stub):
    """Mattermost under /<who>: REST version 4 and the websocket. What is stored in `posts` was received.

    Everything that somebody in `refused` asks is answered with that status, and stands in `refusals`. So does
    a post into one of `closed` channels, where 0 is no answer at all. Who is held waits for every answer. It can
    be its own HTTP proxy, for senders that insist on one.
    """

    def __init__(self) -> None:
        """Start with no posts and no listeners, and refuse nobody."""
        super().__init__()
        self.posts: list[Post] = []
        self.refused: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self.refusals: list[tuple[str, str]] = []
        self._held: dict[str, threading.Event] = {}
        self._sockets: dict[str, list[Request]] = {}

    def handle(self, request: Request) -> None:
        """Answer what Hermes' Mattermost adapter asks."""
        who, _, rest = urlsplit(request.path).path.lstrip("/").partition("/")
        path = rest.removeprefix("api/v4/")
        if (held := self._held.get(who)) is not None:
            held.wait(60)
        if who in self.refused:
            return self._refuse(request, who, path, self.refused[who])
        if path == "websocket":
            return self._websocket(request, who)
        if path == "users/me":
            me = {"id": identity("bot", who), "username": f"hermes-{who}", "roles": "system_user", "is_bot": True}
            return request.reply(200, me)
        if path == "posts":
            post: dict[str, Any] = json.loads(request.body)
            channel = str(post["channel_id"])
            if channel in self.closed:
                return self._refuse(request, who, path, self.closed[channel])
            self.posts.append(Post(who, str(post.get("message", "")), channel, time.time()))
            stamp = {"id": identity("post", who, str(len(self.posts))), "create_at": int(time.time() * 1000)}
            return request.reply(201, {**post, **stamp})
        return self._other(request, path)

    @staticmethod
    def _other(request: Request, path: str) -> None:
        if path.endswith("/typing"):
            return request.reply(200, {"status": "OK"})
        if path.startswith("channels/"):
            channel = {"id": path.split("/")[1], "type": "O", "name": "ops", "display_name": "Ops"}
            return request.reply(200, channel)
        return request.reply(404, {"id": "not_found", "message": "not found", "status_code": 404})

    def _refuse(self, request: Request, who: str, path: str, status: int) -> None:
        self.refusals.append((who, path))
        if not status:
            request.connection.recv(1)  # until the other side gives up
            request.close_connection = True
            return
        request.reply(status, {"id": "lab.refused", "message": f"lab answer {status}", "status_code": status})

    def hold(self, who: str) -> None:
        """Answer nothing that is asked by that name until it is released."""
        self._held[who] = threading.Event()

    def release(self, who: str) -> None:
        """Answer what was asked meanwhile, and go on."""
        self._held.pop(who).set()

    def listeners(self, who: str) -> int:
        """How many gateways of that name have their websocket open."""
        return len(self._sockets.get(who, []))

    def say(self, who: str, text: str) -> None:
        """A person writes to the bot in a direct message."""
        post = {
            "id": identity("in", who, text), "user_id": "operator00000000000000001",
            "channel_id": "dmchannel000000000000000001", "message": text, "type": "", "root_id": "",
        }  # fmt: skip
        event = {"channel_type": "D", "sender_name": "@operator", "post": json.dumps(post)}
        frame = json.dumps({"event": "posted", "data": event}).encode()
        for request in list(self._sockets.get(who, [])):
            send_frame(request, TEXT, frame)

    def hang_up(self, who: str) -> None:
        """Cut the websockets of that name, as a server that restarts does."""
        for request in list(self._sockets.get(who, [])):
            request.connection.shutdown(socket.SHUT_RDWR)

    def _websocket(self, request: Request, who: str) -> None:
        key = request.headers["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_KEY).digest()).decode()
        request.send_response(101)
        request.send_header("Upgrade", "websocket")
        request.send_header("Connection", "Upgrade")
        request.send_header("Sec-WebSocket-Accept", accept)
        request.end_headers()
        request.close_connection = True
        self._sockets.setdefault(who, []).append(request)
        try:
            while (frame := read_frame(request)) is not None:
                opcode, payload = frame
                if opcode == CLOSE:
                    return
                if opcode == PING:
                    send_frame(request, PONG, payload)
                elif b"authentication_challenge" in payload:
                    send_frame(request, TEXT, b'{"status": "OK", "seq_reply": 1}')
        finally:
            self._sockets[who].remove(request)


def identity(*parts: str) -> str:
    """An id of Mattermost's length."""
    return hashlib.sha1("/".join(parts).encode()).hexdigest()[:26]


def read_frame(request: Request) -> tuple[int, bytes] | None:
    """One masked frame of RFC 6455, None at the end of the connection."""
    head = request.rfile.read(2)
    if len(head) < 2:
        return None
    opcode, length = head[0] & 0x0F, head[1] & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", request.rfile.read(2))
    mask = request.rfile.read(4)
    data = request.rfile.read(length)
    return opcode, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def send_frame(request: Request, opcode: int, payload: bytes) -> None:
    """Send one unmasked frame."""
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
    request.wfile.write(bytes([0x80 | opcode]) + size + payload)
    request.wfile.flush()


class Receiver(Stub):
    """What an incoming webhook takes: JSON by POST. What stands in `received` came, in that order, by its path.

    With a status in `refuse` it answers that, and receives nothing.
    """

    def __init__(self) -> None:
        """Start with nothing received."""
        super().__init__()
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.refuse: int | None = None

    def handle(self, request: Request) -> None:
        """Take what is posted."""
        if request.command != "POST":
            return request.reply(405, {"error": "post"})
        if self.refuse is not None:
            return request.reply(self.refuse, {"error": "refused"})
        self.received.append((request.path, json.loads(request.body)))
        return request.reply(200, "ok", "text/plain")


class TelegramApi(Stub):
    """sendMessage of the Bot API for one bot, refusing what the real one refuses: `messages` were sent."""

    token = "7000000009:AAstubstubstubstubstubstubstubstubs"
    longest = 4096

    def __init__(self) -> None:
        """Start with nothing sent."""
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.refused: list[str] = []

    def handle(self, request: Request) -> None:
        """Send a plain message, or say what is wrong with it in the words of the Bot API."""
        asked = json.loads(request.body or b"{}")
        problem = self._problem(request.path, asked)
        if problem is not None:
            self.refused.append(problem[1])
            code, description = problem
            return request.reply(code, {"ok": False, "error_code": code, "description": description})
        self.messages.append(asked)
        chat = {"id": int(asked["chat_id"]), "type": "private"}
        sent = {"message_id": len(self.messages), "date": int(time.time()), "chat": chat, "text": asked["text"]}
        return request.reply(200, {"ok": True, "result": sent})

    def _problem(self, path: str, asked: dict[str, Any]) -> tuple[int, str] | None:
        if path != f"/bot{self.token}/sendMessage":
            return 401, "Unauthorized"
        if len(asked["text"].encode("utf-16-le")) // 2 > self.longest:
            return 400, "Bad Request: message is too long"
        if asked.get("parse_mode"):
            return 400, "Bad Request: can't parse entities"
        return None
