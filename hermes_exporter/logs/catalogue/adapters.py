"""Messaging platforms as their adapters report them: refused, unreachable, limited, in conflict.

The adapter's record is the one that counts: one refused connect, poll or send is one record of it. Another attempt
that is refused is another refusal. What an adapter says after its own first record counts nowhere:
``Mattermost: failed to authenticate`` follows any failed ``users/me``, ``relay credential revoked`` a ``4401``;
Telegram's ``polling reconnect failed`` ends the attempt that ``network error (attempt N/10)`` began. A credential
that was never set is refused by nobody: that is ``config``.
"""

from __future__ import annotations

from hermes_exporter.logs.row import ERROR, FAULT, WARNING, Row

TELEGRAM = "hermes_plugins.telegram_platform"
MATTERMOST = "hermes_plugins.mattermost_platform"
DISCORD = "hermes_plugins.discord_platform"
SLACK = "hermes_plugins.slack_platform"
MATRIX = "hermes_plugins.matrix_platform"
EMAIL = "hermes_plugins.email_platform"
WHATSAPP = "hermes_plugins.whatsapp_platform"
CLOUD = "gateway.platforms.whatsapp_cloud"
SIGNAL = "gateway.platforms.signal"

MAILBOX = r"\[Email\] (?:IMAP connection failed|SMTP connection failed|IMAP fetch error|Poll error"
LOGIN_TO_SEND = r"\[Email\] Send failed to [^\s:]++: \((?:53[45]\b|\d{3}, b['\"]5\.7\.8\b)"

ROWS = (
    Row(
        "platform_conflict",
        TELEGRAM,
        FAULT,
        r"\[Telegram\] (?:Telegram polling (?:bootstrap )?+conflict|Telegram polling retry \d/\d failed"
        r"|Telegram polling could not recover after)",
        "conflict",
    ),
    Row(
        "platform_conflict",
        "*",
        ERROR,
        r"\[[^\]\n]++\] (?>[^\n]*? already in use(?: \(PID \d++\))?+\. Stop the other gateway)",
        "conflict",
    ),
    Row(
        "platform_auth",
        TELEGRAM,
        ERROR,
        r"\[Telegram\] Failed to connect to Telegram: "
        r"(?>.*?(?:was rejected by the server|InvalidToken|Unauthorized|Not Found))",
        "auth",
    ),
    Row(
        "platform_transport",
        TELEGRAM,
        ERROR,
        r"\[Telegram\] (?:Failed to connect to Telegram: |Telegram polling could not reconnect"
        r"|Telegram reconnect task wedged|Telegram polling _redact)",
        "transport",
    ),
    Row("platform_rate_limit", TELEGRAM, WARNING, r"\[Telegram\] Telegram flood control", "rate_limit"),
    Row(
        "platform_startup_noise",
        TELEGRAM,
        WARNING,
        r"\[Telegram\] (?:Connecting to Telegram \(attempt 1/|Discovering Telegram API fallback IPs)",
    ),
    Row(
        "platform_transport",
        TELEGRAM,
        WARNING,
        r"\[Telegram\] (?:Telegram network _redact|Telegram polling reconnect failed)",
    ),
    Row(
        "platform_transport",
        TELEGRAM,
        WARNING,
        r"\[Telegram\] (?:Telegram network error \(attempt (?P<attempt>\d++)/\d++\)"
        r"|Connect(?:ing to Telegram| attempt)|Telegram polling (?:degraded|heartbeat)"
        r"|Connected in degraded|Network error on send|getUpdates consumer|Telegram updater is not running"
        r"|Updater made no|updater\.stop|Primary api|Sticky fallback|Fallback IP|deleteWebhook"
        r"|General request pool)",
        "transport",
    ),
    Row(
        "platform_auth",
        MATTERMOST,
        ERROR,
        r"(?:MM API (?:\w++ \S++ → (?P<status>401)|GET users/me → (?P<status2>403)): "
        r"|Mattermost WS auth failed \(HTTP (?P<status3>\d{3})\)|Mattermost WS permanent error: )",
        "auth",
    ),
    Row("platform_permission", MATTERMOST, ERROR, r"MM API (?:GET|POST|PUT) \S++ → 403: ", "send"),
    Row(
        "platform_transport",
        MATTERMOST,
        ERROR,
        r"(?:MM API (?:GET|POST|PUT) \S++ (?:→ (?P<status>\d{3}): |network error: )"
        r"|MM file upload → )",
        "transport",
    ),
    Row("platform_transport", MATTERMOST, ERROR, r"Mattermost: failed to authenticate"),
    Row(
        "platform_transport",
        MATTERMOST,
        WARNING,
        r"Mattermost WS error: (?>.*? — reconnecting in )\d++s",
        "transport",
    ),
    Row(
        "platform_auth",
        DISCORD,
        ERROR,
        r"\[Discord\] (?:Failed to connect to Discord|Discord gateway task exited): "
        r"(?>.*?(?:Improper token|LoginFailure|4004|4014|rivileged intent))",
        "auth",
    ),
    Row(
        "platform_transport",
        DISCORD,
        FAULT,
        r"\[Discord\] (?:Failed to connect to Discord|Timeout waiting for connection|Discord gateway task exited"
        r"|Discord Gateway WebSocket (?:unhealthy|remained))",
        "transport",
    ),
    Row(
        "platform_rate_limit",
        DISCORD,
        WARNING,
        r"(?:\[Discord\] Discord rate-limited|Typing indicator rate-limited"
        r"|\[Discord\] Slash command sync timed out)",
        "rate_limit",
    ),
    Row(
        "platform_auth",
        SLACK,
        ERROR,
        r"\[Slack\] (?:Connection failed|Send error|Socket Mode reconnect failed): (?>.*?'error': '"
        r"(?:invalid_auth|not_authed|account_inactive|token_revoked|token_expired)')",
        "auth",
    ),
    Row("platform_auth", SLACK, ERROR, r"\[Slack\] SLACK_(?:BOT|APP)_TOKEN not set", "config"),
    Row("platform_rate_limit", SLACK, WARNING, r"\[Slack\] conversations\.replies rate limited", "rate_limit"),
    Row(
        "platform_transport",
        SLACK,
        FAULT,
        r"\[Slack\] (?:Connection failed|Send error"
        r"|Socket Mode (?:unhealthy|reconnect failed|task exited|watchdog))",
        "transport",
    ),
    Row(
        "platform_auth",
        MATRIX,
        ERROR,
        r"Matrix: (?:permanent auth error|login failed — (?>.*?(?:M_FORBIDDEN|M_UNKNOWN_TOKEN))"
        r"|whoami failed (?>.*?(?:M_UNKNOWN_TOKEN|M_MISSING_TOKEN|M_FORBIDDEN|401)))",
        "auth",
    ),
    Row(
        "platform_transport",
        MATRIX,
        FAULT,
        r"Matrix: (?:whoami failed|login failed|sync error: (?>.*? retrying in 5s)|initial sync error"
        r"|failed to send to|upload failed)",
        "transport",
    ),
    Row(
        "platform_auth",
        EMAIL,
        ERROR,
        MAILBOX + r"): (?>.*?(?i:AUTHENTICATIONFAILED|authentication failed|invalid credentials"
        r"|LOGIN failed|\(535|\(534|Username and Password not accepted|\b5\.7\.8\b))",
        "auth",
    ),
    Row("platform_auth", EMAIL, ERROR, LOGIN_TO_SEND, "auth"),
    Row("platform_transport", EMAIL, ERROR, MAILBOX + r"|Send failed to )", "transport"),
    Row("platform_config", EMAIL, ERROR, r"\[Email\] Not configured — missing", "config"),
    Row("inbound_rejected", EMAIL, WARNING, r"\[Email\] Dropping sender with unauthenticated From"),
    Row("platform_auth", WHATSAPP, WARNING, r"\[Whatsapp\] WhatsApp is enabled but not paired", "auth"),
    Row(
        "platform_transport",
        WHATSAPP,
        FAULT,
        r"\[Whatsapp\] (?:Failed to start bridge|WhatsApp bridge process exited|Node\.js not found"
        r"|Bridge script not found)",
        "transport",
    ),
    Row(
        "platform_auth",
        CLOUD,
        WARNING,
        r"\[whatsapp_cloud\] (?:send|interactive|media send) rejected \(status=(?P<status>401|403)\b",
        "auth",
    ),
    Row(
        "platform_transport",
        CLOUD,
        FAULT,
        r"\[whatsapp_cloud\] (?:send failed|(?:send|interactive|media send) rejected \(status=(?P<status>\d{3}))",
        "transport",
    ),
    Row("platform_rate_limit", SIGNAL, FAULT, r"Signal: rate-limit(?:ed| retries exhausted)", "rate_limit"),
    Row(
        "platform_transport",
        SIGNAL,
        FAULT,
        r"Signal(?: SSE)?+: (?:health check|cannot reach signal-cli|SSE idle|HTTP error|error: |RPC send failed"
        r"|RPC called but)|Signal RPC",
        "transport",
    ),
    Row("platform_auth", "gateway.relay", WARNING, r"relay ws closed 4401", "auth"),
    Row("platform_auth", "gateway.relay", WARNING, r"relay credential revoked"),
    Row(
        "platform_transport",
        "gateway.relay",
        WARNING,
        r"relay (?:ws read loop ended|ws reconnect failed|handshake failed)",
        "transport",
    ),
    Row("platform_auth", "hermes_plugins.homeassistant_platform", ERROR, r"Auth failed:", "auth"),
    Row("platform_auth", "hermes_plugins.ntfy_platform", ERROR, r"\[Ntfy\] Authentication failed \(401\)", "auth"),
    Row("platform_auth", "gateway.platforms.yuanbao", ERROR, r"\[Yuanbao\] AuthBindRsp error", "auth"),
    Row("platform_auth", "gateway.platforms.yuanbao", ERROR, r"\[Yuanbao\] AUTH_BIND", "transport"),
    Row("platform_auth", "gateway.platforms.weixin", ERROR, r"\[Weixin\] Session expired", "auth"),
    Row(
        "platform_auth",
        "gateway.platforms.qqbot",
        FAULT,
        r"\[QQBot[^\]\n]*+\] (?:Invalid token \(4004\)|Bot is (?:banned|intent not authorized"
        r"|offline))",
        "auth",
    ),
    Row(
        "platform_auth",
        "gateway.platforms.qqbot",
        FAULT,
        r"\[QQBot[^\]\n]*+\] Too many quick disconnects",
        "other",
    ),
    Row(
        "platform_auth",
        "hermes_plugins.",
        ERROR,
        r"\[Dingtalk\] Failed to get access token(?>.*?(?i:connect|timeout|timed out|name resolution))",
        "transport",
    ),
    Row("platform_auth", "hermes_plugins.", ERROR, r"\[Dingtalk\] Failed to get access token", "auth"),
)
