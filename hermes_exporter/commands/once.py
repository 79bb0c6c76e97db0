"""One gather, for a command that answers once and ends."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from hermes_exporter.options import option, state_path
from hermes_exporter.times import unix_seconds

if TYPE_CHECKING:
    from hermes_exporter.gather import Answer
    from hermes_exporter.memory import Memory
    from hermes_exporter.settings import Settings

UNIX_SECONDS = re.compile(r"\d{9,11}(?:\.\d*)?")
"""Fewer digits are a date of ISO 8601."""
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()

log = logging.getLogger(__name__)

as_of = option("--at", metavar="TIME", help="Judge a copied home as of this moment: ISO 8601 or Unix seconds.")


def moment(text: str | None) -> float | None:
    """Return what --at says in Unix seconds, None where it says nothing; raise click.UsageError."""
    if text is None:
        return None
    try:
        at = unix_seconds(float(text) if UNIX_SECONDS.fullmatch(text) else text)
    except ValueError as error:
        raise click.UsageError(f"--at: {error}") from error
    if not EARLIEST <= at <= LATEST:
        raise click.UsageError("--at: a time outside the years 2020 to 2099")
    return at


def memory(options: dict[str, Any], wanted: Settings, *, writes: bool = True) -> Memory:
    """Return what is remembered; where it cannot be kept that is said, and is no reason to stop."""
    from hermes_exporter import store  # noqa: PLC0415
    from hermes_exporter.memory import Memory  # noqa: PLC0415
    from hermes_exporter.store_file import StoreBusyError, StoreError  # noqa: PLC0415

    path = state_path(options, wanted.homes)
    if wanted.at is not None:
        return Memory()
    try:
        return Memory(store.open_to_write(path) if writes else store.open_to_read(path), writes=writes)
    except StoreBusyError as error:
        raise click.UsageError(f"{error}: give this one another --state.path") from error
    except StoreError as error:
        log.warning("%s: counters and facts will not survive a restart", error)
        return Memory(store.waiting(path) if writes else None, failure=str(error))


def gather(options: dict[str, Any], wanted: Settings, seconds: float, *, writes: bool = False) -> Answer:
    """Return one answer that is complete, or what there is after so many seconds; raise click.ClickException."""
    remembered = memory(options, wanted, writes=writes)
    try:
        return asyncio.run(_gather(wanted, remembered, seconds))
    finally:
        remembered.close()


async def _gather(wanted: Settings, remembered: Memory, seconds: float) -> Answer:
    from hermes_exporter.gather import Gatherer, GatherError  # noqa: PLC0415

    until = time.monotonic() + seconds
    gatherer = Gatherer(wanted, remembered)
    try:
        answer = await gatherer.gather(seconds)
    except GatherError as error:
        raise click.ClickException(str(error)) from error
    while remembered.behind and (left := until - time.monotonic()) > 0:
        with suppress(GatherError):
            answer = await gatherer.gather(left)
    return answer
