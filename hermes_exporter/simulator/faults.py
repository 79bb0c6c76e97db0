"""What goes wrong: acts that take place at the profile's present.

Each takes the profile first, so that ``profile.at(when, faults.kill)`` gives it its time. Where Hermes writes
nothing of a fault, nothing is written. Those that need a living gateway raise ValueError without one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hermes_exporter.simulator import connections, plan, setup
from hermes_exporter.simulator.gateway_faults import living
from hermes_exporter.simulator.ledger import Row

if TYPE_CHECKING:
    from hermes_exporter.simulator.gateway import Process
    from hermes_exporter.simulator.jobs import Job
    from hermes_exporter.simulator.messengers import State as MessengerState
    from hermes_exporter.simulator.profile import Profile
    from hermes_exporter.simulator.provider import State as ProviderState
    from hermes_exporter.simulator.ticker import Ticker

BROKEN_CONFIG = "model:\n  default: demo-model-1\n - provider: custom\n"


def kill(profile: Profile) -> None:
    """The gateway is killed: SIGKILL, out of memory. All its files stay; runs in flight stay so in the ledger."""
    if profile.gateway is not None and profile.gateway.alive:
        profile.gateway.die()
        profile.crashed = True


def freeze(profile: Profile) -> None:
    """The gateway is held by a signal: it keeps its lock and does nothing."""
    living(profile).freeze()


def thaw(profile: Profile) -> None:
    """The gateway that was held goes on."""
    living(profile).thaw(0.0)


def sleep(profile: Profile, seconds: float) -> None:
    """The host is suspended for so long: nothing happens, and no process' own clock moves."""
    gateway = profile.gateway
    if gateway is None or not gateway.alive or gateway.frozen:
        profile.slept += seconds
        return
    gateway.freeze()

    def wake(awake: Profile) -> None:
        awake.slept += seconds
        if gateway.alive:
            gateway.thaw(seconds)

    profile.at(profile.now + seconds, wake)


def drain(profile: Profile, *, on: bool) -> None:
    """The gateway lets no run begin, though its ticker turns; or it does again."""
    gateway = living(profile)
    gateway.draining = on
    (profile.ticking.stop if on else profile.ticking.begin)(profile.now)


def ticker_dies(profile: Profile) -> None:
    """The ticker's thread is gone; its gateway lives on, and only the ticker's marks grow old."""
    _ticker(profile).die()


def recovery_crashes(profile: Profile, *, on: bool) -> None:
    """The ticker of a gateway that starts dies of what it finds before it turns once; or it does no more."""
    profile.recovery_crashes = on


def dies_claiming(profile: Profile, job: Job) -> None:
    """The ticker's thread is gone with a job that it had claimed, and planned anew, and not begun."""
    ticker, gateway = _ticker(profile), living(profile)
    job.planned_at = job.due_at
    job.plan(job.next_run(profile.clock, profile.now))
    profile.save_jobs()
    ticker.claim(gateway, job)
    ticker.die()


def ticks_fail(profile: Profile, error: str | None) -> None:
    """Every tick fails of this from now on: the heartbeat moves, the success does not. None ends it."""
    _ticker(profile).failing = error


def ledger_locked(profile: Profile) -> None:
    """The ledger is locked when the next job is started: this gateway never runs that job again."""
    _ticker(profile).locked = True


def leak(profile: Profile, job: Job) -> None:
    """The gateway takes a job for running that is not, and skips it for ever, while its next run moves on."""
    living(profile).leaked.add(job.id)


def skip(_profile: Profile, job: Job, times: int = 1) -> None:
    """The next dispatches of a job are passed by without a word: planned anew, no row, no line."""
    job.skips += times


def provider(profile: Profile, state: ProviderState) -> None:
    """The model provider is like this from now on."""
    profile.provider = state


def messenger(profile: Profile, name: str, state: MessengerState) -> None:
    """A messenger is like this from now on."""
    profile.messengers[name].state = state
    gateway = profile.gateway
    if gateway is not None and gateway.alive and name in gateway.connections:
        connections.changed(gateway, gateway.connections[name])


def config(profile: Profile, *, broken: bool) -> None:
    """An edit leaves a config.yaml that is no YAML, or mends it; a gateway says so when it starts."""
    profile.config_broken = broken
    text = BROKEN_CONFIG if broken else setup.config(profile.settings)
    profile.disk.put("config.yaml", text.encode(), profile.now, 0o644)


def vanish(profile: Profile, job: Job) -> None:
    """A job is lost: jobs.json is replaced by one without it, its output stays."""
    profile.drop(job, "vanished")


def lost(profile: Profile, job: Job) -> None:
    """A one-shot whose time has come leaves the store, and nothing ever ran."""
    profile.drop(job, "vanished")
    profile.lose_output(job)


def unplanned(profile: Profile, job: Job, state: str = "error") -> None:
    """Hermes cannot compute when a job runs next: it never does."""
    job.plan(None)
    job.set(state=state, enabled=state != "completed")
    profile.save_jobs()


def planned_for(profile: Profile, job: Job, at: float) -> None:
    """Hermes takes a wrong moment for the job's next run, Unix seconds."""
    job.plan(profile.clock.now(at))
    profile.save_jobs()


def command_killed(profile: Profile, process: Process) -> None:
    """The process that runs a job for its owner is killed: its run stays in the ledger."""
    gone = [process_id for process_id, each in profile.commands.items() if each == process]
    for process_id in gone:
        del profile.commands[process_id]


def queue_stands(profile: Profile, *, on: bool) -> None:
    """Reports wait in the delivery queue of a later version, which nobody works off; or they go out again."""
    profile.queue_stands = on


def dead_target(profile: Profile, name: str) -> None:
    """The gateway has proved a messenger's home chat unreachable, and notes so."""
    chat = profile.messengers[name].home
    reason = "Forbidden: bot was blocked by the user"
    entry = {"platform": name, "chat_id": chat, "reason": reason, "marked_at": profile.now}
    profile.disk.put("gateway/dead_targets.json", json.dumps({f"{name}:{chat}": entry}).encode(), profile.now)


def phantom(profile: Profile, job: Job, ahead: float) -> None:
    """A run is noted as completed that never was, stamped so many seconds in the future."""
    gateway = living(profile)
    stamp = profile.clock.iso(profile.now + ahead)
    row = Row(
        profile.new_id(32),
        job.id,
        "builtin",
        gateway.process_id,
        gateway.process.pid,
        gateway.process.start_ticks,
        "completed",
        stamp,
        stamp,
        stamp,
    )
    profile.ledger.add(row, profile.now)
    job.set(last_run_at=stamp, last_status="ok", last_error=None, last_delivery_error=None)
    following = plan.next_run(job.schedule, profile.clock, profile.now + ahead)
    if following is not None:
        job.plan(following)
    profile.save_jobs()


def quota_hold(profile: Profile, job: Job, seconds: float) -> None:
    """A job is held back until its provider's quota returns (0.22); what came due meanwhile is planned anew."""
    until = profile.now + seconds
    job.held_until = until
    job.set(quota_hold_until=until)
    job.life.hold(profile.now)
    profile.save_jobs()

    def release(later: Profile) -> None:
        job.held_until = None
        job.set(quota_hold_until=None)
        if job.schedule.kind != "once":
            job.plan(plan.next_run(job.schedule, later.clock, later.now))
        job.life.release(later.now)
        later.save_jobs()

    profile.at(until, release)


def run_twice(profile: Profile, job: Job) -> None:
    """A second run of a job begins beside whatever runs, as where two processes tick one store."""
    _ticker(profile).start(living(profile), job)


def _ticker(profile: Profile) -> Ticker:
    ticker = living(profile).ticker
    if ticker is None:
        raise ValueError(f"the gateway of profile {profile.name} is still starting")
    return ticker
