"""Failures of delivery: a report that does not reach its reader is told, and one that need not is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.simulator import Habits, faults, owner
from tests.field.cron import DAILY, DAY, HOUR, MINUTE, TOLD_SECONDS, told, watched
from tests.field.row import shows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.field.conftest import MakeHost

FAILED, MISSING, UNVERIFIED = "HermesReportDeliveryFailed", "HermesReportNotDelivered", "HermesReportUnverified"
FAILING = "HermesCronJobFailing"
OUTCOME = "hermes_cron_job_last_delivery_outcome"
OVERDUE = "hermes_cron_job_report_overdue"
SLOT = 6 * HOUR


@shows("delivery failed")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_a_delivery_that_fails_is_told(make_host: MakeHost, version: str) -> None:
    """0.19 calls the run ok, 0.22 says delivery_failed and counts a failure: told until a report comes."""
    host, job = watched(make_host, version=version)
    slot = host.start + SLOT
    host.profile.at(slot - 30, faults.messenger, "mattermost", "refusing")
    host.profile.at(slot + 5 * MINUTE, faults.messenger, "mattermost", "ok")
    host.run(slot + 25 * MINUTE)

    assert host.value(OUTCOME, job_id=job.id, outcome="failed") == 1
    status = "ok" if version == "0.19" else "delivery_failed"
    assert host.value("hermes_cron_job_last_status", job_id=job.id, status=status) == 1
    assert host.value(OVERDUE, job_id=job.id) == 1
    owner.run_now(host.profile, job)
    host.run(slot + 50 * MINUTE)

    assert host.value(OUTCOME, job_id=job.id, outcome="delivered") == 1
    fired = told(host, FAILED, MISSING, *([FAILING] if version == "0.22" else []))
    assert fired[FAILED].since - slot <= 5 * MINUTE
    assert fired[MISSING].since - slot <= TOLD_SECONDS
    assert max(each.until for each in fired.values()) - slot <= 36 * MINUTE


@shows("some targets failed")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_a_report_that_reached_only_some_is_told(make_host: MakeHost, version: str) -> None:
    """One of two chats has it: that is said, and settles the slot, unless Hermes' own ledger calls it failed."""
    host, job = watched(make_host, deliver="mattermost,telegram", version=version)
    slot = host.start + SLOT
    host.profile.at(slot - 30, faults.messenger, "telegram", "refusing")
    host.profile.at(slot + 5 * MINUTE, faults.messenger, "telegram", "ok")
    host.run(slot + 30 * MINUTE)

    outcome = "partial" if version == "0.19" else "failed"
    assert host.value(OUTCOME, job_id=job.id, outcome=outcome) == 1
    fired = told(host, FAILED, *([MISSING, FAILING] if version == "0.22" else []))
    assert fired[FAILED].since - slot <= 5 * MINUTE


@shows("never arrived")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
def test_reports_that_are_never_confirmed_are_told(make_host: MakeHost, version: str) -> None:
    """The messenger takes the connection and never answers: a warning after two days without any proof."""
    host = make_host(version=version, step=300.0)
    job = owner.create_job(host.profile, DAILY, "Morning brief")
    faults.messenger(host.profile, "mattermost", "hanging")
    host.start_gateway(host.profile)
    host.run(host.start + DAY + SLOT - HOUR)
    host.watch()
    host.run(host.start + 2 * DAY + 2 * HOUR)

    assert host.value(OUTCOME, job_id=job.id, outcome="unverified") == 1
    assert host.value("hermes_cron_job_last_status", job_id=job.id, status="ok") == 1
    assert host.value("hermes_cron_job_last_delivery_timestamp_seconds", job_id=job.id) is None
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") == 1
    unverified = told(host, UNVERIFIED)[UNVERIFIED]
    assert unverified.since - host.start <= 2 * DAY + 6 * MINUTE


@shows("unverified once")
def test_one_report_that_is_not_confirmed_is_silent(make_host: MakeHost) -> None:
    """The day before one was proved, and the day after one is."""
    host, job = watched(make_host, since=2 * DAY + 5.5 * HOUR, step=300.0)
    slot = host.start + 2 * DAY + SLOT
    host.profile.at(slot - 30, faults.messenger, "mattermost", "hanging")
    host.profile.at(slot + HOUR, faults.messenger, "mattermost", "ok")
    host.run(slot + 2 * HOUR)
    assert host.value(OUTCOME, job_id=job.id, outcome="unverified") == 1
    host.run(slot + DAY + 0.5 * HOUR)

    assert host.value(OUTCOME, job_id=job.id, outcome="delivered") == 1
    told(host)


@shows("unverified, and proof is demanded")
def test_a_report_that_is_not_confirmed_is_missing_where_proof_is_demanded(
    make_host: MakeHost, tmp_path: Path
) -> None:
    """``evidence: verified`` in our configuration: sent and not confirmed is not enough."""
    config = tmp_path / "hermes-exporter.yaml"
    config.write_text("jobs:\n  - {match: Morning*, evidence: verified}\n")
    host, job = watched(make_host, options=("--config.file", str(config)))
    slot = host.start + SLOT
    faults.messenger(host.profile, "mattermost", "hanging")
    host.run(slot + 30 * MINUTE)

    assert host.value(OUTCOME, job_id=job.id, outcome="unverified") == 1
    assert host.value(OVERDUE, job_id=job.id) == 1
    assert told(host, MISSING)[MISSING].since - slot <= TOLD_SECONDS


@shows("no destination")
@pytest.mark.parametrize("deliver", ["discord", "discord:123456"])
def test_a_report_without_a_destination_is_told(make_host: MakeHost, deliver: str) -> None:
    """No home channel, or a messenger that is not switched on."""
    host, job = watched(make_host, deliver=deliver)
    slot = host.start + SLOT
    host.run(slot + 30 * MINUTE)

    assert host.value(OUTCOME, job_id=job.id, outcome="not_configured") == 1
    fired = told(host, FAILED, MISSING)
    assert fired[FAILED].since - slot <= 5 * MINUTE
    assert fired[MISSING].since - slot <= TOLD_SECONDS


@shows("restart in mid-delivery")
def test_a_report_that_stays_in_the_queue_is_told(make_host: MakeHost) -> None:
    """The gateway that had it under way is killed, and the next one leaves it there."""
    host, job = watched(make_host, version="0.22")
    slot = host.start + SLOT
    faults.queue_stands(host.profile, on=True)
    host.profile.at(slot + 2 * MINUTE, host.kill_gateway)
    host.profile.at(slot + 2.5 * MINUTE, host.start_gateway)
    host.run(slot + 30 * MINUTE)

    assert host.value("hermes_delivery_pending") == 1
    assert host.value("hermes_delivery_oldest_pending_timestamp_seconds") == pytest.approx(slot + 60, abs=60)
    assert host.value(OVERDUE, job_id=job.id) == 1
    assert host.value("hermes_cron_job_last_status", job_id=job.id, status="delivery_queued") == 1
    assert told(host, MISSING)[MISSING].since - slot <= TOLD_SECONDS


@shows("killed while it delivers")
def test_a_report_that_died_with_its_gateway_is_told(make_host: MakeHost) -> None:
    """Killed while the messenger lets it wait: nothing is noted, and the next start knows no more."""
    host, job = watched(make_host)
    slot = host.start + SLOT
    faults.messenger(host.profile, "mattermost", "hanging")
    host.profile.at(slot + 60, host.kill_gateway)
    host.profile.at(slot + 90, host.start_gateway)
    host.run(slot + 30 * MINUTE)

    assert host.value("hermes_cron_job_runs_total", job_id=job.id, status="unknown") == 1
    assert host.value(OVERDUE, job_id=job.id) == 1
    assert told(host, MISSING, FAILING)[MISSING].since - slot <= TOLD_SECONDS


@shows("dead target")
def test_a_chat_that_is_sent_to_no_more_is_told(make_host: MakeHost) -> None:
    """The bot was blocked there: Hermes keeps it in mind and gives up each report at once."""
    host, job = watched(make_host, deliver="telegram")
    slot = host.start + SLOT
    faults.messenger(host.profile, "telegram", "auth")
    host.profile.at(slot + 2 * MINUTE, faults.dead_target, "telegram")
    host.run(slot + 30 * MINUTE)

    assert host.value("hermes_delivery_dead_targets", platform="telegram") == 1
    assert host.value(OUTCOME, job_id=job.id, outcome="failed") == 1
    fired = told(host, FAILED, MISSING)
    assert fired[FAILED].since - slot <= 5 * MINUTE


@shows("nothing to report", "stays on the machine", "second attempt")
@pytest.mark.parametrize("version", ["0.19", "0.22"])
@pytest.mark.parametrize("kind", ["silent", "script", "local", "limping"])
def test_a_report_that_need_not_arrive_is_silent(make_host: MakeHost, kind: str, version: str) -> None:
    """[SILENT], empty script output, deliver: local; and one that the second attempt delivers."""
    host = make_host(version=version)
    habits = Habits(answer="silent" if kind in ("silent", "script") else "report")
    script = "watch.sh" if kind == "script" else None
    deliver = "local" if kind == "local" else "mattermost"
    job = owner.create_job(host.profile, DAILY, "Watch", deliver=deliver, script=script, habits=habits)
    host.start_gateway(host.profile)
    host.run(host.start + 5.5 * HOUR)
    host.watch()
    if kind == "limping":
        faults.messenger(host.profile, "mattermost", "limping")
    host.run(host.start + SLOT + 30 * MINUTE)

    outcome = {"local": "local", "limping": "delivered"}.get(kind, "suppressed")
    assert host.value(OUTCOME, job_id=job.id, outcome=outcome) == 1
    assert host.value("hermes_cron_job_slots_total", job_id=job.id, result="settled") == 1
    told(host)
