"""Messaging platforms as the gateway sees them: connected, given up, queued again.

``failed to connect`` and ``Fatal ... adapter error`` follow what the platform's adapter said itself, so they count
nowhere; ``X error`` stands alone, for a connect that raised or timed out.
"""

from __future__ import annotations

from hermes_exporter.logs.row import ANY, END, ERROR, FAULT, INFO, WARNING, Row

GATEWAY = "gateway.run"
OF_PROFILE = r"(?: \(profile: (?P<profile>[^)\n]++)\))?+"

LOST = r"(?:Failed to deliver response after \d++ retries|Fallback send also failed|response_delivery_dropped):"
TOLD_BEFORE = r"\[(?:Discord|Email|Matrix|Mattermost|Slack|Telegram|Whatsapp_Cloud)\] "
"""Their adapters have an ERROR or WARNING of their own for each send that fails."""

ROWS = (
    Row("platform_connecting", GATEWAY, INFO, r"Connecting to (?P<platform>\w++)\.\.\."),
    Row(
        "platform_connected",
        GATEWAY,
        INFO,
        r"✓ (?P<platform>\w++) (?:re)?connected(?: successfully)?+" + OF_PROFILE + END,
    ),
    Row(
        "platform_served",  # it asks for news again and again, and connects once
        "hermes_plugins.email_platform",
        INFO,
        r"\[Email\] (?:New message from |Sent (?:reply|multi-attachment email) to )",
    ),
    Row("platform_disconnected", GATEWAY, INFO, r"✓ (?P<platform>\w++) disconnected \("),
    Row("platform_connect_failed", GATEWAY, WARNING, r"✗ (?P<platform>\w++) failed to connect" + OF_PROFILE),
    Row(
        "platform_connect_failed",
        GATEWAY,
        ERROR,
        r"✗ (?P<platform>\w++) error" + OF_PROFILE + r": (?>[^\n]*? connect timed out after )",
        "transport",
    ),
    Row("platform_connect_failed", GATEWAY, ERROR, r"✗ (?P<platform>\w++) error" + OF_PROFILE + r": ", "other"),
    Row(
        "platform_teardown_slow",
        GATEWAY,
        FAULT,
        r"(?:✗ (?P<platform>\w++) (?:disconnect|background-task cancel)"
        r"|Timed out after [\d.]++s while disconnecting)",
    ),
    Row(
        "platform_fatal",
        GATEWAY,
        ERROR,
        r"Fatal (?P<platform>\w++) adapter error(?: for multiplexed profile (?P<profile>\S++))?+ "
        r"\((?P<code>[^)\n]*+)\)",
    ),
    Row("platform_queued", GATEWAY, INFO, r"(?P<platform>\w++) queued for background reconnection"),
    Row(
        "platform_reconnecting",
        GATEWAY,
        INFO,
        r"(?:Reconnecting (?P<platform>\w++) \(attempt (?P<attempt>\d++)\)"
        r"|Reconnect (?P<platform2>\w++) failed, next retry in \d++s|Secondary \w++ reconnect retry in)",
    ),
    Row(
        "platform_reconnect_stopped",
        GATEWAY,
        WARNING,
        r"Reconnect (?P<platform>\w++): (?:non-retryable error \((?>.*?\), )|no bot credential on queued config, "
        r"|adapter creation returned None, )removing from retry queue",
    ),
    Row(
        "platform_reconnecting",
        GATEWAY,
        WARNING,
        r"Reconnect (?P<platform>\w++) error: (?>.*?, next retry in )\d++s",
        "other",
    ),
    Row("platform_paused", GATEWAY, WARNING, r"(?P<platform>\w++) paused after \d++ consecutive failures"),
    Row(
        "platform_config",
        GATEWAY,
        WARNING,
        r"(?:No adapter (?:for '(?P<platform>[^'\n]++)'|available for (?P<platform2>\w++))"
        r"|(?P<platform3>\w++) is enabled but no profile)",
        "config",
    ),
    Row(
        "platform_config",
        "gateway.config",
        FAULT,
        r"(?P<platform>\w++) is enabled but \S++ is (?:empty|set to a placeholder)",
        "config",
    ),
    Row(
        "platform_config",
        "gateway.platform_registry",
        FAULT,
        r"(?:Platform '(?P<platform>[^'\n]++)' (?:requirements not met|config validation)"
        r"|Failed to create adapter for platform '|Deferred load of platform ')",
        "config",
    ),
    Row(
        "platform_conflict",
        GATEWAY,
        ERROR,
        r"Profile '[^'\n]++' and '[^'\n]++' both configure (?P<platform>\w++) with the same credential",
        "conflict",
    ),
)

LATE_ROWS = (
    Row(
        "inbound_rejected",
        "gateway.platforms.",
        ANY,
        r"(?:API server rejected invalid API key|cron fire: rejected invalid token"
        r"|\[webhook\] (?:Invalid signature|Route (?>[^\n]*? has no HMAC)|(?>[^\n]*?replay window))"
        r"|\[whatsapp_cloud\] rejected webhook)",
    ),
    Row("inbound_rejected", GATEWAY, WARNING, r"(?:Unauthorized user: |Dropping message from unauthorized user)"),
    Row(
        "inbound_rejected",
        "hermes_plugins.",
        ANY,
        r"\[\w++\] (?:Blocked unauthorized user|Unauthorized |Webhook rejected|Rejected: )",
    ),
    Row(
        "platform_config",
        "gateway.platforms.api_server",
        ERROR,
        r"\[\w++\] (?:Refusing to start: API_SERVER_KEY|Could not bind )",
        "config",
    ),
    Row("platform_config", "gateway.platforms.webhook", ERROR, r"\[webhook\] Could not bind", "config"),
    Row("platform_send_failed", "*", ERROR, r"\[[^\]\n]++\] Failed to send (?:Telegram|Discord) message:", "send"),
    Row("platform_send_failed", "*", ERROR, TOLD_BEFORE + LOST),
    Row("platform_send_failed", "*", ERROR, r"\[[^\]\n]++\] " + LOST, "send"),
    Row("platform_send_retry", "*", WARNING, r"\[[^\]\n]++\] Send failed(?: \(attempt \d++/\d++|: )"),
    Row(
        "platform_transport",
        "*",
        FAULT,
        r"(?:\[[^\]\n]++\] (?:Failed to connect|Connection timed out|WebSocket (?:error|closed|connection closed)"
        r"|Reconnect(?:ion)? failed|Stream (?:client )?error|Max reconnect|Giving up after|poll error"
        r"|getUpdates failed)"
        r"|IRC: (?:failed to connect|connection lost)|SimpleX(?: WS)?: (?:cannot reach|connection closed)"
        r"|\[bluebubbles\] cannot reach|Gateway swallowed transient network error)",
        "transport",
    ),
    Row(
        "delivery_dead_target",
        "gateway.d",
        INFO,
        r"(?:dead_targets: (?:marked|cleared) |Skipping delivery to known-dead target )",
    ),
)
"""Tried after those of the single adapters."""
