"""Scans to counts and newest times: all that is kept of the logs.

What is one refusal, ``("auth", plane, name)``:

- of a model provider: one credential turned down for one call (``API call failed (attempt 1/N)`` with a 401, a
  403 that is no bill, or no status and the words of one), or found missing or expired before a call (``primary
  auth failed``). Of a pool of n credentials that are all refused, the last one is told so and the others by
  ``rotated to pool entry``: n refusals. Retries, what is said again as an ERROR or by the cron job, marks on
  the pool, refreshed tokens, side tasks and tools are none;
- of a messaging platform: one connect, poll or send that it turned down for the bot's credential. A start that
  fails says so in several records and is one; the gateway's next attempt, half a minute to five minutes later,
  is another.

Everything else that failed counts under ``("provider", provider, class)`` or ``("platform", platform, class)``,
once for each call or attempt likewise, ``("records", level)`` is what stands in errors.log, and ``("future",)``
counts stamps that cannot be.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter.logs.names import OTHER
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermes_exporter.logs.events import Event
    from hermes_exporter.logs.names import Names
    from hermes_exporter.logs.scan import Scan

Key = tuple[str, ...]

PROVIDER_CLASSES = (
    "billing",
    "rate_limit",
    "overloaded",
    "server",
    "transport",
    "edge_block",
    "invalid_response",
    "other",
)
PLATFORM_CLASSES = ("transport", "rate_limit", "conflict", "config", "send", "other")

DELIVERED = "cron_delivered"
OF_JOBS = frozenset(
    {
        DELIVERED,
        "cron_silent",
        "cron_deliver_failed",
        "cron_deliver_assumed",
        "cron_deliver_partial",
    }
)
"""Kinds of which the newest of each job and platform is kept, as ``(kind, job, platform)``; the platform is empty
where the record names none."""
MAX_TIMES = 4096
"""More are never kept: the oldest of jobs go first, whose ids anybody can make up who can write into a log."""
FORGET_SECONDS = 90 * 86400.0
"""So much older than the newest thing that is known, what a log told of a job is dropped."""
MAX_TOLD = 32
"""So many of the newest records of each job, kind and platform are told apart."""
MAX_MET = 4
"""So many of the newest failures of a kind are told apart."""
ONE_CALL_SECONDS = 60.0
"""What fails so soon after another of its kind may be the same call: with the next credential, or begun anew."""


class Tally(Value):
    """Counts and newest times of some portions of log; two of them add up to one.

    Attributes:
        counts: never fall.
        times: newest stamp of what the key names, seconds of the writer's wall clock since 1970-01-01 00:00:
            ``("auth", plane, name)``, ``("answered", provider)``, ``("connected", platform)``,
            ``("served", platform)``, ``("fallback", provider)``, ``("oauth_dead", provider)`` and OF_JOBS.
        met: stamps of the newest failed calls of a provider, oldest first, by the key that they count under.
        told: stamps of the newest records of OF_JOBS, oldest first.
    """

    counts: dict[Key, int] = field(default_factory=dict)
    times: dict[Key, float] = field(default_factory=dict)
    met: dict[Key, tuple[float, ...]] = field(default_factory=dict)
    told: dict[Key, tuple[float, ...]] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        counts, times, met = dict(self.counts), dict(self.times), dict(self.met)
        for key, count in other.counts.items():
            counts[key] = counts.get(key, 0) + count
        for key, at in other.times.items():
            times[key] = max(at, times.get(key, -math.inf))
        for key, stamps in other.met.items():
            met[key] = _apart((*met.get(key, ()), *stamps))
        bounded, told = _bounded(times), dict(self.told)
        for key, stamps in other.told.items():
            told[key] = _newest((*told.get(key, ()), *stamps))
        if len(bounded) < len(times):
            told = {key: stamps for key, stamps in told.items() if key in bounded}
        return Tally(counts, bounded, met, told)

    def placed(self, place: Callable[[float], tuple[float, float]]) -> Tally:
        """Return the tally with every stamp as the first of the moments that ``place`` takes it for.

        What was told of jobs is kept under both: a run is looked for at either.
        """
        return Tally(
            self.counts,
            {key: place(at)[0] for key, at in self.times.items()},
            {key: tuple(place(at)[0] for at in stamps) for key, stamps in self.met.items()},
            {key: _newest(moment for at in stamps for moment in place(at)) for key, stamps in self.told.items()},
        )


def tally(scans: Iterable[Scan], names: Names, ahead: Callable[[float], bool] = lambda _stamp: False) -> Tally:
    """Count what portions of log tell.

    ``ahead`` says which stamps cannot be: they are counted as future and give no time.
    """
    counts: Counter[Key] = Counter()
    heard: dict[Key, list[float]] = {}
    for scan in scans:
        for key, stamps in _told(scan, names, counts):
            known = heard.get(key)
            if known is None:
                heard[key] = [*stamps]
            else:
                known.extend(stamps)
    times: dict[Key, float] = {}
    met: dict[Key, tuple[float, ...]] = {}
    told: dict[Key, tuple[float, ...]] = {}
    for key, said in heard.items():
        believed = [at for at in said if not ahead(at)]
        if len(believed) < len(said):
            counts["future",] += len(said) - len(believed)
        if not believed:
            continue
        if key[0] == "provider" or key[:2] == ("auth", "provider"):
            met[key] = _apart(believed)
        if key[0] != "provider":
            times[key] = max(believed)
        if key[0] in OF_JOBS:
            told[key] = _newest(believed)
    return Tally(dict(counts), _bounded(times), met, told)


def _told(scan: Scan, names: Names, counts: Counter[Key]) -> Iterator[tuple[Key, tuple[float, ...]]]:
    """Count the records and errors of a portion; yield what happened when."""
    for level, number in scan.levels.items():
        counts["records", level] += number
    for provider, (_, at) in scan.answered.items():
        yield ("answered", names.provider(provider)), (at,)
    for (job, platform), (_, stamps) in scan.delivered.items():
        yield (DELIVERED, job, names.platform(platform)), stamps
    for event in scan.events:
        error = _error(event, names)
        if error:
            counts[error] += 1
            if error[0] != "platform":
                yield error, (event.at,)
        fact = _fact(event, names)
        if fact:
            yield fact, (event.at,)


def _error(event: Event, names: Names) -> Key | None:
    if not event.error:
        return None
    if event.plane == "platform":
        name = names.platform(event.fields.get("platform", OTHER))
    else:
        name = names.provider(event.fields.get("provider"), event.job)
    return ("auth", event.plane, name) if event.error == "auth" else (event.plane, name, event.error)


def _fact(event: Event, names: Names) -> Key | None:
    """Return what the time of an event is remembered as, if at all."""
    platform = event.fields.get("platform")
    if event.kind in OF_JOBS:
        return (event.kind, event.job, names.platform(platform) if platform else "") if event.job else None
    if event.kind == "platform_connected":
        return ("connected", names.platform(platform or OTHER))
    if event.kind == "platform_served":
        return ("served", names.platform(platform or OTHER))
    if event.kind == "provider_fallback_used":
        return ("fallback", names.provider(event.fields.get("provider"), event.job))
    if event.kind == "provider_oauth_dead":
        return ("oauth_dead", names.provider(event.fields.get("provider")))
    return None


def _apart(stamps: Iterable[float]) -> tuple[float, ...]:
    """Return the newest few stamps, of those that may be the same call the first."""
    kept: list[float] = []
    for at in sorted(stamps):
        if not kept or at - kept[-1] >= ONE_CALL_SECONDS:
            kept.append(at)
    return tuple(kept[-MAX_MET:])


def _newest(stamps: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted(set(stamps))[-MAX_TOLD:])


def _bounded(times: dict[Key, float]) -> dict[Key, float]:
    """Return the times without those of jobs that are too old, or too many."""
    since = max(times.values(), default=0.0) - FORGET_SECONDS
    of_jobs = [key for key in times if key[0] in OF_JOBS]
    dropped = {key for key in of_jobs if times[key] < since}
    excess = len(times) - len(dropped) - MAX_TIMES
    if excess > 0:
        left = sorted((key for key in of_jobs if key not in dropped), key=lambda key: times[key])
        dropped.update(left[:excess])
    return {key: at for key, at in times.items() if key not in dropped} if dropped else times
