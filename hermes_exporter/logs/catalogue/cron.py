"""Scheduled jobs: started, silent, delivered, failed.

Some records name a job by its id and some by its name, which may be the prompt: only ids are taken out. A name can
also hold what another record says, so that a delivery is one only if no quote follows that could close the name.

A report that no connected adapter sends, because the gateway's was refused or because the job was run by hand, is
sent by itself, and if the platform turns that down, ``delivery error`` is the only record of it: it counts as an
error of the platform.
"""

from __future__ import annotations

from hermes_exporter.logs.row import END, ERROR, FAULT, INFO, VALUES, WARNING, Row

SCHEDULER = "cron.scheduler"
TICKER = "cron.scheduler_provider"
STORE = "cron.jobs"
GATEWAY = "gateway.run"

JOB = r"Job '(?P<job>[^'\n]++)': "
NAMED = r"Job '"
"""A job by its name, whatever is in it."""
ALONE = JOB + r"delivery error: "
"""Of a report that no adapter has sent; for these platforms there is no other record of it."""
PLATFORM = r"(?P<platform>Discord|Matrix|Mattermost)"
REFUSED = (
    rf"(?:{PLATFORM} API error \(401\)|(?P<platform2>Slack) API error: "
    r"(?:invalid_auth|not_authed|account_inactive|token_revoked|token_expired))"
)

ROWS = (
    Row("cron_silent", SCHEDULER, INFO, JOB + r"agent returned \[SILENT\] — skipping delivery"),
    Row(
        "cron_delivered",
        SCHEDULER,
        INFO,
        rf"Job '(?P<job>{VALUES['job']}+)': delivered to (?P<platform>{VALUES['platform']}+):[^'\n]*+" + END,
    ),
    Row("cron_scheduler_started", TICKER, INFO, r"In-process cron scheduler started \(interval=\d++s\)"),
    Row("cron_interrupted", TICKER, WARNING, r"Marked \d++ interrupted cron execution\(s\) unknown after restart"),
    Row("cron_tick_error", TICKER, ERROR, r"Cron tick error: "),
    Row(
        "cron_provider_degraded",
        TICKER,
        WARNING,
        r"(?:cron\.provider '[^'\n]*+' not (?:found|available)|Failed to load cron\.provider )",
    ),
    Row("cron_provider_degraded", "cron.chronos", WARNING, r"(?:Chronos |cron fire: )"),
    Row("cron_job_started", SCHEDULER, INFO, r"Running job '[^\n]*' \(ID: (?P<job>[^()\n]++)\)", bulk=True),
    Row("ignore_prompt_echo", SCHEDULER, INFO, r"Prompt:", bulk=True),
    Row("cron_job_completed", SCHEDULER, INFO, NAMED + r"[^\n]*' completed successfully" + END, bulk=True),
    Row(
        "cron_job_timeout",
        SCHEDULER,
        ERROR,
        NAMED + r"(?>.*?' idle for )\d++s \(inactivity limit \d++s\) \| last_activity=",
    ),
    Row("cron_job_failed", SCHEDULER, ERROR, NAMED + r"(?>.*?' failed: )(?P<error_type>[A-Za-z_][\w.]*+): "),
    Row(
        "cron_job_failed",
        SCHEDULER,
        ERROR,
        r"(?:Error processing job (?P<job>[^\s:]++): |Cron job future failed(?: in async mode)?+: )",
    ),
    Row("cron_job_skipped", SCHEDULER, WARNING, JOB + r"SKIPPED — global inference config drifted"),
    Row(
        "cron_job_blocked",
        SCHEDULER,
        WARNING,
        r"(?:Cron job '(?>.*?': assembled prompt blocked by injection scanner)"
        r"|Job '(?>.*?' \(ID: )(?P<job>[^()\n]++)\): blocked by prompt-injection scanner)",
    ),
    Row(
        "cron_job_blocked",
        SCHEDULER,
        ERROR,
        JOB + r"(?:refusing to run — unsafe provider/base_url pair|no_agent=True but no script)",
    ),
    Row(
        "cron_silent_detail",
        SCHEDULER,
        INFO,
        NAMED + r"(?>[^\n]*?: (?:empty stdout — silent run|wakeAgent=false|script produced no output))",
    ),
    Row(
        "cron_silent_detail",
        SCHEDULER,
        INFO,
        NAMED + r"(?>[^\n]*?': (?:deliver=origin but no origin or home channels|abnormal empty turn))",
    ),
    Row(
        "cron_deliver_retry",
        SCHEDULER,
        WARNING,
        JOB + r"live adapter (?:send|delivery) to (?P<platform>\w++):"
        r"(?>.*? (?:failed: |timed out before|returned unconfirmed))(?>.*?, falling back to standalone)",
    ),
    Row(
        "cron_deliver_assumed",
        SCHEDULER,
        WARNING,
        JOB + r"live adapter send to (?P<platform>\w++):(?>.*? timed out after 60s; already dispatched)",
    ),
    Row("cron_deliver_failed", SCHEDULER, ERROR, ALONE + REFUSED, "auth"),
    Row("cron_deliver_failed", SCHEDULER, ERROR, ALONE + PLATFORM + r" API error \(403\)", "send"),
    Row(
        "cron_deliver_failed",
        SCHEDULER,
        ERROR,
        ALONE + PLATFORM + r" (?:API error \(\d{3}\)|send failed \(network\))",
        "transport",
    ),
    Row(
        "cron_deliver_failed",
        SCHEDULER,
        ERROR,
        JOB + r"delivery (?:error: |to (?P<platform>\w++):(?>.*? failed: ))",
    ),
    Row(
        "cron_deliver_failed",
        SCHEDULER,
        WARNING,
        JOB + r"(?:no delivery target resolved for deliver=|unknown platform '[^'\n]*+'"
        r"|platform '(?P<platform>[^'\n]*+)' not configured/enabled"
        r"|delivery to (?P<platform2>\w++):(?>.*? skipped — interpreter is shutting down))",
    ),
    Row(
        "cron_deliver_failed",
        SCHEDULER,
        ERROR,
        r"(?:Job '(?P<job>[^'\n]++)': failed to load gateway config: "
        r"|Delivery failed for job (?P<job2>[^\s:]++): )",
    ),
    Row(
        "cron_deliver_partial",
        SCHEDULER,
        WARNING,
        JOB + r"(?:configured thread_id (?>.*? was not found; delivered without)"
        r"|\d++ media attachment\(s\) not delivered to|media send failed for|failed to send media"
        r"|cannot send media|origin has thread_id=)",
    ),
    Row(
        "cron_deliver_filtered",
        "gateway.delivery",
        WARNING,
        r"Dropped silence-narration outbound to (?P<platform>\w++)",
    ),
    Row(
        "cron_missed",
        STORE,
        INFO,
        NAMED + r"(?>[^\n]*?' missed its scheduled time \()[^,\n]++, grace=\d++s\)\. Running now",
    ),
    Row(
        "cron_missed",
        STORE,
        WARNING,
        r"Rejecting one-shot cron job(?: update)?+ '(?>.*?': run_at )(?>.*? grace window)",
    ),
    Row("cron_overlap", SCHEDULER, INFO, NAMED + r"[^\n]*' already running — skipping" + END),
    Row(
        "cron_not_dispatched",
        SCHEDULER,
        FAULT,
        NAMED + r"(?>.*?' not dispatched(?: — interpreter is shutting down|: ))",
    ),
    Row("cron_oneshot_done", "cron.", INFO, NAMED + r"(?>[^\n]*?': (?:one-shot )?dispatch limit reached)"),
    Row(
        "cron_rearm",
        STORE,
        INFO,
        NAMED + r"(?>[^\n]*?' (?:had no next_run_at; recovering|next_run_at offset changed))",
    ),
    Row(
        "cron_store_error",
        STORE,
        ERROR,
        r"(?:Failed to auto-repair jobs\.json|IOError reading jobs\.json"
        r"|Timed out after \d++s waiting for the cron jobs lock|Skipping malformed cron job"
        r"|Job '(?>.*?' \(\w{1,64}\) could not compute next_run_at))",
    ),
    Row("cron_sessiondb", SCHEDULER, ERROR, JOB + r"SessionDB init did not return within"),
    Row(
        "cron_interrupted",
        GATEWAY,
        WARNING,
        r"Shutdown \([^)\n]++\): marked \d++ in-flight cron job\(s\) interrupted: ",
    ),
    Row("cron_dropped_at_stop", GATEWAY, WARNING, r"Cron ticker did not exit within \d++s of shutdown"),
)
