"""A dashboard's JSON as a TypeScript program that compiles only if Grafana's own published types take it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.lab.node import node
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = REPO / ".cache/grafana-schema"
"""A directory per version of Grafana, with the package and the compiler in it; tests/lab/setup.sh fills it."""
VERSIONS = ("10.4", "12.4")
TSC = ("--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler")
OPTIONS = {
    "stat": "stat/panelcfg/x/StatPanelCfg",
    "timeseries": "timeseries/panelcfg/x/TimeSeriesPanelCfg",
    "table": "table/panelcfg/x/TablePanelCfg",
    "state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg",
    "bargauge": "bargauge/panelcfg/x/BarGaugePanelCfg",
}
"""Where the types of a panel's options stand; a panel of no such kind has none."""
WITH_FIELD_OPTIONS = {"timeseries", "state-timeline", "table"}
HEAD = """\
import type { AnnotationQuery, Dashboard, Panel, RowPanel } from '%(dashboard)s';
// JSON has the values of enumerations
type Json<T> = T extends (infer U)[] ? Json<U>[]
  : T extends number ? (number extends T ? T : `${T}` extends `${infer N extends number}` ? N : T)
  : T extends string ? (string extends T ? T : `${T}`)
  : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
// the type of a Prometheus query is not published
type Query = { refId: string; expr: string; legendFormat: string; instant: boolean; range: boolean;
  format?: 'time_series' | 'table'; interval?: string; datasource: { type: 'prometheus'; uid: string } };
type Shown = Omit<Json<Panel>, 'targets' | 'options' | 'fieldConfig'> & { targets: Query[]; fieldConfig: Fields };
type Fields = Json<NonNullable<Panel['fieldConfig']>>;
// the data source's own, which are not published either
type Annotation = Json<AnnotationQuery> & { expr: string; titleFormat: string; textFormat: string };
type Board = Omit<Json<Dashboard>, 'panels' | 'id' | 'annotations'> &
  { id: null; annotations: { list: Annotation[] } };
"""


def program(document: dict[str, Any], version: str) -> str:
    """The program: a constant of its type for the dashboard, and for every panel, its options and its fields."""
    parts = [HEAD % {"dashboard": _types(version, "dashboard/x/dashboard")}]
    rest = {key: value for key, value in document.items() if key != "panels"}
    parts.append(f"export const board: Board = {json.dumps(rest)};")
    for kind, path in OPTIONS.items():
        parts.append(f"import type * as {_name(kind)} from '{_types(version, f'composable/{path}')}';")
    for number, panel in enumerate(document["panels"]):
        common = {key: value for key, value in panel.items() if key != "options"}
        kind = panel["type"]
        if kind == "row":
            parts.append(f"export const p{number}: Json<RowPanel> = {json.dumps(panel)};")
        elif kind not in OPTIONS:
            parts.append(f"export const p{number}: never = {json.dumps(kind)};")
        else:
            options = json.dumps(panel["options"])
            parts.append(f"export const p{number}: Shown = {json.dumps(common)};")
            parts.append(f"export const o{number}: Partial<Json<{_name(kind)}.Options>> = {options};")
        if kind in WITH_FIELD_OPTIONS and (own := panel["fieldConfig"]["defaults"].get("custom")):
            parts.append(f"export const c{number}: Partial<Json<{_name(kind)}.FieldConfig>> = {json.dumps(own)};")
    return "\n".join(parts) + "\n"


def complaints(document: dict[str, Any], version: str, directory: Path) -> str:
    """What the compiler has to say of a dashboard; empty where the types of that version of Grafana take it."""
    source = directory / f"board-{version}.ts"
    source.write_text(program(document, version))
    tsc = SCHEMAS / version / "node_modules/typescript/bin/tsc"
    done = node(tsc, *TSC, source)
    return done.stdout + done.stderr


def _types(version: str, path: str) -> str:
    """Where the types of a version are, which is another place from version 12 on."""
    dist = SCHEMAS / version / "node_modules/@grafana/schema/dist"
    if (dist / "types/raw").exists():
        return f"{dist}/types/raw/{path.rpartition('/')[0]}/types.gen"
    return f"{dist}/esm/raw/{path}_types.gen"


def _name(kind: str) -> str:
    return kind.replace("-", "")
