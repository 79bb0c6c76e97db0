"""What happens to a job and its gateway around a slot, by a real Hermes, and what the exporter makes of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.lab.reports import (
    CONFIG,
    OFTEN_SECONDS,
    Reports,
    Said,
    at_first_sight,
    daily,
    next_slot,
    often,
    reached,
    unknown,
)
from tests.lab.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.hermes_home import HermesHome
    from tests.lab.reports import Job
    from tests.lab.stubs import Messenger
    from tests.real.conftest import StartExporter

pytestmark = pytest.mark.systemd

GRACE_SECONDS = 4.0
NOTHING_YET = Said(1, 0, None, None, {}, {}, {})
DELIVERED = Said(1, 0, "delivered", "log", {"completed": 1}, {"delivered": 1}, {"settled": 1})
HELLO = {"script": "hello.sh", "no_agent": True}
WAIT = "echo >> {0}/begun; until [ -e {0}/go ]; do sleep 0.1; done; echo done"
WAITS = {"script": "waits.sh", "no_agent": True}


@pytest.fixture
def reports(hermes: HermesHome, messenger: Messenger, start_exporter: StartExporter) -> Reports:
    """The reports of a home with two profiles, watched with a short grace; one script waits for a file `go`."""
    hermes.systemd.write(CONFIG, f"jobs: [{{match: '*', grace: {GRACE_SECONDS:g}s}}]\n")
    reports = Reports(hermes, messenger, start_exporter("--config.file", CONFIG))
    for profile in ("default", "coder"):
        reports.profile(profile)
        reports.script(profile, "hello.sh", "echo hello")
        reports.script(profile, "waits.sh", WAIT.format(hermes.root))
    reports.exporter.scrape()
    return reports


def store(home: HermesHome, profile: str = "default") -> Path:
    """Where the host finds the jobs of a profile."""
    return home.systemd.path(home.home(profile) / "cron/jobs.json")


def noted(home: HermesHome, job: Job) -> dict[str, object]:
    """What Hermes itself notes of a job."""
    jobs = json.loads(store(home, job.profile).read_text())["jobs"]
    return next(each for each in jobs if each["id"] == job.id)


def kill(reports: Reports, number: str) -> None:
    """End the gateway of the default profile."""
    pid = reports.home.state("default")["pid"]
    reports.home.kill(pid, number)
    until(lambda: not reports.home.alive(pid), 30, "the gateway is gone")
    reports.exporter.wait(0, "hermes_gateway_up", profile="default")


def test_a_gateway_that_was_down_over_a_slot(reports: Reports) -> None:
    """A gateway that stays down is given nothing; once it is back it runs the job, and that report settles."""
    reports.home.start_by_hand("default")
    reports.exporter.wait(1, "hermes_gateway_up", profile="default")
    kill(reports, "TERM")
    slot = next_slot()
    job = reports.make("default", {"down": {**HELLO, "schedule": daily(slot)}})["down"]
    reports.expect(job, NOTHING_YET)

    reached(slot + GRACE_SECONDS)
    reports.expect(job, NOTHING_YET._replace(overdue=1))
    assert unknown(reports.exporter.scrape(), at_first_sight(reports.home), [job]) == set()
    reports.home.start_by_hand("default")
    scrape = reports.expect(job, DELIVERED)

    delay = scrape.value("hermes_cron_job_start_delay_seconds", job_id=job.id)
    assert delay is not None
    assert GRACE_SECONDS < delay < reports.received(job)[0].at - slot
    assert unknown(reports.exporter.scrape(), at_first_sight(reports.home), [job]) == set()


def test_a_gateway_that_is_killed_in_a_run(reports: Reports) -> None:
    """Hermes forgets the run and plans the next one; here it is overdue, before and after the restart."""
    reports.start("default")
    slot = next_slot()
    job = reports.make("default", {"killed": {**WAITS, "schedule": daily(slot)}})["killed"]
    reports.tick("default", slot)
    reports.exporter.wait(1, "hermes_cron_job_running", job_id=job.id)
    reached(slot + GRACE_SECONDS + 1)
    reports.expect(job, NOTHING_YET)

    kill(reports, "KILL")
    reports.expect(job, NOTHING_YET._replace(overdue=1))
    reports.home.start_by_hand("default")
    lost = Said(1, 1, "none", None, {"unknown": 1}, {}, {})
    reports.expect(job, lost)

    notes = noted(reports.home, job)
    assert (notes["last_run_at"], notes["last_status"]) == (None, None)
    assert datetime.fromisoformat(str(notes["next_run_at"])).timestamp() == slot + 86400
    assert reports.received(job) == []
    assert unknown(reports.exporter.scrape(), at_first_sight(reports.home), [job]) == set()
    reports.home.systemd.write(reports.home.root / "go", "")


def test_jobs_of_a_served_profile(reports: Reports) -> None:
    """A gateway that serves another profile ticks its own jobs alone."""
    reports.profile("default", gateway={"multiplex_profiles": True})
    reports.start("default")
    slot = next_slot()
    own = reports.make("default", {"own": {**HELLO, "schedule": daily(slot)}})["own"]
    served = reports.make("coder", {"served": {**HELLO, "schedule": daily(slot)}})["served"]
    reports.tick("default", slot)
    reports.expect(own, DELIVERED)
    reached(slot + GRACE_SECONDS)
    scrape = reports.expect(served, NOTHING_YET._replace(overdue=1))
    assert unknown(scrape, at_first_sight(reports.home), [own, served]) == set()
    assert scrape.value("hermes_gateway_up", profile="coder") == 1
    assert scrape.value("hermes_cron_scheduler_ticked", profile="coder") == 0
    assert reports.received(served) == []


def test_a_run_by_hand_beside_the_gateways_own(reports: Reports) -> None:
    """What its owner starts is no duplicate, whenever; a second run of the slot by the gateway is."""
    reports.start("default")
    slot = next_slot()
    job = reports.make("default", {"twice": {**WAITS, "schedule": daily(slot)}})["twice"]
    reports.tick("default", slot)
    reports.exporter.wait(1, "hermes_cron_job_running", job_id=job.id)

    by_hand = reports.home.spawn("default", "cron", "run", job.id)
    begun = reports.home.systemd.path(reports.home.root / "begun")
    until(lambda: begun.read_text() == "\n\n", 20, "it runs twice")
    reports.home.systemd.write(reports.home.root / "go", "")
    by_hand.wait(30)
    both = DELIVERED._replace(runs={"completed": 2}, deliveries={"delivered": 2})
    reports.expect(job, both)
    assert len(reports.received(job)) == 2

    kill(reports, "TERM")
    past = datetime.now(UTC) - timedelta(seconds=30)
    jobs = json.loads(store(reports.home).read_text())
    jobs["jobs"][0]["next_run_at"] = past.isoformat()
    store(reports.home).write_text(json.dumps(jobs))
    reports.home.start_by_hand("default")
    thrice = both._replace(runs={"completed": 3}, deliveries={"delivered": 3}, duplicates=1)
    reports.expect(job, thrice)
    assert len(reports.received(job)) == 3
    assert unknown(reports.exporter.scrape(), at_first_sight(reports.home), [job]) == set()


def test_a_job_that_was_paused_over_a_slot(reports: Reports) -> None:
    """What came while it was paused is never owed nor counted; what comes afterwards is."""
    slot = next_slot()
    job = reports.make("default", {"paused": {**HELLO, "schedule": often(slot)}})["paused"]
    reports.home.hermes("default", "cron", "pause", job.id)
    reached(slot + GRACE_SECONDS + 1)
    reports.expect(job, NOTHING_YET)

    reports.home.hermes("default", "cron", "resume", job.id)
    reports.exporter.wait(1, "hermes_cron_job_enabled", job_id=job.id)
    scrape = reports.expect(job, NOTHING_YET)
    assert unknown(scrape, at_first_sight(reports.home), [job]) == {"paused"}
    following = slot + OFTEN_SECONDS * ((time.time() - slot) // OFTEN_SECONDS + 1)
    reached(following)
    reports.home.hermes("default", "cron", "tick")
    reports.expect(job, DELIVERED)


def test_a_job_that_is_removed_and_one_that_is_lost(reports: Reports) -> None:
    """Whoever removes a job removes its output too: a job that is gone while its output is not has vanished."""
    names = ("stays", "removed", "lost")
    jobs = reports.make(
        "default", {name: {**HELLO, "schedule": "0 0 1 1 *", "deliver": "local"} for name in names}
    )
    for job in jobs.values():
        reports.home.hermes("default", "cron", "run", job.id)
        reports.exporter.wait(1, "hermes_cron_job_runs_total", job_id=job.id, status="completed")

    reports.home.hermes("default", "cron", "remove", jobs["removed"].id)
    scrape = reports.exporter.wait(None, "hermes_cron_job_enabled", job_id=jobs["removed"].id)
    assert jobs["removed"].id not in scrape.text
    assert scrape.value("hermes_cron_jobs_vanished", profile="default") == 0

    kept = json.loads(store(reports.home).read_text())
    kept["jobs"] = [each for each in kept["jobs"] if each["id"] != jobs["lost"].id]
    store(reports.home).write_text(json.dumps(kept))
    scrape = reports.exporter.wait(None, "hermes_cron_job_enabled", job_id=jobs["lost"].id)
    assert jobs["lost"].id not in scrape.text
    scrape = reports.exporter.wait(1, "hermes_cron_jobs_vanished", profile="default")
    assert scrape.value("hermes_cron_job_enabled", job_id=jobs["stays"].id) == 1
    reports.home.hermes("default", "cron", "remove", jobs["stays"].id)
    scrape = reports.exporter.wait(None, "hermes_cron_job_enabled", job_id=jobs["stays"].id)
    assert scrape.value("hermes_cron_jobs_vanished", profile="default") == 1
    assert at_first_sight(reports.home).value("hermes_cron_jobs_vanished", profile="default") == 0
