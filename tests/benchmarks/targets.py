"""Many exporters that are one: what ours says of a home in which all is well, served under many paths."""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from hermes_exporter.collectors import unit
from tests import homes, views
from tests.benchmarks import made_home
from tests.scraping import Scraper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hermes_exporter.metric import Sample

UPTIME_SECONDS = 86400
FIRST_PID = 41000
LOOKS = 3
"""The first ones read the logs."""


def exposition(scratch: Path, profiles: int, jobs: int) -> bytes:
    """What our exporter says of a home with so many live gateways and so many jobs in each, their units included.

    The home is made from one that a real Hermes wrote. Its runs are made up and its log, which proves deliveries,
    is not, so they are said to be proved. The gateways live in a made-up /proc. No systemd can be asked that way:
    what units would add is put in by their collector.
    """
    source = homes.restore("healthy", scratch / "source").root
    procfs = homes.Procfs(scratch / "proc", int(time.time()) - UPTIME_SECONDS)
    root = scratch / "home"
    made_home.make(source, root, profiles, jobs)
    for number, name in enumerate(made_home.names(profiles)):
        profile, pid, ticks = made_home.directory(root, name), FIRST_PID + number, 3600 * homes.CLOCK_TICKS
        procfs.add(pid, ticks)
        procfs.hold(pid, profile / "gateway.lock")
        made_home.introduce(profile, made_home.Gateway(pid, ticks, procfs.boot + 3600.0))
    scraper = Scraper(homes.Home(root, procfs, time.time()))
    lines = [scraper.text() for _ in range(LOOKS)][-1].splitlines()
    found = sum(line.startswith("hermes_gateway_up{") and line.endswith(" 1.0") for line in lines)
    if found != profiles:
        raise AssertionError(f"{found} of {profiles} gateways are seen alive")
    lines += [line for name in made_home.names(profiles) for line in _unit_lines(name)]
    lines.append('hermes_unit_linger_enabled{user="hermes"} 1.0')
    text = "".join(f"{line}\n" for line in lines)
    return text.replace('evidence="claim"', 'evidence="log"').encode()


def _unit_lines(profile: str) -> Iterator[str]:
    since = time.time() - UPTIME_SECONDS
    name = "hermes-gateway.service" if profile == "default" else f"hermes-gateway-{profile}.service"
    for sample in unit.collect(views.view(units=(views.unit(name, state_changed_at=since, active_since=since),))):
        yield _line(sample, profile)


def _line(sample: Sample, profile: str) -> str:
    labels = zip(("profile", *sample.family.labels), (profile, *sample.labels), strict=True)
    named = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{sample.family.name}{{{named}}} {sample.value}"


@contextmanager
def served(text: bytes) -> Iterator[str]:
    """Serve the text under every path of an address of this host; yield the address."""
    body = gzip.compress(text)

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing of each scrape."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
