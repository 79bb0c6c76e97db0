"""What the dashboards have in common: variables, annotations, links, time; and how one becomes JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.src.panels import DATASOURCE
from dashboards.src.queries import HOST, query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TAG = "hermes"
SCHEMA_VERSION = 39
"""Of Grafana 10.4; newer ones bring it up to date as they load it."""
RESTARTS = "sum by (instance, profile) (changes(hermes_gateway_start_timestamp_seconds[$__rate_interval])) > 0"
ALERTS = 'max by (alertname, severity, instance, profile, job_name) (ALERTS{alertstate="firing"})'
SPOKEN = {
    "Alerts": ("{{alertname}}", "{{profile}} {{job_name}} on {{instance}}"),
    "Restarts": ("{{profile}} started", "The gateway of {{profile}} on {{instance}} started anew"),
}
"""Title and text of an annotation, which the builders know nothing of."""
NOT_IN_EVERY_VERSION = ("footer", "showTypeIcons", "auto", "auto_count", "auto_min")
"""Defaults that the builders write and that Grafana's own types of some version refuse."""


def framed(title: str, uid: str, description: str, since: str) -> Dashboard:
    """Return a dashboard without panels, which shows the time from ``since`` on."""
    made = Dashboard(title).uid(uid).description(description).tags([TAG]).editable()
    made.timezone("browser").time(since, "now").refresh("1m").tooltip(DashboardCursorSync.CROSSHAIR)
    for variable in _variables():
        made.with_variable(variable)
    made.annotation(_annotation("Alerts", ALERTS, "red"))
    made.annotation(_annotation("Restarts", RESTARTS, "blue"))
    link = DashboardLink("Hermes").type(DashboardLinkType.DASHBOARDS).tags([TAG]).icon("external link")
    return made.link(link.keep_time(True).include_vars(True))  # its only argument


def as_json(made: Dashboard) -> str:
    """Return the file that Grafana reads; the same dashboard is the same text."""
    document: dict[str, Any] = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    document["id"], document["schemaVersion"] = None, SCHEMA_VERSION
    for number, panel in enumerate(document["panels"], 1):
        panel["id"] = number
        _without(panel.get("options", {}), NOT_IN_EVERY_VERSION)
    for variable in document["templating"]["list"]:
        _without(variable, NOT_IN_EVERY_VERSION)
    for annotation in document["annotations"]["list"]:
        annotation["titleFormat"], annotation["textFormat"] = SPOKEN[annotation["name"]]
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _without(part: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        part.pop(name, None)


def _variables() -> Iterator[DatasourceVariable | QueryVariable]:
    yield DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    yield _variable("job", "Job", "hermes_exporter_build_info")
    yield _variable("instance", "Host", 'hermes_exporter_build_info{job=~"$job"}').all_value(".+")
    yield _variable("profile", "Profile", f"hermes_profile_health{{{HOST}}}").all_value(".+")


def _variable(name: str, label: str, metric: str) -> QueryVariable:
    text = f"label_values({metric}, {name})"
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    made = QueryVariable(name).label(label).datasource(DATASOURCE).query({"query": text, "refId": name})
    made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    return made.multi(True).include_all(True).regex("/.+/").current(everything)  # its only argument


def _annotation(name: str, expression: str, colour: str) -> AnnotationQuery:
    made = AnnotationQuery().name(name).datasource(DATASOURCE).expr(query(expression))
    return made.enable(True).icon_color(colour)  # its only argument
