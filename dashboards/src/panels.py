"""The kinds of panels that the dashboards are made of, each with a description in plain words and a unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.dashboard import Panel as BuiltPanel

from dashboards.src.queries import query
from dashboards.src.words import BAD, DOUBT, GOOD, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.src.words import Word

Made = Builder[BuiltPanel]
"""A panel of any kind."""
DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
LAST = ["lastNotNull"]
Panel = TypeVar("Panel", stat.Panel, statetimeline.Panel, timeseries.Panel, bargauge.Panel)


def target(ref: str, expression: str, legend: str = "", *, instant: bool = False) -> prometheus.Dataquery:
    """Return one query of a panel; an instant one is answered for the end of the time that is shown."""
    made = prometheus.Dataquery().ref_id(ref).datasource(DATASOURCE).expr(query(expression)).legend_format(legend)
    return made.instant() if instant else made.range()


def thresholds(*steps: tuple[float | None, str]) -> ThresholdsConfig:
    """Return colours from a value on; the first has no value."""
    made = [Threshold(value, colour) for value, colour in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(made)


NONE_IS_GOOD = ((None, DOUBT), (0, GOOD), (1, BAD))
"""The first colour is that of no value at all, which is no good news."""


def tile(
    title: str,
    description: str,
    expressions: Mapping[str, str],
    *,
    unit: str = "none",
    words: Mapping[int, Word] | None = None,
    steps: tuple[tuple[float | None, str], ...] = NONE_IS_GOOD,
    width: int = 6,
    height: int = 3,
    empty: str = "Nothing known",
    filled: bool = True,
) -> stat.Panel:
    """Return big figures with a colour, by what each is called; the expressions are answered for now."""
    named = len(expressions) > 1 or any("{{" in legend for legend in expressions)
    made = _dressed(stat.Panel(), title, description, unit, empty, width, height)
    for place, (legend, expression) in enumerate(expressions.items()):
        made.with_target(target(chr(ord("A") + place), expression, legend, instant=True))
    if words:
        made.mappings([mapping(words)])
    return (
        made.thresholds(thresholds(*steps))
        .reduce_options(common.ReduceDataOptions().calcs(LAST))
        .graph_mode(options.BigValueGraphMode.NONE)
        .color_mode(options.BigValueColorMode.BACKGROUND if filled else options.BigValueColorMode.VALUE)
        .text_mode(options.BigValueTextMode.VALUE_AND_NAME if named else options.BigValueTextMode.VALUE)
        .orientation(options.VizOrientation.AUTO)
    )


def timeline(
    title: str,
    description: str,
    expression: tuple[str, str],
    words: Mapping[int, Word],
    *,
    width: int = 24,
    height: int = 8,
    empty: str = "Nothing known in this time",
    lasting: bool = False,
) -> statetimeline.Panel:
    """Return a row of coloured states per series; the expression comes with its legend.

    ``lasting``: a state holds until the next one, for what is told once and not repeated.
    """
    made = _dressed(statetimeline.Panel(), title, description, "none", empty, width, height)
    made = (
        made.with_target(target("A", *expression))
        .mappings([mapping(words)])
        .thresholds(thresholds((None, "text")))
        .show_value(options.VisibilityMode.NEVER)
        .row_height(0.85)
        .merge_values(not lasting)
        .fill_opacity(85)
        .line_width(1 if lasting else 0)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.SINGLE))
    )
    if lasting:  # Grafana has had this option since version 9, and its schema does not
        made.override_by_field_type("number", [DynamicConfigValue("custom.spanNulls", value=True)])
    return made


def lines(
    title: str,
    description: str,
    expressions: Mapping[str, str],
    unit: str,
    *,
    width: int = 12,
    height: int = 8,
    empty: str = "No data",
    bars: bool = False,
    interval: str = "",
    limit: float | None = None,
    names: Mapping[str, Word] | None = None,
) -> timeseries.Panel:
    """Return curves, or stacked bars for what is counted, by their legends; ``limit`` draws a red line.

    ``names``: what series are called and their colours, by their legends.
    """
    made = _dressed(timeseries.Panel(), title, description, unit, empty, width, height)
    for place, (legend, expression) in enumerate(expressions.items()):
        made.with_target(target(chr(ord("A") + place), expression, legend))
    made.legend(_legend()).tooltip(_tooltip()).show_points(options.VisibilityMode.AUTO).axis_soft_min(0)
    if bars:
        made.draw_style(options.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
        made.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    else:
        made.draw_style(options.GraphDrawStyle.LINE).fill_opacity(10).line_width(1)
    if interval:
        made.interval(interval)
    for value, (text, colour) in (names or {}).items():
        made.override_by_name(
            value,
            [
                DynamicConfigValue("displayName", text),
                DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}),
            ],
        )
    if limit is not None:
        made.thresholds(thresholds((None, GOOD), (limit, BAD)))
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED))
    return made


def gauges(
    title: str,
    description: str,
    expression: tuple[str, str],
    unit: str,
    steps: tuple[tuple[float | None, str], ...],
    *,
    width: int = 12,
    height: int = 8,
    empty: str = "No data",
    most: float | None = None,
) -> bargauge.Panel:
    """Return a horizontal bar per series with its value as of now; the expression comes with its legend."""
    made = _dressed(bargauge.Panel(), title, description, unit, empty, width, height)
    if most is not None:
        made.max(most)
    return (
        made.with_target(target("A", *expression, instant=True))
        .min(0)
        .thresholds(thresholds(*steps))
        .reduce_options(common.ReduceDataOptions().calcs(LAST))
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .value_mode(options.BarGaugeValueMode.COLOR)
        .name_placement(options.BarGaugeNamePlacement.LEFT)
        .text(common.VizTextDisplayOptions().title_size(13).value_size(14))
    )


def _dressed(panel: Panel, title: str, description: str, unit: str, empty: str, width: int, height: int) -> Panel:
    made = panel.title(title).description(description).datasource(DATASOURCE).unit(unit)
    return made.no_value(empty).span(width).height(height)


def _legend() -> common.VizLegendOptions:
    made = common.VizLegendOptions().show_legend(True)  # its only argument
    return made.display_mode(options.LegendDisplayMode.LIST).placement(options.LegendPlacement.BOTTOM)


def _tooltip() -> common.VizTooltipOptions:
    made = common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI)
    return made.sort(options.SortOrder.DESCENDING)
