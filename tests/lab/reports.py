"""Cron jobs of a real Hermes whose reports are awaited, and what an exporter says of them."""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.lab.exporter import COMMAND, Scrape
from tests.lab.user_systemd import REPO
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.lab.exporter import Exporter
    from tests.lab.hermes_home import HermesHome
    from tests.lab.stubs import Messenger, Post
    from tests.lab.user_systemd import Process

CREATE = """
import json, sys
from cron.jobs import create_job
print(json.dumps([create_job(**job)["id"] for job in json.loads(sys.argv[1])]))
"""
LEAD_SECONDS = 4.0
"""From before jobs are made until they are due; making those of a profile takes about a second."""
OFTEN_SECONDS = 12
CONFIG = "/home/hermes/exporter.yaml"


class Said(NamedTuple):
    """What an exporter says of a job's reports; of counters, what is not 0.

    Attributes:
        slots: of those that were missed only that there are some: their number grows as time goes by.
    """

    judged: float | None
    overdue: float | None
    outcome: str | None
    evidence: str | None
    runs: Mapping[str, float]
    deliveries: Mapping[str, float]
    slots: Mapping[str, float]
    duplicates: float | None = 0
    delivered_at: float | None = None


class Job(NamedTuple):
    """One job of one profile."""

    profile: str
    id: str
    name: str


def next_slot() -> float:
    """A whole second that is far enough away for jobs to be made which are due then."""
    return math.ceil(time.time() + LEAD_SECONDS)


def daily(slot: float) -> str:
    """The cron expression, with seconds, of a job that is due then and every day."""
    return f"{datetime.fromtimestamp(slot, UTC):%M %H * * * %S}"


def often(slot: float) -> str:
    """Of one that is due then and every twelve seconds."""
    seconds = sorted((int(slot) + step) % 60 for step in range(0, 60, OFTEN_SECONDS))
    return f"* * * * * {','.join(map(str, seconds))}"


def once(slot: float) -> str:
    """The moment of a job that is due then only."""
    return datetime.fromtimestamp(slot, UTC).isoformat()


class Reports:
    """The reports of a Hermes home: who makes them, who receives them, and who tells of them."""

    def __init__(self, home: HermesHome, messenger: Messenger, exporter: Exporter) -> None:
        """Watch the home; its profiles must tell the time in UTC."""
        self.home, self.messenger, self.exporter = home, messenger, exporter

    def profile(self, profile: str, environment: Mapping[str, str] | None = None, **more: object) -> None:
        """Configure a profile, and add it where it is not there; what sends without a gateway gets through."""
        if not self.home.systemd.path(self.home.home(profile)).is_dir():
            self.home.add(profile)
        proxy = {"MATTERMOST_PROXY": f"http://127.0.0.1:{self.messenger.port}"}
        self.home.configure(profile, {**proxy, **(environment or {})}, timezone="UTC", **more)

    def script(self, profile: str, name: str, text: str) -> None:
        """Write a script that a job may be."""
        self.home.systemd.write(self.home.home(profile) / "scripts" / name, f"#!/bin/sh\n{text}\n", mode=0o755)

    def make(self, profile: str, jobs: Mapping[str, Mapping[str, Any]]) -> dict[str, Job]:
        """Make jobs, as Hermes' own tool makes them, and wait until they are seen; by name."""
        made = [{"prompt": None, "deliver": "mattermost", "name": name, **job} for name, job in jobs.items()]
        home = f"HERMES_HOME={self.home.home(profile)}"
        python = str(self.home.venv / "bin/python")
        said = self.home.systemd.exec("env", home, python, "-c", CREATE, json.dumps(made)).stdout
        found = {
            name: Job(profile, each, name)
            for name, each in zip(jobs, json.loads(said.splitlines()[-1]), strict=True)
        }
        for job in found.values():
            self.exporter.wait(1, "hermes_cron_job_enabled", profile=profile, job_id=job.id)
        return found

    def start(self, profile: str, messenger: Messenger | None = None) -> Process:
        """Start a gateway that does not tick before `tick`: it waits for its messenger's first answer."""
        (messenger or self.messenger).hold(profile)
        gateway = self.home.run_by_hand(profile)
        self.exporter.wait(1, "hermes_gateway_up", profile=profile)
        return gateway

    def tick(self, profile: str, slot: float, messenger: Messenger | None = None) -> None:
        """Let it tick once the slot has come: then it begins to run what is due at once."""
        reached(slot)
        (messenger or self.messenger).release(profile)
        self.home.wait_running(profile)

    def listed(self, job: Job) -> bool:
        """Whether Hermes still has the job."""
        store = self.home.systemd.path(self.home.home(job.profile) / "cron/jobs.json")
        return job.id in {each["id"] for each in json.loads(store.read_text())["jobs"]}

    def received(self, job: Job) -> list[Post]:
        """Return what the messenger has received of a job."""
        return [post for post in self.messenger.posts if f"(job_id: {job.id})" in post.message]

    def expect(self, job: Job, expected: Said, seconds: float = 75) -> Scrape:
        """Wait until the exporter says so of the job, and what it says was delivered is what was received."""
        last: list[Scrape] = []

        def as_expected() -> Scrape | None:
            last[:] = [self.exporter.scrape()]
            found = said(last[0], job)
            return last[0] if found._replace(delivered_at=None) == expected else None

        def seen() -> str:
            told = said(last[0], job)
            return f"{job.name}:\n {expected}\nbut\n {told}\nreceived: {self.received(job)}"

        scrape = until(as_expected, seconds, seen, every=0.25)
        delivered = said(scrape, job).delivered_at
        if expected.evidence is None:
            assert delivered is None
        else:
            newest = self.received(job)[-1]
            assert delivered is not None
            assert abs(delivered - newest.at) < 2
        return scrape


def reached(moment: float) -> None:
    """Wait until that moment, Unix seconds, has come."""
    until(lambda: time.time() >= moment, max(moment - time.time(), 0) + 5, f"it is {moment}", every=0.05)


def said(scrape: Scrape, job: Job) -> Said:
    """Return what a scrape says of a job's reports."""
    labels = {"profile": job.profile, "job_id": job.id}

    def counts(family: str, label: str) -> dict[str, float]:
        found = zip(scrape.series(family, **labels), scrape.values(family, **labels), strict=True)
        return {series[label]: value for series, value in found if value}

    slots = counts("hermes_cron_job_slots_total", "result")
    return Said(
        scrape.value("hermes_cron_job_judged", **labels),
        scrape.value("hermes_cron_job_report_overdue", **labels),
        scrape.one("hermes_cron_job_last_delivery_outcome", "outcome", **labels),
        scrape.one("hermes_cron_job_last_delivery_evidence", "evidence", **labels),
        counts("hermes_cron_job_runs_total", "status"),
        counts("hermes_cron_job_deliveries_total", "outcome"),
        slots | {"missed": 1} if "missed" in slots else slots,
        scrape.value("hermes_cron_job_duplicate_runs_total", **labels),
        scrape.value("hermes_cron_job_last_delivery_timestamp_seconds", **labels),
    )


def without_memory(home: HermesHome, *command: str) -> str:
    """Return what a command of ours prints that has never seen the home before."""
    surroundings = ("env", "-u", "HERMES_HOME", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={REPO}")
    memory = f"HERMES_EXPORTER_STATE_PATH=/tmp/hermes-exporter-{time.time_ns()}/memory.db"
    argv = (*surroundings, memory, str(COMMAND), *command, "--config.file", CONFIG)
    return home.systemd.exec(*argv, check=False).stdout


def at_first_sight(home: HermesHome) -> Scrape:
    """Return what an exporter says that has never seen the home before."""
    return Scrape(without_memory(home, "scrape"))


def unknown(scrape: Scrape, fresh: Scrape, jobs: Iterable[Job]) -> set[str]:
    """Return the names of the jobs of which nobody can tell at first sight; of all others the same is said."""
    found = set()
    for job in jobs:
        known, first = said(scrape, job), said(fresh, job)
        if not first.judged:
            assert first.overdue is None, job.name
            found.add(job.name)
            continue
        same = ("overdue", "outcome", "evidence", "delivered_at")
        assert {name: getattr(first, name) for name in same} == {name: getattr(known, name) for name in same}, (
            f"{job.name}: {known}; at first sight {first}"
        )
    return found
