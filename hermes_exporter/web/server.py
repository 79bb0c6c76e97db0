"""The server's life: listen, gather when nobody scrapes, tell systemd, end in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import time
from typing import TYPE_CHECKING

from tornado.web import Application

from hermes_exporter.descriptors import share
from hermes_exporter.gather import GatherError
from hermes_exporter.values import Mutable, Value
from hermes_exporter.web import addresses
from hermes_exporter.web.connections import MAX_CONNECTIONS, Connections, Server
from hermes_exporter.web.handlers import (
    DEFAULT_TIMEOUT_SECONDS,
    FRESH_SECONDS,
    Healthy,
    Metrics,
    NotFound,
    Ready,
    StatusDocument,
)
from hermes_exporter.web.notify import notify, watchdog_seconds
from hermes_exporter.web.page_handlers import Overview, ProfilePage

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from hermes_exporter.access.access import Access
    from hermes_exporter.gather import Gatherer

log = logging.getLogger(__name__)

MAX_HEADER_BYTES = 16 << 10
MAX_BODY_BYTES = 0
IDLE_SECONDS = 75.0
"""How long a connection may take to send a request's head, kept-alive ones included."""
DRAIN_SECONDS = 3.0


class Current(Mutable):
    """The gatherer in use; a reread configuration puts a new one here."""

    gatherer: Gatherer


class Site(Value):
    """Where the metrics are, who may ask, and whether the home is made up, which the pages say."""

    metrics_path: str
    access: Access
    made_up: bool = False


def http_server(current: Current, site: Site) -> Server:
    """Return a server of all routes that listens nowhere yet."""
    connections = Connections(share(MAX_CONNECTIONS, 8))
    return Server(
        _application(current, site, connections),
        access=site.access,
        connections=connections,
        max_header_size=MAX_HEADER_BYTES,
        max_body_size=MAX_BODY_BYTES,
        idle_connection_timeout=IDLE_SECONDS,
        body_timeout=5.0,
    )


def _application(current: Current, site: Site, connections: Connections) -> Application:
    shared = {"gatherer": lambda: current.gatherer, "metrics_path": site.metrics_path}
    pages = [("/", Overview), ("/profiles/(.+)", ProfilePage)]
    routes = [
        (re.escape(site.metrics_path), Metrics),
        ("/api/v1/status", StatusDocument),
        ("/-/healthy", Healthy),
        ("/-/ready", Ready),
    ]
    return Application(
        [
            *((path, handler, shared) for path, handler in routes),
            *((path, handler, {**shared, "made_up": site.made_up}) for path, handler in pages),
        ],
        default_handler_class=NotFound,
        default_handler_args=shared,
        log_function=lambda _handler: None,
        access=site.access,
        connections=connections,
    )


async def serve(
    current: Current, listeners: Sequence[socket.socket], site: Site, reread: Callable[[], Gatherer | None]
) -> None:
    """Serve until SIGTERM or SIGINT; ``reread`` answers SIGHUP with a new gatherer, None keeps the old one."""
    server = http_server(current, site)
    server.add_sockets(listeners)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    hung_up = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    scheme = "http" if site.access.current().tls is None else "https"
    for listener in listeners:
        log.info("listening", extra={"fields": {"address": addresses.url(listener, scheme, site.metrics_path)}})
    background = [
        asyncio.create_task(work)
        for work in (_keep_fresh(current), _keep_watched(), _keep_reread(hung_up, current, reread, site.access))
    ]
    notify("READY=1")
    await stop.wait()
    notify("STOPPING=1")
    log.info("stopping")
    server.stop()
    for task in background:
        task.cancel()
    await current.gatherer.finish(DRAIN_SECONDS)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(server.close_all_connections(), DRAIN_SECONDS)


async def _keep_fresh(current: Current) -> None:
    """Gather when nobody asked for a minute: logs rotate, and the page and /-/ready want to be fresh."""
    said = False
    while True:
        last = current.gatherer.last
        age = time.time() - last.at if last else FRESH_SECONDS
        if 0 <= age < FRESH_SECONDS:
            await asyncio.sleep(FRESH_SECONDS - age)
            continue
        try:
            answer = await current.gatherer.gather(DEFAULT_TIMEOUT_SECONDS)
        except (GatherError, OSError, MemoryError) as error:
            log.warning("gathering failed: %s", error)
            await asyncio.sleep(DEFAULT_TIMEOUT_SECONDS)
            continue
        if not said:
            said = True
            for view in answer.views:
                units = ",".join(f"{unit.name}({unit.scope})" for unit in view.units)
                fields = {"profile": view.profile.label, "path": view.profile.path, "units": units or "none"}
                log.info("watching", extra={"fields": {**fields, "health": view.headline}})


async def _keep_watched() -> None:
    """Tell systemd's watchdog that the loop turns."""
    every = watchdog_seconds()
    while every is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(every / 2)


async def _keep_reread(
    hung_up: asyncio.Event, current: Current, reread: Callable[[], Gatherer | None], access: Access
) -> None:
    """Reread the configuration at each SIGHUP, many in a row as one, and never while what is known changes."""
    while True:
        await hung_up.wait()
        notify("RELOADING=1")
        deadline = time.monotonic() + DEFAULT_TIMEOUT_SECONDS
        while current.gatherer.busy and (left := deadline - time.monotonic()) > 0:
            await current.gatherer.finish(left)
        hung_up.clear()
        access.current()
        try:
            gatherer = reread()
        except (OSError, RuntimeError, MemoryError) as error:  # no thread, no descriptor, no memory is left
            log.error("configuration not reread: %s", error)  # noqa: TRY400  # the message says it all
            gatherer = None
        except Exception:
            log.exception("configuration not reread")
            gatherer = None
        if gatherer is not None:
            current.gatherer, retired = gatherer, current.gatherer
            await retired.finish(DEFAULT_TIMEOUT_SECONDS)
            retired.close()
        notify("READY=1")
