"""Tables: a row per thing, a column per fact. Each fact is a query, whose answers are merged by their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.common import TableCellHeight
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.src.panels import DATASOURCE, target, thresholds
from dashboards.src.words import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboards.src.words import Word

AGO = "dateTimeFromNow"
"""Of moments in milliseconds: "3 hours ago", "in 2 days"."""
HIDDEN = ("Time", "job")
TITLE_PIXELS, MARGIN_PIXELS = 8, 20
RUNBOOKS = "https://github.com/hermes-exporter/hermes_exporter/blob/main/docs/runbooks/"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        label: of the queries, whose values it shows; or else
        expression: whose value it shows, as of now.
        words: what values are called; a number has a unit instead, and colours from some value on.
        url: what a click opens.
        hidden: it is there to be sorted by.
    """

    title: str
    label: str = ""
    expression: str = ""
    words: Mapping[int, Word] | Mapping[str, Word] | None = None
    unit: str = "none"
    steps: tuple[tuple[float | None, str], ...] = ()
    width: int = 0
    url: str = ""
    hidden: bool = False


def table_of(
    title: str,
    description: str,
    columns: Sequence[Column],
    *,
    sort: str = "",
    width: int = 24,
    height: int = 8,
    empty: str = "Nothing known",
) -> table.Panel:
    """Return a table, the row with the greatest value of column ``sort`` first.

    Every query's labels must have a column or belong to ``HIDDEN``.
    """
    made = table.Panel().title(title).description(description).datasource(DATASOURCE)
    made.unit("none").no_value(empty).span(width).height(height).cell_height(TableCellHeight.SM).filterable(False)
    asked = [column for column in columns if column.expression]
    names = {}
    for place, column in enumerate(asked):
        ref = chr(ord("A") + place)
        made.with_target(target(ref, column.expression, instant=True).format(PromQueryFormat.TABLE))
        names[column.title] = f"Value #{ref}"
    sources = {column.title: names.get(column.title, column.label) for column in columns}
    if len(asked) == 1:
        sources[asked[0].title] = "Value"
    arranged = {
        "excludeByName": dict.fromkeys(HIDDEN, True),
        "indexByName": {name: place for place, name in enumerate(sources.values())},
        "renameByName": {name: title for title, name in sources.items()},
    }
    made.with_transformation(DataTransformerConfig("merge", options={}))
    made.with_transformation(DataTransformerConfig("organize", options=arranged))
    if sort:  # the table itself does not sort by a column that is hidden
        order = {"fields": {}, "sort": [{"field": sort, "desc": True}]}
        made.with_transformation(DataTransformerConfig("sortBy", options=order))
    for column in columns:
        made.override_by_name(column.title, list(_properties(column)))
    return made


def _properties(column: Column) -> Sequence[DynamicConfigValue]:
    found = [DynamicConfigValue("noValue", "–")]  # noqa: RUF001  # the panel's words for nothing stand for no row at all
    if column.words:
        found.append(DynamicConfigValue("mappings", [mapping(column.words)]))
    if column.unit != "none":
        found.append(DynamicConfigValue("unit", column.unit))
    if column.steps:
        found.append(DynamicConfigValue("thresholds", thresholds(*column.steps).build()))
    elif column.words:
        found.append(DynamicConfigValue("thresholds", thresholds((None, "transparent")).build()))
    if column.words or column.steps:
        kind = {"type": "color-background", "mode": "basic"} if column.words else {"type": "color-text"}
        found.append(DynamicConfigValue("custom.cellOptions", kind))
    if column.width:
        title = len(column.title) * TITLE_PIXELS + MARGIN_PIXELS
        found.append(DynamicConfigValue("custom.width", max(column.width, title)))
    if column.url:
        found.append(DynamicConfigValue("links", [{"title": "Open", "url": column.url}]))
    if column.hidden:
        found.append(DynamicConfigValue("custom.hidden", True))
    return found


def profile_link(board: str) -> str:
    """Return where a click on a profile leads: to another dashboard, for that profile alone."""
    variables = "var-profile=${__data.fields.Profile}&var-instance=${__data.fields.Host}"
    return f"/d/{board}?{variables}&${{datasource:queryparam}}&${{__url_time_range}}"
