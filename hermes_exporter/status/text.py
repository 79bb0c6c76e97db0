"""The document for a person, and for Nagios: one line that monitoring shows, then a few lines per profile."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from hermes_exporter.status.words import moment, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermes_exporter.status.document import ProfileStatus, Severity, Status

    Paint = Callable[[str, Severity], str]

COUNTED: tuple[Severity, ...] = ("critical", "warning", "unknown")
LABEL_COLUMNS = 24
INDENT = "    "
UNBROKEN = "\N{NO-BREAK SPACE}"


def lines(status: Status, width: int, paint: Paint) -> Iterator[str]:
    """Yield the answer; only the first line and commands are longer than ``width``. ``paint`` colours a word."""
    verdict = paint(status.severity.upper(), status.severity)
    yield f"HERMES {verdict} - {status.sentence} | {_figures(status)}"
    labels = min(max((len(profile.label) for profile in status.profiles), default=0), LABEL_COLUMNS)
    words = max((len(profile.severity) for profile in status.profiles), default=0)
    for profile in status.profiles:
        word = profile.severity.upper()
        facts = "; ".join(_whole(fact, width) for fact in _facts(profile, status.at))
        told = f"{profile.label:<{labels}}  {word:<{words}}  {facts}"
        first, *more = _wrapped(told, width)
        before, found, after = first.partition(f"  {word}")
        yield f"{before}  {paint(word, profile.severity)}{after}" if found else first
        yield from more
        for problem in profile.problems:
            yield from _wrapped(f"  {problem.severity}: {problem.sentence}", width)
            if problem.command:
                yield f"      {problem.command}"


def _figures(status: Status) -> str:
    """Return what monitoring draws; a number that is not known is U."""
    counts = {"profiles": len(status.profiles)}
    counts |= {each: sum(profile.severity == each for profile in status.profiles) for each in COUNTED}
    jobs = [job for profile in status.profiles for job in profile.jobs]
    owed = [job.overdue for job in jobs if job.enabled or job.overdue]
    overdue = "U" if None in owed and True not in owed else str(owed.count(True))
    return " ".join([*(f"{name}={number};;;0" for name, number in counts.items()), f"jobs_overdue={overdue};;;0"])


def _facts(profile: ProfileStatus, now: float) -> Iterator[str]:
    enabled = [job for job in profile.jobs if job.enabled]
    if profile.gateway.state == "none" and profile.jobs_known and not enabled:
        yield "idle: no gateway expected, no jobs to run"
        return
    yield _gateway(profile, now)
    if not enabled:
        yield "no enabled jobs" if profile.jobs else "no jobs" if profile.jobs_known else "jobs unknown"
        return
    known = all(job.judged for job in enabled)
    yield _last(profile, now, known=known)
    yield _next(profile, now, known=known)


def _gateway(profile: ProfileStatus, now: float) -> str:
    gateway = profile.gateway
    if gateway.state == "none":
        return "no gateway"
    whose = f"gateway of {gateway.host}" if gateway.host else "gateway"
    lasts = "" if gateway.since is None else f" {span(now - gateway.since)}"
    return f"{whose} {'up' if gateway.state == 'alive' else gateway.state}{lasts}"


def _last(profile: ProfileStatus, now: float, *, known: bool) -> str:
    last = profile.last_report
    if last is None:
        return "no report came yet" if known else "last report unknown"
    claimed = " (Hermes says)" if last.evidence == "claim" else ""
    return f"last report {moment(last.at, now, profile.zone)}{claimed}"


def _next(profile: ProfileStatus, now: float, *, known: bool) -> str:
    due = profile.next_report
    if due is None:
        return "none is due" if known else "next unknown"
    return f"next {moment(due.at, now, profile.zone)}, in {span(due.at - now)}"


def _whole(fact: str, width: int) -> str:
    """Return a fact that is not broken off at the end of a line, if it fits into one."""
    return fact.replace(" ", UNBROKEN) if len(fact) <= width - len(INDENT) - 1 else fact


def _wrapped(text: str, width: int) -> list[str]:
    broken = textwrap.wrap(text, width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)
    return [line.replace(UNBROKEN, " ") for line in broken]
