"""What becomes of a report, by a real Hermes: what the messenger has received, against what the exporter says.

All jobs are due at one moment, and a gateway that started just before runs them at once; what comes of each is a
case. In the worst of them the machine only waits.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.exporter import Exporter
from tests.lab.hermes_home import HermesHome
from tests.lab.reports import (
    CONFIG,
    OFTEN_SECONDS,
    Reports,
    Said,
    at_first_sight,
    daily,
    next_slot,
    often,
    once,
    reached,
    said,
    unknown,
    without_memory,
)
from tests.lab.stubs import Messenger
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.lab.reports import Job
    from tests.lab.stubs import Provider
    from tests.lab.user_systemd import UserSystemd

pytestmark = pytest.mark.systemd

GRACE_SECONDS = 8.0
DOWN, TIMED = "down", "timed"
SLOW = "hanging"
HANGING, REFUSING, LOCKED = (
    "channelhanging000000000000",
    "channelrefusing00000000000",
    "channellocked0000000000000",
)


class Case(NamedTuple):
    """A job, what the messenger receives of it, and what is to be said of its reports.

    Attributes:
        job: how Hermes is to make it.
        schedule: makes one of the moment at which it is due.
        receives: words of the message, None where nothing arrives.
        stays: Hermes keeps the job after its run.
    """

    job: Mapping[str, Any]
    expected: Said
    receives: str | None = None
    schedule: Callable[[float], str] = daily
    profile: str = "default"
    stays: bool = True


def asks(word: str) -> str:
    """A prompt by which the provider knows the case."""
    return f"Report on {word}, please."


def script(name: str) -> dict[str, Any]:
    """A job that is a script."""
    return {"script": f"{name}.sh", "no_agent": True}


def arrived(outcome: str, evidence: str | None = None, status: str = "completed") -> Said:
    """A run that settled its slot."""
    return Said(1, 0, outcome, evidence, {status: 1}, {outcome: 1} if outcome != "local" else {}, {"settled": 1})


def nothing(outcome: str, status: str = "completed") -> Said:
    """A run that settled nothing; of its slots one was missed when the next came, and that is overdue now."""
    return Said(1, 1, outcome, None, {status: 1}, {outcome: 1} if outcome != "none" else {}, {"missed": 1})


NOTICE = arrived("notice", status="failed")
REPORT = "All systems nominal."
CASES = {
    "delivered": Case({"prompt": asks("nothing")}, arrived("delivered", "log"), REPORT),
    "from a script": Case(script("hello"), arrived("delivered", "log"), "hello"),
    "provider 401": Case({"prompt": asks("unauthorized")}, NOTICE, "provider authentication error"),
    "script exits 3": Case(script("exit-3"), NOTICE, "Script exited with code 3"),
    "[SILENT]": Case({"prompt": asks("silence")}, arrived("suppressed")),
    "empty output": Case(script("empty"), arrived("suppressed")),
    "local": Case({"prompt": asks("nothing"), "deliver": "local"}, arrived("local")),
    "empty answer": Case({"prompt": asks("emptiness")}, nothing("none", "failed"), schedule=often),
    "refused 503": Case(
        script("hello") | {"deliver": f"mattermost:{REFUSING}"}, nothing("failed"), schedule=often
    ),
    "refused 401": Case(script("hello") | {"deliver": f"mattermost:{LOCKED}"}, nothing("failed"), schedule=often),
    "no target": Case(script("hello") | {"deliver": "discord"}, nothing("not_configured"), schedule=often),
    "messenger down": Case(script("waits"), nothing("failed"), schedule=often, profile=DOWN),
    "ticked by hand": Case(script("hello"), arrived("delivered", "log"), "hello", profile=TIMED),
    "last of its runs": Case(script("hello") | {"repeat": 1}, arrived("delivered", "log"), "hello", stays=False),
    "one-shot": Case({"prompt": asks("nothing")}, arrived("delivered", "log"), REPORT, once, stays=False),
    "one-shot, 401": Case(
        {"prompt": asks("unauthorized")}, NOTICE, "provider authentication error", once, stays=False
    ),
    "one-shot, refused": Case(
        script("hello") | {"deliver": f"mattermost:{REFUSING}"},
        nothing("failed")._replace(slots={}),
        schedule=once,
        stays=False,
    ),
    SLOW: Case(script("hello") | {"deliver": f"mattermost:{HANGING}"}, arrived("unverified")),
}


class Matrix(NamedTuple):
    """The cases, of which all that is quick has happened."""

    reports: Reports
    jobs: Mapping[str, Job]
    slot: float


@pytest.fixture(scope="module")
def matrix(
    machine: UserSystemd, provider: Provider, messenger: Messenger, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    """All jobs were due, and the graces of their first two slots are over."""
    directory = tmp_path_factory.mktemp("reports")
    home = HermesHome(machine, provider, messenger, directory)
    machine.write(CONFIG, f"jobs: [{{match: '*', grace: {GRACE_SECONDS:g}s}}]\n")
    exporter = Exporter(machine, directory / "exporter.log", "--config.file", CONFIG)
    reports = Reports(home, messenger, exporter)
    provider.faults["unauthorized"] = "401"
    provider.answers.update(silence="[SILENT]", emptiness="")
    messenger.closed.update({HANGING: 0, REFUSING: 503, LOCKED: 401})
    for profile in ("default", TIMED):
        reports.profile(profile)
    other = Messenger()
    other.start()
    reports.profile(DOWN, {"MATTERMOST_URL": f"http://127.0.0.1:{other.port}/{DOWN}"})
    go = home.home(DOWN) / "go"
    reports.script(DOWN, "waits.sh", f"until [ -e {go} ]; do sleep 0.1; done; echo hello")
    for profile in ("default", TIMED):
        for name, text in (("hello", "echo hello"), ("empty", "true"), ("exit-3", "exit 3")):
            reports.script(profile, f"{name}.sh", text)
    reports.start("default")
    reports.start(DOWN, other)

    slot = next_slot()
    jobs: dict[str, Job] = {}
    for profile in ("default", TIMED, DOWN):
        of = {name: case for name, case in CASES.items() if case.profile == profile}
        wanted = {name: {**case.job, "schedule": case.schedule(slot)} for name, case in of.items()}
        jobs |= reports.make(profile, wanted)
    reports.tick("default", slot)
    reports.tick(DOWN, slot, other)
    home.hermes(TIMED, "cron", "tick")
    exporter.wait(1, "hermes_cron_job_running", profile=DOWN, job_id=jobs["messenger down"].id)
    other.stop()
    other.hang_up(DOWN)
    machine.write(go, "")
    reached(slot + OFTEN_SECONDS + GRACE_SECONDS + 0.5)
    yield Matrix(reports, jobs, slot)
    assert exporter.stop() == 0
    home.remove()
    provider.faults.clear()
    provider.answers.clear()
    messenger.closed.clear()


def settled_down(matrix: Matrix) -> None:
    """Wait until the newest slot of every job is past its deadline: at first sight only that one is judged."""
    until(
        lambda: (time.time() - matrix.slot) % OFTEN_SECONDS > GRACE_SECONDS + 0.5,
        OFTEN_SECONDS,
        "a deadline is over",
    )


@pytest.mark.parametrize("name", [name for name in CASES if name != SLOW])
def test_what_became_of_it(matrix: Matrix, name: str) -> None:
    """What arrived is said to have arrived, then; what did not, is overdue unless the reader knows why."""
    case, job = CASES[name], matrix.jobs[name]

    matrix.reports.expect(job, case.expected)

    received = [post.message for post in matrix.reports.received(job)]
    assert len(received) == (case.receives is not None)
    assert (case.receives or "") in "".join(received)
    assert matrix.reports.listed(job) == case.stays


def test_jobs_that_ended_have_not_vanished(matrix: Matrix) -> None:
    """Hermes itself removes what has had its last run."""
    scrape = matrix.reports.exporter.scrape()

    assert set(scrape.values("hermes_cron_jobs_vanished")) == {0}


def test_at_first_sight(matrix: Matrix) -> None:
    """An exporter without a memory says the same of every job that is there, and nothing of those that ended."""
    settled_down(matrix)
    fresh = at_first_sight(matrix.reports.home)
    scrape = matrix.reports.exporter.scrape()

    ended = {job.name for job in matrix.jobs.values() if not CASES[job.name].stays}
    found = {job.name: said(fresh, job) for job in matrix.jobs.values()}
    assert unknown(scrape, fresh, matrix.jobs.values()) == ended
    assert {name for name, each in found.items() if each.judged is None} == ended
    assert [each for each in found.values() if each.runs or each.deliveries or each.slots] == []


def test_a_check(matrix: Matrix) -> None:
    """A check without a memory tells of the jobs whose reports are overdue, and of no other."""
    settled_down(matrix)
    told = json.loads(without_memory(matrix.reports.home, "check", "--json"))["profiles"]

    overdue = {job["name"] for profile in told for job in profile["jobs"] if job["overdue"]}
    assert overdue == {name for name, case in CASES.items() if case.stays and case.expected.overdue}
    missing = {profile["label"] for profile in told if "report_missing" in str(profile["problems"])}
    assert missing == {"default", DOWN}


@pytest.mark.slow
def test_a_messenger_that_never_answers(matrix: Matrix) -> None:
    """Hermes gives up after half a minute and assumes that it was delivered: nobody knows, nothing is owed."""
    matrix.reports.expect(matrix.jobs[SLOW], CASES[SLOW].expected)

    assert matrix.reports.received(matrix.jobs[SLOW]) == []


@pytest.mark.slow
def test_it_ends_with_the_next_report(matrix: Matrix, messenger: Messenger) -> None:
    """What was overdue is so until a report arrives, a minute later."""
    job = matrix.jobs["refused 503"]
    matrix.reports.expect(job, CASES["refused 503"].expected)
    del messenger.closed[REFUSING]

    scrape = matrix.reports.exporter.wait(
        0, "hermes_cron_job_report_overdue", seconds=75, profile="default", job_id=job.id
    )

    assert said(scrape, job).outcome == "delivered"
