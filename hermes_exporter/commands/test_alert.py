"""``stack test-alert``: whether an alert reaches its owner, tried in earnest."""

from __future__ import annotations

import secrets
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from hermes_exporter.options import FILE, configure_log, option, settings, watching

if TYPE_CHECKING:
    from hermes_exporter.stack.alertmanager import Alertmanager
    from hermes_exporter.stack.trial import Progress, Way

HINT = (
    "Alertmanager's log says more: journalctl -u prometheus-alertmanager -n 20; of stack init: journalctl --user "
    "-u hermes-alertmanager, or docker compose logs alertmanager"
)
STARTS_SECONDS = 5.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command("test-alert")
@option(
    "--alertmanager.url",
    "url",
    default="http://127.0.0.1:9093",
    show_default=True,
    help="Address of Alertmanager; http://user:password@host:9093 where it wants a password.",
)
@option(
    "--alertmanager.config-file",
    "alertmanager_config",
    type=FILE,
    help="Its configuration, to see whether the alarm needs Hermes itself. Default: the usual places.",
)
@click.option(
    "--severity",
    type=click.Choice(("critical", "warning")),
    default="critical",
    show_default=True,
    help="Which way it goes.",
)
@click.option(
    "--timeout",
    "seconds",
    type=click.IntRange(min=1),
    default=120,
    show_default=True,
    help="So many seconds it may take.",
)
@click.option("--yes", is_flag=True, help="Ask nobody: what the service took has arrived.")
@watching
def test_alert(url: str, severity: str, seconds: int, *, yes: bool, **options: Any) -> None:
    """Send a test alert through Alertmanager, and see whether it arrives.

    Exits 0 if it did, 1 if not, 2 if it could not be tried. Warns of an alarm that needs the gateway it is to tell
    of: its bot, or its port.
    """
    configure_log(options)
    from hermes_exporter.stack.alertmanager import Alertmanager, AlertmanagerError  # noqa: PLC0415

    try:
        alertmanager = Alertmanager(url)
        alertmanager.wait(STARTS_SECONDS)
        version, loaded = alertmanager.version_and_config()
        click.echo(f"Alertmanager {version} at {alertmanager.url}")
        _warn(options, alertmanager.url, loaded)
        arrived = _try(alertmanager, loaded, severity, seconds)
    except AlertmanagerError as error:
        raise click.UsageError(str(error)) from None
    if not arrived:
        raise click.ClickException(f"the test alert did not arrive. {HINT}")
    if not yes and not click.confirm("Did it arrive?"):
        raise click.ClickException(
            "the service took the test alert: look at its app's settings, and who is to get it"
        )


def _warn(options: dict[str, Any], url: str, loaded: dict[Any, Any]) -> None:
    from hermes_exporter.stack import hermes_channels, same_path  # noqa: PLC0415

    given: Path | None = options["alertmanager_config"]
    alarm = None
    if given is not None:
        try:
            alarm = same_path.load(given)
        except ValueError as error:
            raise click.UsageError(f"--alertmanager.config-file: {error}") from None
    elif urlsplit(url).hostname in LOOPBACK:
        alarm = same_path.usual(loaded)
    alarm = alarm or same_path.Configuration(loaded, Path("/"))
    for warning in same_path.warnings(alarm, hermes_channels.read(settings(options).homes)):
        click.echo(f"warning: {warning}.", err=True)


def _try(alertmanager: Alertmanager, loaded: dict[Any, Any], severity: str, seconds: int) -> bool:
    """Fire the alert, say what comes of it, and end it; return whether every service took it."""
    from hermes_exporter.stack import trial  # noqa: PLC0415

    test, started = secrets.token_hex(4), time.monotonic()
    before = alertmanager.counts()
    fired = trial.alert(severity, socket.gethostname(), test, time.time(), seconds)
    alertmanager.post(fired)
    try:
        receivers = trial.destination(alertmanager, test, started + seconds)
        ways = trial.ways(loaded, receivers, alertmanager.busy(test))
        click.echo(f"test alert fired ({severity}), for receiver {', '.join(receivers)}")
        if not ways:
            raise click.UsageError(
                "that receiver sends nothing: Alertmanager's configuration has no *_configs for it"
            )
        states: dict[Way, Progress] = {}
        refused: set[Way] = set()
        for states in trial.follow(alertmanager, ways, before, started + seconds):
            for way in (way for way, state in states.items() if state.refused and way not in refused):
                refused.add(way)
                click.echo(f"{way.integration}: refused", err=True)
        for way, state in states.items():
            click.echo(f"{way.integration}: {trial.told(way, state, seconds)}")
        return all(trial.arrived(way, state) for way, state in states.items())
    finally:
        alertmanager.post(trial.ended(fired, time.time()))
