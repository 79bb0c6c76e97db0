"""The command line. Each command parses, loads, and calls one thing."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hermes_exporter import __version__, atomic_file, config
from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.commands import once
from hermes_exporter.commands.check import check
from hermes_exporter.commands.install import install, uninstall
from hermes_exporter.commands.stack import stack
from hermes_exporter.judge.conditions import CONDITIONS
from hermes_exporter.options import (
    FILE,
    configure_log,
    demo_home,
    demo_if_no_home,
    expect_outside,
    option,
    serving,
    settings,
    state_path,
    watching,
)

if TYPE_CHECKING:
    from hermes_exporter.gather import Gatherer

log = logging.getLogger(__name__)

SCRAPE_TIMEOUT_SECONDS = 30.0


class _Commands(click.Group):
    """Without a command, ``serve`` runs; an error is one clear line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and exit with the command's status."""
        try:
            sys.exit(super().main(*args, **{**kwargs, "standalone_mode": False}))
        except click.Abort:
            sys.exit(130)
        except click.ClickException as error:
            click.echo(f"hermes-exporter: {error.format_message()}", err=True)
            sys.exit(error.exit_code)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="hermes-exporter")
def main() -> None:
    """Prometheus exporter for Hermes Agent. Without a command it serves.

    Every option of serve is also an environment variable, as --log.level is HERMES_EXPORTER_LOG_LEVEL.
    """


@main.command()
@serving
@watching
def serve(**options: Any) -> None:
    """Serve the metrics over HTTP. SIGHUP rereads the configuration."""
    configure_log(options)
    with demo_if_no_home(options) as made_up:
        said = "no Hermes home found: serving a made-up one, none of it is real" if made_up else ""
        _serve(options, said, made_up=made_up)


@main.command()
@option(
    "--failure",
    type=click.Choice(CONDITIONS),
    help="What is wrong with its default profile: the condition that is to show. Default: nothing.",
)
@serving
@watching
def demo(failure: str | None, **options: Any) -> None:
    """Serve a made-up Hermes home that lives, to see what there is to see."""
    configure_log(options)
    with demo_home(options, failure or ""):
        _serve(options, "serving a made-up Hermes home, none of it is real", made_up=True)


@main.command()
@click.option("--output", type=FILE, help="Write there at once and whole, instead of to stdout.")
@once.as_of
@watching
def scrape(output: Path | None, at: str | None, **options: Any) -> None:
    """Gather once and print the metrics. Exits 1 if nothing could be read."""
    configure_log(options)
    wanted = settings(options, once.moment(at))
    if output is not None:
        expect_outside(output, wanted.homes, "--output")
    answer = once.gather(options, wanted, SCRAPE_TIMEOUT_SECONDS, writes=output is not None)
    from hermes_exporter.exposition import PLAIN  # noqa: PLC0415

    text = answer.exposition.encode(PLAIN)
    try:
        if output is None:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
        else:
            atomic_file.write(output, text, mode=0o644)
    except OSError as error:
        raise click.ClickException(f"{output or 'standard output'}: {error.strerror}") from error
    if not any(all(view.succeeded.values()) for view in answer.views):
        raise SystemExit(1)


@main.command()
@click.option("--markdown", is_flag=True, help="As the table of the documentation.")
def metrics(*, markdown: bool) -> None:
    """List every metric family: name, type, labels, meaning."""
    from hermes_exporter.reference import as_markdown, as_text  # noqa: PLC0415

    click.echo(as_markdown() if markdown else as_text(), nl=False)


for command in (check, install, uninstall, stack):
    main.add_command(command)


@main.command()
@click.argument("file", type=FILE, required=False)
@click.option(
    "--web.config.file",
    "web_file",
    type=FILE,
    help="A file with TLS and passwords to check.",
)
def check_config(file: Path | None, web_file: Path | None) -> None:
    """Check a configuration file, and name every problem with its place."""
    from hermes_exporter.access import web_config  # noqa: PLC0415  # what only this command and serve need

    if file is None and web_file is None:
        raise click.UsageError("name a FILE, or one with --web.config.file")
    problems, warnings = [], {}
    for path, load in ((file, config.load), (web_file, web_config.load)):
        if path is None:
            continue
        try:
            warnings[path] = getattr(load(path), "warnings", ())
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise click.UsageError("\n".join(problems))
    for path, said in warnings.items():
        for warning in said:
            click.echo(f"warning: {warning}", err=True)
        click.echo(f"{path}: no problems found")


def _serve(options: dict[str, Any], warning: str, *, made_up: bool) -> None:
    """Serve; ``warning`` is said once every option has proved right."""
    from hermes_exporter import allocator  # noqa: PLC0415
    from hermes_exporter.access.access import Access  # noqa: PLC0415
    from hermes_exporter.gather import Gatherer  # noqa: PLC0415
    from hermes_exporter.memory import Memory  # noqa: PLC0415
    from hermes_exporter.web import addresses, server  # noqa: PLC0415

    allocator.return_great_blocks()
    wanted = settings(options)
    try:
        access = Access(options["web_config_file"])
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    listeners, sockets = [], []
    for text in options["addresses"]:
        try:
            address = addresses.parse(text)
            if address.path:
                sockets.append(Path(address.path).absolute())
                expect_outside(sockets[-1], wanted.homes, "--web.listen-address")
            listeners += addresses.bind(address)
        except ValueError as error:
            raise click.UsageError(f"--web.listen-address: {error}") from error
        except OSError as error:
            raise click.UsageError(f"--web.listen-address: {text}: {error.strerror or error}") from error
    memory = Memory() if made_up else once.memory(options, wanted)

    def reread() -> Gatherer | None:
        try:
            new = settings(options)
            state_path(options, new.homes)
            for socket in sockets:
                expect_outside(socket, new.homes, "--web.listen-address")
            fresh = Gatherer(new, memory)
        except click.UsageError as error:
            log.error("configuration not reread: %s", error.message)  # noqa: TRY400  # the message says it all
            return None
        log.info("configuration reread")
        return fresh

    if warning:
        log.warning(warning)
    site = server.Site(options["metrics_path"], access, made_up)
    try:
        asyncio.run(server.serve(server.Current(Gatherer(wanted, memory)), listeners, site, reread))
    finally:
        access.close()
        memory.close()
