"""Homes written by the real gateways of several versions: what is told of each, and that it is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.compatibility import RUNS, families
from tests.lab.exporter import Exporter
from tests.lab.hermes_home import HermesHome
from tests.lab.reports import Reports, daily, next_slot
from tests.lab.user_systemd import REPO
from tests.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.exporter import Scrape
    from tests.lab.reports import Job
    from tests.lab.stubs import Messenger, Provider
    from tests.lab.user_systemd import UserSystemd

pytestmark = [pytest.mark.systemd, pytest.mark.slow, pytest.mark.timeout(400)]

SCRIPTS = {"fine": "echo fine", "fails": "exit 3", "lasts": "exec sleep 600"}
LEDGER = {"0.19.0"}
"""Versions that keep a ledger of runs; the others have only logs and what they note of the last run."""


class Life(NamedTuple):
    """What was scraped of one version.

    Attributes:
        up: with every job that ends ended, and one in flight.
        dead: after its gateway was killed in that run.
        jobs: by name.
    """

    version: str
    up: Scrape
    dead: Scrape
    jobs: Mapping[str, Job]
    messenger: Messenger


@pytest.fixture(scope="module", params=sorted(RUNS))
def life(
    request: pytest.FixtureRequest,
    machine: UserSystemd,
    provider: Provider,
    messenger: Messenger,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Life]:
    """Let a gateway of the version deliver, fail, be refused, and die in a run."""
    version: str = request.param
    if not (REPO / f".cache/hermes-{version}/contents").exists():
        pytest.fail(f"Hermes {version} is missing: run tests/lab/setup.sh {version}")
    directory = tmp_path_factory.mktemp("version")
    home = HermesHome(machine, provider, messenger, directory, version)
    exporter = Exporter(machine, directory / "exporter.log")
    reports = Reports(home, messenger, exporter)
    reports.profile("default")
    for name, text in SCRIPTS.items():
        reports.script("default", f"{name}.sh", text)
    provider.faults["unauthorized"] = "401"
    slot = next_slot() + 10
    jobs = {name: {"script": f"{name}.sh", "no_agent": True, "schedule": daily(slot)} for name in SCRIPTS}
    jobs["refused"] = {"prompt": "Report on unauthorized, please.", "schedule": daily(slot)}
    made = reports.make("default", jobs)
    gateway = reports.start("default")
    reports.tick("default", slot)

    def ended() -> bool:
        scrape = exporter.scrape()
        last = "hermes_cron_job_last_run_timestamp_seconds"
        return all(scrape.value(last, job_id=made[name].id) for name in ("fine", "fails", "refused"))

    until(ended, 120, lambda: f"every job has run:\n{exporter.scrape().text}\n{gateway.output}")
    exporter.wait(1, "hermes_platform_up", profile="default", platform="mattermost")
    for name in ("fails", "refused"):
        outcome = "hermes_cron_job_last_delivery_outcome"
        exporter.wait(1, outcome, profile="default", job_id=made[name].id, outcome="notice")
    until(lambda: reports.received(made["fine"]), 30, "the report arrives")
    up = exporter.scrape()
    home.kill(home.state("default")["pid"], "KILL")
    dead = exporter.wait(0, "hermes_gateway_up", profile="default")
    yield Life(version, up, dead, made, messenger)
    assert exporter.stop() == 0
    home.remove()


def test_the_gateway(life: Life) -> None:
    """It is alive by its lock and its state is running; killed, it is dead, and its exit was unclean."""
    for scrape, up in ((life.up, 1), (life.dead, 0)):
        assert scrape.value("hermes_gateway_up", profile="default") == up
        assert scrape.one("hermes_gateway_state", "state", profile="default") == "running"
        assert scrape.value("hermes_profile_condition", profile="default", condition="gateway_dead") == 1 - up
    assert life.up.one("hermes_gateway_proof", "proof", profile="default") == "lock"
    assert life.up.value("hermes_gateway_processes", profile="default") == 1
    assert life.dead.value("hermes_gateway_unclean_exits_total", profile="default") == 1


def test_the_messenger(life: Life) -> None:
    """It is connected, and of a dead gateway's entry nothing is claimed."""
    of = {"profile": "default", "platform": "mattermost"}
    assert life.up.one("hermes_platform_state", "state", **of) == "connected"
    assert life.dead.value("hermes_platform_up", **of) is None


def test_the_reports(life: Life) -> None:
    """What arrived is delivered; of a script that fails and a model that refuses the notice arrived."""
    told = {
        name: (
            life.up.one("hermes_cron_job_last_status", "status", job_id=job.id),
            life.up.one("hermes_cron_job_last_delivery_outcome", "outcome", job_id=job.id),
            life.up.value("hermes_cron_job_report_overdue", job_id=job.id),
        )
        for name, job in life.jobs.items()
        if name != "lasts"
    }
    assert told["fine"] == ("ok", "delivered", 0)
    assert told["fails"][0] == told["refused"][0] == "error"
    assert told["fails"][1] == told["refused"][1] == "notice"
    failures = "hermes_cron_job_consecutive_failures"
    failed = {name: life.up.value(failures, job_id=job.id) for name, job in life.jobs.items() if name in told}
    assert failed == {"fine": 0, "fails": 1, "refused": 1}


def test_the_credentials(life: Life) -> None:
    """One refusal is one error of authentication, and the condition holds."""
    errors = "hermes_auth_errors_total"
    counted = dict(
        zip(
            (labels["name"] for labels in life.up.series(errors, plane="provider")),
            life.up.values(errors, plane="provider"),
            strict=True,
        )
    )
    assert counted == {"custom": 1}
    assert life.up.value("hermes_profile_condition", profile="default", condition="provider_auth") == 1


def test_the_run_in_which_it_died(life: Life) -> None:
    """Where runs are noted it is in flight, and then orphaned; where they are not, neither is claimed."""
    job = life.jobs["lasts"].id
    noted = life.version in LEDGER
    assert life.up.value("hermes_cron_job_running", job_id=job) == (1 if noted else None)
    assert life.dead.value("hermes_cron_job_run_orphaned", job_id=job) == (1 if noted else None)


def test_the_version(life: Life) -> None:
    """The version is that of the code on disk."""
    (info,) = life.up.series("hermes_profile_info", profile="default")
    assert info["version"] == life.version


def test_the_families(life: Life) -> None:
    """What is told of the version is what the table of versions says."""
    seen = sorted(families(life.up.text) | families(life.dead.text))
    assert seen == RUNS[life.version], f"tests/real/versions.json should say of {life.version}: {json.dumps(seen)}"
