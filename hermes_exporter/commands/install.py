"""``install`` and ``uninstall``: the systemd unit of this exporter."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hermes_exporter import options as shared
from hermes_exporter.commands import arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.stack.exporter_unit import Wish
    from hermes_exporter.stack.installation import Place
    from hermes_exporter.stack.systemctl import Scope

_system = click.option("--system", is_flag=True, help="A unit of the system's systemd, which root installs.")


@click.command()
@_system
@click.option("--print", "prints", is_flag=True, help="Print the unit, and write nothing.")
@shared.serving
@shared.watching
@click.pass_context
def install(context: click.Context, /, *, system: bool, prints: bool, **_options: Any) -> None:
    """Install the exporter as a systemd unit, and start it.

    The unit belongs to the user who owns the Hermes home, and serves with the options that are given here;
    without any, those of the unit that is there are kept. A unit that somebody else wrote or edited is left alone.
    """
    with _one_clear_line():
        _install(context, "system" if system else "user", prints=prints)


@click.command()
@_system
@click.argument("user", required=False)
def uninstall(user: str | None, *, system: bool) -> None:
    """Stop the exporter's systemd unit and remove it. With --system, the unit of that USER.

    What the exporter remembers stays.
    """
    with _one_clear_line():
        _uninstall("system" if system else "user", user)


def _install(context: click.Context, scope: Scope, *, prints: bool) -> None:
    from hermes_exporter.stack import exporter_unit, installation, program  # noqa: PLC0415  # what only this needs

    wanted = arguments.Wanted.of(context)
    if not wanted.given and (kept := _kept(scope)):
        wanted = arguments.Wanted.parsed(context, kept)
        click.echo("options kept from the unit that is there: " + shlex.join(kept), err=True)
    wanted.expect_sockets_outside()
    owner = _owner(wanted)
    at = installation.place(scope, owner)
    found = program.lasting(wanted.homes)
    if scope == "user":
        if owner != os.getuid():
            raise click.UsageError(_not_the_owner(wanted, at))
        state = shared.state_path(wanted.options, wanted.found)
        wish = exporter_unit.Wish(found, wanted.arguments(state), wanted.homes)
    else:
        wish = _for_root(wanted, at, found, owner)
        if os.getuid() != 0 and not prints:
            state = wanted.options["state_path"]
            told = wanted.arguments(state.absolute() if state else None)
            again = shlex.join(["sudo", str(found), "install", "--system", *told])
            raise click.UsageError(f"--system needs root: {again}")
    unit = installation.stamped(at, exporter_unit.text(scope, wish))
    if prints:
        click.echo(unit, nl=False)
        return
    before = installation.written(at)
    gone = [word for word in exporter_unit.arguments(before) if word not in wish.arguments] if before else []
    if gone:
        click.echo("options of the unit that go: " + shlex.join(gone), err=True)
    _expect_no_other(at, owner)
    installation.expect_manager(at)
    changed = installation.put(at, unit)
    click.echo(f"{'wrote' if changed else 'unchanged:'} {at.path}")
    click.echo(f"{at.unit} runs: {' '.join(wanted.urls)}")
    if not installation.lingers(at):
        click.echo(
            f"linger is off: it stops, as do user units of Hermes, when {at.instance} logs out; "
            f"keep them with: loginctl enable-linger {at.instance}"
        )


def _for_root(wanted: arguments.Wanted, at: Place, found: Path, owner: int) -> Wish:
    """Return what a system unit is to do."""
    from hermes_exporter.stack import exporter_unit, installation, program  # noqa: PLC0415

    if os.getuid() == 0:
        program.expect_for(owner, found)
    own = installation.STATE / at.instance / "memory.db"
    given = wanted.options["state_path"]
    state = shared.state_path({"state_path": given or own}, wanted.found)
    keeps = state == own
    writable = [*([] if keeps else [state.parent]), *wanted.socket_directories]
    for directory in writable:
        if not directory.is_dir() or directory.stat().st_uid != owner:
            raise click.UsageError(f"{directory} must be a directory that belongs to {at.instance}")
    return exporter_unit.Wish(
        found,
        wanted.arguments(state),
        wanted.homes,
        tuple(writable),
        keeps_state=keeps,
        loopback=wanted.loopback,
        for_root=owner == 0,
    )


def _uninstall(scope: Scope, user: str | None) -> None:
    from hermes_exporter.stack import exporter_unit, installation  # noqa: PLC0415

    if scope == "user":
        if user:
            raise click.UsageError(f"{user}: without --system it is your own unit that goes")
        at = installation.place("user", os.getuid())
    else:
        places = [place for place in installation.system_places() if user in {None, place.instance}]
        if len(places) != 1:
            found = ", ".join(place.instance for place in installation.system_places()) or "nobody"
            raise click.UsageError(f"--system: say whose unit; there is one for {found}")
        (at,) = places
    unit = installation.written(at)
    if unit is None:
        click.echo(
            f"nothing to do: there is no {at.path}; "
            f"one that still runs is stopped by: {at.systemctl} disable --now {at.unit}"
        )
        return
    if scope == "system" and os.getuid() != 0:
        raise click.UsageError("--system needs root")
    installation.expect_manager(at)
    installation.take_away(at)
    click.echo(f"removed {at.path}")
    for argument in exporter_unit.arguments(unit):
        name, _, path = argument.partition("=")
        if name == "--state.path" and Path(path).exists():
            click.echo(f"what it remembers stays in {path}")
    dropins = at.path.with_name(f"{at.unit}.d")
    if dropins.exists():
        click.echo(f"yours, and still there: {dropins}")


def _kept(scope: Scope) -> list[str]:
    """Return the options of the unit that is there, none where there is not exactly one of ours."""
    from hermes_exporter.stack import exporter_unit, installation  # noqa: PLC0415

    places = installation.system_places() if scope == "system" else [installation.place(scope, os.getuid())]
    if len(places) > 1:
        raise click.UsageError(
            "there are several system units: say with --hermes.home whose, and give all of its options"
        )
    unit = installation.written(places[0]) if places else None
    return exporter_unit.arguments(unit) if unit else []


def _owner(wanted: arguments.Wanted) -> int:
    """Return the uid of who owns the homes; raise click.UsageError."""
    owners = set()
    for home in wanted.homes:
        try:
            owners.add(home.stat().st_uid)
        except OSError as error:
            sudo = os.environ.get("SUDO_USER") if os.getuid() == 0 and not wanted.given else None
            hint = f"; you are root: is it that of {sudo}?" if sudo else ""
            raise click.UsageError(f"{home}: {error.strerror}; name the home with --hermes.home{hint}") from error
    if len(owners) > 1:
        raise click.UsageError("the homes belong to different users: one exporter each, see docs/several-users.md")
    return owners.pop()


def _not_the_owner(wanted: arguments.Wanted, at: Place) -> str:
    homes = ", ".join(map(str, wanted.homes))
    return f"{homes} belongs to {at.instance}: run this as {at.instance}, or as root with --system"


def _expect_no_other(at: Place, owner: int) -> None:
    """Raise click.UsageError where the same exporter is installed in the other scope."""
    from hermes_exporter.stack import installation  # noqa: PLC0415

    other = installation.place("user" if at.scope == "system" else "system", owner)
    if other.path.exists():
        whose = f"as {at.instance}: hermes-exporter uninstall"
        how = whose if other.scope == "user" else "as root: hermes-exporter uninstall --system"
        raise click.UsageError(f"{other.path} is another unit for the same homes; remove it first, {how}")


@contextmanager
def _one_clear_line() -> Iterator[None]:
    from hermes_exporter.stack.installation import InstallationError  # noqa: PLC0415
    from hermes_exporter.stack.program import ProgramError  # noqa: PLC0415
    from hermes_exporter.stack.systemctl import SystemctlError  # noqa: PLC0415

    try:
        yield
    except (InstallationError, ProgramError, SystemctlError, ValueError) as error:
        raise click.UsageError(str(error)) from error
