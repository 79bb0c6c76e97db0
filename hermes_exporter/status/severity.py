"""How bad is it? The severities of the conditions are those of their alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.judge.conditions import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from hermes_exporter.status.document import Severity

WARNINGS = frozenset({"provider_quota", "provider_unreachable", "platform_down", "config_invalid", "degraded"})
"""What can wait for the morning; every other condition is worth waking somebody for."""
WORST_FIRST: tuple[Severity, ...] = ("critical", "warning", "unknown", "ok")
EXIT_STATUS: dict[Severity, int] = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
"""What monitoring plugins end with."""


def of_condition(condition: str) -> Literal["warning", "critical"]:
    """Return how bad a condition is while it holds."""
    return "warning" if condition in WARNINGS else "critical"


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of them, ok where there are none."""
    return min(severities, key=WORST_FIRST.index, default="ok")


def rank(severity: Severity, condition: str | None) -> tuple[int, int]:
    """Return a key that sorts worst first: by severity, then in the order of the headline."""
    place = CONDITIONS.index(condition) if condition in CONDITIONS else len(CONDITIONS)
    return WORST_FIRST.index(severity), place
