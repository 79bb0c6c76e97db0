"""What codes and numbers are called where people read them, and their colours, which suit dark and light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from dashboards.src.queries import VERDICTS, WARNING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GOOD, POOR, BAD, NEUTRAL, DOUBT = "green", "orange", "red", "blue", "purple"
QUIET = "#8e8e8e"
CALM = "text"
"""No colour: that of any text, on no background."""
Word = tuple[str, str]
"""Text and colour."""

SEVERITY = {
    -1: ("Nothing is watched", BAD),
    0: ("All is well", GOOD),
    1: ("Cannot tell", DOUBT),
    2: ("Can wait for morning", POOR),
    3: ("Needs you now", BAD),
}
NONE = {0: ("None", GOOD)}
YES_IS_GOOD = {0: ("no", BAD), 1: ("yes", GOOD)}
NO_IS_POOR = {0: ("no", POOR), 1: ("yes", GOOD)}
YES_IS_BAD = {0: ("no", GOOD), 1: ("yes", BAD)}
YES_IS_POOR = {0: ("no", GOOD), 1: ("yes", POOR)}
YES_OR_NO = {0: ("no", CALM), 1: ("yes", CALM)}
ALIVE = {0: ("dead", BAD), 1: ("alive", GOOD)}

_VERDICTS = {
    "ok": "well",
    "unknown": "cannot tell",
    "gateway_dead": "gateway is dead",
    "gateway_frozen": "gateway does nothing",
    "gateway_crash_looping": "gateway keeps crashing",
    "scheduler_stalled": "scheduler stands still",
    "report_missing": "report is missing",
    "provider_auth": "model refuses the key",
    "provider_quota": "model quota used up",
    "provider_unreachable": "model not reachable",
    "platform_auth": "messenger refuses the key",
    "platform_down": "messenger is down",
    "config_invalid": "config is broken",
    "degraded": "stand-in model",
}


def _colour(verdict: str) -> str:
    special = {"ok": GOOD, "unknown": DOUBT}
    return special.get(verdict, POOR if verdict in WARNING else BAD)


HEADLINES = {verdict: (_VERDICTS[verdict], _colour(verdict)) for verdict in VERDICTS}

OUTCOMES = {
    "delivered": ("delivered", GOOD),
    "suppressed": ("nothing to say", GOOD),
    "local": ("kept here, as wanted", GOOD),
    "partial": ("reached some, not all", POOR),
    "notice": ("failed, and said so", POOR),
    "unverified": ("sent, not confirmed", POOR),
    "queued": ("waits to be sent", POOR),
    "failed": ("reached nobody", BAD),
    "not_configured": ("has nowhere to go", BAD),
    "none": ("no word of it", DOUBT),
}
EVIDENCE = {
    "ledger": ("Hermes' ledger", CALM),
    "log": ("its log", CALM),
    "claim": ("only Hermes' word", POOR),
}
STATUSES = {
    "ok": ("ok", CALM),
    "error": ("failed", BAD),
    "delivery_failed": ("not delivered", BAD),
    "delivery_queued": ("queued", POOR),
    "blocked_config": ("blocked by its config", BAD),
    "other": ("something else", DOUBT),
}
RESULTS = {
    "settled": ("in time, or nothing to say", GOOD),
    "late": ("late", POOR),
    "missed": ("never came", BAD),
    "unknown": ("unknown", DOUBT),
}
LEVELS = {"WARNING": ("warning", POOR), "ERROR": ("error", BAD), "CRITICAL": ("critical", DOUBT)}
RUNS = {"completed": ("completed", GOOD), "failed": ("failed", BAD), "unknown": ("unknown", DOUBT)}
FATES = {
    0: ("cannot tell", DOUBT),
    1: ("in order", GOOD),
    2: ("nothing to say", NEUTRAL),
    3: ("came late", POOR),
    4: ("never came", BAD),
    5: ("missing now", BAD),
}
UNIT_STATES = {
    "active": ("running", GOOD),
    "reloading": ("reloading", NEUTRAL),
    "inactive": ("stopped", CALM),
    "failed": ("failed", BAD),
    "activating": ("starting", POOR),
    "deactivating": ("stopping", POOR),
    "maintenance": ("maintenance", DOUBT),
}
UNIT_RESULTS = {
    "success": ("in good order", GOOD),
    "exit-code": ("ended with an error", BAD),
    "signal": ("killed", BAD),
    "core-dump": ("crashed", BAD),
    "watchdog": ("hung, and was killed", BAD),
    "start-limit-hit": ("systemd gave up", BAD),
    "oom-kill": ("out of memory", BAD),
    "timeout": ("took too long", BAD),
}
EXITS = {
    0: ("0", CALM),
    9: ("9: killed", BAD),
    75: ("75: wanted a restart", CALM),
    78: ("78: its config is refused", BAD),
    200: ("200: its directory is gone", BAD),
    203: ("203: its Python is gone", BAD),
}
PLATFORM_STATES = {
    "connected": ("connected", GOOD),
    "connecting": ("connecting", NEUTRAL),
    "disconnected": ("disconnected", BAD),
    "retrying": ("tries again", POOR),
    "fatal": ("gave up", BAD),
    "paused": ("paused", QUIET),
    "disabled": ("switched off", QUIET),
    "other": ("something else", DOUBT),
}
CLAIMS = {
    "starting": ("starting", NEUTRAL),
    "running": ("running", GOOD),
    "degraded": ("degraded", POOR),
    "draining": ("draining", POOR),
    "stopped": ("stopped", CALM),
    "startup_failed": ("could not start", BAD),
    "other": ("something else", DOUBT),
}
PROOFS = {
    "lock": ("holds its lock", GOOD),
    "pid_record": ("its process lives", GOOD),
    "unit": ("its unit just started", GOOD),
    "host": ("another one serves it", GOOD),
    "heartbeat": ("its heartbeat", GOOD),
    "none": ("nothing found", BAD),
}
UPDATES = {
    "success": ("went well", GOOD),
    "partial": ("in part", POOR),
    "failed": ("failed", BAD),
    "refused": ("refused", POOR),
    "running": ("under way", NEUTRAL),
    "other": ("something else", DOUBT),
}


def mapping(words: Mapping[int, Word] | Mapping[str, Word]) -> ValueMap:
    """Return how Grafana shows values in words."""
    return ValueMap(
        {
            str(value): ValueMappingResult(text=text, color=None if colour == CALM else colour, index=place)
            for place, (value, (text, colour)) in enumerate(words.items())
        }
    )


def by_place(words: Mapping[str, Word], values: Sequence[str]) -> dict[int, Word]:
    """Return the words for what ``queries.ranked`` makes of these values."""
    return {place: words[value] for place, value in enumerate(values)}
