"""The ways in which the made-up home breaks, one for each condition; it befalls the default profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hermes_exporter.demo.cast import BRIEF_SECONDS, HOUR
from hermes_exporter.simulator import faults, owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hermes_exporter.demo.cast import Cast
    from hermes_exporter.demo.gateways import Players

MINUTE = 60.0


def _nothing(_cast: Cast, _now: float) -> None:
    """All is well."""


@dataclass(frozen=True)
class Failure:
    """One way to break.

    Attributes:
        before: what is arranged for the past, given the present moment, Unix seconds.
        after: what happens once the gateways of the home are up.
        alone: no process plays the gateway that it befalls.
        every: after so many seconds that gateway is started anew, again and again; 0 for never.
    """

    before: Callable[[Cast, float], None] = _nothing
    after: Callable[[Cast, Players], None] | None = None
    alone: bool = False
    every: float = 0.0


def _of_main(ago: float, act: Callable[..., object], *args: Any) -> Callable[[Cast, float], None]:
    """Return an arrangement: the act befalls the main profile so many seconds before the present."""

    def arrange(cast: Cast, now: float) -> None:
        cast.main.at(now - ago, act, *args)

    return arrange


def _freeze(cast: Cast, players: Players) -> None:
    players.stand_still(cast.main.home)
    faults.freeze(cast.main)


def _ticker_dies(cast: Cast, _players: Players) -> None:
    faults.ticker_dies(cast.main)


def _token_is_revoked(cast: Cast, _players: Players) -> None:
    faults.messenger(cast.main, "mattermost", "auth")


def _crash(cast: Cast, now: float) -> None:
    for number in range(6):
        cast.main.at(now - (number + 1) * CRASH_SECONDS, faults.kill)
        cast.main.at(now - (number + 1) * CRASH_SECONDS + 5, owner.start_gateway)


def _refuse_the_brief(cast: Cast, now: float) -> None:
    cast.main.at(now - BRIEF_SECONDS - 5 * MINUTE, faults.messenger, "mattermost", "refusing")
    cast.main.at(now - BRIEF_SECONDS + 10 * MINUTE, faults.messenger, "mattermost", "ok")


CRASH_SECONDS = 100.0

FAILURES = {
    "": Failure(),
    "gateway_dead": Failure(_of_main(10 * MINUTE, faults.kill), alone=True),
    "gateway_frozen": Failure(after=_freeze),
    "gateway_crash_looping": Failure(_crash, every=CRASH_SECONDS),
    "scheduler_stalled": Failure(after=_ticker_dies),
    "report_missing": Failure(_refuse_the_brief),
    "provider_auth": Failure(_of_main(2 * HOUR, faults.provider, "auth")),
    "provider_quota": Failure(_of_main(2 * HOUR, faults.provider, "billing")),
    "provider_unreachable": Failure(_of_main(2 * HOUR, faults.provider, "unreachable")),
    "platform_auth": Failure(after=_token_is_revoked),
    "platform_down": Failure(_of_main(1.0, faults.messenger, "telegram", "unreachable")),
    "config_invalid": Failure(_of_main(10 * MINUTE, lambda profile: faults.config(profile, broken=True))),
    "degraded": Failure(_of_main(2 * HOUR, faults.provider, "fallback")),
}
"""By the condition that shows; the empty name is none. No scheduler is called stalled while it may be starting."""
