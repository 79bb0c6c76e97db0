"""Failures of the scheduler: the gateway lives, and jobs do not run as they should."""

from tests.field.row import Row

STALLED, MISSING = "HermesCronSchedulerStalled", "HermesReportNotDelivered"
HEARTBEAT = "hermes_cron_scheduler_heartbeat_timestamp_seconds"
OWED = "hermes_cron_job_owed_slot_timestamp_seconds"
OVERDUE = "hermes_cron_job_report_overdue"

ROWS = {
    "ticker dies": Row(
        (32612, 32895), "the ticker's thread dies, the gateway goes on", (HEARTBEAT, "hermes_gateway_up"), STALLED
    ),
}
