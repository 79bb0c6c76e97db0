"""The options that a person gave, as the arguments of a unit: absolute paths, nothing that came by default."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from hermes_exporter.checked_yaml import ConfigError
from hermes_exporter.options import expect_outside, settings

if TYPE_CHECKING:
    from hermes_exporter.discovery import Home
    from hermes_exporter.web.addresses import Address

GIVEN = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
OWN = {"system", "prints"}
"""Parameters of ``install`` that are none of ``serve``."""
TOLD_ANYWAY = {"hermes_homes", "state_path", "addresses"}


class Wanted(NamedTuple):
    """How the exporter is to be started.

    Attributes:
        options: by the names of the parameters.
        given: those that somebody gave, with what they stand for on a command line.
        found: the homes that follow from them.
        listeners: where it is to listen.
        encrypted: it speaks TLS.
    """

    options: dict[str, Any]
    given: dict[str, list[str]]
    found: tuple[Home, ...]
    listeners: tuple[Address, ...]
    encrypted: bool

    @classmethod
    def of(cls, context: click.Context) -> Wanted:
        """Return what a parsed command line wants; raise click.UsageError for what cannot be."""
        from hermes_exporter.access import web_config  # noqa: PLC0415  # with the server, which only this needs
        from hermes_exporter.web import addresses  # noqa: PLC0415

        options = {name: value for name, value in context.params.items() if name not in OWN}
        given = {
            parameter.name: _words(parameter, options[parameter.name])
            for parameter in context.command.params
            if parameter.name in options and context.get_parameter_source(parameter.name) in GIVEN
        }
        file = options["web_config_file"]
        try:
            listeners = tuple(map(addresses.parse, options["addresses"]))
            encrypted = file is not None and web_config.load(file).tls is not None
        except ValueError as error:
            raise click.UsageError(f"--web.listen-address: {error}") from error
        except ConfigError as error:
            raise click.UsageError(str(error)) from error
        return cls(options, given, settings(options).homes, listeners, encrypted)

    @classmethod
    def parsed(cls, context: click.Context, arguments: list[str]) -> Wanted:
        """Return what the arguments of a unit want; ``context`` is one whose command knows them."""
        known = [parameter for parameter in context.command.params if parameter.name not in OWN]
        return cls.of(click.Command("serve", params=known).make_context("serve", list(arguments)))

    @property
    def homes(self) -> tuple[Path, ...]:
        """Roots of the homes."""
        return tuple(home.root for home in self.found)

    def expect_sockets_outside(self) -> None:
        """Raise click.UsageError where a socket would lie in a Hermes home."""
        for address in self.listeners:
            if address.path:
                expect_outside(Path(address.path), self.found, "--web.listen-address")

    @property
    def loopback(self) -> bool:
        """Whether nobody outside this machine can reach it."""
        return all(address.path or _is_loopback(address.host) for address in self.listeners)

    @property
    def urls(self) -> list[str]:
        """Where a browser finds it."""
        scheme = "https" if self.encrypted else "http"
        return [
            f"unix:{Path(at.path).absolute()}" if at.path else f"{scheme}://{_host(at)}/" for at in self.listeners
        ]

    @property
    def socket_directories(self) -> list[Path]:
        """Where sockets are to be made."""
        return [Path(address.path).absolute().parent for address in self.listeners if address.path]

    def arguments(self, state: Path | None) -> tuple[str, ...]:
        """Return the arguments of ``serve``; the homes are named, unless the configuration file names them."""
        homes = [f"--hermes.home={f'{home.alias}=' if home.alias else ''}{home.root}" for home in self.found]
        if "config_file" in self.given and "hermes_homes" not in self.given and _in_file(self.options):
            homes = []
        told = [word for name, words in self.given.items() if name not in TOLD_ANYWAY for word in words]
        listening = [
            f"--web.listen-address={f'unix:{Path(address.path).absolute()}' if address.path else text}"
            for address, text in zip(self.listeners, self.options["addresses"], strict=True)
            if "addresses" in self.given
        ]
        return (*homes, *([f"--state.path={state}"] if state else []), *listening, *told)


def _words(parameter: click.Parameter, value: Any) -> list[str]:
    """Return what a parameter's value is on a command line, with paths that hold from anywhere."""
    name = parameter.opts[0]
    if isinstance(value, bool):
        return [name if value else parameter.secondary_opts[0]]
    values = value if parameter.multiple else [value]
    return [f"{name}={each.absolute() if isinstance(each, Path) else each}" for each in values]


def _in_file(options: dict[str, Any]) -> bool:
    from hermes_exporter import config  # noqa: PLC0415

    return bool(config.load(options["config_file"]).homes)


def _host(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host or "*"
    return f"{host}:{address.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
