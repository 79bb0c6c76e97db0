"""What is no failure, all of it together."""

from tests.field.row import Row

ROWS = {
    "quiet month": Row(
        (),
        "a month of all kinds of jobs, restarts, pauses and a clock change in which nothing fails",
        ("hermes_cron_job_slots_total", "hermes_gateway_starts_total", "hermes_profile_health"),
    ),
}
