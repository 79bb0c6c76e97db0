"""The tables of the profile dashboard: units, gateway, messengers, scheduler, credentials, configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.src import words
from dashboards.src.queries import BY_PROFILE, each, moment
from dashboards.src.tables import AGO, Column, table_of

if TYPE_CHECKING:
    from dashboards.src.panels import Made

PROFILE = Column("Profile", label="profile")
HOST = Column("Host", label="instance")


def unit_table() -> Made:
    """Return what systemd says of the units: how each is, and how its last run ended."""
    by = (*BY_PROFILE, "unit", "scope")
    return table_of(
        "Its systemd units, and why they ended",
        "How each unit is, and how its last run ended: the cause of a restart.",
        [
            Column("Unit", label="unit", width=230),
            Column("State", label="state", words=words.UNIT_STATES, width=90),
            Column("Doing", label="sub_state", width=100),
            Column("Last run ended", label="result", words=words.UNIT_RESULTS, width=150),
            Column("Exit status", expression=each("hermes_unit_exit_status", by), words=words.EXITS, width=170),
            Column(
                "Restarts", expression=each("hermes_unit_restarts_total", by), width=80,
                steps=((None, words.CALM), (4, words.POOR)),
            ),
            Column("Changed", expression=moment("hermes_unit_state_change_timestamp_seconds", by), unit=AGO),
            Column("Running since", expression=moment("hermes_unit_active_enter_timestamp_seconds", by), unit=AGO),
            Column(
                "Starts at boot", expression=each("hermes_unit_enabled", by), words=words.NO_IS_POOR, width=110,
            ),
            Column(
                "Needs a reload", expression=each("hermes_unit_need_daemon_reload", by), words=words.YES_IS_POOR,
                width=120,
            ),
            PROFILE,
            Column("Of", label="scope", width=70),
            HOST,
            Column("State set", expression=each("hermes_unit_state == 1", (*by, "state")), hidden=True),
            Column("Sub state set", expression=each("hermes_unit_sub_state", (*by, "sub_state")), hidden=True),
            Column("Result set", expression=each("hermes_unit_result", (*by, "result")), hidden=True),
        ],
        height=6, empty="systemd knows no unit of it, or cannot be asked",
    )  # fmt: skip


def gateway_table() -> Made:
    """Return what is known of the gateway process, and of what is planned with it."""
    proof, state, info = (*BY_PROFILE, "proof"), (*BY_PROFILE, "state"), ("version", "code_version", "gateway")
    return table_of(
        "Its gateway",
        "What proves that it lives, what it says of itself, which code it runs, and what somebody asked of it.",
        [
            PROFILE,
            Column("Proof of life", label="proof", words=words.PROOFS, width=150),
            Column("Says of itself", label="state", words=words.CLAIMS, width=120),
            Column("Said so", expression=moment("hermes_gateway_state_timestamp_seconds"), unit=AGO, width=120),
            Column("Last sign of life", expression=moment("hermes_gateway_heartbeat_timestamp_seconds"), unit=AGO),
            Column("Wanted", expression=each("hermes_profile_gateway_expected"), words=words.YES_OR_NO, width=80),
            Column(
                "Processes", expression=each("hermes_gateway_processes"), width=90,
                steps=((None, words.CALM), (2, words.BAD)),
            ),
            Column(
                "Would be restarted", expression=each("hermes_gateway_supervised"),
                words=words.YES_IS_GOOD, width=140
            ),
            Column(
                "Old code runs", expression=each("hermes_gateway_code_stale"), words=words.YES_IS_POOR, width=110,
            ),
            Column(
                "Draining since", expression=moment("hermes_gateway_draining_since_timestamp_seconds"), unit=AGO
            ),
            Column(
                "Stop announced", expression=moment("hermes_gateway_stop_announced_timestamp_seconds"), unit=AGO
            ),
            Column(
                "Work was cut off",
                expression=moment("hermes_gateway_last_interrupted_start_timestamp_seconds"), unit=AGO,
            ),
            Column("Hermes", label="version", width=80),
            Column("Code", label="code_version", width=80),
            Column("Gateway", label="gateway", width=80),
            HOST,
            Column("Proof set", expression=each("hermes_gateway_proof", proof), hidden=True),
            Column("State set", expression=each("hermes_gateway_state == 1", state), hidden=True),
            Column("Info set", expression=each("hermes_profile_info", (*BY_PROFILE, *info)), hidden=True),
        ],
        height=6, empty="Nothing known of a gateway",
    )  # fmt: skip


def messenger_table() -> Made:
    """Return what is known of each messenger now."""
    by = (*BY_PROFILE, "platform")
    return table_of(
        "Messengers now",
        "Each messenger of the profile. Wanted and not connected is a fault.",
        [
            Column("Messenger", label="platform"),
            Column("Wanted", expression=each("hermes_platform_configured", by), words=words.YES_OR_NO, width=70),
            Column("Connected", expression=each("hermes_platform_up", by), words=words.YES_IS_GOOD, width=90),
            Column("Noted", expression=moment("hermes_platform_state_timestamp_seconds", by), unit=AGO, width=120),
            Column(
                "Needs you", expression=each("hermes_platform_needs_attention", by),
                words=words.YES_IS_BAD, width=90
            ),
            Column("Error", label="error_code"),
            Column(
                "Last delivered", expression=moment("hermes_delivery_last_success_timestamp_seconds", by), unit=AGO
            ),
            Column(
                "Lost chats", expression=each("hermes_delivery_dead_targets", by), width=90,
                steps=((None, words.CALM), (1, words.POOR)),
            ),
            PROFILE,
            HOST,
            Column("Error set", expression=each("hermes_platform_error", (*by, "error_code")), hidden=True),
        ],
        width=12, empty="No messenger is known",
    )  # fmt: skip


def scheduler_table() -> Made:
    """Return what keeps a scheduler from its work."""

    def flag(title: str, metric: str, answers: dict[int, words.Word], width: int) -> Column:
        return Column(title, expression=each(metric), words=answers, width=width)

    return table_of(
        "The scheduler now",
        "What each profile's reports depend on: somebody turns the scheduler, and its list of jobs can be "
        "read and "
        "written. Vanished: jobs that left the list though nobody removed them.",
        [
            PROFILE,
            flag("Is turned", "hermes_cron_scheduler_ticked", words.YES_IS_GOOD, 90),
            flag("Fails", "hermes_cron_scheduler_error", words.YES_IS_BAD, 70),
            flag("Jobs readable", "hermes_cron_store_valid", words.YES_IS_GOOD, 110),
            flag("Writable", "hermes_cron_store_writable", words.YES_IS_GOOD, 90),
            flag("Wrong time zone", "hermes_cron_timezone_mismatch", words.YES_IS_POOR, 130),
            Column(
                "Vanished", expression=each("hermes_cron_jobs_vanished"), width=85,
                steps=((None, words.CALM), (1, words.BAD)),
            ),
            Column("Late, Hermes says", expression=each("hermes_cron_jobs_overdue"), width=140),
            Column("Caught up", expression=each("hermes_cron_scheduler_catch_up_occurrences"), width=90),
            HOST,
        ],
        height=5, empty="No scheduler is known",
    )  # fmt: skip


def credential_table() -> Made:
    """Return the credentials for models, and until when they are good."""
    by = (*BY_PROFILE, "provider")

    def status(title: str, name: str, colour: str) -> Column:
        return Column(
            title, expression=each(f'hermes_credentials{{status="{name}"}}', by), width=95,
            steps=((None, words.CALM), (1, colour)),
        )  # fmt: skip

    return table_of(
        "Credentials for the model",
        "How many credentials there are for each model provider, and when they end. Dead needs a human.",
        [
            Column("Provider", label="provider"),
            status("Usable", "ok", words.GOOD),
            status("Used up", "exhausted", words.POOR),
            status("Dead", "dead", words.BAD),
            status("Other", "other", words.DOUBT),
            Column(
                "End", expression=moment("hermes_credential_expiry_timestamp_seconds", by), unit=AGO, width=120,
            ),
            Column(
                "Renew themselves", expression=each("hermes_credential_refreshable", by), words=words.NO_IS_POOR,
                width=140,
            ),
            Column(
                "Last answered", expression=moment("hermes_provider_last_success_timestamp_seconds", by), unit=AGO,
                width=120,
            ),
            Column("Last refused", expression=_refused(by), unit=AGO, width=120),
            PROFILE,
            HOST,
        ],
        height=6, empty="No credentials are known",
    )  # fmt: skip


def _refused(by: tuple[str, ...]) -> str:
    of_providers = 'hermes_auth_last_error_timestamp_seconds{plane="provider"}'
    return moment(f'label_replace({of_providers}, "provider", "$1", "name", "(.*)")', by)


def config_table() -> Made:
    """Return what is wrong with files and updates."""
    return table_of(
        "Files and updates",
        "Whether the configuration can be read, whether Hermes hides from its logs what goes well, whether "
        "the state "
        "database shows damage, and how the last update ended.",
        [
            PROFILE,
            Column("Config readable", expression=each("hermes_config_valid"), words=words.YES_IS_GOOD, width=130),
            Column(
                "Logs hide successes", expression=each("hermes_log_level_hides_events"), words=words.YES_IS_POOR,
                width=150,
            ),
            Column(
                "Database damaged", expression=each("hermes_state_db_damaged"), words=words.YES_IS_BAD, width=140,
            ),
            Column("Last update", label="outcome", words=words.UPDATES, width=110),
            Column(
                "Updated", expression=moment("hermes_update_last_finish_timestamp_seconds"), unit=AGO, width=120,
            ),
            Column(
                "Gateways it lost", expression=each("hermes_update_last_units_failed"), width=130,
                steps=((None, words.CALM), (1, words.BAD)),
            ),
            HOST,
            Column(
                "Outcome set", expression=each("hermes_update_last_outcome", (*BY_PROFILE, "outcome")), hidden=True
            ),
        ],
        height=6,
    )  # fmt: skip
