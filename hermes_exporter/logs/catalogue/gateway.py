"""The gateway process, and what is nobody's: tools, users' texts."""

from __future__ import annotations

from hermes_exporter.logs.row import ANY, ERROR, FAULT, INFO, WARNING, Row

GATEWAY = "gateway.run"

NOBODYS = (Row("ignore_tool", "tools.", FAULT, r""),)
"""Tried first: tools quote whatever they meet."""

ROWS = (
    Row("gateway_starting", GATEWAY, INFO, r"Starting Hermes Gateway\.\.\."),
    Row("gateway_running", GATEWAY, INFO, r"Gateway running with \d++ platform\(s\)"),
    Row("gateway_running", GATEWAY, INFO, r"Gateway will continue running for cron job execution"),
    Row(
        "gateway_degraded",
        GATEWAY,
        WARNING,
        r"(?:Gateway started with no connected platforms — \d|No adapter could be created for any of the"
        r"|No messaging platforms enabled|No connected messaging platforms remain, but \d)",
    ),
    Row(
        "gateway_fatal",
        GATEWAY,
        ERROR,
        r"(?:No connected messaging platforms remain\. Shutting down gateway (?:for service restart|cleanly)"
        r"|Gateway hit a non-retryable startup conflict: |Gateway multiplexer config error: |Refusing to start: "
        r"|Gateway exiting (?:cleanly|with failure): )",
    ),
    Row(
        "gateway_duplicate",
        GATEWAY,
        ERROR,
        r"(?:Another gateway instance|Gateway runtime lock is already held|PID file race lost"
        r"|Old gateway \(PID \d++\) still appears alive|Permission denied killing PID)",
    ),
    Row(
        "gateway_replaced",
        GATEWAY,
        ANY,
        r"(?:Replacing existing gateway instance|Old gateway \(PID \d++\) did not exit)",
    ),
    Row(
        "gateway_signal",
        GATEWAY,
        INFO,
        r"Received (?P<signal>\S++) (?:as a planned (?:--replace takeover|gateway stop)|— initiating shutdown)",
    ),
    Row(
        "gateway_shutdown_context",
        GATEWAY,
        WARNING,
        r"Shutdown context: signal=(?P<signal>\S++) under_systemd=(?:yes|no) parent_pid=\S++ parent_name=\S",
    ),
    Row(
        "gateway_drain",
        GATEWAY,
        INFO,
        r"(?:External drain (?:ENGAGED|RELEASED)"
        r"|Shutdown phase: drain done at (?>[^\n]*?timed_out=)(?:True|False))",
    ),
    Row(
        "gateway_drain_timeout",
        GATEWAY,
        WARNING,
        r"Gateway drain timed out after [\d.]++s with \d++ active agent\(s\), \d++ in-flight cron",
    ),
    Row("gateway_stopping", GATEWAY, INFO, r"Stopping gateway(?: for restart)?+\.\.\."),
    Row(
        "gateway_stopped",
        GATEWAY,
        INFO,
        r"(?:Gateway stopped \(total teardown [\d.]++s\)|Exiting with code (?P<code>\d++) )",
    ),
    Row("gateway_watchdog", "gateway.shutdown_watchdog", ("CRITICAL",), r"Shutdown watchdog fired after \d++s"),
    Row("gateway_task_died", GATEWAY, ERROR, r"Supervised task \S++ died(?: \d++ times)?+"),
    Row(
        "gateway_restart_storm",
        "hermes_cli.gateway",
        WARNING,
        r"Gateway \(re\)started \d++ times in \d++s — backing off \d++s",
    ),
    Row("gateway_restart_storm", GATEWAY, WARNING, r"Restart-loop breaker TRIPPED: \d"),
    Row("gateway_agent_error", GATEWAY, ERROR, r"Agent error in session "),
    Row("tool_error", "agent.tool_executor", WARNING, r"Tool \S++ returned error \([\d.]++s\):"),
    Row("ignore_user_text", GATEWAY, INFO, r"(?:inbound message: |response ready: )", bulk=True),
    Row("ignore_user_text", "agent.turn_context", INFO, r"conversation turn: session=\S++ model=", bulk=True),
)
