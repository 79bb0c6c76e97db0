"""Failures of credentials, configuration and storage: each is told in time, and what is none is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Model, faults, gateway_faults, owner
from tests.field.row import shows
from tests.field.telling import HOUR, alone, over, seen, soon, wait

if TYPE_CHECKING:
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost

CODEX = Model("openai-codex", "gpt-5-codex", "https://chatgpt.example/backend-api/codex")
ROUTER = Model("openrouter", "demo-model-1", "https://openrouter.example/api/v1")


def asking(make_host: MakeHost, schedule: str = "0 * * * *", **options: object) -> FieldHost:
    """Return a host with an hourly report, watched since a quarter past midnight."""
    host = make_host(**options)
    owner.create_job(host.profile, schedule, "Hourly report")
    host.start_gateway(host.profile)
    wait(host, 10)
    host.watch()
    wait(host, 5)
    return host


def credentials(host: FieldHost, status: str) -> float | None:
    """Return how many of the profile's credentials the last scrape says are so."""
    return host.value("hermes_credentials", profile="default", status=status)


def condition(host: FieldHost, name: str) -> float | None:
    """Return what the last scrape says of a condition."""
    return host.value("hermes_profile_condition", profile="default", condition=name)


@shows("login dead")
def test_a_dead_login_is_told_until_somebody_logs_in(make_host: MakeHost) -> None:
    """Noted as dead when it is refreshed, in a night in which nobody asks anything."""
    host = asking(make_host, "0 12 * * *", model=CODEX)
    host.profile.credentials.log_in(host.simulation.now, until=host.simulation.now + HOUR, refreshable=True)
    wait(host, 30)
    assert credentials(host, "ok") == 1
    died = host.simulation.now
    host.profile.credentials.note(died, last_status="dead", last_error_code=401, last_error_reason="invalid_grant")
    wait(host, 60)

    assert credentials(host, "dead") == 1
    assert condition(host, "provider_auth") == 1
    mended = host.simulation.now
    host.profile.credentials.log_in(mended, until=mended + 30 * 24 * HOUR, refreshable=True)
    wait(host, 20)

    dead = alone(host, "HermesProviderAuthFailing")
    soon(dead, died, 7)
    over(dead, mended, 9)


@shows("one of two dead")
def test_one_dead_key_of_two_is_silent(make_host: MakeHost) -> None:
    """The other one is used; the count tells."""
    host = asking(make_host, model=ROUTER)
    host.profile.credentials.add(host.simulation.now)
    host.profile.credentials.note(host.simulation.now, 1, last_status="dead", last_error_code=401)
    wait(host, 120)

    assert credentials(host, "dead") == 1
    assert credentials(host, "ok") == 1
    assert condition(host, "provider_auth") == 0
    assert host.alerts() == []


@shows("refresh token lost")
def test_a_login_that_cannot_be_renewed_is_told_before_it_ends(make_host: MakeHost) -> None:
    """Its file is written without the refresh token two days before the access token ends."""
    host = asking(make_host, model=CODEX)
    end = host.simulation.now + 48 * HOUR
    host.profile.credentials.log_in(host.simulation.now, until=end, refreshable=True)
    wait(host, 30)
    assert host.value("hermes_credential_refreshable", profile="default") == 1
    lost = host.simulation.now
    host.profile.credentials = type(host.profile.credentials)(host.profile.disk, CODEX, lost)
    host.profile.credentials.log_in(lost, until=end, refreshable=False)
    wait(host, 60)

    assert host.value("hermes_credential_refreshable", profile="default") == 0
    assert host.value("hermes_credential_expiry_timestamp_seconds", profile="default") == end
    soon(alone(host, "HermesCredentialExpiring"), lost, 12)


@shows("renewed login")
def test_an_access_token_that_is_renewed_is_silent(make_host: MakeHost) -> None:
    """It ends every hour, and a refresh token is there: also while nobody asks, when it lies in the past."""
    host = asking(make_host, "0 12 * * *", model=CODEX)
    host.profile.credentials.log_in(host.simulation.now, until=host.simulation.now + HOUR, refreshable=True)
    wait(host, 120)

    end = host.value("hermes_credential_expiry_timestamp_seconds", profile="default")
    assert end is not None
    assert end < host.simulation.now
    assert host.value("hermes_credential_refreshable", profile="default") == 1
    assert host.alerts() == []


@shows("pool exhausted")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            {"last_status": "exhausted", "last_error_code": 429},
            {"last_status": "exhausted", "last_error_code": 429},
        ),
        ({"last_status": "exhausted", "last_error_code": 402}, {"last_status": "dead", "last_error_code": 401}),
    ],
    ids=["rate limited", "billing and dead"],
)
def test_an_exhausted_pool_is_told(
    make_host: MakeHost, first: dict[str, object], second: dict[str, object]
) -> None:
    """None of two keys can be used for six hours: told after an hour and a quarter, over when they may be used."""
    host = asking(make_host, "0 12 * * *", model=ROUTER)
    host.profile.credentials.add(host.simulation.now)
    began = host.simulation.now
    reset = began + 6 * HOUR
    host.profile.credentials.note(began, 0, **first, last_error_reset_at=reset)
    host.profile.credentials.note(began, 1, **second, last_error_reset_at=reset)
    wait(host, 350)

    assert credentials(host, "ok") == 0
    assert condition(host, "provider_quota") == 1
    wait(host, 40)

    quota = alone(host, "HermesProviderQuotaExhausted")
    soon(quota, began, 78)
    over(quota, reset, 16)


@shows("one 429")
def test_one_rate_limit_is_silent(make_host: MakeHost) -> None:
    """A run fails of it and its key cools down for an hour; the next run is answered."""
    host = asking(make_host, "0 */2 * * *", model=ROUTER)
    faults.provider(host.profile, "rate_limit")
    wait(host, 100)
    assert credentials(host, "exhausted") == 0
    wait(host, 10)
    assert credentials(host, "exhausted") == 1
    faults.provider(host.profile, "ok")
    wait(host, 140)

    limited = seen(host, "hermes_provider_errors_total", provider="openrouter", **{"class": "rate_limit"})
    assert limited[-1] == 1
    assert credentials(host, "ok") == 1
    assert condition(host, "provider_quota") == 0
    assert host.alerts() == []


@shows("cool-down over")
def test_a_cool_down_that_is_over_is_silent(make_host: MakeHost) -> None:
    """Hermes clears the note when it next chooses the key, which may be days later: its time alone counts."""
    host = asking(make_host, "0 12 * * *", model=ROUTER)
    began = host.simulation.now
    host.profile.credentials.note(
        began, last_status="exhausted", last_error_code=429, last_error_reset_at=began + 0.5 * HOUR
    )
    wait(host, 20)
    assert credentials(host, "exhausted") == 1
    wait(host, 240)

    assert '"exhausted"' in (host.profile.home / "auth.json").read_text()
    assert credentials(host, "exhausted") == 0
    assert credentials(host, "ok") == 1
    assert condition(host, "provider_quota") != 1
    assert host.alerts() == []


@shows("configuration ignored")
def test_a_configuration_that_does_not_parse_shows(make_host: MakeHost) -> None:
    """An edit breaks it, the gateway starts with its defaults; the series say so until it is mended."""
    host = asking(make_host)
    assert host.value("hermes_config_valid", profile="default") == 1
    faults.config(host.profile, broken=True)
    host.start_gateway(host.profile)
    wait(host, 30)
    assert host.value("hermes_config_valid", profile="default") == 0
    assert condition(host, "config_invalid") == 1
    assert host.value("hermes_profile_health", profile="default", verdict="config_invalid") == 1
    faults.config(host.profile, broken=False)
    wait(host, 2)

    assert host.value("hermes_config_valid", profile="default") == 1
    assert condition(host, "config_invalid") == 0
    assert host.alerts() == []


@shows("state database malformed")
@pytest.mark.parametrize(("version", "repaired"), [("0.19", True), ("0.22", False)], ids=["copies", "said"])
def test_a_damaged_state_database_shows(make_host: MakeHost, version: str, *, repaired: bool) -> None:
    """By the copies that a repair leaves beside it, or because a later gateway says that it cannot use it."""
    host = asking(make_host, version=version)
    (host.profile.home / "state.db").write_bytes(b"SQLite format 3\0")
    (host.profile.home / "state.db-wal").write_bytes(b"\0" * 4096)
    wait(host, 5)
    assert host.value("hermes_state_db_damaged", profile="default") == 0
    gateway_faults.database_damaged(host.profile, repaired=repaired)
    wait(host, 30)

    assert host.value("hermes_state_db_damaged", profile="default") == 1
    assert host.value("hermes_state_db_wal_bytes", profile="default") == 4096
    assert host.alerts() == []


@shows("MCP servers down")
def test_mcp_servers_that_fail_show_as_records(make_host: MakeHost) -> None:
    """Their refusals are no refusal of the model provider: warnings and errors climb, nothing else."""
    host = asking(make_host)
    host.start_gateway(host.profile)
    wait(host, 1)
    before = [
        host.value("hermes_log_records_total", profile="default", level=level) for level in ("WARNING", "ERROR")
    ]
    assert host.profile.gateway is not None
    for name in ("docs", "search", "files"):
        host.profile.gateway.log("tools.mcp_tool", f"MCP server '{name}' failed to connect", "WARNING")
        host.profile.gateway.log(
            "tools.mcp_tool", f"MCP server '{name}': 401 Unauthorized: invalid api key", "ERROR"
        )
    wait(host, 60)

    after = [
        host.value("hermes_log_records_total", profile="default", level=level) for level in ("WARNING", "ERROR")
    ]
    assert [value and value - 3 for value in after] == before
    assert set(seen(host, "hermes_auth_errors_total", profile="default")) == {0.0}
    assert host.alerts() == []
