"""Failures of the messengers."""

from tests.field.row import Row

UP, STATE, ERROR = "hermes_platform_up", "hermes_platform_state", "hermes_platform_error"
ERRORS, DOWN = "hermes_platform_errors_total", "HermesPlatformDown"

ROWS = {
    "polling conflict": Row(
        (63724, 58484, 25221, 29325, 28486),
        "another process polls the same Telegram bot: deaf though connected, then given up",
        (ERRORS, UP, ERROR),
        DOWN,
    ),
    "reconnect given up": Row(
        (90386, 17063),
        "after an outage its reconnecting is wedged for hours, or over after some attempts",
        (UP, STATE, "hermes_platform_state_timestamp_seconds"),
        DOWN,
    ),
    "deaf socket": Row(
        (79445, 109521, 118487, 106849, 25476, 32680, 64712),
        "its socket is dead, nobody is heard for hours, and everything is called connected",
        why="the gateway itself takes a silent socket for a quiet day, and writes nothing of what it misses",
    ),
    "bridge gone": Row(
        (96758, 87833, 63277, 52702, 80088),
        "WhatsApp's bridge process has ended, and does not come back",
        (UP, ERROR),
        DOWN,
    ),
    "bridge loops": Row(
        (96758, 87833),
        "WhatsApp's bridge ends and is started again every minute",
        (STATE, "hermes_platform_state_timestamp_seconds"),
    ),
    "token held by another": Row(
        (54167, 16376, 28561, 49976),
        "the bot's token is locked for another instance, which may be long gone",
        (UP, ERROR, ERRORS),
        DOWN,
    ),
    "needs a human": Row(
        (85049,),
        "it has been retrying for two hours, and says that a human must act",
        ("hermes_platform_needs_attention", UP),
        DOWN,
    ),
    "configured and absent": Row(
        (113455, 91547, 116180, 96747, 103050),
        "a configured messenger was never made at the start, the gateway calls itself running",
        ("hermes_platform_configured", UP),
    ),
    "bad token restarts it": Row(
        (21831,),
        "one refused bot token ends the gateway at each start, and cron with it",
        ("hermes_profile_condition", "hermes_auth_errors_total", "hermes_gateway_starts_total"),
        "HermesGatewayCrashLooping",
    ),
    "leftover of an earlier process": Row(
        (),
        "a messenger that was switched off keeps its last entry: no failure",
        ("hermes_platform_configured", UP),
    ),
    "reconnects within a minute": Row(
        (), "a connection breaks and is back within a minute: no failure", (ERRORS, UP)
    ),
    "short polling conflict": Row(
        (), "an old session of the bot is still open after a restart: no failure", (ERRORS, UP)
    ),
}
