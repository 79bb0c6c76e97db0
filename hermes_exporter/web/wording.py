"""The words of the page for what the document of the status says; what is unknown is called unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.status.words import moment, plain, span

if TYPE_CHECKING:
    from hermes_exporter.status.document import GatewayStatus, PlatformStatus, ProfileStatus, UnitStatus

HEADLINES = {
    "ok": "well",
    "warning": "not well",
    "critical": "not well",
    "unknown": "cannot be judged",
    "gateway_dead": "its gateway is dead",
    "gateway_frozen": "its gateway lives and does nothing",
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
    "lock": "proof: a live process holds its lock",
    "pid_record": "proof: the process that it recorded lives",
    "unit": "proof: systemd has just started it",
    "host": "proof: that of the gateway that serves it",
    "heartbeat": "proof: its heartbeat only, its process is out of sight",
    "none": "no process of it was found",
}
MESSENGER_SOURCES = frozenset({"discovery", "gateway", "platforms"})
"""Collectors that read where messengers are configured and noted."""
EVIDENCE = {
    "ledger": "proved by Hermes' ledger of deliveries",
    "log": "proved by Hermes' log",
    "claim": "Hermes says so, and nothing else proves it",
}


def gateway(profile: ProfileStatus, now: float) -> str:
    """Return how the gateway is, since when, and on what proof."""
    state = profile.gateway
    if state.state == "unknown":
        return "unknown: whether it lives cannot be told"
    if state.state == "none":
        unknown = "gateway" in profile.unread
        return f"none, and {'whether one is expected cannot be told' if unknown else 'nobody expects one'}"
    whose = f"that of {state.host}, " if state.host else ""
    return f"{whose}{state.state}{_since(state, profile.zone, now)}; {PROOFS.get(state.proof, state.proof)}"


def _since(state: GatewayStatus, zone: str, now: float) -> str:
    if state.since is None:
        return ", since when is unknown" if state.state == "alive" else ""
    when, lasts = moment(state.since, now, zone), span(now - state.since)
    return f" since {when}, for {lasts}" if state.state == "alive" else f", last sign of life {when}, {lasts} ago"


def unit(state: UnitStatus) -> str:
    """Return a unit with what systemd says of it."""
    ended = f", exit status {state.exit_status}" if state.exit_status else ""
    return f"{state.name} ({state.scope}): {state.state}, {state.sub_state}{ended}"


def platforms(profile: ProfileStatus, now: float) -> list[str]:
    """Return a line for each messenger, or the one that says why there is none."""
    if profile.platforms is None:
        return ["unknown: nobody looks at them"]
    if not profile.platforms and not MESSENGER_SOURCES.isdisjoint(profile.unread):
        return ["unknown: they could not be read"]
    return [_platform(each, profile.zone, now) for each in profile.platforms] or ["none is configured"]


def _platform(each: PlatformStatus, zone: str, now: float) -> str:
    if each.state is None:
        return f"{each.name}: unknown, no live gateway says anything of it"
    since = f" since {moment(each.since, now, zone)}" if each.since is not None else ""
    given_up = "; it needs you, the gateway has given up on it" if each.needs_attention else ""
    return f"{each.name}: {each.state}{since} (Hermes says){given_up}"


def last_report(profile: ProfileStatus, now: float) -> str:
    """Return which report arrived last, when, and what proves it."""
    last = profile.last_report
    if last is None:
        return "none came yet" if _known(profile) else "unknown"
    ago = f"{moment(last.at, now, profile.zone)}, {span(now - last.at)} ago"
    proof = f"; {EVIDENCE[last.evidence]}" if last.evidence else ""
    return f"{plain(last.job_name)}: {ago}{proof}"


def next_report(profile: ProfileStatus, now: float) -> str:
    """Return which report is due next, and when."""
    due = profile.next_report
    if due is None:
        return "none is due" if _known(profile) else "unknown"
    return f"{plain(due.job_name)}: {moment(due.at, now, profile.zone)}, in {span(due.at - now)}"


def _known(profile: ProfileStatus) -> bool:
    """Whether no job is left out, and none of those that are on is unjudged."""
    return profile.jobs_known and all(job.judged for job in profile.jobs if job.enabled)


def zone(profile: ProfileStatus) -> str:
    """Return the zone of all its times."""
    mismatch = ", but Hermes writes in another zone than it is told to use" if profile.zone_mismatch else ""
    return f"{profile.zone}{mismatch}"
