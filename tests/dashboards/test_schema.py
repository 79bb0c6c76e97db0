"""Each dashboard is of the types that Grafana itself publishes, of the oldest and the newest version it is for."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboards.boards import FILES, board
from tests.dashboards.typescript import VERSIONS, complaints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Document = dict[str, Any]


def first(document: Document, kind: str) -> dict[str, Any]:
    """The first panel of a kind."""
    found: dict[str, Any] = next(panel for panel in document["panels"] if panel["type"] == kind)
    return found


FAULTS: dict[str, Callable[[Document], object]] = {
    "a panel of no such type": lambda board: first(board, "stat").update(type="statt"),
    "a place without a width": lambda board: first(board, "stat")["gridPos"].pop("w"),
    "a misspelt key of a query": lambda board: first(board, "table")["targets"][0].update(exprr="up"),
    "a colour mode that is none": lambda board: first(board, "stat")["options"].update(colorMode="backgrund"),
    "an option that is none": lambda board: first(board, "bargauge")["options"].update(showUnfiled=True),
    "thresholds of no such mode": lambda board: first(board, "stat")["fieldConfig"]["defaults"].update(
        thresholds={"mode": "abs", "steps": []}
    ),
    "a curve of no such style": lambda board: first(board, "timeseries")["fieldConfig"]["defaults"][
        "custom"
    ].update(drawStyle="dots"),
    "a time that is a text": lambda board: board.update(time="now"),
    "a key that no dashboard has": lambda board: board.update(titel="Hermes"),
    "a variable of no such type": lambda board: board["templating"]["list"][0].update(type="qurey"),
    "a link of no such type": lambda board: board["links"][0].update(type="dashbord"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafana_s_types_take_it(path: Path, version: str, tmp_path: Path) -> None:
    """The compiler finds nothing wrong with dashboard, panels, options and fields."""
    assert complaints(board(path.stem), version, tmp_path) == ""


@pytest.mark.parametrize("fault", FAULTS)
def test_grafana_s_types_refuse_what_is_wrong(fault: str, tmp_path: Path) -> None:
    """The check is no empty one: each of these is found."""
    document = copy.deepcopy(board("hermes-overview"))
    FAULTS[fault](document)

    assert complaints(document, VERSIONS[-1], tmp_path)
