"""The dashboards are what their code makes, say what they show, and leave every choice to their variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dashboards.src.__main__ import documents
from dashboards.src.queries import NAMED, query
from hermes_exporter.collectors import FAMILIES
from tests.dashboards.boards import FILES, board, marks, panels, queries
from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from pathlib import Path

BOARDS = [path.stem for path in FILES]
PANELS = [(name, panel) for name in BOARDS for panel in panels(board(name))]
HOST = 'job=~"$job",instance=~"$instance"'
OF_THE_HOST = {"up", *(family.name for family in FAMILIES if family.host)}
BY_NAME = {family.name: family for family in FAMILIES}
ALERTS = {"ALERTS", "ALERTS_FOR_STATE"}
EXPRESSIONS = [*((each.name, each.target["expr"]) for each in queries()),
               *((f"{name}: {each['name']}", each["expr"]) for name, each in marks())]  # fmt: skip
RUNBOOK = "https://github.com/hermes-exporter/hermes_exporter/blob/main/docs/runbooks/${__data.fields.Alert}.md"
GUIDE = REPO / "docs/dashboards.md"


def title(pair: tuple[str, dict[str, Any]]) -> str:
    """How a panel is called in the test's name."""
    return f"{pair[0]}: {pair[1]['title']}"


def selected(expression: str) -> list[tuple[str, str]]:
    """Every metric that an expression names, with its selector."""
    return [(match[1], match[2] or "") for match in NAMED.finditer(expression)]


@pytest.mark.parametrize("name", sorted(documents()))
def test_it_is_what_its_code_makes(name: str) -> None:
    """The committed file is, byte for byte, what ``make dashboards`` writes."""
    assert (REPO / "dashboards" / name).read_text() == documents()[name]


def test_there_are_no_others() -> None:
    """Every committed dashboard has its code."""
    assert {path.name for path in FILES} == set(documents())


@pytest.mark.parametrize("name", BOARDS)
def test_it_is_found_by_the_same_name_for_ever(name: str) -> None:
    """Its uid is its file's name, others link to it by its tag, and it has no id of somebody's Grafana."""
    document = board(name)

    assert (document["uid"], document["id"], document["tags"]) == (name, None, ["hermes"])
    (link,) = document["links"]
    assert (link["type"], link["tags"]) == ("dashboards", ["hermes"])
    assert link["includeVars"]
    assert link["keepTime"]
    assert (document["timezone"], document["refresh"]) == ("browser", "1m")


@pytest.mark.parametrize("name", BOARDS)
def test_its_variables(name: str) -> None:
    """Source, job, host and profile are chosen at the top, several at once, and all of them to begin with."""
    source, *others = board(name)["templating"]["list"]

    assert (source["type"], source["name"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert [each["name"] for each in others] == ["job", "instance", "profile"]
    for each in others:
        assert each["datasource"]["uid"] == "${datasource}"
        assert (each["multi"], each["includeAll"], each["regex"]) == (True, True, "/.+/")
        assert each["current"]["value"] == ["$__all"]
        assert each["query"]["query"].endswith(f", {each['name']})")
    assert others[0].get("allValue") is None, "all other jobs of a Prometheus would be taken for ours"
    assert [each["allValue"] for each in others[1:]] == [".+", ".+"]


@pytest.mark.parametrize("pair", PANELS, ids=title)
def test_a_panel_says_what_it_shows(pair: tuple[str, dict[str, Any]]) -> None:
    """It has a title, a sentence for who is no expert, a unit, words for no data, no data source of its own."""
    panel = pair[1]
    defaults = panel["fieldConfig"]["defaults"]

    assert re.fullmatch(r"[A-Z].{2,50}", panel["title"])
    assert panel["description"].endswith((".", "…"))
    assert "`" not in panel["description"] + panel["title"]
    assert defaults["unit"]
    assert defaults["noValue"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["targets"]
    assert {each["datasource"]["uid"] for each in panel["targets"]} == {"${datasource}"}


@pytest.mark.parametrize("name", BOARDS)
def test_panels_lie_side_by_side(name: str) -> None:
    """No panel lies on another one or off the grid, every row is filled, no two have one title or one id."""
    document = board(name)
    cells: dict[tuple[int, int], str] = {}
    for panel in document["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert 0 <= x < 24
                assert (x, y) not in cells, f"{panel['title']} lies on {cells[x, y]}"
                cells[x, y] = panel["title"]
    deepest = max(y for _x, y in cells)
    assert len(cells) == 24 * (deepest + 1)
    titles = [panel["title"] for panel in document["panels"]]
    assert len(set(titles)) == len(titles)
    assert len({panel["id"] for panel in document["panels"]}) == len(titles)


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=[name for name, _ in EXPRESSIONS])
def test_a_query_leaves_the_choice_to_the_variables(name: str, expression: str) -> None:
    """Every metric in it is selected by job, host and profile, and by them only through the variables."""
    found = selected(expression)

    assert found
    for metric, selector in found:
        if metric in ALERTS:
            wanted = f'{HOST.replace("$job", "$job|").replace("$instance", "$instance|")},profile=~"$profile|"'
        else:
            wanted = HOST if metric in OF_THE_HOST else f'{HOST},profile=~"$profile"'
        assert wanted in selector, metric
        assert len(re.findall(r"\b(?:job|instance|profile)[=!]", selector)) == wanted.count("=~"), metric


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=[name for name, _ in EXPRESSIONS])
def test_a_query_uses_what_the_exporter_declares(name: str, expression: str) -> None:
    """Every metric in it is a family, every label it selects by is that family's, rates are of counters alone."""
    for metric, selector in selected(expression):
        if metric in {"up", *ALERTS}:
            continue
        labels = {"job", "instance", "profile", *BY_NAME[metric].labels}
        assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector)) <= labels, metric
    for function, metric in re.findall(r"\b(rate|increase)\((hermes_\w+)", expression):
        assert BY_NAME[metric].kind == "counter", function
    windows = set(re.findall(r"\[(\$?\w+)\]", expression))
    assert windows <= {"$__rate_interval", "$__range", "24h", "7d"}


def test_a_legend_names_labels_that_are_there() -> None:
    """What a legend quotes is among the labels that its query keeps."""
    for each in queries():
        quoted = set(re.findall(r"\{\{(\w+)\}\}", each.target["legendFormat"]))
        kept = ", ".join(re.findall(r"by \(([^)]*)\)", each.target["expr"])).split(", ")
        assert quoted <= set(kept), each.name


def test_links_lead_somewhere() -> None:
    """A link leads to a dashboard of ours, with source and time as they are shown, or to an alert's runbook."""
    urls = {
        value["url"]
        for _, panel in PANELS
        for override in panel["fieldConfig"]["overrides"]
        for part in override["properties"]
        if part["id"] == "links"
        for value in part["value"]
    }
    assert RUNBOOK in urls
    for url in urls - {RUNBOOK}:
        assert url.split("?")[0].removeprefix("/d/") in BOARDS
        assert "${datasource:queryparam}" in url
        assert "${__url_time_range}" in url


def test_a_table_shows_every_label_or_leaves_it_out_on_purpose() -> None:
    """No column has the name of a label or of a query: what is shown was given a title in words."""
    for name, panel in PANELS:
        if panel["type"] != "table":
            continue
        organised = panel["transformations"][1]["options"]
        known = set(organised["renameByName"]) | set(organised["excludeByName"])
        for target in panel["targets"]:
            expression = re.sub(r"label_replace\((.*)\), by.*", r"\1", target["expr"])
            (first, *_) = re.findall(r"by \(([^)]*)\)", expression)
            assert {label.strip() for label in first.split(",")} <= known, f"{name}: {panel['title']}"


def test_metrics_without_selectors_get_them() -> None:
    """What the code writes bare is selected, what it selects by itself stays, functions are no metrics."""
    assert query("sum(up == 0)") == f"sum(up{{{HOST}}} == 0)"
    assert query('hermes_unit_state{state="active"} == 1') == (
        f'hermes_unit_state{{{HOST},profile=~"$profile",state="active"}} == 1'
    )


def test_every_family_is_shown_or_listed() -> None:
    """Each family is used by a panel or an alert, or stands in the guide among those for one's own queries."""
    shown = {metric for _, expression in EXPRESSIONS for metric, _ in selected(expression)}
    alerts = "".join(path.read_text() for path in (REPO / "alerts").glob("*.rules.yml"))
    alerted = set(re.findall(r"\bhermes_\w+", alerts))
    _, _, rest = GUIDE.read_text().partition("\n## For your own queries\n")
    listed = set(re.findall(r"^\| `(hermes_\w+)` \|", rest, re.MULTILINE))

    assert {family.name for family in FAMILIES} - shown - alerted == listed
    assert shown & listed == set()


def test_the_guide_names_every_dashboard() -> None:
    """Whoever installs them finds each by its title and its file."""
    text = GUIDE.read_text()
    for path in FILES:
        assert f"({'../dashboards/' + path.name})" in text
        assert board(path.stem)["title"] in text


@pytest.mark.parametrize(
    "path", sorted((REPO / "deploy/grafana").rglob("*.yml")), ids=lambda path: path.parent.name
)
def test_provisioning_is_for_this_grafana(path: Path) -> None:
    """The files that tell Grafana of source and dashboards have the version and the keys that it reads."""
    content = yaml.safe_load(path.read_text())
    kind = path.parent.name

    assert content.pop("apiVersion") == 1
    if kind == "datasources":
        (source,) = content["datasources"]
        assert (source["type"], source["access"]) == ("prometheus", "proxy")
        scraped = yaml.safe_load((REPO / "deploy/prometheus/prometheus.yml").read_text())["global"][
            "scrape_interval"
        ]
        assert source["jsonData"]["timeInterval"] == scraped
    else:
        (provider,) = content["providers"]
        assert (provider["type"], provider["folder"]) == ("file", "Hermes")
        assert provider["options"]["path"] in GUIDE.read_text()
