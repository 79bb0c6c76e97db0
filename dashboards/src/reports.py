"""Hermes reports: what became of each report, how late they are, and how they are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from dashboards.src import words
from dashboards.src.frame import framed
from dashboards.src.panels import gauges, lines, tile, timeline
from dashboards.src.queries import BY_JOB, counted, worst
from dashboards.src.report_tables import every_report, in_flight, missing_reports, set_up

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, timeseries
    from grafana_foundation_sdk.builders.dashboard import Dashboard

UID = "hermes-reports"
WHOSE = "{{job_name}} ({{profile}})"
JOB = ", ".join(BY_JOB)
WEEK = "7d"
LATE_SECONDS = 900


def build() -> Dashboard:
    """Return the dashboard."""
    made = framed("Hermes reports", UID, "Every report: did it arrive, and if not, since when?", "now-7d")
    for tiles in (_missing(), _arrived(), _failing(), _withheld(), _waiting()):
        made.with_panel(tiles)
    made.with_panel(fates()).with_panel(missing_reports()).with_panel(_ratio())
    made.with_panel(every_report())
    made.with_row(Row("Late, long, and done twice"))
    made.with_panel(_delays()).with_panel(_durations()).with_panel(_late()).with_panel(_twice())
    made.with_row(Row("Runs and deliveries"))
    return made.with_panel(_runs()).with_panel(_deliveries()).with_panel(in_flight()).with_panel(set_up())


def _missing() -> stat.Panel:
    return tile(
        "Missing now",
        "Reports that should have arrived by now and did not, whatever Hermes says of them.",
        {"": "sum(hermes_cron_job_report_overdue)"},
        words=words.NONE,
        width=5,
        empty="No reports known",
    )


def _arrived() -> stat.Panel:
    return tile(
        "Came within a week",
        "Share of the last seven days' reports that arrived, or had nothing to say, in time or late. What nobody "
        "watched does not count.",
        {"": _came("sum", WEEK)},
        unit="percentunit",
        steps=((None, words.DOUBT), (0, words.BAD), (0.9, words.POOR), (0.99, words.GOOD)),
        width=5,
        empty="None was due",
    )


def _failing() -> stat.Panel:
    return tile(
        "Fail in a row",
        "Jobs whose last two runs or more failed.",
        {"": "sum(hermes_cron_job_consecutive_failures >= bool 2)"},
        words=words.NONE,
        width=5,
        empty="No jobs known",
    )


def _withheld() -> stat.Panel:
    return tile(
        "Cannot be told",
        "Reports on which no verdict is given now: something could not be read, or nothing proves either way.",
        {"": "sum(hermes_cron_job_judged == bool 0)"},
        words=words.NONE,
        steps=((None, words.DOUBT), (0, words.GOOD), (1, words.DOUBT)),
        width=5,
        empty="No reports known",
    )


def _waiting() -> stat.Panel:
    made = tile(
        "Wait to be sent",
        "Reports in Hermes' delivery queue, and since when the oldest waits. Versions before 0.21 have no queue.",
        {
            "reports": "sum(hermes_delivery_pending)",
            "oldest": "time() - min(hermes_delivery_oldest_pending_timestamp_seconds)",
        },
        steps=((None, words.QUIET), (0, words.GOOD), (1, words.POOR)),
        width=4,
        empty="No queue",
    )
    return made.override_by_name("oldest", [DynamicConfigValue("unit", "s")])


def fates() -> statetimeline.Panel:
    """Return a row per job, in which each slot has the colour of what became of it."""

    def counted_now(result: str) -> str:
        rise = f'increase(hermes_cron_job_slots_total{{result="{result}"}}[$__rate_interval])'
        return f"((max by ({JOB}) ({rise}) > bool 0) == 1)"

    silent = f'max by ({JOB}) (hermes_cron_job_last_delivery_outcome{{outcome="suppressed"}})'
    good = "|".join(name for name, (_text, colour) in words.OUTCOMES.items() if colour != words.BAD)
    before = f'max by ({JOB}) (hermes_cron_job_last_delivery_outcome{{outcome=~"{good}"}})'
    at_first = "on () (vector(time()) < ${__from:date:seconds} + $__interval_ms / 1000)"
    expression = f"""
        5 * (max by ({JOB}) (hermes_cron_job_report_overdue) == 1)
        or 4 * {counted_now("missed")}
        or 3 * {counted_now("late")}
        or (2 * {counted_now("settled")} and {silent})
        or 1 * {counted_now("settled")}
        or 0 * (max by ({JOB}) (hermes_cron_job_judged) == 0)
        or (2 * {silent} and {at_first})
        or ({before} and {at_first})
    """
    return timeline(
        "What became of each report",
        "A row per report. Each time it was due it takes the colour of what became of it, and keeps it until "
        "the next "
        "time. Red: it is missing now, or never came.",
        (expression, WHOSE),
        words.FATES,
        height=11,
        lasting=True,
        empty="No reports known in this time",
    )


def _came(grouping: str, window: str) -> str:
    def slots(results: str) -> str:
        return f'{grouping} (increase(hermes_cron_job_slots_total{{result=~"{results}"}}[{window}]))'

    return f"{slots('settled|late')} / ({slots('settled|late|missed')} > 0)"


def _ratio() -> bargauge.Panel:
    return gauges(
        "How many came within a week",
        "Share of each report that arrived, or had nothing to say, of those due in the last seven days; the "
        "twenty "
        "worst, the worst first.",
        (f"sort(bottomk(20, {_came(f'sum by ({JOB})', WEEK)}))", WHOSE),
        "percentunit",
        ((None, words.BAD), (0.9, words.POOR), (0.99, words.GOOD)),
        height=7,
        most=1,
        empty="None was due",
    )


def _delays() -> timeseries.Panel:
    return lines(
        "How late they start",
        "From the moment a report is due to the start of its run; the twenty latest. Above the red line it is "
        "late "
        "unless it usually takes long.",
        {WHOSE: worst("hermes_cron_job_start_delay_seconds", BY_JOB)},
        "s",
        limit=LATE_SECONDS,
    )


def _durations() -> timeseries.Panel:
    return lines(
        "How long they take",
        "How long the last run of each job took; the twenty longest.",
        {WHOSE: worst("hermes_cron_job_last_duration_seconds", BY_JOB)},
        "s",
    )


def _late() -> timeseries.Panel:
    results = "".join(('hermes_cron_job_slots_total{result=~"', "late|missed|unknown", '"}'))
    return lines(
        "Late, never came, unknown",
        "Reports by what became of them, but for those in order. Unknown: nobody watched when they were due.",
        {"{{result}}: {{job_name}}": f"{counted(results, (*BY_JOB, 'result'))} > 0"},
        "none", bars=True, interval="15m", height=7, empty="All in order in this time",
    )  # fmt: skip


def _twice() -> timeseries.Panel:
    return lines(
        "Run twice",
        "Second runs for one and the same time: two processes turn one scheduler.",
        {WHOSE: f"{counted('hermes_cron_job_duplicate_runs_total', BY_JOB)} > 0"},
        "none", bars=True, interval="15m", height=7, empty="None in this time",
    )  # fmt: skip


def _runs() -> timeseries.Panel:
    return lines(
        "Runs",
        "Runs that ended: completed, failed, or unknown because their process died. A completed run is no "
        "proof that "
        "its report arrived.",
        {"{{status}}": f"{counted('hermes_cron_job_runs_total', ('status',))} > 0"},
        "none", names=words.RUNS, bars=True, interval="15m", empty="None in this time",
    )  # fmt: skip


def _deliveries() -> timeseries.Panel:
    return lines(
        "Deliveries",
        "Reports by what became of them, by evidence.",
        {"{{outcome}}": f"{counted('hermes_cron_job_deliveries_total', ('outcome',))} > 0"},
        "none", names=words.OUTCOMES, bars=True, interval="15m", empty="None in this time",
    )  # fmt: skip
