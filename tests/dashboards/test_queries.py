"""Every query of every dashboard, asked of a real Prometheus that has watched two hosts for half a day."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.dashboards.boards import Query, asked, queries
from tests.dashboards.prometheus import Prometheus
from tests.dashboards.story import HOURS
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

QUERIES = queries()
NOTHING_IS_RIGHT = {
    "hermes_exporter_log_bytes_lost_total": "nothing is lost while the exporter looks every minute",
    "hermes_gateway_code_stale": "both the running and the installed version must be known: a real installation",
    "hermes_platform_needs_attention": "written by Hermes 0.21 and newer for a messenger that gave up",
}
"""Families of which the simulated hosts have nothing, or which rose by nothing, and why that is right."""


class Watched(NamedTuple):
    """A Prometheus with a past, and when that ends, Unix seconds."""

    prometheus: Prometheus
    now: float


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Prometheus, once the alerts of the story fire."""
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"))
    try:
        prometheus.live_through()
        until(lambda: prometheus.instant('ALERTS{alertname="HermesGatewayDead",alertstate="firing"}', _present()),
              60, "an alert that fires")  # fmt: skip
        yield Watched(prometheus, _present())
    finally:
        prometheus.stop()


def _present() -> float:
    import time

    return time.time()


def answer(watched: Watched, query: Query) -> tuple[int, int]:
    start, end = watched.now - HOURS * 3600, watched.now
    expression, step = asked(query.target["expr"], start, end, query.panel.get("interval") or "")
    if query.target.get("instant"):
        found = watched.prometheus.instant(expression, end)
        return len(found), len(found)
    found = watched.prometheus.range(expression, start, end, step)
    return len(found), sum(len(series["values"]) for series in found)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_query_has_an_answer(watched: Watched, query: Query) -> None:
    """It is PromQL, names what is there, and returns data, unless it is known why not."""
    series, points = answer(watched, query)
    sys.stdout.write(f"{query.name}: {series} series, {points} points: {query.target['expr']}\n")
    assert bool(points) != any(family in query.target["expr"] for family in NOTHING_IS_RIGHT)
