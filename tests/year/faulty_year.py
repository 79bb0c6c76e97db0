"""A year of a profile in which everything happens that ever went wrong in the field, again and again."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from hermes_exporter.simulator import Habits, faults, owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_exporter.simulator import Job, Profile
    from tests.year.world import World

HOUR, DAY = 3600.0, 86400.0
DAILY = (
    ("0 8 * * *", "Morning brief", {}, Habits(seconds=90)),
    ("30 2 * * *", "Night watch", {"script": "watch.sh"}, Habits(seconds=5)),
    ("0 9 * * 1-5", "Weekdays", {}, Habits(seconds=900)),
    ("15 */6 * * *", "Six hourly", {}, Habits(seconds=30)),
    ("0 7 1 * *", "Monthly", {}, Habits(seconds=1800)),
    ("0 6 31 * *", "On the last days", {}, Habits(seconds=60)),
    ("0 12 13 * 5", "Thirteenth or Friday", {}, Habits(seconds=60)),
    ("every 720m", "Half a day", {}, Habits(seconds=60)),
    ("0 20 * * *", "Quiet", {}, Habits(answer="silent")),
    ("0 21 * * *", "Local", {"deliver": "local"}, Habits()),
    ("0 22 * * *", "Two targets", {"deliver": "mattermost,telegram"}, Habits()),
    ("45 5 * * *", "Nowhere", {"deliver": "discord"}, Habits()),
)
"""Jobs of which a year can be looked at."""
FREQUENT = (
    ("5 * * * *", "Hourly", {}, Habits(seconds=20)),
    ("*/20 6-9 * * *", "Every twenty minutes", {}, Habits(seconds=300)),
    ("every 45m", "Three quarters", {}, Habits(seconds=600)),
)


def furnish(world: World, *, frequent: bool) -> dict[str, Job]:
    """Create the jobs, by name."""
    return {
        name: owner.create_job(world.profile, schedule, name, habits=replace(habits, answers=deque()), **options)  # type: ignore[arg-type]
        for schedule, name, options, habits in (*DAILY, *(FREQUENT if frequent else ()))
    }


ACTS = (
    "_killed",
    "_stopped",
    "_restarted",
    "_killed_in_a_run",
    "_frozen",
    "_asleep",
    "_drained",
    "_no_ticker",
    "_ticks_fail",
    "_leaked",
    "_skipped",
    "_ledger_locked",
    "_messenger_unreachable",
    "_messenger_refuses",
    "_messenger_refuses_us",
    "_messenger_hangs",
    "_messenger_limps",
    "_provider",
    "_answers",
    "_paused",
    "_switched_off",
    "_rescheduled",
    "_by_hand",
    "_twice",
    "_phantom",
    "_one_shot",
    "_one_shot_removed",
    "_limited",
    "_removed",
    "_vanished",
)
"""What may happen, by name."""


class Year:
    """The acts of a year, each at its moment; ``seed`` decides when."""

    def __init__(self, world: World, jobs: dict[str, Job], seed: int) -> None:
        self.world, self.jobs = world, jobs
        self._random = random.Random(seed)

    def plan(self, days: int) -> None:
        """Put an act on every third day."""
        for day in range(2, days - 2, 3):
            self.act(self._random.choice(ACTS), self.world.start + day * DAY + self._random.uniform(0, DAY))

    def each(self) -> None:
        """Put every act once, two days for each."""
        for number, name in enumerate(ACTS):
            self.act(name, self.world.start + (2 + 2 * number) * DAY + self._random.uniform(0, DAY))

    def blind(self, days: int) -> None:
        """Stop the exporter every month or so, for most of a day."""
        for day in range(20, days - 3, 29):
            when = self.world.start + day * DAY + self._random.uniform(0, DAY)
            self._at(when, lambda _profile: self.world.stop_watching())
            self._at(when + self._random.uniform(0.1, 20) * HOUR, lambda _profile: self.world.watch())

    def act(self, name: str, when: float) -> None:
        """Put one act, which mends itself after a while, at a moment."""
        getattr(self, name)(when)

    def _at(self, when: float, act: Callable[..., object], *args: object) -> None:
        self.world.profile.at(when, act, *args)

    def _for(self, when: float, begin: Callable[..., object], end: Callable[..., object]) -> None:
        self._at(when, begin)
        self._at(when + self._random.uniform(0.2, 30) * HOUR, end)

    def _any(self) -> Job:
        there = [job for job in self.jobs.values() if job.life.ended_at is None]
        return self._random.choice(there)

    def _killed(self, when: float) -> None:
        self._for(when, self.world.kill_gateway, self.world.start_gateway)

    def _stopped(self, when: float) -> None:
        self._for(when, self.world.end_gateway, self.world.start_gateway)

    def _restarted(self, when: float) -> None:
        self._at(when, self.world.start_gateway)

    def _killed_in_a_run(self, when: float) -> None:
        slot = when - when % DAY + 9 * HOUR  # of a job that takes long
        self._at(slot + 70 + self._random.uniform(0, 600), self.world.kill_gateway)
        self._at(slot + self._random.uniform(15, 90) * 60, self.world.start_gateway)

    def _frozen(self, when: float) -> None:
        self._living(when, faults.freeze)
        self._at(when + self._random.uniform(0.2, 10) * HOUR, self._thawed)

    def _thawed(self, profile: Profile) -> None:
        if profile.gateway is not None and profile.gateway.alive and profile.gateway.frozen:
            faults.thaw(profile)

    def _asleep(self, when: float) -> None:
        self._at(when, self.world.sleep, self._random.uniform(0.2, 12) * HOUR)

    def _drained(self, when: float) -> None:
        self._living(when, lambda profile: self.world.drain(profile, on=True))
        self._at(when + self._random.uniform(0.2, 8) * HOUR, self._undrained)

    def _undrained(self, profile: Profile) -> None:
        if profile.gateway is not None and profile.gateway.alive and profile.gateway.draining:
            self.world.drain(profile, on=False)

    def _broken_till_restart(self, when: float, fault: Callable[..., object]) -> None:
        self._living(when, fault)
        self._at(when + self._random.uniform(0.5, 40) * HOUR, self.world.start_gateway)

    def _no_ticker(self, when: float) -> None:
        self._broken_till_restart(when, faults.ticker_dies)

    def _ticks_fail(self, when: float) -> None:
        self._broken_till_restart(when, lambda profile: faults.ticks_fail(profile, "PermissionError: jobs.json"))

    def _leaked(self, when: float) -> None:
        self._broken_till_restart(when, lambda profile: faults.leak(profile, self._any()))

    def _ledger_locked(self, when: float) -> None:
        self._broken_till_restart(when, faults.ledger_locked)

    def _skipped(self, when: float) -> None:
        self._at(when, lambda profile: faults.skip(profile, self._any(), self._random.randint(1, 3)))

    def _messenger_is(self, when: float, state: str) -> None:
        names = ("mattermost", "telegram") if self._random.random() < 0.5 else ("mattermost",)
        self._for(when, self._messengers(names, state), self._messengers(names, "ok"))

    @staticmethod
    def _messengers(names: tuple[str, ...], state: str) -> Callable[[Profile], None]:
        def play(profile: Profile) -> None:
            for name in names:
                faults.messenger(profile, name, state)  # type: ignore[arg-type]

        return play

    def _messenger_unreachable(self, when: float) -> None:
        self._messenger_is(when, "unreachable")

    def _messenger_refuses(self, when: float) -> None:
        self._messenger_is(when, "refusing")

    def _messenger_refuses_us(self, when: float) -> None:
        self._messenger_is(when, "auth")

    def _messenger_hangs(self, when: float) -> None:
        self._messenger_is(when, "hanging")

    def _messenger_limps(self, when: float) -> None:
        self._messenger_is(when, "limping")

    def _provider(self, when: float) -> None:
        state = self._random.choice(("auth", "rate_limit", "server", "timeout"))
        self._for(
            when,
            lambda profile: faults.provider(profile, state),  # type: ignore[arg-type]
            lambda profile: faults.provider(profile, "ok"),
        )

    def _answers(self, when: float) -> None:
        answers = [self._random.choice(("report", "silent", "empty", "exit3")) for _ in range(4)]
        self._at(when, lambda profile: owner.answer_next(profile, self._any(), *answers))  # type: ignore[arg-type]

    def _paused(self, when: float) -> None:
        job = self._any()
        self._for(when, self._there(job, owner.pause), self._there(job, owner.resume))

    def _switched_off(self, when: float) -> None:
        job = self._any()
        self._for(
            when,
            self._there(job, lambda profile, job: owner.switch(profile, job, on=False)),
            self._there(job, lambda profile, job: owner.switch(profile, job, on=True)),
        )

    def _rescheduled(self, when: float) -> None:
        job = self.jobs["Six hourly"]
        hour, minute = self._random.randrange(6), self._random.randrange(60)
        act = self._there(job, lambda profile, job: owner.reschedule(profile, job, f"{minute} {hour}-23/6 * * *"))
        self._at(when, act)

    def _by_hand(self, when: float) -> None:
        self._at(when, self._there(self._any(), owner.run_now))

    def _twice(self, when: float) -> None:
        self._living(when, lambda profile: faults.run_twice(profile, self._any()))

    def _phantom(self, when: float) -> None:
        self._living(when, lambda profile: faults.phantom(profile, self._any(), self._random.uniform(1, 5) * HOUR))

    def _one_shot(self, when: float) -> None:
        name, minutes = f"Once {when:.0f}", self._random.randrange(1, 600)
        self._at(when, self._created, f"{minutes}m", name)

    def _one_shot_removed(self, when: float) -> None:
        name = f"Never {when:.0f}"
        self._at(when, self._created, "300m", name)
        self._at(when + HOUR, lambda profile: owner.remove(profile, self.jobs[name]))

    def _limited(self, when: float) -> None:
        name = f"Thrice {when:.0f}"
        self._at(
            when, lambda profile: self.jobs.update({name: owner.create_job(profile, "33 * * * *", name, repeat=3)})
        )

    def _removed(self, when: float) -> None:
        name = f"Short {when:.0f}"
        self._at(when, self._created, "every 60m", name)
        self._at(when + 30.2 * HOUR, self._there_by_name(name, owner.remove))

    def _vanished(self, when: float) -> None:
        name = f"Lost {when:.0f}"
        self._at(when, self._created, "50 */3 * * *", name)
        self._at(when + 30.2 * HOUR, self._there_by_name(name, faults.vanish))

    def _created(self, profile: Profile, schedule: str, name: str) -> None:
        self.jobs[name] = owner.create_job(profile, schedule, name)

    def _there_by_name(self, name: str, act: Callable[..., object]) -> Callable[[Profile], None]:
        def play(profile: Profile) -> None:
            self._there(self.jobs[name], act)(profile)

        return play

    @staticmethod
    def _there(job: Job, act: Callable[..., object]) -> Callable[[Profile], None]:
        """Do it only where the job is still there."""

        def play(profile: Profile) -> None:
            if job.life.ended_at is None:
                act(profile, job)

        return play

    def _living(self, when: float, act: Callable[..., object]) -> None:
        """Do it only where a gateway lives."""

        def play(profile: Profile) -> None:
            if profile.gateway is not None and profile.gateway.alive and not profile.gateway.frozen:
                act(profile)

        self._at(when, play)
