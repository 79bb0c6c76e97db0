"""Failures of the messengers: each is told in time, and what is none is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import faults, gateway_faults
from tests.field.row import shows
from tests.field.telling import MINUTE, alone, over, seen, soon, wait

if TYPE_CHECKING:
    from tests.field.conftest import MakeHost
    from tests.field.host import FieldHost


def connected(make_host: MakeHost, **options: object) -> FieldHost:
    """Return a host whose gateway has been connected for half an hour, the last twenty minutes of it watched."""
    host = make_host(**options)
    host.start_gateway(host.profile)
    wait(host, 10)
    host.watch()
    wait(host, 20)
    assert host.value("hermes_platform_up", profile="default", platform="telegram") == 1
    return host


def telegram(host: FieldHost, name: str, **labels: str) -> float | None:
    """Return what the last scrape says of Telegram."""
    return host.value(name, profile="default", platform="telegram", **labels)


@shows("polling conflict")
def test_a_second_poller_is_told(make_host: MakeHost) -> None:
    """Counted from the first attempt, while it is called connected; told once the gateway has given up."""
    host = connected(make_host)
    began = host.simulation.now
    faults.messenger(host.profile, "telegram", "conflict")
    wait(host, 2)
    counted = telegram(host, "hermes_platform_errors_total", **{"class": "conflict"})
    assert counted is not None
    assert counted > 0
    assert telegram(host, "hermes_platform_up") == 1
    wait(host, 60)

    assert telegram(host, "hermes_platform_up") == 0
    assert telegram(host, "hermes_platform_error", error_code="telegram_polling_conflict") == 1
    mended = host.simulation.now
    faults.messenger(host.profile, "telegram", "ok")
    host.start_gateway(host.profile)
    wait(host, 15)

    down = alone(host, "HermesPlatformDown")
    soon(down, began, 16)
    over(down, mended, 8)


@shows("short polling conflict")
def test_a_conflict_that_passes_is_silent(make_host: MakeHost) -> None:
    """Telegram holds the session of a killed gateway open for a minute; the new one is refused till then."""
    host = connected(make_host)
    host.kill_gateway(host.profile)
    faults.messenger(host.profile, "telegram", "conflict")
    host.start_gateway(host.profile)
    wait(host, 1)
    faults.messenger(host.profile, "telegram", "ok")
    wait(host, 40)

    counted = telegram(host, "hermes_platform_errors_total", **{"class": "conflict"})
    assert counted is not None
    assert counted > 0
    assert telegram(host, "hermes_platform_up") == 1
    assert host.alerts() == []


@shows("reconnect given up")
@pytest.mark.parametrize("how", ["wedged", "given up"])
def test_a_messenger_that_is_never_connected_again_is_told(make_host: MakeHost, how: str) -> None:
    """It is reachable again after a while, and the gateway's note stays: retrying for ever, or fatal."""
    host = connected(make_host)
    began = host.simulation.now
    if how == "wedged":
        faults.messenger(host.profile, "telegram", "unreachable")
        wait(host, 15)
        faults.messenger(host.profile, "telegram", "ok")
    else:
        gateway_faults.adapter(host.profile, "telegram", "fatal", "telegram_connect_error")
    wait(host, 120)

    state = "retrying" if how == "wedged" else "fatal"
    assert telegram(host, "hermes_platform_state", state=state) == 1
    assert telegram(host, "hermes_platform_up") == 0
    noted = telegram(host, "hermes_platform_state_timestamp_seconds")
    assert noted is not None
    assert host.simulation.now - noted > 100 * MINUTE
    down = alone(host, "HermesPlatformDown")
    soon(down, began, 22)
    assert down.until == host.simulation.now


@shows("bridge gone")
def test_a_bridge_that_is_gone_is_told(make_host: MakeHost) -> None:
    """The gateway notes that the bridge exited, and retries in vain."""
    host = connected(make_host)
    gateway_faults.adapter(host.profile, "whatsapp", "connected")
    wait(host, 5)
    assert host.value("hermes_platform_up", profile="default", platform="whatsapp") == 1
    began = host.simulation.now
    gateway_faults.adapter(host.profile, "whatsapp", "retrying", "whatsapp_bridge_exited")
    wait(host, 30)

    assert host.value("hermes_platform_up", profile="default", platform="whatsapp") == 0
    code = host.value(
        "hermes_platform_error", profile="default", platform="whatsapp", error_code="whatsapp_bridge_exited"
    )
    assert code == 1
    mended = host.simulation.now
    gateway_faults.adapter(host.profile, "whatsapp", "connected")
    wait(host, 15)

    down = alone(host, "HermesPlatformDown")
    soon(down, began, 12)
    over(down, mended, 7)


@shows("bridge loops")
def test_a_bridge_that_loops_shows_in_its_states(make_host: MakeHost) -> None:
    """Every minute it exits and is connected again: the state changes, its time moves on, none is called down."""
    host = connected(make_host)
    for minute in range(40):
        when = host.simulation.now + minute * MINUTE
        exits, back = (40, 70) if minute % 2 else (10, 40)
        host.profile.at(when + exits, gateway_faults.adapter, "whatsapp", "retrying", "whatsapp_bridge_exited")
        host.profile.at(when + back, gateway_faults.adapter, "whatsapp", "connected")
    wait(host, 42)

    states = [
        seen(host, "hermes_platform_state", platform="whatsapp", state=state)
        for state in ("connected", "retrying")
    ]
    assert all(states)
    assert len(set(seen(host, "hermes_platform_state_timestamp_seconds", platform="whatsapp"))) > 30
    assert host.alerts() == []


@shows("token held by another")
def test_a_token_that_another_instance_holds_is_told(make_host: MakeHost) -> None:
    """The gateway lives, refused by a lock of its own host, and tries again every five minutes."""
    host = connected(make_host)
    began = host.simulation.now
    assert host.profile.gateway is not None
    message = "[Telegram] Telegram bot token already in use (PID 41016). Stop the other gateway first."
    for attempt in range(8):
        when = began + attempt * 300
        host.profile.at(when, lambda profile: profile.gateway.log("gateway.platforms.base", message, "ERROR"))
        host.profile.at(when, gateway_faults.adapter, "telegram", "retrying", "telegram-bot-token_lock")
    wait(host, 40)

    assert telegram(host, "hermes_platform_up") == 0
    assert telegram(host, "hermes_platform_error", error_code="telegram-bot-token_lock") == 1
    assert telegram(host, "hermes_platform_errors_total", **{"class": "conflict"}) == 8
    soon(alone(host, "HermesPlatformDown"), began, 12)


@shows("needs a human")
def test_a_messenger_that_needs_a_human_is_told(make_host: MakeHost) -> None:
    """Later versions say so themselves after two hours; it was told long before."""
    host = connected(make_host, version="0.22")
    began = host.simulation.now
    gateway_faults.adapter(host.profile, "telegram", "retrying", "telegram_network_error", needs_attention=False)
    host.profile.at(
        began + 120 * MINUTE,
        lambda profile: gateway_faults.adapter(
            profile, "telegram", "retrying", "telegram_network_error", needs_attention=True
        ),
    )
    wait(host, 119)
    assert telegram(host, "hermes_platform_needs_attention") == 0
    wait(host, 30)

    assert telegram(host, "hermes_platform_needs_attention") == 1
    soon(alone(host, "HermesPlatformDown"), began, 12)


@shows("configured and absent")
def test_a_configured_messenger_without_an_entry_shows(make_host: MakeHost) -> None:
    """Switched on by .env or by config.yaml, and no adapter came of it: configured 1, and up is not there."""
    host = make_host()
    for name, more in (
        (".env", "SLACK_BOT_TOKEN=made-up\n"),
        ("config.yaml", "platforms:\n  api_server:\n    enabled: true\n"),
    ):
        path = host.profile.home / name
        path.write_text(path.read_text() + more)
    host.start_gateway(host.profile)
    wait(host, 1)
    failed = "Platform 'slack' is registered but adapter creation failed (check dependencies and config)"
    assert host.profile.gateway is not None
    host.profile.gateway.log("gateway.run", failed, "ERROR")
    host.watch()
    wait(host, 60)

    for platform in ("slack", "api_server"):
        assert host.value("hermes_platform_configured", profile="default", platform=platform) == 1
        assert host.value("hermes_platform_up", profile="default", platform=platform) is None
    assert host.value("hermes_gateway_state", profile="default", state="running") == 1
    assert telegram(host, "hermes_platform_configured") == 1
    assert telegram(host, "hermes_platform_up") == 1


@shows("bad token restarts it")
def test_a_refused_token_that_ends_the_gateway_is_told(make_host: MakeHost) -> None:
    """Each start is refused by Telegram and ends: a crash loop, and its cause beside it."""
    host = connected(make_host, messengers=("telegram",))
    began = host.simulation.now
    faults.messenger(host.profile, "telegram", "auth")
    for turn in range(90):
        host.profile.at(began + turn * 20 + 2, host.kill_gateway)
        host.profile.at(began + turn * 20 + 10, host.start_gateway)
    wait(host, 30)

    assert host.value("hermes_gateway_starts_total", profile="default") == 90
    refused = host.value("hermes_auth_errors_total", profile="default", plane="platform", name="telegram")
    assert refused is not None
    assert refused >= 80
    fired = {each.alert: each for each in host.alerts()}
    assert set(fired) == {"HermesGatewayCrashLooping", "HermesPlatformAuthFailing"}
    soon(fired["HermesGatewayCrashLooping"], began, 6)
    soon(fired["HermesPlatformAuthFailing"], began, 8)


@shows("leftover of an earlier process")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_an_entry_of_an_earlier_process_is_ignored(make_host: MakeHost, version: str) -> None:
    """Telegram was given up, its owner took it out and started anew: the entry stays, and says nothing."""
    host = connected(make_host, version=version)
    gateway_faults.adapter(host.profile, "telegram", "fatal", "telegram_polling_conflict")
    wait(host, 2)
    assert telegram(host, "hermes_platform_up") == 0
    env = host.profile.home / ".env"
    env.write_text("".join(line for line in env.read_text().splitlines(keepends=True) if "TELEGRAM" not in line))
    del host.profile.messengers["telegram"]
    host.start_gateway(host.profile)
    wait(host, 60)

    assert "telegram_polling_conflict" in (host.profile.home / "gateway_state.json").read_text()
    assert telegram(host, "hermes_platform_up") is None
    assert telegram(host, "hermes_platform_configured") is None
    assert host.value("hermes_platform_up", profile="default", platform="mattermost") == 1
    assert host.alerts() == []


@shows("reconnects within a minute")
def test_a_connection_that_is_back_within_a_minute_is_silent(make_host: MakeHost) -> None:
    """Both messengers are out of reach for 50 seconds, once while they are connected and once at a start."""
    host = connected(make_host)
    for _ in range(2):
        for name in ("telegram", "mattermost"):
            faults.messenger(host.profile, name, "unreachable")  # type: ignore[arg-type]
            host.profile.at(host.simulation.now + 50, faults.messenger, name, "ok")
        wait(host, 30)
        host.start_gateway(host.profile)
    wait(host, 20)

    for name in ("telegram", "mattermost"):
        assert host.value("hermes_platform_up", profile="default", platform=name) == 1
        failed = host.value(
            "hermes_platform_errors_total", profile="default", platform=name, **{"class": "transport"}
        )
        assert failed is not None
        assert failed > 0
    assert host.alerts() == []
