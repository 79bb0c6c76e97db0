"""Failures of credentials, configuration and storage."""

from tests.field.row import Row

CREDENTIALS, CONDITION = "hermes_credentials", "hermes_profile_condition"

ROWS = {
    "login dead": Row(
        (65346, 22903, 15099, 15167, 58572),
        "the refresh of its OAuth login is refused for good: every turn fails until somebody logs in",
        (CREDENTIALS, CONDITION),
        "HermesProviderAuthFailing",
    ),
    "refresh token lost": Row(
        (62333,),
        "the file of its login has lost the refresh token: it works until the access token ends",
        ("hermes_credential_refreshable", "hermes_credential_expiry_timestamp_seconds"),
        "HermesCredentialExpiring",
    ),
    "MCP login erased": Row(
        (62333, 109932),
        "an MCP server's tokens were written without their refresh token",
        why="servers that never give one write the same file; a tool that is refused is no failure of the gateway",
    ),
    "pool exhausted": Row(
        (40960, 89415, 43747, 32849, 33049, 15296),
        "every credential of the provider is used up, or dead, for hours",
        (CREDENTIALS, CONDITION),
        "HermesProviderQuotaExhausted",
    ),
    "configuration ignored": Row(
        (102945, 23585),
        "config.yaml does not parse: Hermes runs on its defaults and says so in one line of its log",
        ("hermes_config_valid", CONDITION),
    ),
    "state database malformed": Row(
        (101064, 100896, 90837, 102589, 100108, 89293),
        "its state database is damaged: copies pile up beside it, or its sessions are not stored",
        ("hermes_state_db_damaged", "hermes_state_db_wal_bytes"),
    ),
    "deleted log held open": Row(
        (109786,),
        "its state database's write-ahead log was deleted under it: what it stores is lost at its end",
        why="only the list of its open files tells, which may be long and is not looked through",
    ),
    "dispatcher stopped": Row(
        (39225, 32457, 24329),
        "its board's dispatcher has stopped, tasks stay ready",
        why="a task that waits is normal, and nothing that the dispatcher writes tells whether it lives",
    ),
    "MCP servers down": Row(
        (104166,),
        "its MCP servers fail at the start: tools are missing, all else goes on",
        ("hermes_log_records_total", "hermes_auth_errors_total"),
    ),
    "one 429": Row(
        (), "one call meets a rate limit, and its key cools down: no failure", (CREDENTIALS, CONDITION)
    ),
    "cool-down over": Row(
        (), "a key is still noted as exhausted after its time is over: no failure", (CREDENTIALS, CONDITION)
    ),
    "one of two dead": Row(
        (), "one of two keys is dead and the other works: no failure", (CREDENTIALS, CONDITION)
    ),
    "renewed login": Row(
        (), "an access token ends, and its refresh token renews it: no failure", ("hermes_credential_refreshable",)
    ),
}
