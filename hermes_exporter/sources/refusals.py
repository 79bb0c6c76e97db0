"""What a failed call of a model provider was, by its text: as Hermes classifies it (agent/error_classifier.py).

The text of the same failure stands in a log's record and, at the end of a job's run, in ``last_error``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_ATTEMPT = "1"
_LOOKED_AT = 4096
"""Characters of a noted error."""
_CODEX = "response.status="
"""A failed Codex response was told before it is called invalid."""

_NO_JSON = "vars() argument must have __dict__"
"""Hermes' own error over a page in place of an answer in JSON. It ends the call, and follows an attempt of which
nothing is logged, so that it is never the first."""
_ENDS = frozenset({"401", "402", "403"})
"""Hermes calls no more after these, but for a limit that passes. Whatever attempt meets one, it is no echo."""
_BY_STATUS = {401: "auth", 403: "auth", 429: "rate_limit", 503: "overloaded", 529: "overloaded"}
_BILLING = re.compile(
    r"insufficient[ _](?:credits|quota|balance)|credit balance|credits (?:have been )?exhausted|no usable credits"
    r"|top up your credits|payment required|billing hard limit|exceeded your current quota|account is deactivated"
    r"|plan does not include|out of extra usage|out of funds|balance_depleted|free[ _]tier|key limit exceeded"
    r"|spending[ -]limit"
)
_USAGE_LIMIT = re.compile(r"usage limit|quota|limit exceeded")
_PASSES = re.compile(r"try again|retry|resets at|reset in|wait|requests remaining|periodic|window")
_OVERLOADED = re.compile(r"overloaded|(?:at|over) capacity")
_LIMITED = re.compile(
    r"rate[ _]limit|too many (?:concurrent )?requests|throttl|resource_exhausted|usage limit|quota|try again in"
)
_AUTH = re.compile(
    r"invalid[ _]api[ _]key|unauthorized|authentication|token (?:expired|revoked)|access denied|expiredtoken"
    r"|unrecognizedclient"
)
_AUTH_TYPES = frozenset({"AuthenticationError", "PermissionDeniedError", "AuthError"})
_TRANSPORT_TYPE = re.compile(
    r"APIConnectionError|\w*Timeout(?:Error)?|\w*Connect(?:ion)?\w*Error|RemoteProtocolError|ReadError"
)
_OF_RUN = re.compile(r"RuntimeError: (?:HTTP (?P<status>\d{3})(?P<edge> —)?)?")
_OURS = re.compile(r"RuntimeError: (?:Skipped to prevent|Gateway shutdown|Agent completed)")
"""Hermes ended the run itself: the words that follow quote other things."""
_NO_ANSWER = re.compile(r"RuntimeError: (?:Connection error|Request timed out)")
_LOGIN = re.compile(r"re-authenticate|not logged in|no llm provider configured|no usable credentials found")
_STILL_VALID = re.compile(r"quota exhausted \(429\)|credentials are still valid|rate limit active")


def of_run(error: str) -> str:
    """Return what a run failed for, by the error that Hermes noted: ``auth`` or a class of provider errors.

    Scripts, time limits and tools end in errors of other kinds, whatever they quote.
    """
    found = _OF_RUN.match(error)
    if not found or _OURS.match(error):
        return "other"
    lowered = error[found.end() :][:_LOOKED_AT].lower()
    if found["status"]:
        return "edge_block" if found["edge"] else _with_status(int(found["status"]), lowered)
    if _NO_ANSWER.match(error):
        return "transport"
    if _STILL_VALID.search(lowered):
        return "rate_limit"
    return "auth" if _LOGIN.search(lowered) else _without_status("", lowered)


def by_text(kind: str, fields: Mapping[str, str], text: str) -> str:
    """Return what one failed call counts under; empty for another attempt of the same call.

    ``text`` is what follows the part of the record that its pattern matched, as long as it was kept.
    """
    error = _by_text(kind, fields, text)
    if fields.get("attempt", FIRST_ATTEMPT) == FIRST_ATTEMPT or text.startswith(_NO_JSON):
        return error
    return error if fields.get("status") in _ENDS and error != "rate_limit" else ""


def _by_text(kind: str, fields: Mapping[str, str], text: str) -> str:
    if kind == "provider_invalid_response":
        return "" if text.startswith(_CODEX) else "invalid_response"
    lowered = text.lower()
    if kind == "provider_codex_failed":
        return _without_status("", lowered)
    status = fields.get("status")
    if status is None:
        return _without_status(fields.get("error_type", ""), lowered)
    return "edge_block" if text.startswith(" —") else _with_status(int(status), lowered)


def _with_status(status: int, text: str) -> str:
    if status == 402:
        return "rate_limit" if _USAGE_LIMIT.search(text) and _PASSES.search(text) else "billing"
    if status in (400, 403, 404) and _BILLING.search(text):
        return "billing"
    if status == 429 and _OVERLOADED.search(text):
        return "overloaded"
    return _BY_STATUS.get(status, "server" if status >= 500 else "other")


def _without_status(error_type: str, text: str) -> str:
    if error_type in _AUTH_TYPES or _AUTH.search(text):
        return "auth"
    if text.startswith(_NO_JSON):
        return "invalid_response"
    if _TRANSPORT_TYPE.fullmatch(error_type):
        return "transport"
    if _BILLING.search(text):
        return "billing"
    if _OVERLOADED.search(text):
        return "overloaded"
    return "rate_limit" if _LIMITED.search(text) else "other"
