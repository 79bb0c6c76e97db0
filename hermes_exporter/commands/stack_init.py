"""``stack init``: a directory with everything between the exporter and the phone."""

from __future__ import annotations

import os
import re
import secrets
import socket
from typing import TYPE_CHECKING, Any

import click

from hermes_exporter.commands import stack_answers
from hermes_exporter.options import FILE, configure_log, expect_outside, option, settings, watching
from hermes_exporter.stack import channels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hermes_exporter.discovery import Home
    from hermes_exporter.stack.directory import Directory, Record
    from hermes_exporter.stack.layout import Wish

PLAIN = re.compile(r"[\w/.@+,-]+")
PORT = click.IntRange(1024, 65535)
HOST = re.compile(r"[A-Za-z0-9._-]+")


@click.command("init")
@click.argument("directory", metavar="DIR", type=FILE)
@click.option("--notify", type=click.Choice(tuple(channels.CHANNELS)), help="How it rings. Default: as it did.")
@click.option(
    "--native/--compose", default=None, help="systemd units for Debian's packages, or containers (default)."
)
@click.option("--with-grafana/--without-grafana", "grafana", default=None, help="Default: as a container only.")
@option("--prometheus.port", "prometheus", type=PORT, help="Where Prometheus listens. Default: 9090.")
@option("--alertmanager.port", "alertmanager", type=PORT, help="Where Alertmanager listens. Default: 9093.")
@option("--grafana.port", "grafana_port", type=PORT, help="Where Grafana listens. Default: 3000.")
@click.option(
    "--set", "told", multiple=True, metavar="NAME=VALUE", help="An answer, such as chat-id=123; repeatable."
)
@click.option(
    "--secret-file",
    "secret_files",
    multiple=True,
    metavar="[NAME=]PATH",
    help="A file with a secret, which is copied; repeatable. Otherwise it is asked for.",
)
@click.option("--ask", "again", multiple=True, metavar="NAME", help="Ask for this though it is known; repeatable.")
@watching
def init(directory: Path, **options: Any) -> None:
    """Make DIR a ready stack: Prometheus with the rules, Alertmanager with the way to your phone, Grafana.

    Everything listens on 127.0.0.1 only. Once more, it renews what you did not edit, and keeps what you did.
    """
    configure_log(options)
    from hermes_exporter.stack import layout  # noqa: PLC0415  # what only this needs
    from hermes_exporter.stack.directory import Directory, DirectoryError  # noqa: PLC0415

    homes = settings(options).homes
    root = _place(directory, homes)
    at = Directory(root)
    try:
        before = at.record()
        wish = _wish(options, at, before)
        if before is None:
            _warn_of_neighbours(wish)
        lines = _write(wish, at, before)
    except DirectoryError as error:
        raise click.UsageError(str(error)) from error
    for line in lines:
        click.echo(line)
    _warn_of_same_path(root, homes)
    if (
        before
        and before.notify != wish.notify
        and any(line.endswith("alertmanager.yml.new beside it") for line in lines)
    ):
        click.echo(f"warning: it rings as before until you take over {layout.ROUTE}.new", err=True)
    _say_what_now(wish, before)


def _place(directory: Path, homes: tuple[Home, ...]) -> Path:
    """Return where the stack is to be; raise click.UsageError for where it cannot be."""
    if os.getuid() == 0:
        raise click.UsageError(
            "you are root, and what it starts runs as you: do it as another user. It need not be the one who runs "
            "Hermes: adduser monitor; loginctl enable-linger monitor; log in as monitor"
        )
    root = directory.absolute()
    if not PLAIN.fullmatch(str(root)):
        raise click.UsageError(f"DIR: {root}: choose a path of letters, digits and . _ - @ + , only")
    expect_outside(root, homes, "DIR")
    if ".hermes" in root.resolve().parts:
        raise click.UsageError(f"DIR: {root} lies in a Hermes home, where nothing is ever written")
    return root


def _wish(options: Mapping[str, Any], at: Directory, before: Record | None) -> Wish:
    """Return what is wanted: what the options say, otherwise what was wanted before."""
    from hermes_exporter.stack.layout import PORTS, Wish  # noqa: PLC0415

    notify = options["notify"] or (before.notify if before else None)
    if notify not in channels.CHANNELS:
        raise click.UsageError(f"--notify is missing: how is it to ring? {', '.join(channels.CHANNELS)}")
    given = stack_answers.Given.of(notify, options["told"], options["secret_files"], options["again"])
    known = dict(before.answers) if before else {}
    if before:
        known.update(
            (each.name, at.secret(_file(each.name))) for each in channels.questions(notify) if each.secret
        )
    ports = {**PORTS, **(before.ports if before else {})}
    for program, name in (
        ("prometheus", "prometheus"),
        ("alertmanager", "alertmanager"),
        ("grafana", "grafana_port"),
    ):
        ports[program] = options[name] or ports[program]
    if len(set(ports.values())) < len(ports):
        raise click.UsageError(f"each needs a port of its own: {ports}")
    host = socket.gethostname()
    native = _last(options["native"], before.native if before else None, otherwise=False)
    return Wish(
        root=at.root,
        notify=notify,
        native=native,
        grafana=_last(options["grafana"], before.grafana if before else None, otherwise=not native),
        ports=ports,
        host=host if HOST.fullmatch(host) else "hermes-host",
        uid=os.getuid(),
        gid=os.getgid(),
        answers=stack_answers.collect(notify, given, known, new=before is None or before.notify != notify),
    )


def _last(given: bool | None, before: bool | None, *, otherwise: bool) -> bool:
    return next((value for value in (given, before) if value is not None), otherwise)


def _write(wish: Wish, at: Directory, before: Record | None) -> list[str]:
    """Write it all; return a line for each file about which there is something to say."""
    from hermes_exporter.stack import layout  # noqa: PLC0415
    from hermes_exporter.stack.directory import Record  # noqa: PLC0415

    hidden = {each.name for each in channels.questions(wish.notify) if each.secret}
    record = Record(
        notify=wish.notify,
        native=wish.native,
        grafana=wish.grafana,
        ports=dict(wish.ports),
        answers={
            **(before.answers if before else {}),
            **{name: text for name, text in wish.answers.items() if name not in hidden},
        },
        files=dict(before.files) if before else {},
    )
    at.remember(record)
    at.make(f"data/{program}" for program in layout.programs(wish))
    for name in hidden:
        at.keep_secret(_file(name), wish.answers[name])
    if wish.grafana and not at.secret(layout.GRAFANA_PASSWORD):
        at.keep_secret(layout.GRAFANA_PASSWORD, secrets.token_urlsafe(18))
    lines = list(at.renew(layout.contents(wish), record.files))
    at.remember(record)
    return lines


def _file(secret: str) -> str:
    return f"alertmanager/{secret}"


def _warn_of_neighbours(wish: Wish) -> None:
    for program, port in wish.ports.items():
        with socket.socket() as probe:
            probe.settimeout(1)
            if (program != "grafana" or wish.grafana) and probe.connect_ex(("127.0.0.1", port)) == 0:
                click.echo(
                    f"warning: something listens on port {port} already; stop it, or choose another one with "
                    f"--{program}.port",
                    err=True,
                )


def _warn_of_same_path(root: Path, homes: tuple[Home, ...]) -> None:
    """Warn of an alarm that needs the gateway that it is to tell of."""
    from hermes_exporter.stack import hermes_channels, layout, same_path  # noqa: PLC0415

    try:
        alarm = same_path.load(root / layout.ROUTE)
    except ValueError as error:
        click.echo(f"warning: {error}", err=True)
        return
    for warning in same_path.warnings(alarm, hermes_channels.read(homes)):
        click.echo(f"warning: {warning}.", err=True)


def _say_what_now(wish: Wish, before: Record | None) -> None:
    from hermes_exporter.stack import installation, next_steps  # noqa: PLC0415

    lingers = installation.lingers(installation.place("user", wish.uid))
    stops = next_steps.stops(wish, native=before.native, grafana=before.grafana) if before else ()
    for line in (*stops, *next_steps.lines(wish, lingers=lingers)):
        click.echo(line)
