"""Failures of the scheduler: the gateway lives, and jobs do not run as they should."""

from tests.field.row import Row

STALLED, MISSING = "HermesCronSchedulerStalled", "HermesReportNotDelivered"
FAILING, VANISHED = "HermesCronJobFailing", "HermesCronJobsVanished"
HEARTBEAT = "hermes_cron_scheduler_heartbeat_timestamp_seconds"
OWED = "hermes_cron_job_owed_slot_timestamp_seconds"
OVERDUE = "hermes_cron_job_report_overdue"

DUPLICATES = "hermes_cron_job_duplicate_runs_total"
DELAY = "hermes_cron_job_start_delay_seconds"
FAILURES = "hermes_cron_job_consecutive_failures"
RUNNING = "hermes_cron_job_running"
TICKED = "hermes_cron_scheduler_ticked"

ROWS = {
    "ticker dies": Row(
        (32612, 32895), "the ticker's thread dies, the gateway goes on", (HEARTBEAT, "hermes_gateway_up"), STALLED
    ),
    "no tick after a restart": Row(
        (60703,),
        "restarted, and the ticks stop; their marks are older than the gateway",
        (HEARTBEAT, "hermes_gateway_start_timestamp_seconds"),
        STALLED,
    ),
    "job takes the ticker with it": Row(
        (36854, 37179),
        "a prompt that waits for an answer, or an exception in a job, ends the ticker",
        ("hermes_cron_job_run_start_timestamp_seconds", HEARTBEAT),
        STALLED,
    ),
    "ticker never starts": Row(
        (111010,), "recovery crashes at the start, the marks are weeks old", (HEARTBEAT,), STALLED
    ),
    "out of file descriptors": Row(
        (87644,),
        "every tick fails for want of a file descriptor, the gateway looks well",
        ("hermes_cron_scheduler_error", "hermes_gateway_open_fds", "hermes_gateway_max_fds"),
        STALLED,
    ),
    "store of another user": Row(
        (68483, 41966, 29660),
        "jobs.json became root's, every tick fails",
        ("hermes_cron_scheduler_error", "hermes_cron_store_writable"),
        STALLED,
    ),
    "updated under a live gateway": Row(
        (117275, 95294, 78574, 100479, 119597),
        "new code below a running gateway: imports fail, or the ticker yields",
        ("hermes_cron_scheduler_error", "hermes_gateway_code_stale"),
        STALLED,
    ),
    "no gateway at all": Row(
        (18641, 21867, 87033, 51038),
        "jobs are there and no gateway was ever installed",
        (TICKED, "hermes_cron_jobs"),
        "HermesCronJobsNotTicked",
    ),
    "jobs in a profile that nobody ticks": Row(
        (25295, 32091, 54870, 51767, 99028),
        "the job was stored in a profile whose cron nobody ticks",
        (TICKED, "hermes_cron_jobs"),
        "HermesCronJobsNotTicked",
    ),
    "served and never ticked": Row(
        (69377, 74878, 103844, 107168),
        "one gateway serves several profiles, and ticks its own alone",
        (TICKED, "hermes_profile_info"),
        STALLED,
    ),
    "served and ticked": Row(
        (110166,), "a served profile has no process and no pid file of its own: no failure", (TICKED,)
    ),
    "gateway for a served profile": Row(
        (97120,),
        "a gateway is installed for a profile that another one serves: it refuses, and is started again for ever",
        ("hermes_gateway_starts_total", "hermes_gateway_proof", "hermes_unit_restarts_total"),
        "HermesGatewayCrashLooping",
    ),
    "two tick one store": Row(
        (102944, 59229, 57191, 67418),
        "a desktop and a gateway tick one store, a job runs twice at once",
        (DUPLICATES,),
    ),
    "slot skipped": Row((111414, 113603), "the next run moves on, and nothing ran", (OVERDUE, OWED), MISSING),
    "slot lost in a restart": Row(
        (107485, 108945), "a restart between plan and run loses the slot", (OVERDUE, OWED), MISSING
    ),
    "hours late after downtime": Row(
        (99879,), "what came due while the gateway was down runs hours late", (DELAY, OVERDUE), MISSING
    ),
    "fires again": Row((104312,), "the same slot is run again minutes later", (DUPLICATES,)),
    "fires early": Row((24289,), "a job runs before its time", (DUPLICATES,)),
    "slow job holds up the others": Row(
        (9086,), "older versions wait for a run before they look at the next job", (OVERDUE, RUNNING), MISSING
    ),
    "long serial job": Row((), "the loop stands while a long job runs: no failure", (RUNNING, TICKED)),
    "no next run": Row(
        (5518, 59383),
        "an enabled job without a next run",
        ("hermes_cron_job_schedulable", OVERDUE),
        MISSING,
    ),
    "zombie one-shot": Row((28166,), "a one-shot that is on, past, and has no next run", (OVERDUE,), MISSING),
    "one-shot hours late": Row((93526,), "a one-shot runs hours late", (OVERDUE, DELAY), MISSING),
    "one-shot vanishes": Row((93526,), "a one-shot is gone, and no run of it is noted", (OVERDUE,), MISSING),
    "recurring job is completed": Row(
        (16265,),
        "a library is gone, and a job without end counts as completed",
        ("hermes_cron_job_schedulable", "hermes_cron_jobs"),
        MISSING,
    ),
    "completed in the future": Row(
        (107559,),
        "a run that never was is noted for later today, and the real one is left out",
        ("hermes_exporter_future_timestamps_total", OVERDUE),
        MISSING,
    ),
    "wrong hour": Row(
        (66436, 119969, 103904, 109532),
        "another zone's wall clock decides when a job runs",
        (OVERDUE, DELAY),
        MISSING,
    ),
    "month skipped": Row(
        (100030,),
        "a monthly job leaves a month out",
        ("hermes_cron_job_next_run_timestamp_seconds", OVERDUE),
        MISSING,
    ),
    "claim lost": Row(
        (105821, 116136, 100401, 88507),
        "a run outlives its claim, another process takes over, and the result is thrown away",
        ("hermes_cron_job_runs_total", FAILURES, OVERDUE),
        MISSING,
    ),
    "orphaned run": Row(
        (86721, 83340, 113923, 102511),
        "a run stays under way in the ledger though its process is gone",
        ("hermes_cron_job_run_orphaned",),
        "HermesCronRunStuck",
    ),
    "zone ignored": Row(
        (88220,), "the configured time zone is not the one that Hermes goes by", ("hermes_cron_timezone_mismatch",)
    ),
    "slot lost to a clock change": Row(
        (66436, 109532), "in the night of a clock change a job never runs", (OVERDUE, OWED), MISSING
    ),
    "night of a clock change": Row(
        (), "Hermes runs an hour early or late in that night: no failure", ("hermes_cron_job_slots_total",)
    ),
    "out of credit": Row(
        (85215,),
        "402 kills every run for days",
        ("hermes_provider_errors_total", FAILURES),
        "HermesProviderQuotaExhausted",
    ),
    "failure healed by the next run": Row(
        (118354,), "a failure that the next good run wipes out of Hermes' notes", ("hermes_cron_job_runs_total",)
    ),
    "fails and tells nobody": Row(
        (20353, 86357),
        "a job fails and no notice of it is sent",
        (FAILURES, "hermes_cron_job_last_status"),
        FAILING,
    ),
    "jobs vanish": Row(
        (80624, 34600, 32164), "a job is gone after an update", ("hermes_cron_jobs_vanished",), VANISHED
    ),
    "store deleted": Row(
        (26737, 52144), "a clean-up deletes jobs.json", ("hermes_cron_jobs_vanished", "hermes_cron_jobs"), VANISHED
    ),
    "store emptied": Row(
        (34840,), "jobs.json holds no job any more", ("hermes_cron_jobs_vanished", "hermes_cron_jobs"), VANISHED
    ),
    "deleted job comes back": Row(
        (71959,), "a job that was deleted is there again", ("hermes_cron_job_info", "hermes_cron_jobs")
    ),
    "prompt replaced": Row(
        (82990,),
        "a job runs with another prompt than its owner's",
        why="prompts are private: they are never read, and so never compared",
    ),
    "store damaged": Row(
        (6797, 6810), "jobs.json is torn, empty, or no store", ("hermes_cron_store_valid", HEARTBEAT), STALLED
    ),
    "quota used up at each run": Row(
        (89395,),
        "429 at each run, for a day and more",
        ("hermes_provider_errors_total", FAILURES),
        "HermesProviderQuotaExhausted",
    ),
    "quota hold": Row(
        (89395,), "parked until its quota returns: no failure", ("hermes_cron_job_held_until_timestamp_seconds",)
    ),
    "refused configuration": Row(
        (), "a check before the run refuses the job", ("hermes_cron_job_last_status", FAILURES), FAILING
    ),
    "jobs that owe nothing": Row(
        (), "paused, switched off, used up, done: no failure", ("hermes_cron_jobs", OVERDUE)
    ),
    "one-shot that its owner removed": Row((), "gone before its time: no failure", ("hermes_cron_jobs_vanished",)),
    "notes in a store of their own": Row(
        (75607,),
        "jobs.json has no next run any more, runtime.db has: no failure",
        ("hermes_cron_job_next_run_timestamp_seconds",),
    ),
    "another provider fires the jobs": Row(
        (), "Chronos: no ticker and no marks, no failure; a report that it leaves out is one", (OVERDUE,), MISSING
    ),
    "nothing to do": Row((), "a fresh install, no jobs: no failure", ("hermes_profile_condition",)),
    "restarts between runs": Row(
        (), "restarted now and then, across slots too: no failure", ("hermes_cron_job_slots_total",)
    ),
}
