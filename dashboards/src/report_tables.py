"""The tables of the reports dashboard: how each report is, what runs now, and how the jobs are set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.src import words
from dashboards.src.queries import BY_JOB, each, moment
from dashboards.src.tables import AGO, Column, profile_link, table_of

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import table

REPORT = Column("Report", label="job_name", url=profile_link("hermes-reports"))
PROFILE = Column("Profile", label="profile", url=profile_link("hermes-profile"))
HOST = Column("Host", label="instance")
ID = Column("Id", label="job_id", width=120)
NOW = {0: ("in order", words.GOOD), 1: ("cannot tell", words.DOUBT), 2: ("missing now", words.BAD)}


def missing_reports() -> table.Panel:
    """Return the reports that are overdue, and since when."""

    def of_missing(metric: str) -> str:
        return f"{moment(metric, BY_JOB)} and {each('hermes_cron_job_report_overdue == 1', BY_JOB)}"

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
                "Due at", expression=of_missing("hermes_cron_job_owed_slot_timestamp_seconds"),
                unit="dateTimeAsLocalNoDateIfToday", width=150,
            ),
            Column(
                "Last arrived", expression=of_missing("hermes_cron_job_last_delivery_timestamp_seconds"), unit=AGO,
                width=120,
            ),
            Column("Profile", label="profile", url=profile_link("hermes-profile")),
            Column("Host", label="instance"),
            Column("Id", label="job_id", hidden=True),
        ],
        sort="Was due", width=12, height=7, empty="No report is known to be missing",
    )  # fmt: skip


def every_report() -> table.Panel:
    """Return the report of every job, those that are missing first."""
    overdue = each("hermes_cron_job_report_overdue", BY_JOB, times=2)
    withheld = f"({each('hermes_cron_job_judged', BY_JOB)} == bool 0)"
    return table_of(
        "Every report",
        "When each report last arrived and what proves it, what became of the last run, when the next one is "
        "due, and "
        "how many runs failed in a row.",
        [
            REPORT,
            Column("Now", expression=f"{overdue} or {withheld}", words=NOW, width=105),
            Column(
                "Last arrived", expression=moment("hermes_cron_job_last_delivery_timestamp_seconds", BY_JOB),
                unit=AGO, width=125,
            ),
            Column("Proved by", label="evidence", words=words.EVIDENCE, width=120),
            Column("Last run", label="outcome", words=words.OUTCOMES, width=160),
            Column(
                "Next due", expression=moment("hermes_cron_job_next_slot_timestamp_seconds", BY_JOB), unit=AGO,
                width=115,
            ),
            Column(
                "Failed in a row", expression=each("hermes_cron_job_consecutive_failures", BY_JOB), width=110,
                steps=((None, words.CALM), (1, words.POOR), (3, words.BAD)),
            ),
            Column("Hermes says", label="status", words=words.STATUSES, width=110),
            PROFILE,
            HOST,
            Column(
                "Was last due", expression=moment("hermes_cron_job_last_slot_timestamp_seconds", BY_JOB), unit=AGO,
                width=115,
            ),
            Column(
                "Not late until", expression=moment("hermes_cron_job_report_deadline_timestamp_seconds", BY_JOB),
                unit=AGO, width=115,
            ),
            Column(
                "Last good run", expression=moment("hermes_cron_job_last_success_timestamp_seconds", BY_JOB),
                unit=AGO, width=125,
            ),
            ID,
            Column(
                "Evidence set",
                expression=each("hermes_cron_job_last_delivery_evidence", (*BY_JOB, "evidence")), hidden=True,
            ),
            Column(
                "Outcome set", expression=each("hermes_cron_job_last_delivery_outcome", (*BY_JOB, "outcome")),
                hidden=True,
            ),
            Column(
                "Status set", expression=each("hermes_cron_job_last_status", (*BY_JOB, "status")), hidden=True
            ),
        ],
        sort="Now", height=11, empty="No reports known",
    )  # fmt: skip


def in_flight() -> table.Panel:
    """Return the runs that are in flight now."""
    return table_of(
        "Running now",
        "Runs in flight, and since when. Orphaned: its process is gone, and nobody will end it. Waits: its "
        "model's "
        "quota is used up.",
        [
            REPORT,
            Column("Since", expression=moment("hermes_cron_job_run_start_timestamp_seconds", BY_JOB), unit=AGO),
            Column("Lives", expression=f"{each('hermes_cron_job_running', BY_JOB)} == 1", words=words.YES_OR_NO),
            Column("Orphaned", expression=each("hermes_cron_job_run_orphaned", BY_JOB), words=words.YES_IS_BAD),
            Column(
                "Waits until", expression=moment("hermes_cron_job_held_until_timestamp_seconds", BY_JOB), unit=AGO
            ),
            PROFILE,
            HOST,
            ID,
        ],
        sort="Since", height=6, empty="Nothing runs now",
    )  # fmt: skip


def set_up() -> table.Panel:
    """Return how the jobs are set up."""
    set_by = ("schedule", "kind", "timezone", "deliver", "runner")
    return table_of(
        "How they are set up",
        "When each job is to run, on whose clock, and where its report goes. Cannot be planned: Hermes finds "
        "no next "
        "run in its schedule.",
        [
            REPORT,
            Column("Schedule", label="schedule"),
            Column("Clock", label="timezone", width=130),
            Column("Goes to", label="deliver"),
            Column(
                "On", expression=each("hermes_cron_job_enabled", BY_JOB), width=70,
                words={0: ("paused", words.CALM), 1: ("on", words.GOOD)},
            ),
            Column(
                "Can be planned", expression=each("hermes_cron_job_schedulable", BY_JOB), words=words.YES_IS_GOOD,
                width=120,
            ),
            Column(
                "Hermes plans", expression=moment("hermes_cron_job_next_run_timestamp_seconds", BY_JOB), unit=AGO
            ),
            Column("Last ran", expression=moment("hermes_cron_job_last_run_timestamp_seconds", BY_JOB), unit=AGO),
            Column("Created", expression=moment("hermes_cron_job_created_timestamp_seconds", BY_JOB), unit=AGO),
            Column("Kind", label="kind", width=80),
            Column("Runs", label="runner", width=80),
            PROFILE,
            HOST,
            ID,
            Column("Info set", expression=each("hermes_cron_job_info", (*BY_JOB, *set_by)), hidden=True),
        ],
        height=9, empty="No jobs known",
    )  # fmt: skip
