"""What a host's alerts told, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.field import rules

if TYPE_CHECKING:
    from tests.field.host import FieldHost
    from tests.field.rules import Fired

MINUTE, HOUR = 60.0, 3600.0


def wait(host: FieldHost, minutes: float) -> None:
    """Let so many minutes pass."""
    host.run(host.simulation.now + minutes * MINUTE)


def alone(host: FieldHost, alert: str, profile: str = "default") -> Fired:
    """Return the one alert that fired, once, of that name and profile."""
    fired = host.alerts()
    assert [(each.alert, each.profile) for each in fired] == [(alert, profile)], fired
    return fired[0]


def seen(host: FieldHost, name: str, /, **labels: str) -> list[float]:
    """Return every value that any scrape had of the series with at least these labels."""
    return [
        value
        for scraped in host.scraped
        for series, value in scraped.series.items()
        if rules.name_of(series) == name and labels.items() <= rules.labels_of(series).items()
    ]


def soon(fired: Fired, began: float, minutes: float) -> None:
    """Assert that it fired after the failure began, and no later than so many minutes."""
    assert 0 < fired.since - began <= minutes * MINUTE, fired.since - began


def over(fired: Fired, ended: float, minutes: float) -> None:
    """Assert that it ended no later than so many minutes after the failure."""
    assert ended <= fired.until <= ended + minutes * MINUTE, fired.until - ended
