"""Model providers: failed and answered calls, fallbacks, side tasks.

One refused call writes several records. Counted is ``API call failed (attempt 1/...)``, whose class is found in
its text, and a later attempt only where it was refused for good, which ends the call. ``Retrying``,
``Non-retryable``, ``after N retries`` and the cron failure that follow are the same refusal. A credential that is
missing before any call is counted by ``primary auth failed``. Codex' ``response status`` has no number of the
attempt, so a turn counts as often as it was tried. A call whose last attempt found no connection is begun anew on
a fresh one, but for OpenRouter and Nous, from attempt 1 and without a word in errors.log: where nobody answers it
counts as two.
"""

from __future__ import annotations

from hermes_exporter.logs.row import BY_TEXT, ERROR, INFO, VALUES, WARNING, Row

LOOP = "agent.conversation_loop"
HELPERS = "agent.chat_completion_helpers"
CRON = "cron.scheduler"
GATEWAY = "gateway.run"
AUXILIARY = "agent.auxiliary_client"

SUBAGENT = r"(?:\[[^\]\n]*+\] )?+"
JOB = r"Job '(?P<job>[^'\n]++)': "

ROWS = (
    Row(
        "provider_call_failed",
        LOOP,
        WARNING,
        SUBAGENT + r"API call failed \(attempt (?P<attempt>\d++)/\d++\) error_type=(?P<error_type>\S++) "
        r"thread=(?>.*? provider=)(?P<provider>\S*+) base_url=\S*+ "
        r"model=(?>.*? summary=)(?:HTTP (?P<status>\d{3}))?+",
        BY_TEXT,
    ),
    Row(
        "provider_terminal",
        LOOP,
        ERROR,
        SUBAGENT + r"Non-retryable client error: (?:Error code: (?P<status>\d{3}) - )?+",
    ),
    Row(
        "provider_terminal",
        LOOP,
        ERROR,
        SUBAGENT + r"API call failed after \d++ retries\. (?:HTTP (?P<status>\d{3})\b)?+"
        r"(?>.*? \| provider=)(?P<provider>\S*+) model=(?>.*? msgs=)\d++ tokens=",
    ),
    Row("provider_terminal", LOOP, ERROR, SUBAGENT + r"Invalid API response after \d++ retries"),
    Row("ignore_retry_echo", LOOP, WARNING, r"Retrying API call in [\d.]++s \(attempt \d++/\d++\)"),
    Row("ignore_retry_echo", HELPERS, INFO, r"Streaming failed before delivery:", bulk=True),
    Row(
        "provider_invalid_response",
        LOOP,
        WARNING,
        r"Invalid API response \(retry (?P<attempt>\d++)/\d++\): (?=(?>.*? \| Provider: )(?P<provider>[^\s,]*+))",
        BY_TEXT,
    ),
    Row(
        "provider_codex_failed",
        LOOP,
        WARNING,
        r"Codex response status='[^'\n]*+' \(error="
        r"(?=(?>.*?\)\. Routing to fallback\. thread=)(?>.*? provider=)(?P<provider>\S*+))",
        BY_TEXT,
    ),
    Row(
        "provider_codex_failed",
        "agent.codex_runtime",
        WARNING,
        r"codex app-server session retired \(turn error: ",
        BY_TEXT,
    ),
    Row(
        "provider_ok",
        LOOP,
        INFO,
        rf"API call #\d++: model=\S++ provider=(?P<provider>{VALUES['provider']}+) in=\d",
    ),
    Row("provider_preflight_quota", GATEWAY, WARNING, r"Primary provider rate-limited \(429\): ", "rate_limit"),
    Row("provider_preflight_auth", GATEWAY, WARNING, r"Primary provider auth failed: ", "auth"),
    Row(
        "provider_preflight_quota",
        CRON,
        WARNING,
        JOB + r"primary auth failed \((?>.*?(?:quota exhausted \(429\)|Credentials are still valid))"
        r"(?>.*?\), trying fallback)",
        "rate_limit",
    ),
    Row(
        "provider_preflight_auth", CRON, WARNING, JOB + r"primary auth failed \((?>.*?\), trying fallback)", "auth"
    ),
    Row("provider_fallback_used", CRON, INFO, JOB + r"fallback resolved to (?P<provider>\S++) model \S"),
    Row("provider_fallback_used", GATEWAY, INFO, r"Fallback provider resolved: (?P<provider>\S++) model="),
    Row(
        "provider_fallback_used",
        HELPERS,
        INFO,
        r"Fallback activated: (?>[^\n]*? → )(?>[^\n(]*+)\((?P<provider>[^)\s]++)\)",
    ),
    Row(
        "provider_fallback_unusable",
        HELPERS,
        WARNING,
        r"Fallback (?:skip: |to (?P<provider>\S++) failed: provider not configured)",
    ),
    Row("provider_fallback_unusable", HELPERS, ERROR, r"Failed to activate fallback \S+:"),
    Row(
        "provider_oauth_dead",
        "hermes_cli.auth",
        WARNING,
        r"(?P<provider2>Nous) OAuth state quarantined \(terminal auth death\): \{",
    ),
    Row(
        "provider_oauth_dead",
        "hermes_cli.nous_auth_keepalive",
        INFO,
        r"(?P<provider2>Nous) auth keepalive requires re-login: ",
    ),
    Row(
        "provider_rate_state",
        "agent.nous_rate_guard",
        INFO,
        r"(?P<provider2>Nous) rate limit recorded: resets in \d++s",
    ),
    Row(
        "provider_cred_helper",
        "agent.azure_identity_adapter",
        WARNING,
        r"Bearer hook: Entra ID token provider returned empty",
    ),
    Row("provider_cred_helper", "agent.vertex_adapter", ERROR, r"Failed to resolve Vertex AI credentials:"),
    Row("provider_cred_helper", "hermes_cli.auth", WARNING, r"Copilot token validation failed:"),
    Row(
        "aux_provider",
        AUXILIARY,
        WARNING,
        r"Auxiliary(?: [^\s:]++(?: \(async\))?+)?+: [\w ]{1,64}? on (?P<provider>\S++) and "
        r"(?:no fallback available|all fallbacks exhausted)",
    ),
    Row(
        "aux_provider",
        AUXILIARY,
        WARNING,
        r"Auxiliary: marking (?P<provider>\S++) unhealthy for \d++s \(payment / credit error\)",
    ),
    Row("aux_provider", AUXILIARY, WARNING, r"resolve_provider_client: (?P<provider>\S++) requested but"),
    Row(
        "aux_provider",
        "agent.context_compressor",
        WARNING,
        r"Summary generation failed with a terminal access or quota error",
    ),
)
