"""The unit of the exporter: the shipped one, with this host's paths and its owner's options."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.stack import files, unit_file

if TYPE_CHECKING:
    from pathlib import Path

    from hermes_exporter.stack.systemctl import Scope

SHIPPED = {
    "user": "deploy/systemd/hermes-exporter.service",
    "system": "deploy/systemd/hermes-exporter@.service",
}


class Wish(NamedTuple):
    """What the unit is to do.

    Attributes:
        program: what to start.
        arguments: of ``serve``.
        homes: roots of the Hermes homes, which a system unit shows read-only.
        writable: directories that the exporter writes to, besides one of systemd's making.
        keeps_state: the memory is where systemd makes a directory for it.
        for_root: Hermes runs as root: its gateway has every capability, and to look at its open files takes one.
        loopback: it listens on this machine's own addresses only.
    """

    program: Path
    arguments: tuple[str, ...]
    homes: tuple[Path, ...]
    writable: tuple[Path, ...] = ()
    keeps_state: bool = True
    loopback: bool = True
    for_root: bool = False


def text(scope: Scope, wish: Wish) -> str:
    """Return the unit without its stamp; raise ValueError for a path that no unit file can hold."""
    unit = files.text(SHIPPED[scope])
    unit = unit[unit.index("[Unit]") :]
    start = unit_file.command(str(wish.program), ("serve", *wish.arguments))
    unit = unit_file.replaced(unit, "ExecStart", [f"ExecStart={start}"])
    if scope == "user":
        return unit
    homes = [str(home) for home in wish.homes]
    unit = unit_file.replaced(unit, "RequiresMountsFor", [_listed("RequiresMountsFor", homes)])
    read_only = [_listed("ReadOnlyPaths", [f"-{home}" for home in homes])]
    if wish.writable:
        read_only.append(_listed("ReadWritePaths", [str(path) for path in wish.writable]))
    unit = unit_file.replaced(unit, "ReadOnlyPaths", read_only)
    if not wish.keeps_state:
        unit = unit_file.replaced(unit, "StateDirectory", [])
        unit = unit_file.replaced(unit, "StateDirectoryMode", [])
    if wish.for_root:
        unit = unit_file.replaced(unit, "CapabilityBoundingSet", ["CapabilityBoundingSet=CAP_SYS_PTRACE"])
    if not wish.loopback:
        start, _, rest = unit.partition("# it answers this machine only")
        unit = start + rest.partition("IPAddressAllow=localhost\n")[2]
    return unit


def arguments(unit: str) -> list[str]:
    """Return the arguments of ``serve`` in a unit that was written so."""
    return unit_file.words(unit_file.value(unit, "ExecStart"))[2:]


def _listed(directive: str, words: list[str]) -> str:
    return f"{directive}={' '.join(map(unit_file.word, words))}"
