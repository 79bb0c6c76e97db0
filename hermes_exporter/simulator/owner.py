"""What the owner of a profile does: acts that take place at the profile's present.

Each takes the profile first, so that ``profile.at(when, owner.pause, job)`` gives it its time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from hermes_exporter.simulator import gateway_files, jobs, plan, setup
from hermes_exporter.simulator.book import Life, Term
from hermes_exporter.simulator.gateway import Gateway, Process
from hermes_exporter.simulator.jobs import Habits, Job
from hermes_exporter.simulator.ledger import Row
from hermes_exporter.simulator.runs import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hermes_exporter.simulator.gateway import How
    from hermes_exporter.simulator.plan import Schedule
    from hermes_exporter.simulator.profile import Profile

TICKS_PER_SECOND = 100


def start_gateway(profile: Profile, process: Process | None = None) -> Gateway:
    """Start a gateway; its files name ``process``, a made-up one if the caller has none.

    Raises ValueError while one lives: Hermes refuses a second.
    """
    if profile.gateway is not None and profile.gateway.alive:
        raise ValueError(f"profile {profile.name} has a living gateway")
    profile.gateway = Gateway(profile, process or made_up(profile))
    return profile.gateway


def made_up(profile: Profile) -> Process:
    """Return a process that does not exist, begun now."""
    return Process(
        profile.random.randrange(10_000, 30_000), round((profile.now - profile.boot_at) * TICKS_PER_SECOND)
    )


def stop_gateway(profile: Profile, how: How = "planned") -> None:
    """Stop the gateway in order: as planned, or by a signal that Hermes does not expect, as systemctl sends it."""
    if profile.gateway is not None and profile.gateway.alive:
        profile.gateway.stop(how)
        profile.crashed = False


def create_job(  # noqa: PLR0913  # what an owner says of a job
    profile: Profile,
    schedule: str,
    name: str,
    *,
    deliver: str = "mattermost",
    script: str | None = None,
    repeat: int | None = None,
    habits: Habits | None = None,
) -> Job:
    """Create a job, by ``hermes cron create``; raise ValueError for a schedule that Hermes refuses.

    ``schedule`` is "0 9 * * 1-5", "every 30m", "2h" or a moment in ISO 8601; ``script`` makes it one without a
    model; a one-shot has ``repeat`` 1 unless it says otherwise, others none.
    """
    wanted = plan.parse(schedule, profile.clock, profile.now)
    if wanted.kind == "once" and repeat is None:
        repeat = 1
    record = jobs.new_record(
        profile.new_id(12),
        name,
        wanted,
        profile.clock,
        profile.now,
        deliver=deliver,
        script=script,
        repeat=repeat,
        inference=(profile.model.provider, profile.model.name),
    )
    life = Life(record["id"], [Term(profile.now, wanted)], anchors=[profile.now])
    job = Job(record, wanted, habits or Habits(), life)
    job.plan(_first(profile, wanted))
    profile.add(job)
    return job


def _first(profile: Profile, schedule: Schedule) -> datetime | None:
    if schedule.kind != "once":
        return plan.next_run(schedule, profile.clock, profile.now)
    return profile.clock.now(schedule.run_at)


def pause(profile: Profile, job: Job) -> None:
    """Pause a job; its next_run_at stays as it is."""
    job.set(enabled=False, state="paused", paused_at=profile.iso())
    job.life.hold(profile.now)
    profile.save_jobs()


def resume(profile: Profile, job: Job) -> None:
    """Resume a paused job; it is planned anew from now."""
    job.set(enabled=True, state="scheduled", paused_at=None, paused_reason=None)
    job.plan(_first(profile, job.schedule))
    job.life.release(profile.now)
    profile.save_jobs()


def switch(profile: Profile, job: Job, *, on: bool) -> None:
    """Edit a job's ``enabled`` by hand, which touches nothing else: what came due meanwhile is run late."""
    job.set(enabled=on)
    (job.life.release if on else job.life.hold)(profile.now)
    profile.save_jobs()


def reschedule(profile: Profile, job: Job, schedule: str) -> None:
    """Give a job another schedule; raise ValueError for one that Hermes refuses."""
    job.schedule = plan.parse(schedule, profile.clock, profile.now)
    job.set(schedule=job.schedule.record(profile.clock), schedule_display=job.schedule.display)
    job.plan(_first(profile, job.schedule))
    job.life.terms.append(Term(profile.now, job.schedule))
    job.life.anchors.append(profile.now)
    profile.save_jobs()


def remove(profile: Profile, job: Job) -> None:
    """Take a job out of the store, with its output."""
    profile.drop(job, "removed")
    profile.lose_output(job)


def run_now(profile: Profile, job: Job, process: Process | None = None) -> None:
    """Run a job at once, by ``hermes cron run``: in a process of its own, without a gateway's connections."""
    process = process or made_up(profile)
    process_id = profile.new_id(32)
    profile.commands[process_id] = process
    job.set(fire_claim={"at": profile.iso(), "by": f"{profile.host}:{process.pid}"})
    if job.schedule.kind != "once":
        job.plan(job.next_run(profile.clock, profile.now))
    profile.save_jobs()
    row = Row(
        profile.new_id(32),
        job.id,
        "direct",
        process_id,
        process.pid,
        process.start_ticks,
        "claimed",
        profile.iso(),
    )
    profile.ledger.add(row, profile.now)

    def command() -> Iterator[float]:
        for seconds in Run(profile, job, row, None).steps():
            yield seconds
            if process_id not in profile.commands:
                return
        del profile.commands[process_id]

    profile.beside(command())


def announce(profile: Profile, kind: Literal["stop", "takeover"]) -> None:
    """Tell the gateway that it will be stopped, or that another one takes over."""
    if profile.gateway is not None and profile.gateway.alive:
        gateway_files.announce(profile.disk, profile.gateway.process, profile.now, kind)


def updated(profile: Profile, *failed_units: str) -> None:
    """An update of Hermes ended, after which these units could not be started again (0.21)."""
    gateway_files.receipt(profile.disk, profile.now, list(failed_units))


def use_cron_provider(profile: Profile, name: str) -> None:
    """Let another provider than Hermes' own ticker fire the jobs, from the next start of the gateway on."""
    profile.cron_provider = name
    text = f"{setup.config(profile.settings)}cron:\n  provider: {name}\n"
    profile.disk.put("config.yaml", text.encode(), profile.now, 0o644)


def split_notes(profile: Profile) -> None:
    """Go over to a version that keeps its notes on runs beside jobs.json."""
    profile.splits_notes = True
    profile.save_jobs()


def serve(profile: Profile, *others: str) -> None:
    """Tell a profile's gateway to serve other profiles too; it does so when it starts."""
    profile.serves = (profile.name, *others)
    text = f"{setup.config(profile.settings)}gateway:\n  multiplex_profiles: true\n"
    profile.disk.put("config.yaml", text.encode(), profile.now, 0o644)


def start_in_vain(profile: Profile) -> None:
    """Start a gateway of a profile that another one serves: it notes that it starts, and refuses."""
    gateway = made_up(profile)
    gateway_files.born(profile.disk, gateway, profile.now)
    profile.starts.append(profile.now)
    gateway_files.starts(profile.disk, profile.starts, profile.now)
    gateway_files.ended(profile.disk, gateway, profile.now, success=False)


def answer_next(_profile: Profile, job: Job, *answers: jobs.Answer) -> None:
    """Let the next runs of a job come to these; what is usual comes after them."""
    job.habits.answers = deque(answers)
