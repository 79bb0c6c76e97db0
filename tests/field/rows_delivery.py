"""Failures of delivery: the job ran, and its report did not reach its reader."""

from tests.field.row import Row

FAILED, MISSING = "HermesReportDeliveryFailed", "HermesReportNotDelivered"
OUTCOME = "hermes_cron_job_last_delivery_outcome"
OVERDUE = "hermes_cron_job_report_overdue"

ROWS = {
    "delivery failed": Row(
        (83993,), "Hermes calls the run ok, and the report was not delivered", (OUTCOME, OVERDUE), FAILED
    ),
    "some targets failed": Row((83993,), "one of two chats did not get the report", (OUTCOME,), FAILED),
    "never arrived": Row(
        (77763, 60121, 47056),
        "sent, never confirmed, and noted as delivered",
        (OUTCOME, "hermes_cron_job_last_delivery_timestamp_seconds"),
        "HermesReportUnverified",
    ),
    "unverified, and proof is demanded": Row(
        (77763,), "the same, of a job whose owner wants proof of each report", (OVERDUE, OUTCOME), MISSING
    ),
    "unverified once": Row((), "one report is not confirmed, the next ones are: no failure", (OUTCOME,)),
    "accepted and dropped": Row(
        (77763,),
        "the messenger took the report and nobody ever saw it",
        why="only the messenger and its reader know; Hermes and the exporter have its word for it",
    ),
    "no destination": Row((17139,), "deliver names a messenger that is not there", (OUTCOME, OVERDUE), FAILED),
    "restart in mid-delivery": Row(
        (58818, 108685),
        "the report waits in a queue whose owner is dead",
        ("hermes_delivery_pending", "hermes_delivery_oldest_pending_timestamp_seconds", OVERDUE),
        MISSING,
    ),
    "killed while it delivers": Row(
        (58818,),
        "an older version is killed before the report is out",
        ("hermes_cron_job_runs_total", OVERDUE),
        MISSING,
    ),
    "recorded as delivered": Row(
        (108685,),
        "a restart in mid-delivery, after which the ledger says delivered",
        why="Hermes' own ledger is the strongest evidence there is, and here it is wrong",
    ),
    "replies fail": Row(
        (91653, 105804, 100660, 67568),
        "answers in a chat are given up and not sent again",
        why="they stand in state.db, which is never opened: its reader could hold up Hermes",
    ),
    "wrong bot": Row(
        (70849, 100489, 73363),
        "with several profiles in one gateway another profile's bot sends the report",
        why="the delivery succeeds, and nothing notes which bot made it",
    ),
    "dead target": Row(
        (),
        "the chat is proved unreachable and is sent to no more",
        ("hermes_delivery_dead_targets", OUTCOME),
        FAILED,
    ),
    "nothing to report": Row((), "[SILENT], or a script that prints nothing: no failure", (OUTCOME,)),
    "stays on the machine": Row((), "deliver: local: no failure", (OUTCOME,)),
    "second attempt": Row((), "the live connection fails and another way works: no failure", (OUTCOME,)),
}
