"""Every query of every dashboard, asked of a real Prometheus that has watched two hosts for half a day."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.dashboards.boards import Query, asked, marks, queries
from tests.dashboards.prometheus import Prometheus
from tests.dashboards.story import DEAD, DEAD_HOST, HOURS, MISSING
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(300)  # the first test waits for half a day to be lived

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
        until(lambda: prometheus.instant('ALERTS{alertname="HermesGatewayDead",alertstate="firing"}', time.time()),
              60, "an alert that fires")  # fmt: skip
        yield Watched(prometheus, time.time())
    finally:
        prometheus.stop()


def answer(watched: Watched, query: Query, end: float | None = None) -> list[dict[str, Any]]:
    """What the query brings for the half day until a moment, the present if none is given."""
    end = watched.now if end is None else end
    start = end - HOURS * 3600
    expression, step = asked(query.target["expr"], start, end, query.panel.get("interval") or "")
    if query.target["instant"]:
        return watched.prometheus.instant(expression, end)
    return watched.prometheus.range(expression, start, end, step)


def points(found: list[dict[str, Any]]) -> int:
    """How many values these series have."""
    return sum(len(series.get("values", [0])) for series in found)


def of(board: str, title: str, ref: str = "A") -> Query:
    """One query, by its panel's title."""
    (found,) = (
        each for each in QUERIES if (each.board, each.panel["title"], each.target["refId"]) == (board, title, ref)
    )
    return found


def value(found: list[dict[str, Any]]) -> float:
    """The one figure of a tile."""
    (series,) = found
    return float(series["value"][1])


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_query_has_an_answer(watched: Watched, query: Query) -> None:
    """It is PromQL, names what is there, and returns data, unless it is known why not."""
    found = answer(watched, query)
    sys.stdout.write(f"{query.name}: {points(found)} points of {len(found)} series: {query.target['expr']}\n")
    assert bool(found) != any(family in query.target["expr"] for family in NOTHING_IS_RIGHT)


@pytest.mark.parametrize(("name", "annotation"), marks(), ids=[f"{n}: {a['name']}" for n, a in marks()])
def test_annotation_has_an_answer(watched: Watched, name: str, annotation: dict[str, Any]) -> None:
    """Restarts and alerts of the story are marked."""
    expression, step = asked(annotation["expr"], watched.now - HOURS * 3600, watched.now)

    assert points(watched.prometheus.range(expression, watched.now - HOURS * 3600, watched.now, step))


def test_the_tiles_tell_the_story(watched: Watched) -> None:
    """One report is missing and one gateway is dead: that is what the first line says, and that it is urgent."""
    tiles = ("Is all well?", "Reports missing", "Gateways dead")

    assert [value(answer(watched, of("hermes-overview", title))) for title in tiles] == [3, 1, 1]
    assert value(answer(watched, of("hermes-overview", "Alerts open"))) >= 1


def test_the_missing_report_is_named(watched: Watched) -> None:
    """The table has that report alone, with the moment at which it was due, and one at which it last arrived."""
    due, arrived = (answer(watched, of("hermes-overview", "Which report is missing, and since when", ref))
                    for ref in ("A", "C"))  # fmt: skip
    (row,) = due

    assert row["metric"]["job_name"] == MISSING
    assert value(due) / 1000 == pytest.approx(watched.now - 100 * 60, abs=600)
    assert value(arrived) / 1000 == pytest.approx(value(due) / 1000 - 8 * 3600, abs=900)


def test_the_dead_gateway_is_named(watched: Watched) -> None:
    """An open alert says whose gateway is dead, and since when in the time of this host."""
    rows = {row["metric"]["alertname"]: row for row in answer(watched, of("hermes-overview", "Open alerts"))}
    dead = rows["HermesGatewayDead"]

    assert (dead["metric"]["instance"], dead["metric"]["profile"]) == (DEAD_HOST, DEAD)
    assert float(dead["value"][1]) / 1000 == pytest.approx(watched.now, abs=300)


def test_a_row_of_fates(watched: Watched) -> None:
    """A report in order that then is missing changes its colour once; one with nothing to say has its own."""
    found = answer(watched, of("hermes-reports", "What became of each report"))
    rows = {row["metric"]["job_name"]: [float(each) for _, each in row["values"]] for row in found}

    changes = [
        state for state, before in zip(rows[MISSING], [None, *rows[MISSING]], strict=False) if state != before
    ]
    assert changes == [1, 5]
    assert 2 in rows["Inbox triage"]
    assert {4, 5} & set(rows["Orders"])


def test_silence_is_no_good_news(watched: Watched) -> None:
    """Where nobody watches, the first tile says so, and no tile has a figure that would be green."""
    before = watched.now - 10 * 86400

    assert value(answer(watched, of("hermes-overview", "Is all well?"), before)) == -1
    for each in QUERIES:
        if each.panel["type"] == "stat" and each.panel["title"] not in ("Is all well?", "Alerts open"):
            assert answer(watched, each, before) == [], each.name
            assert each.panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] != "green"
