"""Failures around the gateway's unit and its machine."""

from tests.field.row import Row

STATE, SUB_STATE, RESULT = "hermes_unit_state", "hermes_unit_sub_state", "hermes_unit_result"
EXIT, RESTARTS, UP = "hermes_unit_exit_status", "hermes_unit_restarts_total", "hermes_gateway_up"
DEAD, LOOPS = "HermesGatewayDead", "HermesGatewayCrashLooping"

ROWS = {
    "stop ends in a kill": Row(
        (93711, 64155, 14128),
        "a turn or a hang blocks its stop until systemd kills it",
        (RESULT, STATE, UP),
        DEAD,
    ),
    "child delays the restart": Row(
        (37454,),
        "it has ended, a child of it has not: systemd waits for minutes before it starts it again",
        (SUB_STATE, STATE, UP),
        DEAD,
    ),
    "start limit": Row(
        (14051, 56519, 13655, 21915),
        "with a start limit, as older units have one, systemd gives up, and it stays dead",
        (STATE, EXIT, RESTARTS, UP),
        DEAD,
    ),
    "endless restarts": Row(
        (64432, 64433),
        "163 000 restarts in 13 days, and the unit was never failed",
        (RESTARTS, STATE, "hermes_profile_condition"),
        LOOPS,
    ),
    "interpreter gone": Row(
        (74994,), "its virtual environment was removed: 203 at every start", (EXIT, SUB_STATE, UP), DEAD
    ),
    "directory gone": Row(
        (74994,), "its working directory was removed: 200 at every start", (EXIT, SUB_STATE, UP), DEAD
    ),
    "asks for restarts for ever": Row(
        (84472, 45454),
        "it ends with status 75, which asks for a restart, each time that it was restarted",
        (EXIT, RESTARTS, "hermes_profile_condition"),
        LOOPS,
    ),
    "refuses its configuration": Row(
        (52796,),
        "it ends with status 78, after which its unit is not restarted until somebody mends it",
        (EXIT, STATE, UP),
        DEAD,
    ),
    "two units": Row(
        (92178, 35200),
        "a user's unit and one of the system compete: two of them live in one home",
        ("hermes_gateway_processes", "hermes_unit_enabled"),
        "HermesDuplicateGateway",
    ),
    "masked unit": Row((), "somebody masked its unit, and it ended", (STATE, "hermes_unit_enabled", UP), DEAD),
    "no linger": Row(
        (43748, 12863, 1005, 1296),
        "its user's units end with the last login, and it with them",
        ("hermes_unit_linger_enabled", "hermes_unit_enabled"),
        "HermesNotSurvivingLogout",
    ),
    "disk full": Row(
        (52383, 56894, 88295),
        "snapshots, output and logs fill the disk",
        ("hermes_home_filesystem_avail_bytes", "hermes_home_filesystem_size_bytes"),
        "HermesDiskAlmostFull",
    ),
    "wanted restart": Row((), "it ends with status 75 once, to be restarted: no failure", (RESTARTS, UP)),
}
