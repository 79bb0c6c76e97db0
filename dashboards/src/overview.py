"""Hermes overview: every host and profile. Is all well, which report is missing, and since when?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from dashboards.src import watcher, words
from dashboards.src.frame import framed
from dashboards.src.panels import lines, thresholds, tile, timeline
from dashboards.src.queries import BY_PROFILE, counted, each, moment, severity
from dashboards.src.report_tables import missing_reports
from dashboards.src.tables import AGO, RUNBOOKS, Column, profile_link, table_of

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

    from dashboards.src.panels import Made

ALERT = ("alertname", "severity", "instance", "profile", "job_name")
DAY = "24h"
UID = "hermes-overview"


def build() -> Dashboard:
    """Return the dashboard."""
    made = framed("Hermes overview", UID, "All hosts and profiles: is all well, and what is missing?", "now-24h")
    for panel in (_is_all_well(), _missing(), _gateways(), _alerts(), missing_reports(), _open_alerts()):
        made.with_panel(panel)
    for panel in (_today(), _fates(), _troubles(), _profiles()):
        made.with_panel(panel)
    made.with_row(Row("Restarts and refused credentials"))
    for panel in (_restarts(), _refusals()):
        made.with_panel(panel)
    made.with_row(Row("The watcher itself"))
    for panel in watcher.panels():
        made.with_panel(panel)
    return made


def _is_all_well() -> Made:
    description = (
        "The worst of everything: green is all well; orange can wait for the morning; red needs somebody now; "
        "violet: "
        "there is a profile that cannot be judged. Red, too, where an exporter does not answer."
    )
    expression = f"max({severity()} or 3 + (up == 0)) or vector(-1)"
    return tile("Is all well?", description, {"": expression}, words=words.SEVERITY)


def _missing() -> Made:
    return tile(
        "Reports missing",
        "Reports that should have arrived by now and did not, whatever Hermes says of them.",
        {"": "sum(hermes_cron_job_report_overdue)"},
        words=words.NONE,
        empty="No reports known",
    )


def _gateways() -> Made:
    dead = "count((hermes_profile_gateway_expected == 1) and (hermes_gateway_up == 0))"
    return tile(
        "Gateways dead",
        "Gateways that should live and do not, by the kernel's word. Those nobody expects do not count.",
        {"": f"{dead} or 0 * count(hermes_gateway_up)"},
        words=words.NONE,
        empty="No gateways known",
    )


def _alerts() -> Made:
    return tile(
        "Alerts open",
        "Alerts of ours that fire now. Without the rules of alerts/ there are never any.",
        {"": 'count(ALERTS{alertstate="firing"}) or vector(0)'},
        words=words.NONE,
    )


def _open_alerts() -> Made:
    firing = each('ALERTS{alertstate="firing"}', ALERT)
    return table_of(
        "Open alerts",
        "What fires now, and since when. A name leads to what to do about it.",
        [
            Column("Alert", label="alertname", width=230, url=f"{RUNBOOKS}${{__data.fields.Alert}}.md"),
            Column("Since", expression=f"{moment('ALERTS_FOR_STATE', ALERT)} and {firing}", unit=AGO, width=120),
            Column("Profile", label="profile", url=profile_link("hermes-profile")),
            Column("Report", label="job_name"),
            Column("Host", label="instance"),
            Column(
                "Severity", label="severity", width=90,
                words={"critical": ("critical", words.BAD), "warning": ("warning", words.POOR)},
            ),
        ],
        sort="Since", width=12, height=7, empty="No alert is known to fire",
    )  # fmt: skip


def _today() -> Made:
    def slots(results: str) -> str:
        return f'sum(round(increase(hermes_cron_job_slots_total{{result=~"{results}"}}[$__range])))'

    delivered = 'sum(round(increase(hermes_cron_job_deliveries_total{outcome="delivered"}[$__range])))'
    panel = tile(
        "Reports today",
        "Since midnight. Due: reports whose time came and that were judged. In time: they arrived, or there was "
        "nothing to say. Delivered: reports that are proved to have reached a reader.",
        {
            "due": slots(".+"),
            "in time": slots("settled"),
            "late": slots("late"),
            "never came": slots("missed"),
            "delivered": delivered,
        },
        steps=((None, words.CALM),),
        width=24,
        height=3,
        filled=False,
    )
    return (
        panel.time_from("now/d")
        .override_by_name("late", _coloured(words.POOR))
        .override_by_name("never came", _coloured(words.BAD))
    )


def _coloured(colour: str) -> list[DynamicConfigValue]:
    return [DynamicConfigValue("thresholds", thresholds((None, words.CALM), (1, colour)).build())]


def _fates() -> Made:
    expression = counted("hermes_cron_job_slots_total", ("result",))
    return lines(
        "What became of the reports",
        "By the hour in which it was clear what became of each. Unknown: nobody watched when it was due.",
        {"{{result}}": expression}, "none", bars=True, interval="1h", width=8, names=words.RESULTS,
    )  # fmt: skip


def _troubles() -> Made:
    parts = 'label_replace({}, "what", "$1 $2 $3", "condition", "([^_]*)_?([^_]*)_?(.*)")'
    expression = parts.format("(hermes_profile_condition == 1)")
    return timeline(
        "What was wrong, and when",
        "A row for everything that was wrong with any profile in this time, red as long as it lasted.",
        (each(expression, (*BY_PROFILE, "what")), "{{profile}} ({{instance}}): {{what}}"),
        {1: ("wrong", words.BAD)},
        width=16,
        empty="Nothing is known to have been wrong",
    )


def _profiles() -> Made:
    return table_of(
        "Every profile",
        "All profiles, those that need somebody first. A click on a name shows that profile alone.",
        [
            Column("Profile", label="profile", url=profile_link("hermes-profile")),
            Column(
                "State", label="verdict", words=words.HEADLINES, width=190,
            ),
            Column("Gateway", expression=each("hermes_gateway_up"), words=words.ALIVE, width=80),
            Column(
                "Missing", expression="sum by (instance, profile) (hermes_cron_job_report_overdue)", width=75,
                steps=((None, words.CALM), (1, words.BAD)),
            ),
            Column(
                "Next report",
                expression="1000 * min by (instance, profile) (hermes_cron_job_next_slot_timestamp_seconds)",
                unit=AGO, width=120,
            ),
            Column(
                f"Starts in {DAY}", expression=counted("hermes_gateway_starts_total", BY_PROFILE, DAY), width=110,
                steps=((None, words.CALM), (4, words.POOR)),
            ),
            Column(
                f"Refusals in {DAY}", expression=counted("hermes_auth_errors_total", BY_PROFILE, DAY), width=120,
                steps=((None, words.CALM), (1, words.POOR)),
            ),
            Column("Host", label="instance"),
            Column("Hermes", label="version", width=80),
            Column("Headline", expression=each("hermes_profile_health", (*BY_PROFILE, "verdict")), hidden=True),
            Column("Info", expression=each("hermes_profile_info", (*BY_PROFILE, "version")), hidden=True),
            Column("Urgency", expression=severity(BY_PROFILE), hidden=True),
        ],
        sort="Urgency", height=10, empty="No profile is watched",
    )  # fmt: skip


def _restarts() -> Made:
    return lines(
        "Gateways started",
        "Starts of gateways, by anybody: four within a quarter of an hour are a crash loop.",
        {"{{profile}} ({{instance}})": f"{counted('hermes_gateway_starts_total', BY_PROFILE)} > 0"},
        "none", bars=True, empty="None was started in this time", interval="5m",
    )  # fmt: skip


def _refusals() -> Made:
    by = (*BY_PROFILE, "name")
    return lines(
        "Credentials refused",
        "How often a model provider or a messenger refused the credentials of a profile.",
        {"{{name}}: {{profile}} ({{instance}})": f"{counted('hermes_auth_errors_total', by)} > 0"},
        "none", bars=True, empty="None was refused in this time", interval="5m",
    )  # fmt: skip
