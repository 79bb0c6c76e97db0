"""What goes wrong in a gateway that lives: acts at the present of its profile, as those of ``faults``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.simulator import connections

if TYPE_CHECKING:
    from hermes_exporter.simulator.gateway import Gateway
    from hermes_exporter.simulator.profile import Profile

DATABASE_HEAD = b"SQLite format 3\0"


def living(profile: Profile) -> Gateway:
    """Return the gateway of a profile; raise ValueError without a living one."""
    if profile.gateway is None or not profile.gateway.alive:
        raise ValueError(f"profile {profile.name} has no living gateway")
    return profile.gateway


def adapter(
    profile: Profile, name: str, state: str, code: str | None = None, *, needs_attention: bool | None = None
) -> None:
    """The gateway notes this of a messenger, of any kind; None of ``needs_attention`` is not noted."""
    connections.note(living(profile), name, state, code, needs_attention=needs_attention)


def database_damaged(profile: Profile, *, repaired: bool) -> None:
    """The state database is malformed: a repair left a copy beside it, or its gateway cannot use it (0.22)."""
    profile.disk.put("state.db", DATABASE_HEAD, profile.now, 0o644)
    if repaired:
        profile.disk.put("state.db.malformed-20260504.bak", DATABASE_HEAD, profile.now, 0o644)
    else:
        profile.session_store = "unavailable"
        living(profile).save_state()


def hung_turns(profile: Profile, number: int) -> None:
    """So many turns of conversations are in flight in the gateway, and none of them ends."""
    gateway = living(profile)
    gateway.turns = number
    gateway.save_state()


def stuck_stop(profile: Profile) -> None:
    """The gateway is told to stop, says that it drains, and hangs: its loop does nothing any more."""
    gateway = living(profile)
    gateway.log(connections.GATEWAY, "Received SIGTERM as a planned gateway stop — exiting cleanly")
    gateway.claim("draining")
    gateway.freeze()


def starts_hang(profile: Profile, *, on: bool) -> None:
    """Gateways that start from now on take their lock, say that they are starting, and hang; or they do not."""
    profile.wedges = on
