"""PromQL for panels: expressions are written with bare metric names, and get the dashboard's variables here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.collectors import FAMILIES_OF_THE_HOST
from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.status.severity import of_condition

if TYPE_CHECKING:
    from collections.abc import Sequence

HOST = 'job=~"$job",instance=~"$instance"'
PROFILE = f'{HOST},profile=~"$profile"'
OPEN = 'alertname=~"Hermes.+",alertname!="HermesWatchdog",job=~"$job|",instance=~"$instance|",profile=~"$profile|"'
"""Alerts of ours: one that speaks of a whole host has no profile, one that was aggregated has no job."""
NAMED = re.compile(r"\b(hermes_[a-z0-9_]+|ALERTS(?:_FOR_STATE)?|up)\b(\{[^}]*\})?")
OF_THE_HOST = {"up", *(family.name for family in FAMILIES_OF_THE_HOST)}
BY_PROFILE = ("instance", "profile")
BY_JOB = (*BY_PROFILE, "job_id", "job_name")

CRITICAL = tuple(name for name in CONDITIONS if of_condition(name) == "critical")
WARNING = tuple(name for name in CONDITIONS if of_condition(name) == "warning")
VERDICTS = ("ok", "unknown", *reversed(CONDITIONS))
"""Of the headline, the best first."""


def query(expression: str) -> str:
    """Return an expression on one line, in which every metric is selected by the dashboard's variables."""

    def select(match: re.Match[str]) -> str:
        name, own = match[1], (match[2] or "{}")[1:-1]
        ours = OPEN if name.startswith("ALERTS") else HOST if name in OF_THE_HOST else PROFILE
        return f"{name}{{{','.join(part for part in (ours, own) if part)}}}"

    line = " ".join(expression.split()).replace("( ", "(").replace(" )", ")")
    return NAMED.sub(select, line)


def each(metric: str, by: Sequence[str] = BY_PROFILE, *, times: float = 1) -> str:
    """Return a metric with these labels alone; where several series have them, the greatest."""
    factor = f"{times:g} * " if times != 1 else ""
    return f"{factor}max by ({', '.join(by)}) ({metric})"


def moment(metric: str, by: Sequence[str] = BY_PROFILE) -> str:
    """Return a point in time with these labels alone, in milliseconds, as Grafana wants it."""
    return each(metric, by, times=1000)


def counted(metric: str, by: Sequence[str], window: str = "$__rate_interval") -> str:
    """Return by how much counters rose within a window, in whole numbers."""
    return f"round(sum by ({', '.join(by)}) (increase({metric}[{window}])))"


def ranked(metric: str, label: str, values: Sequence[str], by: Sequence[str] = BY_PROFILE) -> str:
    """Return the place in ``values`` of the one that is set, so that a timeline can show it in words."""
    terms = (f'{place} * ({metric}{{{label}="{value}"}} == 1)' for place, value in enumerate(values))
    return f"max by ({', '.join(by)}) ({' or '.join(terms)})"


def worst(metric: str, by: Sequence[str], *, number: int = 20) -> str:
    """Return the series of a metric that were greatest within the time that is shown, so many of them."""
    labels = ", ".join(by)
    top = f"topk({number}, max by ({labels}) (max_over_time({metric}[$__range] @ end())))"
    return f"max by ({labels}) ({metric}) and on ({labels}) {top}"


def severity(by: Sequence[str] = ()) -> str:
    """Return how bad it is: 3 needs somebody now, 2 can wait, 1 cannot tell, 0 all is well."""
    grouped = f"max by ({', '.join(by)})" if by else "max"
    return f"""{grouped} (
        3 * (hermes_profile_condition{{condition=~"{"|".join(CRITICAL)}"}} == 1)
        or 2 * (hermes_profile_condition{{condition=~"{"|".join(WARNING)}"}} == 1)
        or 1 * hermes_profile_health{{verdict="unknown"}}
        or 0 * hermes_profile_health
    )"""
