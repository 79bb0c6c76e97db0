"""Hermes profile: the life of a profile's gateway, and all that its reports depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Row

from dashboards.src import resources, words
from dashboards.src.frame import framed
from dashboards.src.panels import lines, tile, timeline
from dashboards.src.profile_tables import (
    config_table,
    credential_table,
    gateway_table,
    messenger_table,
    scheduler_table,
    unit_table,
)
from dashboards.src.queries import BY_PROFILE, VERDICTS, counted, each, moment, ranked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grafana_foundation_sdk.builders.dashboard import Dashboard

    from dashboards.src.panels import Made

UID = "hermes-profile"
WHO = "{{profile}} ({{instance}})"
BY_UNIT = (*BY_PROFILE, "unit")
FEW = 6
"""So many profiles at most have a figure at the top, those that need somebody first."""
STALLED_SECONDS = 200
"""A scheduler whose loop has not turned for so long stands still."""


def build() -> Dashboard:
    """Return the dashboard."""
    made = framed("Hermes profile", UID, "One profile: its gateway, messengers, scheduler and keys.", "now-24h")
    for panel in _now():
        made.with_panel(panel)
    made.with_panel(_headline())
    for title, panels in (
        ("The gateway's life", (_lives(), _restarts(), unit_table(), gateway_table())),
        ("Messengers", (_messengers(), messenger_table(), _messenger_errors())),
        ("The scheduler", (scheduler_table(), _turns(), _jobs())),
        ("Credentials and the model", (credential_table(), _refusals(), _provider_errors())),
        ("Logs and files", (_levels(), _read(), config_table())),
        ("Resources", resources.panels()),
    ):
        made.with_row(Row(title))
        for panel in panels:
            made.with_panel(panel)
    return made


def _now() -> Iterator[Made]:
    yield tile(
        "State",
        "The worst that is wrong with the profile now.",
        {WHO: f"topk({FEW}, {ranked('hermes_profile_health', 'verdict', VERDICTS)})"},
        words=words.by_place(words.HEADLINES, VERDICTS),
        width=8,
    )
    yield tile(
        "Gateway",
        "Whether the kernel shows a live gateway. Nothing here: it cannot be told.",
        {WHO: f"bottomk({FEW}, {each('hermes_gateway_up')})"},
        words=words.ALIVE,
        width=4,
        empty="Cannot tell",
    )
    yield tile(
        "Alive since",
        "When the gateway that lives now was started.",
        {WHO: f"topk({FEW}, {moment('hermes_gateway_start_timestamp_seconds')})"},
        unit="dateTimeFromNow",
        steps=((None, words.CALM),),
        width=4,
        filled=False,
        empty="Not alive",
    )
    yield tile(
        "Reports missing",
        "Reports that should have arrived by now and did not.",
        {WHO: f"topk({FEW}, sum by (instance, profile) (hermes_cron_job_report_overdue))"},
        words=words.NONE,
        width=4,
        empty="No reports known",
    )
    yield tile(
        "Next report",
        "When the next report is due, by its schedule.",
        {WHO: f"bottomk({FEW}, 1000 * min by (instance, profile) (hermes_cron_job_next_slot_timestamp_seconds))"},
        unit="dateTimeFromNow",
        steps=((None, words.CALM),),
        width=4,
        filled=False,
        empty="None is planned",
    )


def _headline() -> Made:
    return timeline(
        "State over time",
        "The worst that was wrong at each moment. A gap: nobody watched.",
        (ranked("hermes_profile_health", "verdict", VERDICTS), WHO),
        words.by_place(words.HEADLINES, VERDICTS),
        height=6,
    )


def _lives() -> Made:
    return timeline(
        "Alive",
        "Whether each gateway lived, by the kernel's word. A gap: it could not be told.",
        (each("hermes_gateway_up"), WHO),
        words.ALIVE,
        width=12,
        height=7,
    )


def _restarts() -> Made:
    return lines(
        "Starts and deaths",
        "Started: by anybody. By systemd: after the gateway had ended by itself. Died: killed, out of memory "
        "or power, "
        "without a word.",
        {
            "{{profile}}: started": f"{counted('hermes_gateway_starts_total', BY_PROFILE)} > 0",
            "{{profile}}: by systemd": f"{counted('hermes_unit_restarts_total', BY_PROFILE)} > 0",
            "{{profile}}: died": f"{counted('hermes_gateway_unclean_exits_total', BY_PROFILE)} > 0",
        },
        "none", height=7, interval="5m", bars=True, empty="None in this time",
    )  # fmt: skip


def _messengers() -> Made:
    by = (*BY_PROFILE, "platform")
    states = tuple(words.PLATFORM_STATES)
    return timeline(
        "Messengers over time",
        "What the live gateway noted of each messenger; Mattermost is called connected until its gateway "
        "gives up.",
        (ranked("hermes_platform_state", "state", states, by), "{{platform}}: {{profile}}"),
        words.by_place(words.PLATFORM_STATES, states),
        width=12,
        empty="The gateway notes nothing of a messenger",
    )


def _messenger_errors() -> Made:
    by = ("profile", "platform", "class")
    return lines(
        "Messenger errors",
        "Failures of messengers by kind: lost connections (transport), refused and failed messages (send), …",
        {"{{platform}} {{class}}: {{profile}}": f"{counted('hermes_platform_errors_total', by)} > 0"},
        "none", width=24, height=6, bars=True, empty="None in this time",
    )  # fmt: skip


def _turns() -> Made:
    def age(metric: str) -> str:
        return f"time() - {each(metric)}"

    return lines(
        "Since the scheduler last turned",
        "It turns every minute. Above the red line it stands still, and no report is made.",
        {
            "{{profile}}: turned": age("hermes_cron_scheduler_heartbeat_timestamp_seconds"),
            "{{profile}}: went well": age("hermes_cron_scheduler_last_success_timestamp_seconds"),
        },
        "s", limit=STALLED_SECONDS,
    )  # fmt: skip


def _jobs() -> Made:
    return lines(
        "Jobs",
        "Jobs by their state, and how many run.",
        {
            "{{state}}": "sum by (state) (hermes_cron_jobs) > 0",
            "running now": "sum(hermes_cron_jobs_running)",
            "incident {{state}}": "sum by (state) (hermes_cron_incidents) > 0",
        },
        "none",
    )  # fmt: skip


def _refusals() -> Made:
    by = ("profile", "plane", "name")
    return lines(
        "Credentials refused",
        "How often a model provider or a messenger (platform) said no to the credentials; one refusal counts "
        "once.",
        {"{{name}} ({{plane}}): {{profile}}": f"{counted('hermes_auth_errors_total', by)} > 0"},
        "none", height=7, bars=True, interval="5m", empty="None was refused in this time",
    )  # fmt: skip


def _provider_errors() -> Made:
    by = ("profile", "provider", "class")
    return lines(
        "Model errors",
        "Calls of the model that failed for anything but refused credentials, by kind.",
        {"{{provider}} {{class}}: {{profile}}": f"{counted('hermes_provider_errors_total', by)} > 0"},
        "none", height=7, bars=True, interval="5m", empty="None in this time",
    )  # fmt: skip


def _levels() -> Made:
    return lines(
        "What Hermes logged",
        "Records in its error log, by level.",
        {"{{level}}": f"{counted('hermes_log_records_total', ('level',))} > 0"},
        "none", width=12, height=7, bars=True, interval="5m", names=words.LEVELS, empty="Nothing in this time",
    )  # fmt: skip


def _read() -> Made:
    rate = "sum by (file) (rate(hermes_exporter_log_bytes_total[$__rate_interval]))"
    return lines(
        "Logs read", "How fast the logs grow, as they were read.", {"{{file}}": rate}, "Bps", width=12, height=7
    )
