"""The model provider that a made-up agent asks: what it answers, and what Hermes logs of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hermes_exporter.simulator.logs import Line

if TYPE_CHECKING:
    from hermes_exporter.simulator.jobs import Answer

State = Literal[
    "ok",
    "auth",
    "forbidden",
    "billing",
    "quota",
    "rate_limit",
    "server",
    "unreachable",
    "timeout",
    "edge_block",
    "fallback",
]
"""How the provider is. fallback: it refuses the key, and another one that is configured takes over."""
LOOP = "agent.conversation_loop"
ATTEMPTS = 3


@dataclass(frozen=True)
class Model:
    """The provider that a profile is configured for."""

    provider: str = "custom"
    name: str = "demo-model-1"
    base_url: str = "http://127.0.0.1:18080/v1"


@dataclass(frozen=True)
class Refusal:
    """How a provider refuses a call; ``again`` is whether Hermes tries again, ``status`` 0 is no answer at all."""

    error_type: str
    summary: str
    status: int = 0
    code: str = ""
    again: bool = False


REFUSALS = {
    "auth": Refusal(
        "AuthenticationError",
        "HTTP 401: Incorrect API key provided: sk-demo-****0000.",
        401,
        "invalid_api_key",
    ),
    "forbidden": Refusal(
        "PermissionDeniedError",
        "HTTP 403: Your account is not active, please check your billing details on our website.",
        403,
        "account_inactive",
    ),
    "billing": Refusal("APIStatusError", "HTTP 402: Insufficient credits. Add more to continue.", 402),
    "quota": Refusal(
        "RateLimitError",
        "HTTP 429: You exceeded your current quota, please check your plan and billing details.",
        429,
        "insufficient_quota",
        again=True,
    ),
    "rate_limit": Refusal(
        "RateLimitError",
        "HTTP 429: Rate limit reached for requests. Please try again in 20s.",
        429,
        "rate_limit_exceeded",
        again=True,
    ),
    "server": Refusal(
        "InternalServerError",
        "HTTP 500: The server had an error while processing your request. Sorry about that!",
        500,
        "server_error",
        again=True,
    ),
    "unreachable": Refusal("APIConnectionError", "Connection error.", again=True),
    "timeout": Refusal("APITimeoutError", "Request timed out.", again=True),
    "edge_block": Refusal("PermissionDeniedError", "HTTP 403 — Just a moment...", 403),
}


@dataclass(frozen=True)
class Turn:
    """What an agent's turn came to.

    Attributes:
        lines: what Hermes logs of it.
        error: what the run failed of, as Hermes notes it; None if it went well.
        refusal: how the configured provider refused.
    """

    lines: list[Line]
    error: str | None = None
    refusal: Refusal | None = None


def ask(state: State, model: Model, session: str, answer: Answer) -> Turn:
    """Return the turn of an agent whose session is called so, if the provider is in this state."""
    refusal = REFUSALS["auth" if state == "fallback" else state] if state != "ok" else None
    if refusal is None:
        return Turn(_answered(model, session, answer))
    failed = [_attempt(refusal, model, session, 1)]
    if state == "fallback":
        took_over = Line(
            "INFO",
            "agent.chat_completion_helpers",
            f"Fallback activated: {model.name} → backup-model (openrouter)",
            session,
        )
        backup = Model("openrouter", "backup-model", "https://openrouter.ai/api/v1")
        return Turn([*failed, took_over, *_answered(backup, session, answer)], refusal=refusal)
    if refusal.again:
        for number in range(2, ATTEMPTS + 1):
            waits = f"Retrying API call in {number}.4s (attempt {number - 1}/{ATTEMPTS}): {_body(refusal)}"
            failed += [Line("WARNING", LOOP, waits, session), _attempt(refusal, model, session, number)]
        last = (
            f"API call failed after {ATTEMPTS} retries. {refusal.summary} | "
            f"provider={model.provider} model={model.name} msgs=2 tokens=~1,694"
        )
    else:
        last = f"Non-retryable client error: {_body(refusal)}"
    return Turn([*failed, Line("ERROR", LOOP, last, session)], f"RuntimeError: {refusal.summary}", refusal)


def _attempt(refusal: Refusal, model: Model, session: str, number: int) -> Line:
    text = (
        f"API call failed (attempt {number}/{ATTEMPTS}) error_type={refusal.error_type} "
        f"thread=ThreadPoolExecutor-1_0:139873707087552 provider={model.provider} "
        f"base_url={model.base_url} model={model.name} summary={refusal.summary}"
    )
    return Line("WARNING", LOOP, text, session)


def _body(refusal: Refusal) -> str:
    if not refusal.status:
        return refusal.summary
    if "—" in refusal.summary:
        return "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head></html>"
    message = refusal.summary.partition(": ")[2] or refusal.summary
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": refusal.code or None}
    return f"Error code: {refusal.status} - {{'error': {error}}}"


def _answered(model: Model, session: str, answer: Answer) -> list[Line]:
    if answer != "empty":
        length = 8 if answer == "silent" else 49
        return [_call(model, session, 1), _ended(model, session, "text_response(finish_reason=stop)", 1, length)]
    lines = [_call(model, session, 1)]
    nothing = "Empty response (no content or reasoning)"
    for number in range(1, ATTEMPTS + 1):
        retry = f"{nothing} — retry {number}/{ATTEMPTS} (model={model.name})"
        lines += [Line("WARNING", LOOP, retry, session), _call(model, session, number + 1)]
    given_up = (
        f"{nothing} after {ATTEMPTS} retries. No fallback available. model={model.name} provider={model.provider}"
    )
    ended = _ended(model, session, "empty_response_exhausted", ATTEMPTS + 1, 7)
    return [*lines, Line("WARNING", LOOP, given_up, session), ended]


def _call(model: Model, session: str, number: int) -> Line:
    text = (
        f"API call #{number}: model={model.name} provider={model.provider} in=1694 out=12 total=1706 latency=0.4s"
    )
    return Line("INFO", LOOP, text, session)


def _ended(model: Model, session: str, reason: str, calls: int, length: int) -> Line:
    text = (
        f"Turn ended: reason={reason} model={model.name} api_calls={calls}/90 budget={calls}/90 tool_turns=0 "
        f"last_msg_role=assistant response_len={length} session={session}"
    )
    return Line("INFO", LOOP, text, session)
