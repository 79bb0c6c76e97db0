"""Options that several commands share, and what they come to."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hermes_exporter import config
from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.logging_setup import FORMATS, LEVELS, configure
from hermes_exporter.named_homes import named_homes, standard_home
from hermes_exporter.settings import Settings
from hermes_exporter.tilde import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermes_exporter.discovery import Home


Command = Any

DEFAULT_ADDRESS = "127.0.0.1:19119"


TELEMETRY_PATH = re.compile(r"/[A-Za-z0-9/._~-]+")


class FilePath(click.Path):
    """A path in which ~ is resolved: behind an option's = no shell does that."""

    name = "path"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        return expanded(str(super().convert(value, param, ctx)))


FILE = FilePath()


def option(name: str, *declarations: str, **attributes: Any) -> Callable[[Command], Command]:
    """Declare an option that is an environment variable too: HERMES_EXPORTER_ and its name in capitals."""
    variable = "HERMES_EXPORTER_" + name.partition("/")[0].lstrip("-").replace(".", "_").replace("-", "_").upper()
    return click.option(name, *declarations, envvar=variable, show_envvar=True, **attributes)


def _telemetry_path(_context: click.Context, _parameter: click.Parameter, path: str) -> str:
    if path == "/" or not TELEMETRY_PATH.fullmatch(path) or path.startswith(("/-/", "/api/", "/profiles/")):
        wanted = "must start with /, be of letters, digits and ._~-/, and be none of our other pages"
        raise click.UsageError(f"--web.telemetry-path: {path!r} {wanted}")
    return path


def serving(command: Command) -> Command:
    """Add the options that say where the exporter is to be found."""
    for declare in (
        option(
            "--web.telemetry-path",
            "metrics_path",
            default="/metrics",
            callback=_telemetry_path,
            help="Path of the metrics.",
        ),
        option(
            "--web.listen-address",
            "addresses",
            multiple=True,
            default=(DEFAULT_ADDRESS,),
            show_default=True,
            help="HOST:PORT, [V6]:PORT, :PORT or unix:PATH; repeatable.",
        ),
        option(
            "--web.config.file",
            "web_config_file",
            type=FILE,
            help="TLS and passwords, in the format of Prometheus' exporter-toolkit.",
        ),
    ):
        command = declare(command)
    return command


def watching(command: Command) -> Command:
    """Add the options that say what is watched, and how the exporter logs."""
    options: list[Callable[[Command], Command]] = [
        option("--config.file", "config_file", type=FILE, help="YAML configuration."),
        option(
            "--hermes.home",
            "hermes_homes",
            multiple=True,
            metavar="[NAME=]PATH",
            help="A Hermes home; repeatable, a second one needs a name. Default: $HERMES_HOME or ~/.hermes.",
        ),
        *(
            option(
                f"--collector.{name}/--no-collector.{name}",
                f"collector_{name}",
                default=True,
                help=f"Whether the {name} collector runs.",
            )
            for name in COLLECTORS
            if name != "discovery"
        ),
        option(
            "--state.path",
            "state_path",
            type=FILE,
            help="What must survive a restart. Default: $XDG_STATE_HOME/hermes-exporter/memory.db.",
        ),
        option("--path.procfs", "procfs", type=FILE, default=Path("/proc"), help="/proc."),
        option("--path.rootfs", "rootfs", type=FILE, default=Path("/"), help="Host's /."),
        option(
            "--limit.series",
            "limit_series",
            type=click.IntRange(min=100),
            default=50_000,
            help="At most so many series.",
        ),
        option(
            "--limit.jobs-per-profile",
            "limit_jobs",
            type=click.IntRange(min=1),
            default=500,
            help="At most so many jobs of each profile.",
        ),
        option(
            "--cron.job-names",
            "job_names",
            type=click.Choice(("name", "id")),
            default="name",
            help="What job_name says.",
        ),
        option("--log.level", "log_level", type=click.Choice(LEVELS), default="info", help="Least to log."),
        option("--log.format", "log_format", type=click.Choice(FORMATS), default="logfmt", help="Log format."),
    ]
    for declare in reversed(options):
        command = declare(command)
    return command


def configure_log(options: dict[str, Any]) -> None:
    """Set our own log up as the options say."""
    configure(options["log_level"], options["log_format"])


def settings(options: dict[str, Any], at: float | None = None) -> Settings:
    """Return what the options and the configuration file say; raise click.UsageError for what cannot be."""
    file = _config(options["config_file"])
    return Settings(
        homes=named_homes(options["hermes_homes"], file),
        gateways=file.gateways,
        job_rules=file.jobs,
        timezones=file.timezones,
        collectors=frozenset(name for name in COLLECTORS if options.get(f"collector_{name}", True)),
        procfs=_directory(options["procfs"], "--path.procfs"),
        rootfs=_directory(options["rootfs"], "--path.rootfs"),
        series_limit=options["limit_series"],
        jobs_limit=options["limit_jobs"],
        job_names=options["job_names"] == "name",
        at=at,
    )


def state_path(options: dict[str, Any], homes: Iterable[Home]) -> Path:
    """Return where the memory is kept; raise click.UsageError for a place in a Hermes home."""
    state = expanded(os.environ.get("XDG_STATE_HOME", "").strip() or "~/.local/state")
    path: Path = (options["state_path"] or state / "hermes-exporter/memory.db").absolute()
    expect_outside(path, homes, "--state.path")
    return path


def expect_outside(path: Path, homes: Iterable[Home], option: str) -> None:
    """Raise click.UsageError where the path that an option names lies in a Hermes home."""
    for home in homes:
        if path.resolve().is_relative_to(home.root.resolve()):
            raise click.UsageError(f"{option}: {path} lies in a Hermes home, where nothing is ever written")


@contextmanager
def demo_home(options: dict[str, Any], failure: str = "") -> Iterator[None]:
    """Put a made-up home in the place of whatever home is named, one that fails so."""
    from hermes_exporter.demo.home import made_up_home  # noqa: PLC0415  # what only a demonstration needs

    with made_up_home(failure) as root:
        options["hermes_homes"] = (str(root),)
        yield


@contextmanager
def demo_if_no_home(options: dict[str, Any]) -> Iterator[bool]:
    """Put a made-up home in the place of ~/.hermes where nobody names another; yield whether that was done.

    A home that is named and missing is a failure to be seen, not a reason to make one up.
    """
    named = options["hermes_homes"] or _config(options["config_file"]).homes or os.environ.get("HERMES_HOME")
    if named or standard_home().is_dir():
        yield False
        return
    with demo_home(options):
        yield True


def _config(path: Path | None) -> config.Config:
    if path is None:
        return config.Config()
    try:
        return config.load(path)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def _directory(path: Path, option: str) -> Path:
    if not path.is_dir():
        raise click.UsageError(f"{option}: {path} is not a directory")
    return path
