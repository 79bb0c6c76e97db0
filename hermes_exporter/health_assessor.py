"""Judging provider and messengers of each profile: the logs' news are taken over, and weighed with what is noted.

Of a profile that another one's gateway serves nothing is said: what befalls it stands in its host's logs, where a
provider's records name no profile. The host itself answers for all that its logs tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hermes_exporter import health_signs, known_names
from hermes_exporter.collectors.view import LogFacts
from hermes_exporter.judge import credentials, provider_health
from hermes_exporter.times import FUTURE_TOLERANCE_SECONDS
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.cases import Case
    from hermes_exporter.health_signs import Told
    from hermes_exporter.home_reader import HomeLook
    from hermes_exporter.judge.credentials import ProviderCredentials
    from hermes_exporter.logs.news import LogMemory
    from hermes_exporter.memory import Memory

CONDITIONS = ("provider_auth", "provider_quota", "provider_unreachable", "platform_auth", "degraded")
JUST_AFTER_SECONDS = 0.001


class Health(Value):
    """Verdicts by condition, and moments (Unix seconds) that time alone brings a change with."""

    conditions: dict[str, bool | None]
    moments: tuple[float, ...] = ()


NOT_JUDGED = Health({})
UNKNOWN = Health(dict.fromkeys(CONDITIONS))


def take(looks: Iterable[HomeLook], memory: Memory) -> None:
    """Take over what is new in the logs of every home."""
    for look in looks:
        for label, news in look.logs.items():
            memory.of(label).logs.apply(news)


def facts(case: Case, memory: LogMemory) -> LogFacts | None:
    """Return what the logs tell of a profile; None where they, or its home, cannot be read."""
    if case.looks is None or not case.profile.present or memory.refused:
        return None
    return LogFacts(
        counts=memory.counts,
        times=memory.times,
        read_bytes=dict(memory.read_bytes),
        lost_bytes=dict(memory.lost_bytes),
        providers=known_names.providers_in_use(case.files),
    )


def judge(case: Case, memory: LogMemory, told: Told, now: float) -> Health:
    """Return the verdicts on a profile.

    Until its logs are read to their ends nobody can tell. Where one cannot be read, what was read before and what
    is noted elsewhere may still show that something is wrong, but not that all is well.
    """
    if case.looks is None or case.host or not case.profile.present or memory.behind or not memory.seen:
        return UNKNOWN
    ran = [stamp for runs in told.jobs if (stamp := runs.job.noted.last_run_at) is not None]
    last_used_at = max((*memory.times.values(), *ran), default=0.0)
    if told.dormant and now - last_used_at > provider_health.FRESH_SECONDS:
        return UNKNOWN
    signs = health_signs.of_provider(case, memory, told, now)
    verdicts = {
        "provider_auth": provider_health.provider_auth(signs, now),
        "provider_quota": provider_health.provider_quota(signs, now),
        "provider_unreachable": provider_health.provider_unreachable(signs, now),
        "platform_auth": None,
        "degraded": provider_health.degraded(signs),
    }
    if told.platforms is not None:
        verdicts["platform_auth"] = provider_health.platform_auth(
            health_signs.of_platform(platform, memory) for platform in told.platforms
        )
    if memory.refused:
        verdicts = {name: verdict or None for name, verdict in verdicts.items()}
    fresh = [signs.well_at]
    if told.dormant:
        fresh.append(last_used_at)
    if signs.hidden:
        fresh += (trouble.newest for trouble in (signs.refused, signs.quota, signs.unreachable))
    ahead = [stamp for stamp in ran if stamp > now]
    ahead += (at + credentials.COOL_DOWN_SECONDS + JUST_AFTER_SECONDS for at in signs.quota.met_at)
    lone = health_signs.met_a_limit_once(told.jobs)
    if lone is not None and lone.job.noted.last_run_at is not None:
        ahead.append(lone.job.noted.last_run_at + credentials.COOL_DOWN_SECONDS + JUST_AFTER_SECONDS)
    stale = (at + provider_health.FRESH_SECONDS + JUST_AFTER_SECONDS for at in fresh)
    return Health(verdicts, (*stale, *ahead))


class Verdicts:
    """Judges credentials and health of every profile, again only when something or the time changed them."""

    def __init__(self) -> None:
        self._credentials: dict[str, tuple[object, float, tuple[ProviderCredentials, ...]]] = {}
        self._health: dict[str, tuple[object, float, Health]] = {}

    def credentials(self, case: Case, now: float) -> tuple[ProviderCredentials, ...]:
        """Return the verdicts on a profile's credentials."""
        label, stores = case.profile.label, (case.files.auth, case.files.root_auth)
        kept = self._credentials.get(label)
        if kept is None or kept[0] != stores or now >= kept[1]:
            kept = (stores, _first(credentials.moments(*stores), now), credentials.judge(*stores, now))
            self._credentials[label] = kept
        return kept[2]

    def health(self, case: Case, memory: LogMemory, told: Told, now: float) -> Health:
        """Return the verdicts on a profile, and when time alone may change them."""
        label, settings = case.profile.label, case.files.settings
        known = (told, settings, memory.changes, case.looks is None, case.host is None, case.profile.present)
        kept = self._health.get(label)
        if kept is None or kept[0] != known or now >= kept[1]:
            health = judge(case, memory, told, now)
            ahead = (moment - early for moment in health.moments for early in (0.0, FUTURE_TOLERANCE_SECONDS))
            kept = self._health[label] = (known, _first(ahead, now), health)
        return kept[2]


def _first(moments: Iterable[float], now: float) -> float:
    return min((moment for moment in moments if moment > now), default=math.inf)
