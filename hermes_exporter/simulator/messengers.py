"""The messengers that a report goes to: what becomes of it, what Hermes logs, and what it notes of a failure.

Mattermost and Telegram, as a gateway with Hermes' own adapters talks to them. A live adapter that fails is
followed by a second attempt without it, which for Mattermost fails of a fault of Hermes' own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hermes_exporter.simulator.logs import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermes_exporter.simulator.book import Outcome

State = Literal["ok", "refusing", "auth", "unreachable", "hanging", "limping", "conflict"]
"""How a messenger is. refusing: it answers 503; auth: it refuses the token (Telegram: the bot is blocked);
unreachable: nothing answers; hanging: it takes the connection and never answers, so that Hermes assumes delivery
after a minute; limping: the live adapter fails, the second attempt arrives; conflict: another process polls the
same Telegram bot, which takes messages as ever."""
HANG_SECONDS = 60.0
SCHEDULER = "cron.scheduler"
ADAPTERS = {name: f"hermes_plugins.{name}_platform.adapter" for name in ("mattermost", "telegram")}
EXPIRED = (
    '{"id": "api.context.session_expired.app_error", '
    '"message": "Invalid or expired session, please login again.", "status_code": 401}'
)
BUSY = '{"id": "api.unavailable.app_error", "message": "Service unavailable.", "status_code": 503}'
NO_CONNECTION = "Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed ('127.0.0.1', 9)]"
NO_TASK = "Plugin platform send failed: Timeout context manager should be used inside a task"
NO_NAME = "Telegram send failed: httpx.ConnectError: [Errno -3] Temporary failure in name resolution"
BLOCKED = "Forbidden: bot was blocked by the user"


@dataclass(frozen=True)
class Target:
    """One place that a report goes to."""

    platform: str
    chat: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.chat}"


@dataclass
class Sent:
    """What became of one message. ``error`` is what Hermes notes of it, None if it believes in its delivery."""

    lines: list[Line]
    outcome: Outcome
    error: str | None = None
    seconds: float = 0.03


def targets(
    job_id: str, job_name: str, deliver: str, homes: Mapping[str, str]
) -> tuple[list[Target], Sent | None]:
    """Return where a report goes, or what becomes of it where there is no such place.

    ``deliver`` is what the job says, ``homes`` the chat that each configured messenger calls home.
    """
    found = []
    for part in deliver.split(","):
        platform, _, chat = part.strip().partition(":")
        if platform == "all":
            found += [Target(name, home) for name, home in homes.items()]
        elif platform == "origin" and homes:
            found.append(Target(*next(iter(homes.items()))))
        elif chat or platform in homes:
            found.append(Target(platform, chat or homes[platform]))
    if found:
        return found, None
    if deliver == "local":
        return [], Sent([], "local")
    if deliver == "origin":
        said = (
            f"Job '{job_name}': deliver=origin but no origin or home channels — "
            "skipping delivery (output saved in last_output)"
        )
        return [], Sent([Line("INFO", SCHEDULER, said)], "local")
    error = f"no delivery target resolved for deliver={deliver}"
    return [], Sent([Line("WARNING", SCHEDULER, f"Job '{job_id}': {error}")], "not_configured", error)


def fell_back(job_name: str, target: Target) -> Line:
    """Return what Hermes logs of a report to its origin that has none."""
    text = f"Job '{job_name}' has deliver=origin but no origin; falling back to {target.platform} home channel"
    return Line("INFO", SCHEDULER, text)


def send(job_id: str, target: Target, state: State | None, *, live: bool) -> Sent:
    """Return what becomes of a message, if its messenger is in this state, None being not configured.

    ``live`` is whether a gateway sends it over its own connection; the command line has none, nor has a gateway
    that could not connect.
    """
    if state is None:
        error = f"platform '{target.platform}' not configured/enabled"
        return Sent([Line("WARNING", SCHEDULER, f"Job '{job_id}': {error}")], "not_configured", error)
    if state in ("ok", "conflict"):
        return Sent([_delivered(job_id, target, live=live)], "delivered")
    if state == "hanging" and live:
        assumed = (
            f"Job '{job_id}': live adapter send to {target} timed out after 60s; already dispatched (in flight), "
            "assuming delivered (skipping standalone fallback to avoid duplicate)"
        )
        lines = [Line("WARNING", SCHEDULER, assumed), _delivered(job_id, target, live=True)]
        return Sent(lines, "unverified", seconds=HANG_SECONDS)
    if not live:
        return _second(job_id, target, state, [], [])
    said, reason = _live_failure(target, state)
    retry = f"live adapter delivery to {target} failed: {reason}"
    lines = [*said, Line("WARNING", SCHEDULER, f"Job '{job_id}': {retry}, falling back to standalone")]
    return _second(job_id, target, state, lines, [f"live adapter send failed: {reason}", retry])


def _live_failure(target: Target, state: State) -> tuple[list[Line], str]:
    if target.platform == "telegram":
        return [], BLOCKED if state == "auth" else "send_path_degraded"
    what = {
        "auth": f"MM API POST posts → 401: {EXPIRED}",
        "unreachable": f"MM API POST posts network error: {NO_CONNECTION}",
    }.get(state, f"MM API POST posts → 503: {BUSY}")
    return [Line("ERROR", ADAPTERS["mattermost"], what)], "Failed to create post"


def _second(job_id: str, target: Target, state: State, lines: list[Line], errors: list[str]) -> Sent:
    """Return what becomes of an attempt without a live adapter, after what one logged and failed of, if any."""
    if state == "limping":
        return Sent([*lines, _delivered(job_id, target, live=False)], "delivered")
    if target.platform == "telegram":
        error = f"Telegram send failed: {BLOCKED}" if state == "auth" else NO_NAME
    elif errors:
        error = NO_TASK
    else:
        error = {
            "auth": f"Mattermost API error (401): {EXPIRED}",
            "refusing": f"Mattermost API error (503): {BUSY}",
        }.get(state, f"Mattermost send failed (network): {NO_CONNECTION}")
    failed = Line("ERROR", SCHEDULER, f"Job '{job_id}': delivery error: {error}")
    return Sent([*lines, failed], "failed", "; ".join([*errors, f"delivery error: {error}"]))


def _delivered(job_id: str, target: Target, *, live: bool) -> Line:
    how = " via live adapter" if live else ""
    return Line("INFO", SCHEDULER, f"Job '{job_id}': delivered to {target}{how}")


def together(sent: list[Sent]) -> Outcome:
    """Return what became of a report that went to several places."""
    outcomes = {each.outcome for each in sent}
    if len(outcomes) == 1:
        return outcomes.pop()
    if outcomes <= {"delivered", "unverified"}:
        return "unverified"
    return "partial" if outcomes & {"delivered", "unverified"} else "failed"
