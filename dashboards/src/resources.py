"""What the gateways use: memory, processor, files, and how busy they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.src.panels import lines
from dashboards.src.queries import each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.src.panels import Made

WHO = "{{profile}} ({{instance}})"


def panels() -> Iterator[Made]:
    """Yield them in order."""
    yield _memory()
    yield _processor()
    yield _descriptors()
    yield _activity()
    yield _wal()


def _memory() -> Made:
    return lines(
        "Memory",
        "What the gateway's process holds.",
        {WHO: each("hermes_gateway_resident_memory_bytes")}, "bytes", width=8, height=7,
    )  # fmt: skip


def _processor() -> Made:
    rate = "max by (instance, profile) (rate(hermes_gateway_cpu_seconds_total[$__rate_interval]))"
    return lines(
        "Processor", "Share of one core that the gateway uses.", {WHO: rate}, "percentunit", width=8, height=7
    )


def _descriptors() -> Made:
    ratio = f"{each('hermes_gateway_open_fds')} / {each('hermes_gateway_max_fds')}"
    return lines(
        "Open files",
        "Share of the files and connections that the gateway may have open. At 100 % it can do nothing any more.",
        {WHO: ratio}, "percentunit", width=8, height=7, limit=0.9,
    )  # fmt: skip


def _activity() -> Made:
    return lines(
        "At work",
        "Conversations in flight, and threads of the gateway's process.",
        {
            "{{profile}}: conversations": each("hermes_gateway_active_agents"),
            "{{profile}}: threads": each("hermes_gateway_threads"),
        },
        "none", width=12, height=7,
    )  # fmt: skip


def _wal() -> Made:
    return lines(
        "Write-ahead log",
        "Size of the state database's write-ahead log. It keeps its high-water mark, which is no fault.",
        {WHO: each("hermes_state_db_wal_bytes")}, "bytes", width=12, height=7, empty="No state database",
    )  # fmt: skip
