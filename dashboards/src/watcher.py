"""How the exporters are that watch the hosts: what they could not see, nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.src import words
from dashboards.src.panels import gauges, lines, timeline
from dashboards.src.queries import BY_PROFILE, counted, each, moment
from dashboards.src.tables import AGO, Column, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.src.panels import Made


def panels() -> Iterator[Made]:
    """Yield them in order."""
    yield _exporters()
    yield _unread()
    yield _durations()
    yield _lost()
    yield _disks()


def _exporters() -> Made:
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
                "Memory kept", expression="min by (instance) (hermes_exporter_memory_durable)",
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
        width=14, height=7, empty="No exporter is known",
    )  # fmt: skip


def _unread() -> Made:
    by = (*BY_PROFILE, "collector")
    return timeline(
        "What could not be read",
        "A row for every part of a profile that should be readable and was not: what it would tell is missing.",
        (each("(hermes_exporter_collector_success == 0) + 1", by), "{{profile}} ({{instance}}): {{collector}}"),
        {1: ("not readable", words.POOR)},
        width=10,
        height=7,
        empty="Everything could be read in this time",
    )


def _durations() -> Made:
    return lines(
        "Time that looking takes",
        "Seconds per part, the slowest host.",
        {"{{collector}}": "max by (collector) (hermes_exporter_collector_duration_seconds)"},
        "s", width=8, height=7,
    )  # fmt: skip


def _lost() -> Made:
    def rose(metric: str) -> str:
        return f"{counted(metric, ('instance',))} > 0"

    return lines(
        "Not understood, or lost",
        "Things that could not be understood, times that lie in the future, and bytes of logs that were rotated "
        "away before they were read. All of them are rare.",
        {
            "not understood ({{instance}})": rose("hermes_exporter_parse_errors_total"),
            "times ahead ({{instance}})": rose("hermes_exporter_future_timestamps_total"),
            "log bytes lost ({{instance}})": rose("hermes_exporter_log_bytes_lost_total"),
        },
        "short", width=8, height=7, bars=True, empty="None in this time",
    )  # fmt: skip


def _disks() -> Made:
    by = "max by (instance, home)"
    left = f"{by} (hermes_home_filesystem_avail_bytes) / {by} (hermes_home_filesystem_size_bytes)"
    return gauges(
        "Disk space left",
        "Of the file system that each Hermes home lies on. A full one stops logs, reports and all.",
        (left, "{{instance}}: {{home}}"), "percentunit",
        ((None, words.BAD), (0.05, words.POOR), (0.15, words.GOOD)),
        width=8, height=7, most=1,
    )  # fmt: skip
