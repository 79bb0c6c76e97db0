"""``check``: how the profiles are, for a person, for a monitoring system, or as JSON.

The answer is plain text: a library for tables would take as long to load as a home takes to read, and its frames
do not survive the pager of a monitoring system, nor a phone.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from hermes_exporter import __version__
from hermes_exporter.commands import once
from hermes_exporter.options import configure_log, option, settings, watching

if TYPE_CHECKING:
    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.settings import Settings
    from hermes_exporter.status.document import Severity

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 8.0
"""Agents of monitoring systems give a plugin ten."""
COLUMNS, MOST_COLUMNS = 80, 100
COLOURS = {"ok": "green", "warning": "yellow", "critical": "red", "unknown": "magenta"}


class _Failure(click.ClickException):
    """Why there is no verdict."""

    exit_code = 3


class _Plugin(click.Command):
    """A command whose failures are unknown to a monitoring system, never a warning."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except click.ClickException as error:
            raise _Failure(error.format_message()) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            raise _Failure(error.format_message()) from error
        except Exception as error:
            log.debug("check failed", exc_info=True)
            raise _Failure(f"check failed: {type(error).__name__}; --log.level debug says where") from error


@click.command(cls=_Plugin)
@option("--json", "as_json", is_flag=True, help="As JSON; docs/status.schema.json describes it.")
@option("--profile", "labels", multiple=True, metavar="PROFILE", help="This profile only; repeatable.")
@once.as_of
@watching
@click.pass_context
def check(
    context: click.Context, /, *, as_json: bool, labels: tuple[str, ...], at: str | None, **options: Any
) -> None:
    """Say how the profiles are, and what to do first.

    Exits 0 if all is well, 1 for a warning, 2 for something critical, 3 for unknown. Needs no running exporter;
    reads its memory where there is one, and logs nothing unless --log.level is given.
    """
    atexit.register(gc.freeze)  # to look for garbage at the end takes longer than reading a home
    if context.get_parameter_source("log_level") is ParameterSource.DEFAULT:
        options["log_level"] = "error"
    configure_log(options)
    wanted = settings(options, once.moment(at))
    answer = once.gather(options, wanted, TIMEOUT_SECONDS)
    views = _chosen(answer.views, labels, wanted)
    from hermes_exporter.status import document, host, severity, text  # noqa: PLC0415

    said = host.status(views, answer.at, __version__)
    if as_json:
        click.echo(document.encode(said), nl=False)
    else:
        width = min(MOST_COLUMNS, shutil.get_terminal_size().columns) if sys.stdout.isatty() else COLUMNS
        told = "".join(f"{line}\n" for line in text.lines(said, width, _paint))
        click.echo(told.encode(sys.stdout.encoding or "utf-8", "replace"), nl=False)
    raise SystemExit(severity.EXIT_STATUS[said.severity])


def _chosen(views: tuple[ProfileView, ...], labels: tuple[str, ...], wanted: Settings) -> list[ProfileView]:
    """Return the profiles that were asked for; raise click.UsageError where there are none."""
    if not any(view.profile.present or view.expected for view in views):
        roots = " or ".join(str(home.root) for home in wanted.homes)
        raise click.UsageError(f"no Hermes home at {roots}: name it with --hermes.home or HERMES_HOME")
    known = [view.profile.label for view in views]
    for label in labels:
        if label not in known:
            raise click.UsageError(f"--profile: there is no profile {label}, only {', '.join(known)}")
    return [view for view in views if not labels or view.profile.label in labels]


def _paint(word: str, severity: Severity) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return word
    return click.style(word, fg=COLOURS[severity], bold=severity == "critical")
