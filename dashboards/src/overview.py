"""Hermes overview: every host and profile. Is all well, which report is missing, and since when?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Row

from dashboards.src import words
from dashboards.src.frame import framed
from dashboards.src.panels import gauges, lines, tile, timeline
from dashboards.src.queries import BY_PROFILE, counted, each, moment, severity
from dashboards.src.tables import AGO, RUNBOOKS, Column, profile_link, table_of

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

OVERDUE = "(hermes_cron_job_report_overdue == 1)"
REPORT = ("job", "instance", "profile", "job_id", "job_name")
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
    for panel in (_exporters(), _unread(), _durations(), _lost(), _disks()):
        made.with_panel(panel)
    return made


def _is_all_well():  # type: ignore[no-untyped-def]
    description = (
        "The worst of everything: green is all well; orange can wait for the morning; red needs somebody now; violet: "
        "there is a profile that cannot be judged. Red, too, where an exporter does not answer."
    )
    expression = f"max({severity()} or 3 + (up == 0)) or vector(-1)"
    return tile("Is all well?", description, {"": expression}, words=words.SEVERITY)


def _missing():  # type: ignore[no-untyped-def]
    return tile(
        "Reports missing",
        "Reports that should have arrived by now and did not, whatever Hermes says of them.",
        {"": "sum(hermes_cron_job_report_overdue)"},
        words=words.NONE,
        empty="No reports known",
    )


def _gateways():  # type: ignore[no-untyped-def]
    dead = "count((hermes_profile_gateway_expected == 1) and (hermes_gateway_up == 0))"
    return tile(
        "Gateways dead",
        "Gateways that should live and do not, by the kernel's word. Those nobody expects do not count.",
        {"": f"{dead} or 0 * count(hermes_gateway_up)"},
        words=words.NONE,
        empty="No gateways known",
    )


def _alerts():  # type: ignore[no-untyped-def]
    return tile(
        "Alerts open",
        "Alerts of ours that fire now. Without the rules of alerts/ there are never any.",
        {"": 'count(ALERTS{alertstate="firing"}) or vector(0)'},
        words=words.NONE,
    )


def missing_reports():  # type: ignore[no-untyped-def]
    """Return the table of the reports that are overdue, and since when; another dashboard has it, too."""

    def of_missing(metric: str) -> str:
        return f"{moment(metric, REPORT)} and on ({', '.join(REPORT)}) max by ({', '.join(REPORT)}) {OVERDUE}"

    return table_of(
        "Which report is missing, and since when",
        "Every report that is overdue: when it was due, and when one last arrived. A name leads to its history.",
        [
            Column("Report", label="job_name", url=profile_link("hermes-reports")),
            Column(
                "Was due", expression=of_missing("hermes_cron_job_owed_slot_timestamp_seconds"), unit=AGO,
                steps=((None, words.BAD),), width=120,
            ),
            Column(
                "Last arrived", expression=of_missing("hermes_cron_job_last_delivery_timestamp_seconds"), unit=AGO,
                width=120,
            ),
            Column("Profile", label="profile", url=profile_link("hermes-profile")),
            Column("Host", label="instance"),
            Column("Id", label="job_id", hidden=True),
        ],
        sort="Was due", width=12, height=7, empty="No report is missing",
    )  # fmt: skip


def _open_alerts():  # type: ignore[no-untyped-def]
    firing = each('ALERTS{alertstate="firing"}', ALERT)
    return table_of(
        "Open alerts",
        "What fires now, and since when. A name leads to what to do about it.",
        [
            Column("Alert", label="alertname", url=f"{RUNBOOKS}${{__data.fields.Alert}}.md"),
            Column("Since", expression=f"{moment('ALERTS_FOR_STATE', ALERT)} and {firing}", unit=AGO, width=120),
            Column("Profile", label="profile", url=profile_link("hermes-profile")),
            Column("Report", label="job_name"),
            Column("Host", label="instance"),
            Column(
                "Severity", label="severity", width=90,
                words={"critical": ("critical", words.BAD), "warning": ("warning", words.POOR)},
            ),
        ],
        sort="Since", width=12, height=7, empty="No alert is firing",
    )  # fmt: skip


def _today():  # type: ignore[no-untyped-def]
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


def _coloured(colour: str):  # type: ignore[no-untyped-def]
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

    from dashboards.src.panels import thresholds

    return [DynamicConfigValue("thresholds", thresholds((None, words.CALM), (1, colour)).build())]


def _fates():  # type: ignore[no-untyped-def]
    expression = counted("hermes_cron_job_slots_total", ("result",))
    return lines(
        "What became of the reports",
        "Reports by the hour in which it was settled what became of them: settled (arrived, or nothing to say), "
        "late, missed, or unknown because nobody watched.",
        {"{{result}}": expression}, "none", bars=True, interval="1h", width=8, decimals=0,
    )  # fmt: skip


def _troubles():  # type: ignore[no-untyped-def]
    parts = 'label_replace({}, "what", "$1 $2 $3", "condition", "([^_]*)_?([^_]*)_?(.*)")'
    expression = parts.format("(hermes_profile_condition == 1)")
    return timeline(
        "What was wrong, and when",
        "A row for everything that was wrong with any profile in this time, red as long as it lasted.",
        (each(expression, (*BY_PROFILE, "what")), "{{profile}} ({{instance}}): {{what}}"),
        {1: ("wrong", words.BAD)},
        width=16,
        empty="Nothing was wrong in this time",
    )


def _profiles():  # type: ignore[no-untyped-def]
    return table_of(
        "Every profile",
        "All profiles, those that need somebody first. A click on a name shows that profile alone.",
        [
            Column("Profile", label="profile", url=profile_link("hermes-profile")),
            Column(
                "State", label="verdict", words=words.HEADLINES, width=190,
                expression="",
            ),
            Column("Gateway", expression=each("hermes_gateway_up"), words=words.ALIVE, width=80),
            Column(
                "Missing", expression=f"sum by (instance, profile) (hermes_cron_job_report_overdue)", width=75,
                steps=((None, words.CALM), (1, words.BAD)),
            ),
            Column(
                "Next report", expression="1000 * min by (instance, profile) (hermes_cron_job_next_slot_timestamp_seconds)",
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


def _restarts():  # type: ignore[no-untyped-def]
    return lines(
        "Gateways started",
        "Starts of gateways, by anybody: four within a quarter of an hour are a crash loop.",
        {"{{profile}} ({{instance}})": f"{counted('hermes_gateway_starts_total', BY_PROFILE)} > 0"},
        "none", bars=True, empty="None was started in this time", decimals=0, interval="5m",
    )  # fmt: skip


def _refusals():  # type: ignore[no-untyped-def]
    by = (*BY_PROFILE, "name")
    return lines(
        "Credentials refused",
        "How often a model provider or a messenger refused the credentials of a profile.",
        {"{{name}}: {{profile}} ({{instance}})": f"{counted('hermes_auth_errors_total', by)} > 0"},
        "none", bars=True, empty="None was refused in this time", decimals=0, interval="5m",
    )  # fmt: skip


def _exporters():  # type: ignore[no-untyped-def]
    here = ("instance",)
    return table_of(
        "Exporters",
        "One exporter watches each host. Where it does not answer nobody knows how that host's profiles are.",
        [
            Column("Host", label="instance"),
            Column("Answers", expression=each("up", here), words=words.YES_IS_GOOD, width=80),
            Column("Version", label="version", width=80),
            Column("Looked", expression=moment("hermes_exporter_last_gather_timestamp_seconds", here), unit=AGO),
            Column(
                "Keeps its memory", expression=f"min by (instance) (hermes_exporter_memory_durable)",
                words=words.YES_IS_GOOD, width=130,
            ),
            Column(
                "Left out", expression="sum by (instance) (hermes_exporter_series_dropped)", width=80,
                steps=((None, words.CALM), (1, words.POOR)),
            ),
            Column(
                "Survives a logout", expression="min by (instance) (hermes_unit_linger_enabled)",
                words=words.YES_IS_GOOD, width=130,
            ),
            Column("Build", expression=each("hermes_exporter_build_info", ("instance", "version")), hidden=True),
        ],
        width=12, height=7, empty="No exporter is known",
    )  # fmt: skip


def _unread():  # type: ignore[no-untyped-def]
    by = (*BY_PROFILE, "collector")
    return timeline(
        "What could not be read",
        "A row for every part of a profile that should be readable and was not: what it would tell is missing.",
        (each("(hermes_exporter_collector_success == 0) + 1", by), "{{profile}} ({{instance}}): {{collector}}"),
        {1: ("not readable", words.POOR)},
        width=12,
        height=7,
        empty="Everything could be read in this time",
    )


def _durations():  # type: ignore[no-untyped-def]
    return lines(
        "Time that looking takes",
        "Seconds per part, the slowest host.",
        {"{{collector}}": "max by (collector) (hermes_exporter_collector_duration_seconds)"}, "s", width=8, height=7,
    )  # fmt: skip


def _lost():  # type: ignore[no-untyped-def]
    rate = "sum by (instance) (increase({}[$__rate_interval])) > 0".format
    return lines(
        "Not understood, or lost",
        "Things that could not be understood, times that lie in the future, and bytes of logs that were rotated "
        "away before they were read. All of them are rare.",
        {
            "not understood ({{instance}})": rate("hermes_exporter_parse_errors_total"),
            "times ahead ({{instance}})": rate("hermes_exporter_future_timestamps_total"),
            "log bytes lost ({{instance}})": rate("hermes_exporter_log_bytes_lost_total"),
        },
        "short", width=8, height=7, bars=True, empty="None in this time",
    )  # fmt: skip


def _disks():  # type: ignore[no-untyped-def]
    by = "max by (instance, home)"
    left = f"{by} (hermes_home_filesystem_avail_bytes) / {by} (hermes_home_filesystem_size_bytes)"
    return gauges(
        "Disk space left",
        "Of the file system that each Hermes home lies on. A full one stops logs, reports and all.",
        (left, "{{instance}}: {{home}}"), "percentunit", ((None, words.BAD), (0.05, words.POOR), (0.15, words.GOOD)),
        width=8, height=7, most=1,
    )  # fmt: skip
