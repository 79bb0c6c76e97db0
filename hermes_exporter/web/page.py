"""The status page, rendered on the server without scripts or anything from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tornado.template import Loader

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.gather import Answer

_TEMPLATES = Loader(str(Path(__file__).parent), autoescape="xhtml_escape")

HEADLINES = {
    "ok": "well",
    "unknown": "unknown: it cannot be judged",
    "gateway_dead": "its gateway is dead",
    "gateway_frozen": "its gateway is alive and does nothing",
    "gateway_crash_looping": "its gateway crashes again and again",
    "scheduler_stalled": "its gateway lives, but its cron does not tick",
    "report_missing": "a report is missing",
    "provider_auth": "its model provider refuses its credentials",
    "provider_quota": "its model provider's quota is used up",
    "provider_unreachable": "its model provider cannot be reached",
    "platform_auth": "a messenger refuses its credentials",
    "degraded": "it runs on another model provider than it should",
    "platform_down": "its gateway has lost a messenger",
    "config_invalid": "its config.yaml does not parse, and Hermes ignores it",
}
PROOFS = {
    "lock": "a live process holds its lock",
    "pid_record": "the recorded process lives",
    "unit": "its unit has just started it",
    "host": "the gateway that serves it",
    "heartbeat": "its heartbeat",
    "none": "no live process found",
}


def render(answer: Answer, metrics_path: str, version: str) -> bytes:
    """Return the page as HTML."""
    return _TEMPLATES.load("page.html").generate(
        summary=_summary(answer.views),
        profiles=[_row(view) for view in answer.views],
        at=_moment(answer.at),
        metrics_path=metrics_path,
        version=version,
    )


def _summary(views: tuple[ProfileView, ...]) -> str:
    watched = [view for view in views if view.expected or view.headline != "ok"]
    if not watched:
        return "No gateway is expected to run."
    well = sum(view.headline == "ok" for view in watched)
    noun = "profile is" if len(watched) == 1 else "profiles are"
    return f"{well} of {len(watched)} {noun} well."


def _row(view: ProfileView) -> dict[str, object]:
    liveness = view.liveness
    gateway = {True: "alive", False: "dead", None: "unknown"}[liveness.up]
    if liveness.stopped:
        gateway = "stopped by a signal"
    elif liveness.up is False and not view.expected:
        gateway = "none, and none is expected"
    since = liveness.process.started_at if liveness.process else None
    return {
        "label": view.profile.label,
        "headline": HEADLINES.get(view.headline, view.headline),
        "well": view.headline == "ok",
        "gateway": gateway,
        "since": _moment(since) if since else "",
        "proof": PROOFS[liveness.proof],
        "units": [f"{unit.name} ({unit.scope}): {unit.active_state}/{unit.sub_state}" for unit in view.units],
        "unread": [name for name, succeeded in view.succeeded.items() if not succeeded],
    }


def _moment(seconds: float) -> str:
    local = datetime.fromtimestamp(seconds, UTC).astimezone()
    return local.strftime("%Y-%m-%d %H:%M:%S %Z")
