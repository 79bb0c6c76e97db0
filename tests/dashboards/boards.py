"""The committed dashboards, taken apart: panels, queries, and what Grafana makes of a query before it is asked."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = sorted((REPO / "dashboards").glob("*.json"))
POINTS = 1000
"""As many steps as a wide panel has, about."""
SCRAPE_SECONDS = 60.0
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Query(NamedTuple):
    """One query of one panel."""

    board: str
    panel: dict[str, Any]
    target: dict[str, Any]

    @property
    def name(self) -> str:
        """How tests call it."""
        return f"{self.board}: {self.panel['title']}: {self.target['refId']}"


def board(path_stem: str) -> dict[str, Any]:
    """One dashboard."""
    found: dict[str, Any] = json.loads((REPO / f"dashboards/{path_stem}.json").read_text())
    return found


def panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel that shows something: rows are none."""
    for panel in document["panels"]:
        assert not panel.get("panels"), "rows are open: what is folded is not seen"
        if panel["type"] != "row":
            yield panel


def queries() -> list[Query]:
    """Every query of every panel of every dashboard."""
    return [
        Query(path.stem, panel, target)
        for path in FILES
        for panel in panels(board(path.stem))
        for target in panel["targets"]
    ]


def marks() -> list[tuple[str, dict[str, Any]]]:
    """Every annotation with its dashboard."""
    return [(path.stem, each) for path in FILES for each in board(path.stem)["annotations"]["list"]]


def asked(expression: str, start: float, end: float, interval: str = "") -> tuple[str, float]:
    """What Prometheus is asked, and the step in seconds, where all of every variable is chosen."""
    least = seconds(interval) if interval else SCRAPE_SECONDS
    step = max(least, (end - start) / POINTS)
    rate = max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
    values = {
        "$job": "(hermes)",
        "$instance": ".+",
        "$profile": ".+",
        "$__rate_interval": f"{rate:.0f}s",
        "$__interval_ms": f"{step * 1000:.0f}",
        "$__range": f"{end - start:.0f}s",
        "${__from:date:seconds}": f"{start:.0f}",
    }
    for name in sorted(values, key=len, reverse=True):
        expression = expression.replace(name, values[name])
    assert "$" not in re.sub(r'"[^"]*"', "", expression), f"a variable without a value: {expression}"
    return expression, step


def seconds(text: str) -> float:
    """A duration such as 5m."""
    return float(text[:-1]) * UNITS[text[-1]]
